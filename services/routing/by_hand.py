"""A plan changed by hand: stops are moved, the routes timed anew, and the checker says what they break."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.domain.day_progress import VisitKey
from services.domain.errors import ConflictError
from services.routing import solution as solved
from services.routing.checker import Violation, check
from services.routing.mending import put_all_in, visit_of, with_tipping
from services.routing.places import Pricing
from services.routing.reasons import explain
from services.routing.rest import RestOfDay
from services.routing.stations import Draft, share_bays
from services.routing.timetable import Visit, driven


@dataclass(frozen=True, slots=True)
class Move:
    """A due visit is to be made by a vehicle, before the stop that has `sequence` in its route now.

    Without a `sequence` it comes where it is cheapest.
    """

    key: VisitKey
    vehicle_id: str
    sequence: int | None = None


@dataclass(frozen=True, slots=True)
class Edited:
    """The rest of the day after the changes, and the rules that it breaks."""

    solution: solved.Solution
    violations: tuple[Violation, ...]


@dataclass(slots=True)
class _Desk:
    """The routes on the dispatcher's desk; `place_of` is where a visit stood among its old route's stops."""

    rest: RestOfDay
    visits: dict[int, list[Visit]]
    place_of: dict[int, int] = field(default_factory=dict)


def edit(rest: RestOfDay, moves: Sequence[Move]) -> Edited:
    """Make the moves in their order; what has lost its truck is put in where it is cheapest, or left out.

    Raises:
        ConflictError: a move names what is done, under way, not in the day, or what no road leads to.

    """
    desk = _lay_out(rest)
    served = {(stop.id, stop.occurrence) for route in rest.survey.routes for stop in route.stops}
    moved = {move.key for move in moves}
    put_all_in(rest.problem, desk.visits, _homeless(rest, desk.visits, served - moved), rest.locked)
    for move in moves:
        _move(desk, move)
    return judge(rest, desk.visits)


def judge(rest: RestOfDay, visits: Mapping[int, Sequence[Visit]]) -> Edited:
    """Time routes and let the checker say what they break.

    Raises:
        ConflictError: no road leads along a route.

    """
    problem = rest.problem
    draft = Draft(problem, {truck: list(own) for truck, own in visits.items() if own})
    for truck in draft.visits:
        route = driven(problem, truck, draft.visits[truck])
        if route is None:
            vehicle_id = rest.assembly.vehicles[truck].vehicle.vehicle_id
            raise ConflictError(f"No road leads along the route that {vehicle_id} would have.")
        draft.routes[truck] = route
    share_bays(draft)
    routes = tuple(draft.routes[truck] for truck in sorted(draft.routes))
    done = {task for route in routes for task in route.tasks}
    left = [task for task in range(len(problem.tasks)) if task not in done]
    solution = solved.Solution(
        routes=routes,
        unserved=explain(problem, routes, left),
        cost=sum(route.cost for route in routes),
        distance_m=sum(route.distance_m for route in routes),
        duration_s=sum(route.duration_s for route in routes),
    )
    return Edited(solution, tuple(check(problem, solution)))


def _lay_out(rest: RestOfDay) -> _Desk:
    desk = _Desk(rest, {})
    for truck, visits in rest.previous.items():
        # A truck that is out comes home empty, also where its old station is closed now.
        is_out = rest.state(truck).is_out
        desk.visits[truck] = with_tipping(rest.problem, truck, visits) if is_out else list(visits)
        for visit, place in zip(visits, rest.previous_places[truck], strict=True):
            desk.place_of[id(visit)] = place
    return desk


def _homeless(
    rest: RestOfDay, visits: Mapping[int, Sequence[Visit]], served: set[tuple[str | None, int | None]]
) -> list[int]:
    """Visits that the old plan made and that are on no route now."""
    on_routes = {visit.index for own in visits.values() for visit in own if visit.kind is solved.StopKind.TASK}
    return [
        number
        for number, visit in enumerate(rest.assembly.visits)
        if number not in on_routes and (visit.point_id, visit.occurrence) in served
    ]


def _move(desk: _Desk, move: Move) -> None:
    rest = desk.rest
    task, truck = _task(rest, move), _truck(rest, move.vehicle_id)
    for other in _holders(desk, task):
        _check_unlocked(rest, other)
        rest_of = [visit for visit in desk.visits[other] if not _is(visit, task)]
        desk.visits[other] = with_tipping(rest.problem, other, rest_of) if _has_tasks(rest_of) else []
    _check_unlocked(rest, truck)
    visits = desk.visits.get(truck, [])
    is_free = move.sequence is None or not visits
    positions = None if is_free else [_position(desk, truck, visits, move)]
    places = Pricing(rest.problem, desk.visits).in_truck(truck, visit_of(rest.problem, task), positions)
    if not places:
        raise ConflictError(f"No road leads {move.vehicle_id} over {move.key[0]} and on.")
    desk.visits[truck] = list(places[0].visits)


def _holders(desk: _Desk, task: int) -> list[int]:
    return [truck for truck, visits in desk.visits.items() if any(_is(visit, task) for visit in visits)]


def _is(visit: Visit, task: int) -> bool:
    return visit.kind is solved.StopKind.TASK and visit.index == task


def _has_tasks(visits: Sequence[Visit]) -> bool:
    return any(visit.kind is solved.StopKind.TASK for visit in visits)


def _task(rest: RestOfDay, move: Move) -> int:
    """The task of the visit that is to be moved."""
    task = rest.task_number(move.key)
    if task is not None:
        return task
    point_id, occurrence = move.key
    for truck in rest.survey.trucks.values():
        for place, stop in enumerate(truck.fixed):
            if (stop.id, stop.occurrence) == move.key:
                state = "done" if place < truck.done else "under way"
                raise ConflictError(f"The visit to {point_id} is {state} by {truck.vehicle_id} and cannot be moved.")
    if move.key in rest.survey.moment.progress.cleared:
        raise ConflictError(f"The visit to {point_id} is done and cannot be moved.")
    if any((visit.point_id, visit.occurrence) == move.key for visit in rest.assembly.unserved):
        raise ConflictError(f"No truck can come to {point_id}: no road lies near it.")
    raise ConflictError(f"The plan's day has no visit {occurrence} to {point_id}; `insert` adds one.")


def _truck(rest: RestOfDay, vehicle_id: str) -> int:
    """The truck that a visit is to be given to."""
    number = rest.truck_number(vehicle_id)
    if number is None:
        raise ConflictError(f"{vehicle_id} takes no part in this plan, or collects no refuse, or has no depot.")
    if vehicle_id in rest.survey.idle:
        raise ConflictError(f"{vehicle_id} is broken or excluded; `include` it first.")
    return number


def _check_unlocked(rest: RestOfDay, truck: int) -> None:
    if truck in rest.locked:
        vehicle_id = rest.assembly.vehicles[truck].vehicle.vehicle_id
        raise ConflictError(f"The route of {vehicle_id} is locked; `unlock` it first.")


def _position(desk: _Desk, truck: int, visits: Sequence[Visit], move: Move) -> int:
    """Where among a truck's visits the stop stands that has a sequence in its old route."""
    assert move.sequence is not None
    state = desk.rest.state(truck)
    place = move.sequence - 1
    if place < max(state.open_from, 1):
        raise ConflictError(
            f"The first {max(state.open_from, 1)} stops of {move.vehicle_id} are settled; "
            f"give a sequence above {max(state.open_from, 1)}."
        )
    stops = next((route.stops for route in desk.rest.survey.routes if route.vehicle_id == move.vehicle_id), ())
    if place >= len(stops):
        raise ConflictError(f"{move.vehicle_id} has {len(stops)} stops; {move.sequence} is beyond its route.")
    for position, visit in enumerate(visits):
        if desk.place_of.get(id(visit), -1) >= place:
            return position
    return len(visits)
