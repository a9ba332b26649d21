"""Passages: each time that a truck truly came by a point with a due visit and did not serve it then."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from firmware_sim.ground import Spot
from firmware_sim.register import Register
from firmware_sim.truth import TruthEvent, TruthKind
from services.clearance.evidence import instant
from services.clearance.track import FloatArray
from services.domain.due import visits_due

WITHIN_M = 30.0
"""Who comes so near to a point passes it; who leaves the circle and comes back passes it again."""
EVERY_S = 2.0
"""How often the true place of a truck is noted; between two notes it is taken to drive straight and evenly."""
FINER = 4
HALTS_BELOW_MPS = 0.5


@dataclass(frozen=True, slots=True)
class Passage:
    """A vehicle within the circle about a due point that it does not serve meanwhile.

    `halted_s` is how long it stood there all in all, whatever for.
    """

    vehicle_id: str
    point_id: str
    start: datetime
    end: datetime
    halted_s: float


@dataclass(slots=True)
class TrueWays:
    """Where each vehicle truly was, in metres of the register's ground."""

    _notes: dict[str, list[tuple[float, float, float]]] = field(default_factory=lambda: defaultdict(list))

    def note(self, at: datetime, spots: Mapping[str, Spot]) -> None:
        """Write down where the vehicles are; of a stand its first and its last instant."""
        at_s = at.timestamp()
        for vehicle_id, (x_m, y_m) in spots.items():
            notes = self._notes[vehicle_id]
            if len(notes) > 1 and notes[-1][1:] == notes[-2][1:] == (x_m, y_m):
                notes.pop()
            notes.append((at_s, x_m, y_m))

    def passages(self, register: Register, truth: Iterable[TruthEvent], day: date) -> tuple[Passage, ...]:
        """Return the passages of the points with a visit due on `day` by the vehicles that may serve them."""
        service_day = register.town.service_day(day)
        due = [point for point in register.points if visits_due(point, day)]
        spots = np.array([register.ground.spot(*point.position) for point in due])
        served: dict[tuple[str | None, str | None], list[TruthEvent]] = defaultdict(list)
        for event in truth:
            if event.event is TruthKind.VISIT and event.served:
                served[event.vehicle_id, event.point_id].append(event)
        found = []
        for vehicle in register.vehicles:
            serves = [number for number, point in enumerate(due) if point.container_type in vehicle.may_serve]
            way = self._way(vehicle.vehicle_id)
            if not serves or len(way) < 2:
                continue
            for number, first, last in _within(way, spots[serves]):
                start, end = (instant(float(way[index, 0])) for index in (first, last))
                point_id = due[serves[number]].point_id
                visits = served[vehicle.vehicle_id, point_id]
                if any(visit.start <= end and visit.end >= start for visit in visits) or not service_day.contains(
                    start
                ):
                    continue
                found.append(Passage(vehicle.vehicle_id, point_id, start, end, _halted_s(way[first : last + 1])))
        return tuple(sorted(found, key=lambda one: (one.start, one.vehicle_id, one.point_id)))

    def _way(self, vehicle_id: str) -> FloatArray:
        """Return the notes of a vehicle (seconds, metres east, north), with places in between."""
        notes = np.array(self._notes.get(vehicle_id, ()), dtype=np.float64).reshape(-1, 3)
        if len(notes) < 2:
            return notes
        number = np.arange((len(notes) - 1) * FINER + 1) / FINER
        return np.column_stack([np.interp(number, np.arange(len(notes)), notes[:, axis]) for axis in range(3)])


def _within(way: FloatArray, spots: FloatArray) -> list[tuple[int, int, int]]:
    """Return each time that a way lies in the circle about a spot: the spot's number, the first and last place."""
    inside: dict[int, list[int]] = defaultdict(list)
    near: Any = cKDTree(spots).query_ball_point(way[:, 1:], WITHIN_M)
    for index, numbers in enumerate(near):
        for number in numbers:
            inside[number].append(index)
    found = []
    for number, indices in sorted(inside.items()):
        edges = np.flatnonzero(np.diff(indices) > 1)
        firsts, lasts = [0, *(edges + 1)], [*edges, len(indices) - 1]
        found += [(number, indices[first], indices[last]) for first, last in zip(firsts, lasts, strict=True)]
    return found


def _halted_s(way: FloatArray) -> float:
    step_s = np.diff(way[:, 0])
    step_m = np.hypot(np.diff(way[:, 1]), np.diff(way[:, 2]))
    return float(step_s[step_m < HALTS_BELOW_MPS * step_s].sum())
