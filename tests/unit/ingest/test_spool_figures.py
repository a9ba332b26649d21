"""How full the broker says it is."""

import pytest

from services.ingest.spool_figures import FIGURES, Spool, is_filling, spool_of

PAYLOADS = {
    FIGURES["stored"]: b"1500",
    FIGURES["stored_bytes"]: b"300000",
    FIGURES["retained"]: b"55",
    FIGURES["received"]: b"90000",
    FIGURES["dropped"]: b"0",
    FIGURES["connected"]: b"12",
}


def test_what_waits_is_what_is_stored_and_not_retained() -> None:
    """Retained messages wait for nobody."""
    assert spool_of(PAYLOADS) == Spool(1_445, 300_000, 90_000, 0, 12)
    assert spool_of(PAYLOADS | {FIGURES["stored"]: b"54"}) == Spool(0, 300_000, 90_000, 0, 12)


@pytest.mark.parametrize("topic", FIGURES.values())
def test_nothing_is_said_before_all_figures_are_there(topic: str) -> None:
    """Half of the figures would be a wrong sum; a figure that is no number is none."""
    assert spool_of({name: value for name, value in PAYLOADS.items() if name != topic}) is None
    assert spool_of(PAYLOADS | {topic: b"a lot"}) is None


@pytest.mark.parametrize(
    ("queued", "was_filling", "filling"),
    [
        (0, False, False),
        (200, False, False),
        (201, False, True),
        (201, True, True),
        (51, True, True),
        (50, True, False),
    ],
)
def test_the_alarm_does_not_flutter(queued: int, was_filling: bool, filling: bool) -> None:
    """It is raised at a fifth of what the broker holds at most, and stays until a twentieth."""
    assert is_filling(Spool(queued, 0, 0, 0, 0), 1_000, was_filling) is filling
