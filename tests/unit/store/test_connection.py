"""The address of the database that the settings give."""

import pytest

from services.store.connection import StoreUnavailableError, configured_url


def test_what_is_no_address_is_refused_without_telling_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says how an address is written; the wrong one, with its password, is not repeated."""
    monkeypatch.setenv("DATABASE_URL", "'postgresql://riqing:secret@127.0.0.1/riqing'")
    with pytest.raises(StoreUnavailableError, match="postgresql://USER:PASSWORD@HOST:PORT/NAME") as caught:
        configured_url()
    assert "secret" not in str(caught.value)
