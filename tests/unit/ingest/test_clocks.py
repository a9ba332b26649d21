"""Which clock judges a message when the clock has just been changed."""

from datetime import timedelta

from services.domain.clock import REAL_CLOCK, TownClock
from services.ingest.clocks import ClockHistory
from services.ingest.refusal import RefusalReason
from tests.unit.ingest.town import NOW, delivery, go_through, position

SECOND = timedelta(seconds=1)
HARVEST = NOW + timedelta(days=100)


def simulated(set_after_s: float, shows_days: float = 100, speed: float = 60) -> TownClock:
    """Return a clock set some real seconds after NOW to some days after NOW."""
    return TownClock(NOW + set_after_s * SECOND, NOW + timedelta(days=shows_days), speed, simulated=True)


def history(*changes: tuple[float, TownClock]) -> ClockHistory:
    """Return a history that saw each clock so many seconds after NOW."""
    clocks = ClockHistory()
    for seen_after_s, clock in changes:
        clocks.observe(clock, NOW + seen_after_s * SECOND)
    return clocks


def test_first_clock_counts_for_all_times() -> None:
    """What the store holds at our start is all that we know."""
    clock = simulated(-3600)
    assert history((0, clock)).at(NOW - timedelta(days=1)) == [clock]


def test_clock_in_force_at_reception_comes_first() -> None:
    """A simulated clock counts from when it was set, not from when we saw it; the real one from when we saw it."""
    clock = simulated(100)
    clocks = history((0, REAL_CLOCK), (500, clock), (1000, REAL_CLOCK))
    assert clocks.at(NOW + 50 * SECOND) == [REAL_CLOCK]
    assert clocks.at(NOW + 99 * SECOND) == [REAL_CLOCK, clock]
    assert clocks.at(NOW + 101 * SECOND) == [clock, REAL_CLOCK]
    assert clocks.at(NOW + 500 * SECOND) == [clock]
    assert clocks.at(NOW + 999 * SECOND) == [clock, REAL_CLOCK]
    assert clocks.at(NOW + 5000 * SECOND) == [REAL_CLOCK]


def test_only_the_last_changes_are_kept() -> None:
    """A clock changed all day long does not fill the memory, and the newest always counts."""
    clocks = history(*((i, simulated(i, shows_days=i)) for i in range(100)))
    assert clocks.at(NOW + 100 * SECOND)[0] == simulated(99, shows_days=99)
    assert len(clocks.at(NOW + 100 * SECOND)) <= 8


def test_set_and_publish_is_not_the_future() -> None:
    """Whoever sets the clock to a day to come and then publishes that day's readings is understood."""
    clocks = history((0, REAL_CLOCK), (10.05, simulated(10)))
    reading = delivery(position(ts=HARVEST.isoformat()), received_at=NOW + 10.01 * SECOND)
    accepted, refusals = go_through(reading, clocks=clocks)
    assert refusals == []
    assert accepted[0].received_at == HARVEST + timedelta(seconds=0.6)


def test_last_readings_of_a_simulated_day_are_not_the_future() -> None:
    """What was under way when the real clock came back is still taken, as of the simulated clock."""
    clocks = history((0, simulated(0)), (60, REAL_CLOCK))
    reading = delivery(position(ts=(HARVEST + timedelta(hours=1)).isoformat()), received_at=NOW + 61 * SECOND)
    accepted, refusals = go_through(reading, clocks=clocks)
    assert refusals == []
    assert accepted[0].received_at == HARVEST + timedelta(seconds=61 * 60)


def test_long_after_the_change_the_simulated_day_is_the_future() -> None:
    """The grace ends: then such a reading is as wrong as any."""
    clocks = history((0, simulated(0)), (60, REAL_CLOCK))
    reading = delivery(position(ts=HARVEST.isoformat()), received_at=NOW + 120 * SECOND)
    accepted, refusals = go_through(reading, clocks=clocks)
    assert accepted == []
    assert [refusal.reason for refusal in refusals] == [RefusalReason.FUTURE]


def test_fast_clock_is_taken_at_reception() -> None:
    """At 60 times the speed five minutes pass in five seconds: a batch that waited is judged by then."""
    clocks = history((0, simulated(0)), (600, simulated(0)))
    at_reception = HARVEST + 100 * 60 * SECOND
    in_time = delivery(position(ts=(at_reception + 299 * SECOND).isoformat()), received_at=NOW + 100 * SECOND)
    ahead = delivery(position(ts=(at_reception + 301 * SECOND).isoformat()), received_at=NOW + 100 * SECOND)
    accepted, refusals = go_through(in_time, ahead, clocks=clocks)
    assert [candidate.delivery for candidate in accepted] == [in_time]
    assert [refusal.delivery for refusal in refusals] == [ahead]
