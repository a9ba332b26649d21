"""What a plan breaks, in the town's own names and times of day."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.routing.checker import Rule, Violation
from services.routing.rest import RestOfDay
from services.routing.solution import Route, Solution, Stop, StopKind

Values = tuple[tuple[str, str | int], ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a plan breaks, by which vehicle and at which stop where that can be told, in a sentence.

    `values` are what the sentence tells beyond those, by name, for who says it in another language: kilograms,
    counts, and local times as HH:MM.
    """

    rule: Rule
    vehicle_id: str | None
    stop_id: str | None
    sentence: str
    values: Values = ()


def in_words(rest: RestOfDay, solution: Solution, violations: Sequence[Violation]) -> list[Broken]:
    """Each violation as a person would say it; the same sentence once."""
    routes = {route.truck: route for route in solution.routes}
    found: list[Broken] = []
    for violation in violations:
        if violation.rule is Rule.STATION_KG:
            found += _full_stations(rest, solution)
        elif violation.rule is Rule.BAYS:
            found += _crowded_stations(rest, solution)
        elif violation.rule is Rule.SPACING:
            found.append(Broken(Rule.SPACING, None, None, "Two visits to one point are too close to each other."))
        else:
            found.append(_of_route(rest, routes.get(violation.truck), violation))
    return list(dict.fromkeys(found))


def _of_route(rest: RestOfDay, route: Route | None, violation: Violation) -> Broken:
    if route is None:
        return Broken(violation.rule, None, None, violation.sentence)
    vehicle_id = rest.assembly.vehicles[route.truck].vehicle.vehicle_id
    stop = route.stops[violation.stop] if violation.stop >= 0 else None
    stop_id = None if stop is None else _name(rest, stop)
    sentence, values = _sentence(rest, route, stop, stop_id, violation), _values(rest, route, stop, violation.rule)
    return Broken(violation.rule, vehicle_id, stop_id, sentence, values)


def _name(rest: RestOfDay, stop: Stop) -> str | None:
    if stop.kind is StopKind.TASK and stop.index < len(rest.assembly.visits):
        return rest.assembly.visits[stop.index].point_id
    if stop.kind is StopKind.UNLOAD:
        return rest.assembly.stations[stop.index].facility_id
    return None


def _sentence(rest: RestOfDay, route: Route, stop: Stop | None, stop_id: str | None, violation: Violation) -> str:
    working = rest.assembly.vehicles[route.truck]
    name, truck = working.vehicle.vehicle_id, rest.problem.trucks[route.truck]
    back_s, latest_s = route.stops[-1].arrive_s, truck.shift_end_s + truck.overtime_s
    back, end = _clock(rest, back_s), _clock(rest, latest_s)
    begins = "" if stop is None else _clock(rest, stop.start_s)
    sentences = {
        Rule.WINDOW: f"{name} comes to {stop_id} at {begins}, outside its windows.",
        Rule.CAPACITY: f"{name} would carry {_load(stop)} kg after {stop_id} and holds {truck.capacity_kg:,} kg.",
        Rule.ENDS_EMPTY: f"{name} would come home with {_load(stop)} kg on board.",
        Rule.SHIFT: f"{name} would be back at {back}, after its shift's end at {end}.",
        Rule.BREAK: f"{name}'s driver would not have the break when it is due.",
        Rule.MAY_SERVE: f"{name} may not serve {stop_id}: its container, its zone's contractor or an order forbids it.",
        Rule.MAY_TIP: f"{name} may not tip at {stop_id}.",
        Rule.ROAD: f"No road leads {name} to {stop_id or 'its depot'}.",
        Rule.DAILY_CAP: f"{name} would do more than its limit for the day.",
    }
    return sentences.get(violation.rule, f"{name}: {violation.sentence}")


def _values(rest: RestOfDay, route: Route, stop: Stop | None, rule: Rule) -> Values:
    truck = rest.problem.trucks[route.truck]
    if rule is Rule.SHIFT:
        back, end = _clock(rest, route.stops[-1].arrive_s), _clock(rest, truck.shift_end_s + truck.overtime_s)
        return (("back", back), ("end", end))
    if stop is None:
        return ()
    found: dict[Rule, Values] = {
        Rule.WINDOW: (("at", _clock(rest, stop.start_s)),),
        Rule.CAPACITY: (("load_kg", stop.load_kg), ("capacity_kg", truck.capacity_kg)),
        Rule.ENDS_EMPTY: (("load_kg", stop.load_kg),),
    }
    return found.get(rule, ())


def _load(stop: Stop | None) -> str:
    return "?" if stop is None else f"{stop.load_kg:,}"


def _clock(rest: RestOfDay, second: int) -> str:
    zone = rest.assembly.selection.town.zone_info
    return f"{(rest.assembly.origin + timedelta(seconds=second)).astimezone(zone):%H:%M}"


def _full_stations(rest: RestOfDay, solution: Solution) -> list[Broken]:
    brought_kg: Counter[int] = Counter()
    for route in solution.routes:
        for stop in route.stops:
            if stop.kind is StopKind.UNLOAD:
                brought_kg[stop.index] -= stop.taken_kg
    found = []
    for number, (station, facility) in enumerate(zip(rest.problem.stations, rest.assembly.stations, strict=True)):
        if station.remaining_kg is not None and brought_kg[number] > station.remaining_kg:
            sentence = (
                f"{facility.facility_id} would get {brought_kg[number]:,} kg and still takes "
                f"{station.remaining_kg:,} kg today."
            )
            values = (("brought_kg", brought_kg[number]), ("remaining_kg", station.remaining_kg))
            found.append(Broken(Rule.STATION_KG, None, facility.facility_id, sentence, values))
    return found


def _crowded_stations(rest: RestOfDay, solution: Solution) -> list[Broken]:
    """For each station the first moment at which more trucks tip than it has bays."""
    found = []
    for number, (station, facility) in enumerate(zip(rest.problem.stations, rest.assembly.stations, strict=True)):
        tips = [
            stop
            for route in solution.routes
            for stop in route.stops
            if stop.kind is StopKind.UNLOAD and stop.index == number
        ]
        for tip in sorted(tips, key=lambda stop: stop.start_s):
            at_once = sum(other.start_s <= tip.start_s < other.depart_s for other in tips)
            at_once += sum(span.start_s < tip.depart_s and span.end_s > tip.start_s for span in station.taken)
            if station.bays is not None and at_once > station.bays:
                moment = _clock(rest, tip.start_s)
                sentence = (
                    f"{at_once} trucks would tip at {facility.facility_id} at {moment}; it has {station.bays} bays."
                )
                values = (("trucks", at_once), ("at", moment), ("bays", station.bays))
                found.append(Broken(Rule.BAYS, None, facility.facility_id, sentence, values))
                break
    return found
