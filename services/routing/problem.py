"""The collection problem of one day, in plain numbers: what has to be served, by which trucks, by which rules.

Units are whole numbers throughout: seconds on one time axis of the caller's choice (the day's start is 0), metres,
kilograms, litres, and costs in the caller's smallest coin. A caller may scale any of them, so long as it scales all of
that dimension (the benchmarks count hundredths of a second).

Who enforces what:

===========================================  ================================================================
rule                                         enforced by
===========================================  ================================================================
loads in kg and l, unloading, empty at end   kernel, OR-Tools model, checker
task and station windows, shift, overtime    kernel, OR-Tools model, checker
break                                        kernel, OR-Tools model, checker (the first two let every truck leave
                                             when its shift begins, and the second always takes the break)
who may serve what, who may tip where        kernel, OR-Tools model, checker
daily kg, l and stops of a truck             kernel, OR-Tools model, checker
priorities                                   kernel (strictly in order), OR-Tools model (by price)
daily hours of a truck (``max_duration_s``)  ``prepare`` (cuts the shift before the search), checker
spacing between visits of one point          ``prepare`` (cuts the windows before the search), checker
a demand above every truck's capacity        ``prepare`` (splits the task before the search), checker
kg a station still takes (``remaining_kg``)  kernel, ``stations`` (settles what is left), checker
bays: trucks tipping at once                 kernel (guesses the waiting), ``stations`` (sets it), checker
``Weights``                                  kernel
===========================================  ================================================================

The side of the street, height and weight limits are the road matrix's business: a truck names its road profile.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

MAX_TIME_S = 2**28
"""Times, durations and distances stay below this, so that sums of a few fit 32 bits."""

UNLIMITED = 2**40
"""Stands for "no limit" in the numbers of a load, a cap or a capacity."""

IntMatrix = NDArray[np.int32]
BoolMatrix = NDArray[np.bool_]


class ProblemError(ValueError):
    """The problem contradicts itself; the message names the field and says what was expected."""


def _expect(condition: bool, sentence: str) -> None:
    if not condition:
        raise ProblemError(sentence)


@dataclass(frozen=True, slots=True)
class Window:
    """Service may begin at any second from `start_s` to `end_s`, both included."""

    start_s: int
    end_s: int

    def __post_init__(self) -> None:
        _expect(
            0 <= self.start_s <= self.end_s < MAX_TIME_S,
            f"A window must open at 0 s or later and not close before it opens, not {self.start_s}..{self.end_s}.",
        )


def _check_windows(windows: Sequence[Window], owner: str) -> None:
    for before, after in itertools.pairwise(windows):
        _expect(before.end_s < after.start_s, f"The windows of {owner} must be in order and must not overlap.")


@dataclass(frozen=True, slots=True)
class Task:
    """One due visit to one collection point.

    `priority`: 0 is ordinary; a task of a higher priority is never left out for the sake of tasks of a lower one.
    `windows`: empty means at any time. `point` and `spacing_s`: tasks with the same `point` (0 or more) begin at least
    `spacing_s` apart, the greater of the two tasks' spacings. `preferred_truck`: the truck that had it in the plan
    that is being revised, or -1; `Weights.change` is the price of giving it to another.
    """

    location: int
    demand_kg: int = 0
    demand_l: int = 0
    service_s: int = 0
    windows: tuple[Window, ...] = ()
    priority: int = 0
    point: int = -1
    spacing_s: int = 0
    preferred_truck: int = -1

    def __post_init__(self) -> None:
        _expect(0 <= self.demand_kg < UNLIMITED, f"A task's demand_kg must be 0 or more, not {self.demand_kg}.")
        _expect(0 <= self.demand_l < UNLIMITED, f"A task's demand_l must be 0 or more, not {self.demand_l}.")
        _expect(0 <= self.service_s < MAX_TIME_S, f"A task's service_s must be 0 or more, not {self.service_s}.")
        _expect(0 <= self.priority <= 99, f"A task's priority must be within 0 and 99, not {self.priority}.")
        _expect(0 <= self.spacing_s < MAX_TIME_S, f"A task's spacing_s must be 0 or more, not {self.spacing_s}.")
        _check_windows(self.windows, f"the task at location {self.location}")


@dataclass(frozen=True, slots=True)
class Station:
    """A place where trucks unload.

    `windows`: when tipping may begin; empty means at any time. `tip_s`: how long it takes. `bays`: trucks that can tip
    at once, `remaining_kg`: what it still takes today; None is no limit. `taken`: when trucks that are no part of the
    problem tip there, each in a bay of its own.
    """

    location: int
    tip_s: int = 0
    windows: tuple[Window, ...] = ()
    bays: int | None = None
    remaining_kg: int | None = None
    taken: tuple[Window, ...] = ()

    def __post_init__(self) -> None:
        _expect(0 <= self.tip_s < MAX_TIME_S, f"A station's tip_s must be 0 or more, not {self.tip_s}.")
        _expect(self.bays is None or self.bays >= 1, f"A station needs one bay or more, not {self.bays}.")
        _expect(
            self.remaining_kg is None or self.remaining_kg >= 0,
            f"A station's remaining_kg must be 0 or more, not {self.remaining_kg}.",
        )
        _check_windows(self.windows, f"the station at location {self.location}")


@dataclass(frozen=True, slots=True)
class Break:
    """The driver's rest: `duration_s` long, taken where the truck stands after any stop (the depot included).

    It begins from `earliest_s` to `latest_s`, and, where `after_s` is given, at most that long after the truck has left
    its depot. A route that is back by the latest moment at which the break could begin needs none, nor one that leaves
    after `latest_s`; with `always` every route takes it.
    """

    duration_s: int
    earliest_s: int = 0
    latest_s: int = MAX_TIME_S - 1
    after_s: int | None = None
    always: bool = False

    def __post_init__(self) -> None:
        _expect(0 < self.duration_s < MAX_TIME_S, f"A break must last 1 s or more, not {self.duration_s}.")
        _expect(
            0 <= self.earliest_s <= self.latest_s < MAX_TIME_S,
            f"A break must not have to end its window before it opens, not {self.earliest_s}..{self.latest_s}.",
        )
        _expect(self.after_s is None or self.after_s >= 0, f"A break's after_s must be 0 or more, not {self.after_s}.")


@dataclass(frozen=True, slots=True)
class Truck:
    """One truck's shift, from its start location to its end location.

    It leaves at `shift_start_s` or later and is back by `shift_end_s`, or by `overtime_s` later at the price of
    `overtime_cost_per_h` on top of `cost_per_h`. A truck that serves nothing stays where it is and costs nothing.
    `capacity_*` is what it holds at once; `max_*` is what it may do in the day. `start_load_*` is what it carries when
    the shift begins. `ends_empty`: it unloads at a station before it returns. `profile`: which of the problem's
    matrices it drives by; its times are those of the matrix divided by `speed_factor` (taken in thousandths), rounded
    up to whole seconds.
    """

    start_location: int
    end_location: int
    capacity_kg: int = UNLIMITED
    capacity_l: int = UNLIMITED
    shift_start_s: int = 0
    shift_end_s: int = 86_400
    overtime_s: int = 0
    rest: Break | None = None
    fixed_cost: int = 0
    cost_per_km: int = 0
    cost_per_h: int = 0
    overtime_cost_per_h: int = 0
    max_kg: int = UNLIMITED
    max_l: int = UNLIMITED
    max_stops: int = UNLIMITED
    max_duration_s: int = MAX_TIME_S
    start_load_kg: int = 0
    start_load_l: int = 0
    ends_empty: bool = True
    profile: int = 0
    speed_factor: float = 1.0

    def __post_init__(self) -> None:
        for name in ("capacity_kg", "capacity_l", "max_kg", "max_l", "max_stops", "max_duration_s", "overtime_s"):
            value = getattr(self, name)
            _expect(0 <= value <= UNLIMITED, f"A truck's {name} must be 0 or more, not {value}.")
        for name in ("fixed_cost", "cost_per_km", "cost_per_h", "overtime_cost_per_h"):
            value = getattr(self, name)
            _expect(0 <= value <= 10**9, f"A truck's {name} must be within 0 and 10^9, not {value}.")
        _expect(
            0 <= self.shift_start_s <= self.shift_end_s and self.shift_end_s + self.overtime_s < MAX_TIME_S,
            f"A truck's shift must not end before it starts, not {self.shift_start_s}..{self.shift_end_s}.",
        )
        _expect(
            0 <= self.start_load_kg <= self.capacity_kg and 0 <= self.start_load_l <= self.capacity_l,
            "A truck's load at the start of its shift must be within 0 and its capacity.",
        )
        _expect(
            0.05 <= self.speed_factor <= 20,
            f"A truck's speed_factor must be within 0.05 and 20, not {self.speed_factor}.",
        )

    @property
    def speed_permille(self) -> int:
        """The speed factor in thousandths: the truck needs `ceil(1000 * duration_s / speed_permille)`."""
        return round(self.speed_factor * 1000)


@dataclass(frozen=True, slots=True)
class Travel:
    """Driving times and distances between all locations for one road profile; -1 where there is no road.

    Both are square, need not be symmetric, and are 0 on the diagonal.
    """

    duration_s: IntMatrix
    distance_m: IntMatrix

    def __post_init__(self) -> None:
        for name in ("duration_s", "distance_m"):
            matrix = np.ascontiguousarray(getattr(self, name), dtype=np.int32)
            _expect(matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1], f"The {name} matrix must be square.")
            _expect(matrix.size == 0 or int(matrix.min()) >= -1, f"The {name} matrix holds a value below -1.")
            _expect(matrix.size == 0 or int(matrix.max()) < MAX_TIME_S, f"The {name} matrix holds a value above 2^28.")
            _expect(not np.any(np.diagonal(matrix)), f"The {name} matrix must be 0 on its diagonal.")
            object.__setattr__(self, name, matrix)
        _expect(self.duration_s.shape == self.distance_m.shape, "The two matrices must be of the same size.")

    @property
    def location_count(self) -> int:
        """Number of places that the matrices know."""
        return int(self.duration_s.shape[0])


@dataclass(frozen=True, slots=True)
class Weights:
    """Prices of what makes a plan pleasant to work with, in cost units; they choose among plans, never above serving.

    `balance_per_h`: per hour that a route is longer or shorter than the mean of the routes. `compactness_per_km`: per
    kilometre from each task to the middle task of its route. `change`: per task that leaves its preferred truck.
    """

    balance_per_h: int = 0
    compactness_per_km: int = 0
    change: int = 0

    def __post_init__(self) -> None:
        for name in ("balance_per_h", "compactness_per_km", "change"):
            _expect(getattr(self, name) >= 0, f"The weight {name} must be 0 or more, not {getattr(self, name)}.")


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything that a plan of one day is made from.

    `may_serve[task, truck]` and `may_tip[station, truck]` hold who may go where (kind, container type, zone,
    contractor); left out, everybody may. The objective, in order: serve the tasks, higher priorities first; then the
    least cost (trucks, hours, kilometres); then the weights.
    """

    travel: tuple[Travel, ...]
    tasks: tuple[Task, ...]
    trucks: tuple[Truck, ...]
    stations: tuple[Station, ...] = ()
    may_serve: BoolMatrix = field(default_factory=lambda: np.ones((0, 0), dtype=np.bool_))
    may_tip: BoolMatrix = field(default_factory=lambda: np.ones((0, 0), dtype=np.bool_))
    weights: Weights = field(default_factory=Weights)

    def __post_init__(self) -> None:
        _expect(len(self.travel) > 0, "A problem needs at least one pair of travel matrices.")
        sizes = {travel.location_count for travel in self.travel}
        _expect(len(sizes) == 1, "The matrices of all road profiles must be of the same size.")
        self._fill_matrix("may_serve", len(self.tasks), "task")
        self._fill_matrix("may_tip", len(self.stations), "station")
        self._check_locations(sizes.pop())
        for number, truck in enumerate(self.trucks):
            _expect(
                0 <= truck.profile < len(self.travel),
                f"Truck {number} drives by road profile {truck.profile}; there are {len(self.travel)}.",
            )
        for number, task in enumerate(self.tasks):
            _expect(
                -1 <= task.preferred_truck < len(self.trucks),
                f"Task {number} prefers truck {task.preferred_truck}; there are {len(self.trucks)}.",
            )

    def _fill_matrix(self, name: str, row_count: int, rows: str) -> None:
        matrix = np.asarray(getattr(self, name), dtype=np.bool_)
        shape = (row_count, len(self.trucks))
        if matrix.shape == (0, 0):
            matrix = np.ones(shape, dtype=np.bool_)
        _expect(matrix.shape == shape, f"{name} must have one row a {rows} and one column a truck, {shape}.")
        object.__setattr__(self, name, np.ascontiguousarray(matrix))

    def _check_locations(self, location_count: int) -> None:
        places = [(f"task {number}", task.location) for number, task in enumerate(self.tasks)]
        places += [(f"station {number}", station.location) for number, station in enumerate(self.stations)]
        places += [(f"truck {number}", truck.start_location) for number, truck in enumerate(self.trucks)]
        places += [(f"truck {number}", truck.end_location) for number, truck in enumerate(self.trucks)]
        for owner, location in places:
            _expect(
                0 <= location < location_count,
                f"The location of {owner} must be a row of the matrices, within 0 and {location_count - 1},"
                f" not {location}.",
            )
