"""Visits that another truck made than the plan had given them to: they belong to the route of who made them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.domain.day_progress import DayProgress, VisitKey
from services.domain.kinds import StopKind
from services.domain.plan import Stop
from services.domain.registry import Position
from services.domain.visit import Visit
from services.routing.underway import DETOUR_RATIO, SILENT_AFTER, Underway, metres_between


def with_strays(
    trucks: Mapping[str, Underway], progress: DayProgress, places: Mapping[str, Position]
) -> dict[str, Underway]:
    """Return the trucks with the cleared visits that their routes did not have, each where its time was.

    `places` are those of points and facilities. A truck that is not known to be out has no route to put them in.
    """
    told = {key for truck in trucks.values() for key in truck.keys}
    found = dict(trucks)
    for key, vehicle_id in sorted(progress.cleared_by.items()):
        truck, visit = found.get(vehicle_id), _visit(progress, key, vehicle_id)
        if key in told or truck is None or not truck.is_out or visit is None or key[0] not in places:
            continue
        found[vehicle_id] = _with(truck, key, visit, progress, places)
    return found


def _visit(progress: DayProgress, key: VisitKey, vehicle_id: str) -> Visit | None:
    """The visit that has cleared a due visit: the vehicle's last one there."""
    own = [visit for visit in progress.visits if (visit.point_id, visit.vehicle_id) == (key[0], vehicle_id)]
    return own[-1] if own else None


def _with(
    truck: Underway, key: VisitKey, visit: Visit, progress: DayProgress, places: Mapping[str, Position]
) -> Underway:
    before = [stop for stop in truck.fixed[: truck.done] if stop.depart_at <= visit.interval.start]
    place = max(1, len(before))
    previous, following = truck.fixed[place - 1], truck.fixed[place] if place < len(truck.fixed) else None
    latest = max(previous.depart_at, visit.interval.end if following is None else following.arrive_at)
    arrive_at = min(max(visit.interval.start, previous.depart_at), latest)
    kg = visit.collected_kg or 0.0
    stop = Stop(
        kind=StopKind.POINT,
        id=key[0],
        arrive_at=arrive_at,
        depart_at=min(max(visit.interval.end, arrive_at), latest),
        load_kg=previous.load_kg + kg,
        occurrence=key[1],
        collected_kg=kg,
        leg_distance_m=_detour_m(previous, key[0], following, places),
        leg_duration_s=round((arrive_at - previous.depart_at).total_seconds()),
    )
    later, has_tipped = _carrying(truck.fixed[place:], kg)
    if later:
        left_s = round((later[0].arrive_at - stop.depart_at).total_seconds())
        later[0] = replace(later[0], leg_duration_s=min(later[0].leg_duration_s, left_s))
    fix = progress.last_fixes.get(truck.vehicle_id)
    weighs = fix is not None and fix.load_kg is not None and progress.now - fix.observed_at <= SILENT_AFTER
    return replace(
        truck,
        fixed=(*truck.fixed[:place], stop, *later),
        done=truck.done + 1,
        position=places[key[0]] if following is None and truck.position is None else truck.position,
        free_at=max(truck.free_at, stop.depart_at),
        load_kg=truck.load_kg if weighs or has_tipped else truck.load_kg + kg,
    )


def _carrying(stops: Sequence[Stop], kg: float) -> tuple[list[Stop], bool]:
    """Stops with so much more on board until the next unloading, and whether there was one."""
    carried: list[Stop] = []
    has_tipped = False
    for stop in stops:
        has_tipped = has_tipped or stop.kind is StopKind.STATION
        carried.append(stop if has_tipped else replace(stop, load_kg=stop.load_kg + kg))
    return carried, has_tipped


def _detour_m(previous: Stop, point_id: str, following: Stop | None, places: Mapping[str, Position]) -> int:
    """About how far the way over a point was longer, which nobody had planned: by roads, not as the crow flies."""
    here, there = places.get(previous.id or ""), None if following is None else places.get(following.id or "")
    if here is None:
        return 0
    metres = metres_between(here, places[point_id])
    if there is not None:
        metres += metres_between(places[point_id], there) - metres_between(here, there)
    return max(0, round(metres * DETOUR_RATIO))
