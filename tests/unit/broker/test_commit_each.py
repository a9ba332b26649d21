"""The persistence plugin made to commit each message: exactly one statement goes, or nothing is done."""

from pathlib import Path

import pytest

from services.broker.commit_each import committing_each, write_committing_each
from services.broker.errors import BrokerError

PLUGIN = b"\x7fELF\0BEGIN;\0END;\0BEGINNING\0"


def test_the_opening_statement_is_blank_afterwards() -> None:
    """The program keeps its length, because everything in it is found by its place."""
    changed = committing_each(PLUGIN)
    assert changed == b"\x7fELF\0      \0END;\0BEGINNING\0"
    assert len(changed) == len(PLUGIN)


@pytest.mark.parametrize("plugin", [b"", b"END;\0", PLUGIN * 2, committing_each(PLUGIN)])
def test_another_plugin_is_left_alone(plugin: bytes) -> None:
    """Without the statement, or with several, it is not what was tried; the sentence says what to set instead."""
    with pytest.raises(BrokerError, match="RIQING_BROKER_PERSISTENCE=each-message"):
        committing_each(plugin)


def test_it_is_written_beside_the_broker_s_data(tmp_path: Path) -> None:
    """Under a name of its own, so that nobody takes one for the other."""
    stock = tmp_path / "mosquitto_persist_sqlite.so"
    stock.write_bytes(PLUGIN)
    changed = write_committing_each(stock, tmp_path / "broker")
    assert changed == tmp_path / "broker" / "mosquitto_persist_sqlite_each.so"
    assert changed.read_bytes() == committing_each(PLUGIN)
    assert stock.read_bytes() == PLUGIN
