"""The town's clock."""

from datetime import UTC, datetime, timedelta

from services.domain.clock import REAL_CLOCK, TownClock

SET_AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
SHOWN = datetime(2026, 3, 9, 20, 0, tzinfo=UTC)


def test_the_real_clock_shows_the_real_time() -> None:
    """Nothing is changed where no simulation runs."""
    assert REAL_CLOCK.now(SET_AT) == SET_AT
    assert REAL_CLOCK.real_seconds_until(SET_AT + timedelta(seconds=5), SET_AT) == 5


def test_a_simulated_clock_runs_at_its_speed() -> None:
    """At 60 a real second is a minute of the town's."""
    clock = TownClock(SET_AT, SHOWN, 60.0, simulated=True)
    assert clock.now(SET_AT + timedelta(seconds=10)) == SHOWN + timedelta(minutes=10)
    assert clock.real_seconds_until(SHOWN + timedelta(hours=1), SET_AT) == 60
