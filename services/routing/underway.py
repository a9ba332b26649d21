"""How far a truck has come in its route: what it has done, what it is about to do, and from where it can be sent on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import cos, hypot, radians

from services.domain.day_progress import DayProgress, LastFix, VisitKey
from services.domain.kinds import StopKind
from services.domain.plan import Stop
from services.domain.registry import Position

SILENT_AFTER = timedelta(minutes=15)
"""A truck that has said nothing for so long is taken to go on by its plan, as late as it last was."""

AT_PLACE_M = 200.0
"""Within this of a place, as the crow flies, a truck is taken to stand there."""

DETOUR_RATIO = 1.4
"""Roads between two places of a town are longer than the crow flies by about this."""

SLOW_MPS = 5.0
"""A truck's pace in town where its route does not say."""

EMPTY_RATIO = 0.02
"""A load sensor that tells less than this of what the truck holds tells of an empty truck."""

_M_PER_DEG = 111_195.0


@dataclass(frozen=True, slots=True)
class PlannedRoute:
    """A vehicle's route in the plan that is revised, with what its stops take and where they are.

    `work_s` is the service or tipping time of each stop, `places` where it is; both as long as `stops`.
    """

    vehicle_id: str
    stops: tuple[Stop, ...]
    work_s: tuple[int, ...]
    places: tuple[Position, ...]
    capacity_kg: float


@dataclass(frozen=True, slots=True)
class Underway:
    """Where a truck is in its day.

    `fixed` are the stops that are done, `done` of them, and after those what it is about: nobody changes them any
    more. The stops of its route from `open_from` on can still be given to others. It can be sent on at `free_at` from
    `position`, or from its last fixed stop where that is none. `is_guessed`: it said nothing, and is taken to be where
    its plan has it.
    """

    vehicle_id: str
    fixed: tuple[Stop, ...]
    done: int
    open_from: int
    position: Position | None
    free_at: datetime
    load_kg: float
    has_rested: bool
    is_guessed: bool = False

    @property
    def is_out(self) -> bool:
        """Tell whether it has left its depot."""
        return bool(self.fixed)

    @property
    def keys(self) -> set[VisitKey]:
        """The due visits among the fixed stops."""
        return {
            (stop.id, stop.occurrence) for stop in self.fixed if stop.id is not None and stop.occurrence is not None
        }


@dataclass(frozen=True, slots=True)
class Moment:
    """When a plan is revised: trucks follow their old routes until `horizon`, when the new ones can be with them."""

    progress: DayProgress
    horizon: datetime
    closed_facility_ids: frozenset[str] = frozenset()

    @property
    def now(self) -> datetime:
        """The instant up to which the day is known."""
        return self.progress.now


def at_depot(vehicle_id: str, free_at: datetime) -> Underway:
    """Return a truck that has not left."""
    return Underway(vehicle_id, (), 0, 0, None, free_at, 0.0, has_rested=False)


def underway(route: PlannedRoute, moment: Moment, *, late_s: int = 0, is_broken: bool = False) -> Underway:
    """Return how far a truck has come; `late_s` is how late it was told to be, a broken one goes no further."""
    told = _Told(route, moment, late_s)
    if told.last < 0:
        return at_depot(route.vehicle_id, moment.horizon)
    fixed = told.fixed()
    if is_broken:
        return _ended(route, moment, told, fixed)
    return _going_on(route, moment, told, fixed)


