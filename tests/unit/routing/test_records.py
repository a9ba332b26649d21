"""What the kernel knows of each route: records brought up to date only where they are read, and the bays' waiting."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from services.routing.kernel import layout as at
from services.routing.kernel import search
from services.routing.kernel.data import arrange
from services.routing.kernel.layout import BANK, NEW_TIPS
from services.routing.kernel.overload import weigh_tips
from services.routing.kernel.state import new_state
from services.routing.kernel.timing import end_of, freshen_all, refresh, start_of
from services.routing.problem import Problem, Station, Truck, Window
from tests.unit.routing.days import day, truck
from tests.unit.routing.test_districts import town

RECORDS = [
    at.EARLY_DUE,
    at.EARLY_TAKEN,
    at.LATE_DUE,
    at.LATE_TAKEN,
    at.KG_UP,
    at.KG_REST,
    at.L_UP,
    at.L_REST,
    at.ARC_S,
    at.ARC_M,
]


def long_days(trucks: int, **changes: object) -> Problem:
    """Few trucks with many tasks each."""
    problem = town(160, trucks)
    fleet = tuple(replace(row, shift_end_s=40_000, **changes) for row in problem.trucks)  # type: ignore[arg-type]
    return replace(problem, trucks=fleet)


@pytest.mark.parametrize("fleet", [False, True])
@pytest.mark.parametrize(
    "problem",
    [long_days(4), long_days(4, overtime_s=9000, overtime_cost_per_h=900), long_days(3, rest=None), town(160, 40)],
    ids=["long", "overtime", "no break", "short"],
)
def test_records_read_late_are_what_all_anew_would_be(problem: Problem, fleet: bool) -> None:
    """After any number of steps a truck's stale records come out as if each had been kept up to date all the time."""
    data = arrange(problem)
    state = new_state(data, 1)
    while search.fill(data, state, 100):
        pass
    stale = 0
    for _ in range(60):
        search.run(data, state, 7, 300.0, 300.0, fleet, -1.0, 0.0)
        for number in range(data.truck_count):
            stale += state.totals[number, [at.S_EARLY, at.S_LATE]].max() >= 0
            first, last = start_of(data, number), end_of(data, number)
            freshen_all(data, state, number)
            nodes = [first]
            while nodes[-1] != last:
                nodes.append(state.nodes[nodes[-1], at.NEXT])
            assert (np.diff(state.nodes[nodes, at.ORDER]) > 0).all()
            known = state.nodes[np.ix_(nodes, RECORDS)].copy()
            assert refresh(data, state, number)
            assert (state.nodes[np.ix_(nodes, RECORDS)] == known).all()
    assert stale > 0 or data.extras  # overtime is known only when all are up to date
    assert state.counts[BANK] < data.task_count


TWO = [Station(5, tip_s=300, bays=1), Station(6, tip_s=300, bays=1)]


@pytest.mark.parametrize(
    ("tips", "stations", "waits_too_long"),
    [
        ([(0, 1000, 0, 0), (0, 1000, 0, 1)], TWO, False),
        ([(0, 1000, 0, 0), (0, 200, 0, 1)], TWO, True),
        ([(0, 1000, 0, 0), (0, 200, 1, 1)], TWO, False),
        ([(0, 0, 0, 0), (0, 400, 0, 1), (600, 950, 1, 1)], TWO, False),
        ([(0, 0, 0, 0), (0, 400, 0, 1), (600, 950, 1, 1), (880, 900, 1, 2)], TWO, True),
        ([(0, 0, 0, 0), (0, 400, 0, 1), (600, 1200, 1, 1), (880, 900, 1, 2)], TWO, False),
        ([(100, 200, 0, 0)], [replace(TWO[0], taken=(Window(0, 400),))], True),
        ([(100, 400, 0, 0)], [replace(TWO[0], taken=(Window(0, 400),))], False),
    ],
)
def test_who_waits_for_a_bay_comes_later_to_the_next(
    tips: list[tuple[int, int, int, int]], stations: list[Station], waits_too_long: bool
) -> None:
    """Bays are let in the order of coming; (start, latest start, station, truck) of each unloading."""
    trucks: list[Truck] = [truck()] * 3
    data = arrange(day([], trucks=trucks, stations=stations))
    state = new_state(data, 1)
    for number, (start_s, late_s, station, owner) in enumerate(tips):
        state.new_tips[number] = [start_s, late_s, station, owner, 10]
    state.counts[NEW_TIPS] = len(tips)
    assert (weigh_tips(data, state) > 0) == waits_too_long
