"""What the kernel reads is what the problem says: roads in another order, and which tasks are near which."""

from __future__ import annotations

import numpy as np
import pytest

from services.routing.kernel import layout as at
from services.routing.kernel.by_rows import GivenUpError, by_rows
from services.routing.kernel.data import KernelData, arrange
from services.routing.kernel.fleet import least_trucks
from services.routing.problem import Problem, Task, Travel, Truck, Window


def scattered(tasks: int, *, symmetric: bool) -> Problem:
    """Tasks anywhere, several at one place, some roads missing where the ways are not the same both ways."""
    random = np.random.default_rng(tasks)
    count = max(tasks // 2, 2)
    seconds = random.integers(10, 3000, (count, count)).astype(np.int32)
    metres = random.integers(100, 20_000, (count, count)).astype(np.int32)
    if symmetric:
        seconds, metres = np.triu(seconds, 1) + np.triu(seconds, 1).T, np.triu(metres, 1) + np.triu(metres, 1).T
    else:
        seconds[random.random(seconds.shape) < 0.05] = -1
    np.fill_diagonal(seconds, 0)
    np.fill_diagonal(metres, 0)
    rows = []
    for _ in range(tasks):
        opens = int(random.integers(0, 20_000))
        windows = (Window(opens, opens + int(random.integers(0, 9000))),) if random.random() < 0.6 else ()
        rows.append(Task(int(random.integers(1, count)), 10, service_s=int(random.integers(0, 900)), windows=windows))
    trucks = (Truck(0, 0, cost_per_km=80, cost_per_h=900), Truck(0, 0, cost_per_km=120, cost_per_h=700))
    return Problem((Travel(seconds, metres),), tuple(rows), trucks)


def cost_between(problem: Problem, one: int, other: int) -> float:
    """The mean truck's cost from one task to another, very high where there is no road."""
    here, there = problem.tasks[one].location, problem.tasks[other].location
    seconds, metres = problem.travel[0].duration_s[here, there], problem.travel[0].distance_m[here, there]
    if seconds < 0 or metres < 0:
        seconds, metres = at.NO_ROAD, at.NO_ROAD
    return float(seconds * 800 / 3600 + metres * 100 / 1000)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("tasks", [1, 2, 40, 300])
def test_roads_keep_their_places(tasks: int, symmetric: bool) -> None:
    """Whatever order the places have in memory, each way is as long as the matrices say, both ways round."""
    problem = scattered(tasks, symmetric=symmetric)
    data = arrange(problem, workers=2)
    for one, first in enumerate(problem.tasks):
        for other, second in list(enumerate(problem.tasks))[:: max(1, tasks // 25)]:
            here, there = data.entities[[one, other], at.E_LOCATION]
            seconds = int(problem.travel[0].duration_s[first.location, second.location])
            metres = int(problem.travel[0].distance_m[first.location, second.location])
            expected = [at.NO_ROAD, at.NO_ROAD] if seconds < 0 else [seconds, metres]
            assert data.out[0, here, there].tolist() == expected
            assert data.into[0, there, here].tolist() == expected


@pytest.mark.parametrize("symmetric", [True, False])
def test_the_ring_holds_the_nearest(symmetric: bool) -> None:
    """No task outside a task's ring is nearer, there and back, than one in it, and they stand in order."""
    problem = scattered(300, symmetric=symmetric)
    data = arrange(problem, workers=2)
    for task in range(0, 300, 7):
        away = [cost_between(problem, task, other) + cost_between(problem, other, task) for other in range(300)]
        ring = data.ring[task].tolist()
        assert len(set(ring)) == 250
        assert task not in ring
        assert [away[other] for other in ring] == pytest.approx(sorted(away[other] for other in ring))
        outside = [away[other] for other in range(300) if other != task and other not in ring]
        assert min(outside) >= away[ring[-1]] - 1e-6


def test_the_near_ones_can_follow() -> None:
    """Among the ring, those come first that cost least to follow or to be followed by, waiting and lateness counted."""
    problem = scattered(120, symmetric=True)
    data = arrange(problem)
    for task in range(0, 120, 5):
        fitting = [fits(problem, data, task, other) for other in range(120)]
        near = data.near[task].tolist()
        assert [fitting[other] for other in near] == pytest.approx(
            sorted(fitting[other] for other in data.ring[task])[:25]
        )


def fits(problem: Problem, data: KernelData, task: int, other: int) -> float:
    """What it costs to go from one of two tasks to the other, the cheaper way round."""
    if task == other:
        return float("inf")
    ways = [cost_between(problem, task, third) for third in range(len(problem.tasks))]
    places = [problem.tasks[third].location for third in range(len(problem.tasks))]
    seconds = problem.travel[0].duration_s[problem.tasks[task].location, places]
    rate = sum(ways) / max(int(seconds.sum()), 1)
    return min(
        cost_between(problem, one, then) + rate * wasted_s(problem, data, one, then)
        for one, then in ((task, other), (other, task))
    )


def wasted_s(problem: Problem, data: KernelData, one: int, then: int) -> float:
    """A fifth of the seconds that must be waited between two tasks, and all that come too late."""
    way_s = int(problem.travel[0].duration_s[problem.tasks[one].location, problem.tasks[then].location])
    opens, closes = data.entities[:, at.E_OPEN], data.entities[:, at.E_CLOSE]
    between_s = problem.tasks[one].service_s + way_s
    wait_s = max(int(opens[then]) - int(closes[one]) - between_s, 0)
    return 0.2 * wait_s + max(int(opens[one]) + between_s - int(closes[then]), 0)


def test_work_by_rows_is_given_up() -> None:
    """As soon as nobody wants it, no further piece is begun."""
    done: list[int] = []
    with pytest.raises(GivenUpError):
        by_rows(10_000, [lambda first, _last: done.append(first)], lambda: len(done) >= 3)
    assert len(done) == 3


def test_all_rows_are_worked_on_once() -> None:
    """Two workers share the rows without a gap or an overlap."""
    rows: list[int] = []
    by_rows(1000, [lambda first, last: rows.extend(range(first, last))] * 2, None)
    assert sorted(rows) == list(range(1000))


def test_the_bound_counts_the_shortest_tree() -> None:
    """Five tasks a thousand seconds apart in a row cannot be joined in less than five thousand seconds."""
    row = np.abs(np.subtract.outer(np.arange(6), np.arange(6))).astype(np.int32)
    tasks = tuple(Task(place, service_s=100) for place in range(1, 6))
    trucks = (Truck(0, 0, shift_end_s=2750, fixed_cost=10),) * 5
    assert least_trucks(arrange(Problem((Travel(row * 1000, row * 1000),), tasks, trucks))) == 2
    trucks = (Truck(0, 0, shift_end_s=2700, fixed_cost=10),) * 5
    assert least_trucks(arrange(Problem((Travel(row * 1000, row * 1000),), tasks, trucks))) == 3