class _Told:
    """What the readings, or the plan's clock where there are none, say of a route."""

    def __init__(self, route: PlannedRoute, moment: Moment, late_s: int) -> None:
        self.route, self.moment = route, moment
        self.fix: LastFix | None = moment.progress.last_fixes.get(route.vehicle_id)
        self.spans = _spans(route, moment.progress)
        self.last = max(self.spans, default=-1)
        self.is_silent = self.fix is None or moment.now - self.fix.observed_at > SILENT_AFTER
        self.late = timedelta(seconds=late_s)
        if self.last >= 0 and not late_s:
            self.late = max(timedelta(), self.spans[self.last][1] - route.stops[self.last].depart_at)
        self.is_guessed = False
        self._known = self.last
        if self.is_silent:
            self._guess()
        elif self.last < 0 and self._has_left():
            self.last = 0

    def _guess(self) -> None:
        """Take the stops for done that the plan would have done by now."""
        done = [place for place, stop in enumerate(self.route.stops) if stop.depart_at + self.late <= self.moment.now]
        if done and done[-1] > self.last:
            self.last, self.is_guessed = done[-1], True

    def _has_left(self) -> bool:
        """Tell whether a truck that has done nothing yet is on its way."""
        assert self.fix is not None
        leaves_at = self.route.stops[0].depart_at
        return (
            metres_between(self.fix.position, self.route.places[0]) > AT_PLACE_M and self.fix.observed_at >= leaves_at
        ) or (leaves_at > self.moment.now and leaves_at < self.moment.horizon)

    def fixed(self) -> list[Stop]:
        """The stops that are done, at the times at which they were; a leg past a stop left out is as long as both."""
        fixed: list[Stop] = []
        metres, seconds, load_kg = 0, 0, 0.0
        clock: datetime | None = None
        for place, stop in enumerate(self.route.stops[: self.last + 1]):
            metres, seconds = metres + stop.leg_distance_m, seconds + stop.leg_duration_s
            if not self._is_done(place):
                continue
            arrive_at, depart_at, kg = self.spans.get(place, (stop.arrive_at, stop.depart_at, None))
            if place not in self.spans and self.is_guessed:
                arrive_at, depart_at = arrive_at + self.late, depart_at + self.late
            arrive_at = arrive_at if clock is None else max(arrive_at, clock)
            clock = max(arrive_at, depart_at)
            collected_kg = stop.collected_kg if kg is None or stop.kind is not StopKind.POINT else kg
            load_kg = 0.0 if stop.kind is StopKind.STATION else load_kg + collected_kg
            fixed.append(
                replace(
                    stop, arrive_at=arrive_at, depart_at=clock, load_kg=load_kg, collected_kg=collected_kg,
                    leg_distance_m=metres if fixed else 0, leg_duration_s=seconds if fixed else 0,
                )
            )  # fmt: skip
            metres, seconds = 0, 0
        return fixed

    def _is_done(self, place: int) -> bool:
        stop = self.route.stops[place]
        if place in self.spans or stop.kind in (StopKind.DEPOT, StopKind.BREAK):
            return True
        return self.is_guessed and place > self._known and stop.depart_at + self.late <= self.moment.now


def _spans(route: PlannedRoute, progress: DayProgress) -> dict[int, tuple[datetime, datetime, float | None]]:
    """When each stop of a route was done, by its place in the route, and what was taken up there."""
    visits: dict[str, list[tuple[datetime, datetime, float | None]]] = {}
    for visit in progress.visits:
        if visit.vehicle_id == route.vehicle_id:
            span = visit.interval
            visits.setdefault(visit.point_id, []).append((span.start, span.end, visit.collected_kg))
    tippings: dict[str, list[tuple[datetime, datetime, float | None]]] = {}
    for tipping in progress.tippings:
        if tipping.vehicle_id == route.vehicle_id:
            came_at = min(tipping.arrived_at or tipping.tipped_at, tipping.tipped_at)
            tippings.setdefault(tipping.facility_id, []).append((came_at, tipping.tipped_at, tipping.kg))
    spans = {}
    for place, stop in enumerate(route.stops):
        told = {StopKind.POINT: visits, StopKind.STATION: tippings}.get(stop.kind, {}).get(stop.id or "")
        if told:
            spans[place] = told.pop(0)
    return spans


def metres_between(one: Position, other: Position) -> float:
    """As the crow flies, good enough within a town."""
    east = (one[0] - other[0]) * cos(radians((one[1] + other[1]) / 2))
    return hypot(east, one[1] - other[1]) * _M_PER_DEG


def _load_kg(told: _Told, fixed: Sequence[Stop]) -> float:
    """What is on board: as the truck weighs it, else as its stops add up."""
    counted_kg = fixed[-1].load_kg if fixed else 0.0
    if told.is_silent or told.fix is None or told.fix.load_kg is None:
        return counted_kg
    capacity_kg = told.route.capacity_kg
    return 0.0 if told.fix.load_kg < EMPTY_RATIO * capacity_kg else min(told.fix.load_kg, capacity_kg)


def _ended(route: PlannedRoute, moment: Moment, told: _Told, fixed: list[Stop]) -> Underway:
    return Underway(
        vehicle_id=route.vehicle_id,
        fixed=tuple(fixed),
        done=len(fixed),
        open_from=told.last + 1,
        position=None,
        free_at=moment.horizon,
        load_kg=_load_kg(told, fixed),
        has_rested=True,
        is_guessed=told.is_guessed,
    )


