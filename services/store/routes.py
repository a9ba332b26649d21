"""The routes of a plan and their stops, each stop with its place and what it was planned on."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString, NamedTuple
from uuid import UUID

from services.domain.kinds import Approach
from services.store.connection import Connection
from services.store.rows import named_rows


class RouteRow(NamedTuple):
    """A vehicle's route in a plan."""

    vehicle_id: str
    distance_m: int
    duration_s: int
    collected_kg: float


class StopRow(NamedTuple):
    """A stop with its place and name from the register; a break is where the stop before it is.

    `leg_polyline6` is the road from the stop before, once the plan has been published. `demand_kg` is what the whole
    visit was planned on.
    """

    vehicle_id: str
    sequence: int
    kind: str
    id: str | None
    occurrence: int | None
    arrive_at: datetime
    depart_at: datetime
    load_kg: float
    collected_kg: float
    leg_distance_m: int
    leg_duration_s: int
    leg_polyline6: str | None
    demand_kg: float | None
    demand_source: str | None
    lon: float | None
    lat: float | None
    name: str | None
    approach: str | None

    @property
    def is_at_kerb(self) -> bool:
        """Tell whether the truck has to come to it on the side of the street on which it is."""
        return self.approach == Approach.KERB


_STOPS: LiteralString = """
    WITH RECURSIVE line AS (
        SELECT plan_id, replans_plan_id, 0 AS steps FROM plans WHERE plan_id = %(plan)s
        UNION ALL SELECT plans.plan_id, plans.replans_plan_id, line.steps + 1
        FROM plans JOIN line ON plans.plan_id = line.replans_plan_id
    )
    SELECT stop.vehicle_id, stop.sequence, stop.kind, stop.id, stop.occurrence, stop.arrive_at, stop.depart_at,
        stop.load_kg, stop.collected_kg, stop.leg_distance_m, stop.leg_duration_s, stop.leg_polyline6,
        demand.kg AS demand_kg, demand.source AS demand_source,
        coalesce(point.lon, facility.lon) AS lon, coalesce(point.lat, facility.lat) AS lat,
        coalesce(point.name, facility.name) AS name, point.approach
    FROM stops AS stop
    LEFT JOIN LATERAL (
        -- a break has the id of the stop it is taken at, and so the kind of that stop
        SELECT CASE stop.kind WHEN 'break' THEN (
            SELECT before.kind FROM stops AS before
            WHERE before.plan_id = stop.plan_id AND before.vehicle_id = stop.vehicle_id
                AND before.sequence < stop.sequence AND before.kind <> 'break'
            ORDER BY before.sequence DESC LIMIT 1) ELSE stop.kind END AS kind
    ) AS place ON true
    LEFT JOIN {demand} ON stop.kind = 'point' AND demand.point_id = stop.id AND demand.occurrence = stop.occurrence
    LEFT JOIN collection_points AS point ON place.kind = 'point' AND point.point_id = stop.id
    LEFT JOIN facilities AS facility ON place.kind <> 'point' AND facility.facility_id = stop.id
    WHERE stop.plan_id = %(plan)s AND (%(vehicles)s::text[] IS NULL OR stop.vehicle_id = ANY(%(vehicles)s))
    ORDER BY stop.vehicle_id, stop.sequence"""


# A revision's own rows go before those of the plan that it revises.
_DEMAND: LiteralString = """(
        SELECT DISTINCT ON (point_id, occurrence) point_id, occurrence, kg, source
        FROM line JOIN plan_demands USING (plan_id) ORDER BY point_id, occurrence, line.steps
    ) AS demand"""
# Of a few routes they are looked up one by one, instead of putting those of the whole plan in order.
_DEMAND_ONE_BY_ONE: LiteralString = """LATERAL (
        SELECT point_id, occurrence, kg, source FROM line JOIN plan_demands USING (plan_id)
        WHERE point_id = stop.id AND occurrence = stop.occurrence ORDER BY line.steps LIMIT 1
    ) AS demand"""


def load_routes(connection: Connection, plan_id: UUID, *vehicle_ids: str) -> list[RouteRow]:
    """Return a plan's routes by vehicle: all, or those of the vehicles that are named."""
    with connection.cursor(row_factory=named_rows(RouteRow)) as cursor:
        cursor.execute(
            "SELECT vehicle_id, distance_m, duration_s, collected_kg FROM routes WHERE plan_id = %(plan)s "
            "AND (%(vehicles)s::text[] IS NULL OR vehicle_id = ANY(%(vehicles)s)) ORDER BY vehicle_id",
            {"plan": plan_id, "vehicles": [*vehicle_ids] or None},
        )
        return cursor.fetchall()


def load_published_routes(
    connection: Connection, plan_id: UUID, vehicle_ids: Sequence[str]
) -> list[tuple[RouteRow, str | None]]:
    """Return the routes of some vehicles, each with whose the vehicle is; none of a plan that never was published."""
    rows = connection.execute(
        "SELECT vehicle.contractor_id, route.vehicle_id, route.distance_m, route.duration_s, route.collected_kg "
        "FROM plans JOIN routes AS route USING (plan_id) JOIN vehicles AS vehicle USING (vehicle_id) "
        "WHERE plan_id = %(plan)s AND plans.published_at IS NOT NULL AND vehicle_id = ANY(%(vehicles)s)",
        {"plan": plan_id, "vehicles": [*vehicle_ids]},
    )
    return [(RouteRow(*route), owner) for owner, *route in rows]


def load_stops(connection: Connection, plan_id: UUID, *vehicle_ids: str) -> list[StopRow]:
    """Return the stops of a plan's routes by vehicle and sequence: of all, or of the vehicles that are named."""
    with connection.cursor(row_factory=named_rows(StopRow)) as cursor:
        query = _STOPS.format(demand=_DEMAND_ONE_BY_ONE if vehicle_ids else _DEMAND)
        return cursor.execute(query, {"plan": plan_id, "vehicles": [*vehicle_ids] or None}).fetchall()
