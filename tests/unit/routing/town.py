"""Small random problems with every rule in them, for the property tests."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from services.routing.problem import Break, Problem, Station, Task, Travel, Truck, Weights, Window

DAY_S = 20_000


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, ...]:
    """No window, one, or two that do not overlap."""
    count = draw(st.sampled_from([0, 0, 1, 1, 2]))
    marks = sorted(draw(st.lists(st.integers(0, DAY_S), min_size=2 * count, max_size=2 * count, unique=True)))
    return tuple(Window(marks[place], marks[place + 1]) for place in range(0, 2 * count, 2))


@st.composite
def breaks(draw: st.DrawFn) -> Break | None:
    """A break or none, early or late, also one that can hardly be kept."""
    if draw(st.booleans()):
        return None
    earliest_s = draw(st.integers(0, DAY_S // 2))
    return Break(
        duration_s=draw(st.sampled_from([60, 600, 1800])),
        earliest_s=earliest_s,
        latest_s=earliest_s + draw(st.integers(0, DAY_S // 2)),
        after_s=draw(st.none() | st.integers(0, DAY_S)),
        always=draw(st.booleans()),
    )


@st.composite
def trucks(draw: st.DrawFn, locations: int) -> Truck:
    """A truck of any kind."""
    capacity_kg = draw(st.sampled_from([0, 30, 100, 100, 150, 150]))
    shift_start_s = draw(st.integers(0, DAY_S // 4))
    return Truck(
        start_location=draw(st.integers(0, locations - 1)),
        end_location=draw(st.integers(0, locations - 1)),
        capacity_kg=capacity_kg,
        capacity_l=draw(st.integers(50, 1000)),
        shift_start_s=shift_start_s,
        shift_end_s=shift_start_s + draw(st.sampled_from([0, 4000, 12_000, DAY_S, DAY_S])),
        overtime_s=draw(st.integers(0, 3000)),
        rest=draw(breaks()),
        fixed_cost=draw(st.integers(0, 1000)),
        cost_per_km=draw(st.integers(0, 100)),
        cost_per_h=draw(st.integers(0, 100)),
        overtime_cost_per_h=draw(st.integers(0, 100)),
        max_kg=draw(st.sampled_from([2**40, 2**40, 300, 120, 10])),
        max_stops=draw(st.sampled_from([2**40, 2**40, 5, 1, 0])),
        max_duration_s=draw(st.sampled_from([2**28, 2**28, DAY_S // 2, 3000])),
        start_load_kg=draw(st.sampled_from([0, 0, 0, capacity_kg // 2, capacity_kg])),
        ends_empty=draw(st.booleans()),
        speed_factor=draw(st.sampled_from([1.0, 0.7, 1.3])),
    )


def _travel(random: np.random.Generator, locations: int, *, metric: bool) -> Travel:
    """Asymmetric roads between random places; where not metric, some are missing and some are longer than a detour."""
    if metric:
        places = random.integers(0, 6000, (locations, 2))
        gaps = np.abs(places[:, None, :] - places[None, :, :])
        uphill = np.maximum(places[None, :, 0] - places[:, None, 0], 0)
        return Travel((gaps.sum(axis=2) // 10 + uphill // 20).astype(np.int32), gaps.sum(axis=2).astype(np.int32))
    seconds = random.integers(0, 1200, (locations, locations)).astype(np.int32)
    metres = random.integers(0, 9000, (locations, locations)).astype(np.int32)
    seconds[random.random(seconds.shape) < 0.15] = -1
    np.fill_diagonal(seconds, 0)
    np.fill_diagonal(metres, 0)
    return Travel(seconds, metres)


@st.composite
def problems(draw: st.DrawFn, most_tasks: int = 8, most_trucks: int = 3, most_stations: int = 2) -> Problem:
    """A small problem."""
    locations = draw(st.integers(1, 8))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    travel = _travel(random, locations, metric=draw(st.sampled_from([True, True, False])))
    place = st.integers(0, locations - 1)
    task = st.builds(
        Task,
        location=place,
        demand_kg=st.sampled_from([0, 5, 10, 20, 30, 60, 160]),
        demand_l=st.integers(0, 60),
        service_s=st.sampled_from([0, 60, 300, 900]),
        windows=windows(),
        priority=st.integers(0, 2),
        point=st.sampled_from([-1, -1, 0, 1]),
        spacing_s=st.sampled_from([0, 1000, 4000]),
    )
    station = st.builds(
        Station,
        location=place,
        tip_s=st.integers(0, 900),
        windows=windows(),
        bays=st.none() | st.integers(1, 2),
        remaining_kg=st.sampled_from([None, None, 300, 40, 0]),
        taken=st.sampled_from([(), (), (Window(0, 900),), (Window(1500, 4000), Window(3000, 5000))]),
    )
    tasks = tuple(draw(st.lists(task, max_size=most_tasks)))
    stations = tuple(draw(st.lists(station, min_size=draw(st.sampled_from([0, 1, 1])), max_size=most_stations)))
    fleet = tuple(draw(st.lists(trucks(locations), min_size=draw(st.sampled_from([0, 1, 1])), max_size=most_trucks)))
    return Problem(
        travel=(travel,),
        tasks=tasks,
        trucks=fleet,
        stations=stations,
        may_serve=random.random((len(tasks), len(fleet))) < draw(st.sampled_from([1.0, 0.8])),
        may_tip=random.random((len(stations), len(fleet))) < draw(st.sampled_from([1.0, 0.7])),
        weights=Weights(),
    )
