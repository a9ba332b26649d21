"""The pace of simulated time, and its honesty when the machine is slow."""

from datetime import timedelta

import pytest

from firmware_sim.pace import MOST_UNACKNOWLEDGED, Pace
from tests.unit.firmware_sim.small_day import START


def run(asked: float, machine: float, seconds: int, backlog: int = 0) -> tuple[Pace, float]:
    """Run a machine that manages at most `machine` simulated seconds a real one; return how far behind it ends."""
    pace, simulated, step = Pace.from_now(asked, 0.0, START), START, 0.1
    for tick in range(1, round(seconds / step)):
        real_s = tick * step
        simulated = min(pace.target(real_s), simulated + timedelta(seconds=machine * step))
        speed = pace.better_speed(real_s, simulated, backlog)
        if speed is not None:
            pace.re_anchor(speed, real_s, simulated)
    return pace, (pace.target(seconds) - simulated).total_seconds() / pace.speed


def test_a_fast_machine_keeps_the_asked_speed() -> None:
    """Nothing is changed where nothing is late."""
    pace, behind_s = run(600, machine=5_000, seconds=60)
    assert pace.speed == 600
    assert behind_s < 0.2


@pytest.mark.parametrize("machine", [40.0, 200.0, 550.0])
def test_the_clock_never_runs_away_from_a_slow_machine(machine: float) -> None:
    """The clock slows to what the machine manages, and stays within seconds of the devices."""
    pace, behind_s = run(600, machine=machine, seconds=120)
    assert 0.6 * machine < pace.speed <= machine * 1.35
    assert behind_s < 4.0


def test_a_machine_that_recovers_is_asked_for_more_again() -> None:
    """After a slow while the speed climbs back to what was asked for."""
    pace, _ = run(600, machine=100, seconds=30)
    simulated = pace.anchor
    start_s = pace.anchor_real_s
    for tick in range(1, 2_000):
        real_s = start_s + tick * 0.1
        simulated = pace.target(real_s)
        speed = pace.better_speed(real_s, simulated, 0)
        if speed is not None:
            pace.re_anchor(speed, real_s, simulated)
    assert pace.speed == 600


def test_a_backlog_keeps_the_speed_from_climbing() -> None:
    """As long as the broker is behind with acknowledgements nothing is made faster."""
    slowed = Pace(600, 300, 0.0, START)
    for tick in range(1, 600):
        assert slowed.better_speed(tick * 0.1, slowed.target(tick * 0.1), MOST_UNACKNOWLEDGED) is None