def _going_on(route: PlannedRoute, moment: Moment, told: _Told, fixed: list[Stop]) -> Underway:
    """Let a truck do what it is about, and what it would begin before its new route is with it."""
    done = len(fixed)
    clock = fixed[-1].depart_at
    load_kg = _load_kg(told, fixed)
    place, is_next, position = told.last + 1, True, None
    while place < len(route.stops):
        stop = route.stops[place]
        is_closed = stop.kind is StopKind.STATION and stop.id in moment.closed_facility_ids
        if is_closed or (stop.kind is StopKind.DEPOT and not _is_home(told, place)):
            position = None if told.is_silent or told.fix is None or not is_next else told.fix.position
            break
        if not is_next and clock >= moment.horizon:
            break
        if stop.kind is StopKind.BREAK and is_next and not _rests(told, place):
            place += 1
            continue
        arrive_at = _arrival(route, moment, told, place, clock) if is_next else clock + _leg(stop)
        depart_at = _departure(route, place, arrive_at)
        load_kg = 0.0 if stop.kind is StopKind.STATION else load_kg + stop.collected_kg
        fixed.append(replace(stop, arrive_at=arrive_at, depart_at=depart_at, load_kg=load_kg))
        clock, place, is_next = depart_at, place + 1, False
    return Underway(
        vehicle_id=route.vehicle_id,
        fixed=tuple(fixed),
        done=done,
        open_from=place,
        position=position,
        free_at=max(clock, moment.horizon if is_next else moment.now),
        load_kg=load_kg,
        has_rested=any(stop.kind is StopKind.BREAK for stop in fixed),
        is_guessed=told.is_guessed,
    )


def _leg(stop: Stop) -> timedelta:
    return timedelta(seconds=stop.leg_duration_s)


def _is_home(told: _Told, place: int) -> bool:
    """Tell whether a truck that has nothing left to do but to come home is there."""
    if place != len(told.route.stops) - 1 or told.is_silent or told.fix is None:
        return False
    return metres_between(told.fix.position, told.route.places[place]) <= AT_PLACE_M


def _rests(told: _Told, place: int) -> bool:
    """Tell whether a truck whose next stop is its break has begun it: it stands where it did its last stop."""
    begins_at = told.route.stops[place].arrive_at + told.late
    if told.is_silent or told.fix is None:
        return begins_at <= told.moment.now
    return begins_at <= told.moment.now and metres_between(told.fix.position, told.route.places[place]) <= AT_PLACE_M


def _arrival(route: PlannedRoute, moment: Moment, told: _Told, place: int, clock: datetime) -> datetime:
    """When a truck reaches the stop that it is on its way to."""
    stop = route.stops[place]
    if stop.kind is StopKind.BREAK:
        return clock
    if clock > moment.now:
        return clock + _leg(stop)
    if told.is_silent or told.fix is None:
        return max(clock, stop.arrive_at + told.late) if told.is_guessed else max(moment.now, clock + _leg(stop))
    to_go_m = metres_between(told.fix.position, route.places[place])
    if to_go_m <= AT_PLACE_M:  # since when is not told: it may have come as soon as it could
        return max(clock, min(told.fix.observed_at, clock + _leg(stop)))
    pace_mps = stop.leg_distance_m / stop.leg_duration_s if stop.leg_duration_s and stop.leg_distance_m else SLOW_MPS
    left_s = to_go_m * DETOUR_RATIO / pace_mps
    if stop.leg_duration_s:
        left_s = min(left_s, stop.leg_duration_s)
    return max(clock, moment.now, told.fix.observed_at + timedelta(seconds=round(left_s)))


def _departure(route: PlannedRoute, place: int, arrive_at: datetime) -> datetime:
    """When a stop is done that is reached at an instant: it begins as planned, or at once where that is past."""
    stop = route.stops[place]
    work = timedelta(seconds=route.work_s[place])
    begins_at = stop.depart_at - work
    waits = begins_at > stop.arrive_at
    return (max(arrive_at, begins_at) if waits else arrive_at) + work


def fixed_loads(trucks: Mapping[str, Underway]) -> dict[str, float]:
    """What the stations are still brought by what trucks are about, in kg by station."""
    kg: dict[str, float] = {}
    for truck in trucks.values():
        on_board = truck.fixed[truck.done - 1].load_kg if truck.done else 0.0
        for stop in truck.fixed[truck.done :]:
            if stop.kind is StopKind.STATION and stop.id is not None:
                kg[stop.id] = kg.get(stop.id, 0.0) + on_board
            on_board = stop.load_kg
    return kg
