"""Plans as plain tables: routes and stops, what is not served, prices of places, and two plans side by side."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from rich.console import Console
from rich.table import Table

from services.domain.errors import NotFoundError
from services.domain.kinds import StopKind
from services.domain.town import Town
from services.routing.compare import Comparison, Figures
from services.routing.revising import Priced
from services.routing.wording import Broken
from services.store import plans
from services.store.connection import Connection
from services.store.plans import PlanRow
from services.store.routes import load_routes, load_stops

MOST_MOVED = 40
"""So many visits that moved are named; the others are counted."""


def show_plan(console: Console, connection: Connection, plan: PlanRow, town: Town) -> None:
    """Print a plan's routes, its sums, what is not served and why, and its notes."""
    routes = _table("vehicle", "leaves", "back", "points", "unloads", "km", "hours", "kg", title=_title(plan))
    for route in load_routes(connection, plan.plan_id):
        stops = load_stops(connection, plan.plan_id, route.vehicle_id)
        routes.add_row(
            route.vehicle_id,
            _clock(stops[0].depart_at, town),
            _clock(stops[-1].arrive_at, town),
            str(sum(stop.kind == StopKind.POINT for stop in stops)),
            str(sum(stop.kind == StopKind.STATION for stop in stops)),
            f"{route.distance_m / 1000:.1f}",
            _hours(route.duration_s),
            f"{route.collected_kg:,.0f}",
        )
    unserved = plans.load_unserved(connection, plan.plan_id)
    if routes.row_count:
        console.print(routes)
    console.print(
        f"Plan {plan.plan_id}: {plan.served} visits served, {len(unserved)} not; "
        f"{(plan.distance_m or 0) / 1000:,.1f} km, cost {plan.cost or 0:,.2f}."
    )
    if unserved:
        reasons = Table("point", "visit", "reason", "why", title="Not served")
        for row in unserved:
            reasons.add_row(row.point_id, str(row.occurrence), row.reason, row.detail)
        console.print(reasons)
        counts = Counter(row.reason for row in unserved)
        console.print(f"Not served: {', '.join(f'{count} {reason}' for reason, count in counts.most_common())}.")
    for note in plan.notes:
        console.print(note)


def show_route(console: Console, connection: Connection, plan: PlanRow, vehicle_id: str, town: Town) -> None:
    """Print a vehicle's stops with what each was planned on.

    Raises:
        NotFoundError: it has no route in this plan.

    """
    stops = load_stops(connection, plan.plan_id, vehicle_id)
    if not stops:
        raise NotFoundError(f"{vehicle_id} has no route in plan {plan.plan_id}.")
    table = _table(
        "stop", "what", "where", "visit", "arrives", "leaves", "kg", "on board", "planned on",
        title=f"{vehicle_id}: {_title(plan)}",
    )  # fmt: skip
    for stop in stops:
        table.add_row(
            str(stop.sequence),
            stop.kind,
            stop.id or "",
            "" if stop.occurrence is None else str(stop.occurrence),
            _clock(stop.arrive_at, town),
            _clock(stop.depart_at, town),
            f"{stop.collected_kg:,.0f}" if stop.kind == StopKind.POINT else "",
            f"{stop.load_kg:,.0f}",
            "" if stop.demand_kg is None else f"{stop.demand_kg:,.0f} {stop.demand_source}",
        )
    console.print(table)


def show_places(console: Console, priced: Priced, town: Town) -> None:
    """Print the best places for a visit, the cheapest that break nothing first, and what each would break."""
    table = _table(
        "vehicle", "before stop", "arrives", "cost", "km", "min",
        title=f"{priced.kg:,.0f} kg at {priced.point_id}, visit {priced.occurrence}",
    )  # fmt: skip
    for place in priced.places:
        table.add_row(
            place.vehicle_id,
            "new route" if place.sequence is None else str(place.sequence),
            _clock(place.arrive_at, town),
            f"{place.extra_cost:+,.2f}",
            f"{place.extra_distance_m / 1000:+.1f}",
            f"{place.extra_duration_s / 60:+.0f}",
        )
    console.print(table if priced.places else f"No truck can take {priced.point_id}.")
    for place in priced.places:
        show_broken(console, place.broken)


def show_broken(console: Console, broken: Sequence[Broken]) -> None:
    """Print what a change breaks, a line each."""
    for one in broken:
        console.print(f"Breaks {one.rule}: {one.sentence}")


def show_comparison(console: Console, found: Comparison, before_id: UUID, after_id: UUID, town: Town) -> None:
    """Print two plans' figures side by side and the visits that other vehicles make."""
    table = _table("", "before", "after", "more", title=f"{before_id} → {after_id}")
    for name, unit in _FIGURES.items():
        before, after = (float(getattr(side, name)) for side in (found.before, found.after))
        before, after = (_in_words(name, value) for value in (before, after))
        table.add_row(unit, f"{before:,.10g}", f"{after:,.10g}", f"{after - before:+,.10g}")
    console.print(table)
    if found.moved:
        moved = Table("point", "visit", "from", "to", title="Other vehicles")
        for one in found.moved[:MOST_MOVED]:
            ends = ((one.from_vehicle_ids, one.from_at), (one.to_vehicle_ids, one.to_at))
            moved.add_row(one.point_id, str(one.occurrence), *(_end(ids, at, town) for ids, at in ends))
        console.print(moved)
    more = f" ({len(found.moved) - MOST_MOVED} of them are not shown)" if len(found.moved) > MOST_MOVED else ""
    console.print(f"{len(found.moved)} visits change their vehicle{more}, {found.retimed} keep it at another time.")


_FIGURES = {
    "vehicles": "vehicles",
    "served": "visits served",
    "unserved": "not served",
    "distance_m": "km",
    "duration_s": "hours",
    "collected_kg": "t collected",
    "tipped_kg": "t tipped",
    "cost": "cost",
}
assert set(_FIGURES) == set(Figures.__dataclass_fields__)


def _in_words(name: str, value: float) -> float:
    """A figure in the unit that it is shown in."""
    divisor = {"distance_m": 1000, "duration_s": 3600, "collected_kg": 1000, "tipped_kg": 1000}.get(name, 1)
    return round(value / divisor, 2 if name == "cost" else 1)


def _end(vehicle_ids: Sequence[str], at: datetime | None, town: Town) -> str:
    return "left out" if at is None else f"{', '.join(vehicle_ids)} {_clock(at, town)}"


def _table(*names: str, title: str) -> Table:
    """A table whose first column is text and whose others are figures."""
    table = Table(title=title)
    for number, name in enumerate(names):
        table.add_column(name, justify="right" if number else "left")
    return table


def _title(plan: PlanRow) -> str:
    return f"Plan for {plan.service_date}"


def _clock(instant: datetime, town: Town) -> str:
    return f"{instant.astimezone(town.zone_info):%H:%M}"


def _hours(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}"
