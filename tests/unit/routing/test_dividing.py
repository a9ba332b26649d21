"""A large day in districts: each visit and truck in one of them, all rules kept, and put together again."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.routing.checker import check
from services.routing.dividing import District, divide, joined, route_numbers
from services.routing.outline import Outline, decoded, encoded
from services.routing.planner import solve
from services.routing.problem import Problem, Station, Task, Travel, Truck, Weights
from services.routing.seams import propose_from

DEGREE_M = 111_195.0


def town(seed: int, tasks: int = 60, trucks: int = 8) -> Outline:
    """A long town on the equator: two depots at its ends, three stations, kinds of trucks and of tasks."""
    random = np.random.default_rng(seed)
    places = [(0.0, 0.0), (0.2, 0.0), (0.02, 0.01), (0.1, 0.0), (0.18, 0.01)]
    places += [
        (float(x), float(y)) for x, y in zip(random.uniform(0, 0.2, tasks), random.uniform(0, 0.05, tasks), strict=True)
    ]
    kind_of_task = random.integers(0, 3, tasks)
    kind_of_truck = np.arange(trucks) % 3 if trucks > 1 else np.zeros(1, dtype=np.intp)
    rows = [
        Task(5 + int(random.integers(max(1, tasks - 2))), demand_kg=int(random.integers(10, 90)), service_s=60)
        for _ in range(tasks)
    ]
    row = Truck(0, 0, capacity_kg=500, shift_end_s=30_000, cost_per_km=100, cost_per_h=300)
    return Outline(
        places=tuple(places),
        tasks=tuple(rows),
        trucks=tuple(replace(row, start_location=number % 2, end_location=number % 2) for number in range(trucks)),
        stations=(
            Station(2, tip_s=300, bays=3, remaining_kg=3000),
            Station(3, tip_s=300, bays=1),
            Station(4, tip_s=300),
        ),
        may_serve=kind_of_task[:, None] == kind_of_truck[None, :],
        may_tip=np.ones((3, trucks), dtype=np.bool_),
        weights=Weights(10, 1),
        kerb=frozenset(places[5:15:2]),
    )


def with_straight_roads(outline: Outline) -> Problem:
    """The problem with roads as the crow flies, at 10 m/s."""
    places = np.array(outline.places) * DEGREE_M
    metres = np.abs(places[:, None, :] - places[None, :, :]).sum(axis=2).astype(np.int32)
    return outline.with_roads(Travel(metres // 10, metres))


@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(1, 9), st.integers(1, 6))
def test_every_visit_and_truck_is_in_one_district_with_who_may_serve_it(
    seed: int, tasks: int, trucks: int, count: int
) -> None:
    """Nothing is lost or there twice, permissions stay, and no station is given away more than once."""
    whole = town(seed, tasks, trucks)
    districts = divide(whole, count)
    assert 1 <= len(districts) <= count
    assert sorted(task for district in districts for task in district.tasks) == list(range(tasks))
    assert sorted(truck for district in districts for truck in district.trucks) == list(range(trucks))
    for district in districts:
        part = district.outline
        assert part.kerb == whole.kerb.intersection(part.places)
        for row, task in enumerate(district.tasks):
            assert whole.places[whole.tasks[task].location] == part.places[part.tasks[row].location]
            assert part.may_serve[row].any() == whole.may_serve[task].any()
            for column, truck in enumerate(district.trucks):
                assert part.may_serve[row, column] == whole.may_serve[task, truck]
        for column, truck in enumerate(district.trucks):
            assert part.places[part.trucks[column].start_location] == whole.places[whole.trucks[truck].start_location]
    given_kg = sum(district.outline.stations[0].remaining_kg or 0 for district in districts)
    assert 3000 - len(districts) <= given_kg <= 3000
    assert all(station.bays != 0 for district in districts for station in district.outline.stations)


def test_districts_are_even_and_have_the_nearer_depot() -> None:
    """A town of one kind of truck is cut across its length, and trucks go where their depot is."""
    whole = town(3, tasks=200, trucks=10)
    whole = replace(whole, may_serve=np.ones((200, 10), dtype=np.bool_))
    west, east = sorted(divide(whole, 2), key=lambda district: middle(district)[0])
    assert abs(len(west.tasks) - len(east.tasks)) <= 6
    assert Counter(number % 2 for number in west.trucks).most_common(1)[0][0] == 0
    assert Counter(number % 2 for number in east.trucks).most_common(1)[0][0] == 1
    assert max(place[0] for place in task_places(west)) <= min(place[0] for place in task_places(east)) + 0.01


def task_places(district: District) -> list[tuple[float, float]]:
    """Where a district's tasks are."""
    return [district.outline.places[task.location] for task in district.outline.tasks]


def middle(district: District) -> tuple[float, float]:
    """The middle of a district's tasks."""
    east, north = np.mean(task_places(district), axis=0)
    return float(east), float(north)


@pytest.mark.parametrize("trucks", [1, 9])
def test_an_outline_is_read_as_it_was_written(trucks: int) -> None:
    """Every number of it, and the permissions bit by bit."""
    whole = town(1, 33, trucks)
    read = decoded(encoded(whole))
    assert np.array_equal(read.may_serve, whole.may_serve)
    assert np.array_equal(read.may_tip, whole.may_tip)
    # what is equal element by element is no truth value, so the rest is compared with the same arrays in both
    assert replace(read, may_serve=whole.may_serve, may_tip=whole.may_tip) == whole


def test_a_search_goes_on_from_the_districts_routes() -> None:
    """After one step it is no worse than they are together, serves what they left out, and keeps the stations."""
    whole = replace(town(7, 150, 12), may_serve=np.ones((150, 12), dtype=np.bool_))
    problem = with_straight_roads(whole)
    parts = [
        (district, solve(with_straight_roads(district.outline), time_limit_s=300.0, workers=1, steps=8000))
        for district in divide(whole, 3)
    ]
    together = sum(solution.cost for _, solution in parts)
    start = joined(problem.tasks, [(district, route_numbers(solution)) for district, solution in parts])
    mended = solve(problem, time_limit_s=300.0, workers=1, steps=1, proposer=propose_from(start))
    anew = solve(problem, time_limit_s=300.0, workers=1, steps=1)
    assert check(problem, mended) == []
    assert mended.unserved == ()
    assert mended.cost <= 1.01 * together < anew.cost

    without_one = joined(problem.tasks, [(district, route_numbers(solution)) for district, solution in parts[1:]])
    completed = solve(problem, time_limit_s=300.0, workers=2, steps=50, proposer=propose_from(without_one))
    assert check(problem, completed) == []
    assert completed.unserved == ()
