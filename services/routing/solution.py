"""A plan of one day: what each truck does, second by second, and why a task is not served."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class StopKind(StrEnum):
    """What a truck does at a stop."""

    START = "start"
    TASK = "task"
    UNLOAD = "unload"
    BREAK = "break"
    END = "end"


class Reason(StrEnum):
    """Why a task is not served; where several hold, the one named first here is given."""

    NO_TRUCK_MAY_SERVE = "no_truck_may_serve"
    UNREACHABLE = "unreachable"
    TOO_LITTLE_CAPACITY = "too_little_capacity"
    STATION_CLOSED_OR_FULL = "station_closed_or_full"
    WINDOW_CANNOT_BE_MET = "window_cannot_be_met"
    SHIFT_TOO_SHORT = "shift_too_short"
    TIME_RAN_OUT = "time_ran_out"


@dataclass(frozen=True, slots=True)
class Stop:
    """One halt of a truck.

    `index` is the task's or the station's number in the problem, -1 for start, break and end. `arrive_s` is when the
    truck gets there, `start_s` when it begins (it may wait in between), `depart_s` when it drives on. `load_kg` and
    `load_l` are what it carries on leaving; `taken_kg` and `taken_l` what it took up here (negative when it unloads).
    A break stands at the location of the stop before it. The end has `depart_s` = `arrive_s`.
    """

    kind: StopKind
    index: int
    location: int
    arrive_s: int
    start_s: int
    depart_s: int
    load_kg: int = 0
    load_l: int = 0
    taken_kg: int = 0
    taken_l: int = 0


@dataclass(frozen=True, slots=True)
class Route:
    """What one truck does in the day: a start, the stops in order, an end.

    `duration_s` is from leaving the start to reaching the end, `drive_s` the part of it on the road, `overtime_s` the
    part after the end of the shift, `cost` the route's fixed, distance, time and overtime cost, rounded once.
    """

    truck: int
    stops: tuple[Stop, ...]
    distance_m: int
    drive_s: int
    duration_s: int
    overtime_s: int
    collected_kg: int
    collected_l: int
    cost: int

    @property
    def tasks(self) -> tuple[int, ...]:
        """The numbers of the tasks in the order of service."""
        return tuple(stop.index for stop in self.stops if stop.kind is StopKind.TASK)


@dataclass(frozen=True, slots=True)
class Unserved:
    """A task that the plan leaves out, and why, as a code and as a sentence for a person."""

    task: int
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Solution:
    """A checked plan: at most one route a truck, and a reason for each task that is on none.

    `cost` is the sum of the routes' costs, `elapsed_s` the wall time it took to find, `proven` whether an exact search
    has shown that nothing is better.
    """

    routes: tuple[Route, ...]
    unserved: tuple[Unserved, ...]
    cost: int
    distance_m: int
    duration_s: int
    elapsed_s: float = 0.0
    proven: bool = False

    @property
    def served_count(self) -> int:
        """Number of different tasks that are on a route (a split task counts once)."""
        return len({task for route in self.routes for task in route.tasks})
