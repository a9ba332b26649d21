"""Small hand-made days for the tests: a straight road of ten kilometres, driven at 10 m/s."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from services.routing.problem import Problem, Station, Task, Travel, Truck

ROAD = Travel(
    np.abs(np.subtract.outer(np.arange(11), np.arange(11))).astype(np.int32) * 100,
    np.abs(np.subtract.outer(np.arange(11), np.arange(11))).astype(np.int32) * 1000,
)
"""Location n lies at kilometre n; each kilometre takes 100 s."""

TRUCK = Truck(
    start_location=0,
    end_location=0,
    capacity_kg=100,
    shift_start_s=0,
    shift_end_s=20_000,
    cost_per_km=10,
    cost_per_h=36,
)
STATION = Station(location=5, tip_s=60)


def day(tasks: list[Task], *, trucks: list[Truck] | None = None, stations: list[Station] | None = None) -> Problem:
    """A problem on the straight road, with one truck and one station unless told otherwise."""
    return Problem(
        travel=(ROAD,),
        tasks=tuple(tasks),
        trucks=tuple([TRUCK] if trucks is None else trucks),
        stations=tuple([STATION] if stations is None else stations),
    )


def truck(**changes: object) -> Truck:
    """The usual truck with some things changed."""
    return replace(TRUCK, **changes)  # type: ignore[arg-type]
