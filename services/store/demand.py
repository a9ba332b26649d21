"""What is known of the refuse at points: what past days yielded, what containers told, what plans were made on."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import LiteralString
from uuid import UUID

import numpy as np
from psycopg import sql

from services.domain.circumstances import UrgentVisit
from services.domain.day_progress import VisitKey
from services.domain.demand import DemandSource, VisitDemand
from services.store.bulk import BIGINT, DOUBLE, INTEGER, FloatArray, copy_columns
from services.store.connection import Connection

FIRST_DAY = date(2000, 1, 1)
"""Days are counted from here in the answers that come as columns."""

FRESH_FOR = timedelta(hours=6)
"""A container that has been silent for longer tells nothing of now."""

LEAST_FILL_RATIO, LEAST_PAIRS = 0.2, 3
"""What a full container weighs is told by so many visits that found it filled to this at least."""

Columns = dict[str, FloatArray]

_POINT_DAY = {"point": BIGINT, "day": INTEGER, "kg": DOUBLE}
"""A point is known by a hash of its name: names are long, and many thousand of them slow to join."""

_POINTS: LiteralString = """
    SELECT hashtextextended(point_id, 0), number - 1
    FROM unnest({points}::text[]) WITH ORDINALITY AS asked (point_id, number)"""

_IMPORTED: LiteralString = """
    SELECT hashtextextended(point_id, 0), service_date - date '2000-01-01', kg FROM collected_weights
    WHERE service_date BETWEEN {since} AND {until}"""

_VISITED: LiteralString = """
    SELECT hashtextextended(point_id, 0), service_date - date '2000-01-01', coalesce(collected_kg, 'NaN') FROM visits
    WHERE service_date BETWEEN {since} AND {until}"""

# A visit that nobody weighed: what its vehicle tipped of its zone that day, less what is known of its other visits
# there, shared over those that are not known by what the register expects of them.
_WEIGHED: LiteralString = """
    WITH tipped AS (
        SELECT service_date, vehicle_id, zone_id, sum(tipped_kg) AS kg FROM attributed_weights
        WHERE service_date BETWEEN {since} AND {until} GROUP BY 1, 2, 3
    ), unweighed AS (
        SELECT DISTINCT service_date, vehicle_id FROM visits
        WHERE collected_kg IS NULL AND service_date BETWEEN {since} AND {until}
    ), shared AS (
        SELECT visit.point_id, visit.service_date, coalesce(visit.collected_kg,
            greatest(tipped.kg - coalesce(sum(visit.collected_kg) OVER together, 0), 0) * point.expected_kg
            / nullif(sum(point.expected_kg) FILTER (WHERE visit.collected_kg IS NULL) OVER together, 0)) AS kg
        FROM unweighed JOIN visits AS visit USING (service_date, vehicle_id)
        JOIN collection_points AS point USING (point_id)
        JOIN tipped ON tipped.service_date = visit.service_date AND tipped.vehicle_id = visit.vehicle_id
            AND tipped.zone_id IS NOT DISTINCT FROM point.zone_id
        WINDOW together AS (PARTITION BY visit.service_date, visit.vehicle_id, point.zone_id)
    )
    SELECT hashtextextended(point_id, 0), service_date - date '2000-01-01', coalesce(kg, 'NaN') FROM shared"""

_TOWN: LiteralString = """
    SELECT service_date - date '2000-01-01', sum(kg) / nullif(sum(expected_kg), 0)
    FROM collected_weights JOIN collection_points USING (point_id)
    WHERE service_date BETWEEN {since} AND {until} AND expected_kg > 0 GROUP BY 1"""


@dataclass(frozen=True, slots=True)
class ContainerReading:
    """What a point's container told last; `full_kg` is what it weighs when full, none where that is not known."""

    observed_at: datetime
    fill_ratio: float
    weight_kg: float | None
    full_kg: float | None


@dataclass(frozen=True, slots=True)
class PastDays:
    """What is known of points on past days; each table has the columns `point`, `day` and `kg`.

    `point` is the place in the points that were asked for, `day` counts from `FIRST_DAY`. A row of `imported` is a day
    of the imported history. A row of `visited` is a visit with what clearance found it collected, NaN where nothing
    tells that; one of `weighed` is a visit of a vehicle and day that had such visits, with its share of the tonnes.
    """

    imported: Columns
    visited: Columns
    weighed: Columns


def load_past_days(connection: Connection, point_ids: Sequence[str], since: date, until: date) -> PastDays:
    """Return what is known of points from `since` to `until`, both included."""
    points = sql.SQL(_POINTS).format(points=sql.Literal(list(point_ids)))
    numbers = copy_columns(connection, points, {"point": BIGINT, "number": BIGINT})
    order = np.argsort(numbers["point"])
    hashes, places = numbers["point"][order], numbers["number"][order]
    span = {"since": sql.Literal(since), "until": sql.Literal(until)}

    def table(query: LiteralString) -> Columns:
        rows = copy_columns(connection, sql.SQL(query).format(**span), _POINT_DAY)
        at = np.minimum(np.searchsorted(hashes, rows["point"]), max(len(hashes) - 1, 0))
        is_asked = hashes[at] == rows["point"] if len(hashes) else np.zeros(len(at), dtype=np.bool_)
        columns = {name: values[is_asked] for name, values in rows.items()}
        return {**columns, "point": places[at[is_asked]]}

    return PastDays(table(_IMPORTED), table(_VISITED), table(_WEIGHED))


def load_town_days(connection: Connection, since: date, until: date) -> Mapping[date, float]:
    """Return what the town's points yielded by date in the imported history, as a share of what is registered."""
    parts = {"since": sql.Literal(since), "until": sql.Literal(until)}
    columns = copy_columns(connection, sql.SQL(_TOWN).format(**parts), {"day": INTEGER, "ratio": DOUBLE})
    pairs = zip(columns["day"], columns["ratio"], strict=True)
    return {FIRST_DAY + timedelta(days=int(day)): float(ratio) for day, ratio in pairs}


def load_last_visits(connection: Connection, since: date, until: date) -> dict[str, tuple[datetime, int]]:
    """Return when each point was last visited, and how often it was on the last of these days."""
    rows = connection.execute(
        "SELECT point_id, max(ended_at), count(*) FILTER (WHERE service_date = %s) FROM visits "
        "WHERE service_date BETWEEN %s AND %s GROUP BY point_id",
        (until, since, until),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def load_container_readings(connection: Connection, since: date, now: datetime) -> dict[str, ContainerReading]:
    """Return what the points' containers told shortly before `now`, and what they weigh full by visits from `since`."""
    rows = connection.execute(
        """
        WITH last AS (
            SELECT DISTINCT ON (device.asset_id) device.asset_id AS point_id, level.observed_at,
                level.fill_ratio::float8 AS fill_ratio, level.weight_kg::float8 AS weight_kg
            FROM levels AS level JOIN devices AS device USING (device_key)
            WHERE device.kind = 'container' AND level.observed_at BETWEEN %(fresh_from)s AND %(now)s
            ORDER BY device.asset_id, level.observed_at DESC
        ), found AS (
            SELECT device.asset_id AS point_id, percentile_cont(0.5) WITHIN GROUP (
                ORDER BY visit.collected_kg / hour.fill_ratio_max) AS full_kg
            FROM visits AS visit
            JOIN devices AS device ON device.kind = 'container' AND device.asset_id = visit.point_id
            JOIN level_hours AS hour
                ON hour.device_key = device.device_key AND hour.hour_start = date_trunc('hour', visit.started_at)
            WHERE visit.service_date >= %(since)s AND visit.collected_kg > 0 AND hour.fill_ratio_max >= %(least)s
            GROUP BY device.asset_id HAVING count(*) >= %(pairs)s
        )
        SELECT point_id, observed_at, fill_ratio, weight_kg, full_kg FROM last LEFT JOIN found USING (point_id)
        """,
        {"now": now, "fresh_from": now - FRESH_FOR, "since": since, "least": LEAST_FILL_RATIO, "pairs": LEAST_PAIRS},
    )
    return {row[0]: ContainerReading(*row[1:]) for row in rows}


def save_demands(connection: Connection, plan_id: UUID, demands: Iterable[VisitDemand]) -> None:
    """Store what a plan's visits are planned on, in place of what was stored of it before."""
    connection.execute("DELETE FROM plan_demands WHERE plan_id = %s", (plan_id,))
    statement = "COPY plan_demands (plan_id, point_id, occurrence, kg, registered_kg, source) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for one in demands:
            copy.write_row((plan_id, one.point_id, one.occurrence, one.kg, one.registered_kg, one.source.value))


def save_told_demands(connection: Connection, plan_id: UUID, urgent: Iterable[UrgentVisit]) -> None:
    """Store what was told of urgent visits: a revision is planned on that."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO plan_demands (plan_id, point_id, occurrence, kg, registered_kg, source) "
            "SELECT %s, point_id, %s, %s, expected_kg / visits_per_day, 'told' "
            "FROM collection_points WHERE point_id = %s",
            [(plan_id, visit.occurrence, visit.kg, visit.point_id) for visit in urgent if visit.kg is not None],
        )


_DEMANDS: LiteralString = """
    WITH RECURSIVE line AS (
        SELECT plan_id, replans_plan_id, 0 AS steps FROM plans WHERE plan_id = %(plan)s
        UNION ALL SELECT plans.plan_id, plans.replans_plan_id, line.steps + 1
        FROM plans JOIN line ON plans.plan_id = line.replans_plan_id
    )
    SELECT DISTINCT ON (demand.point_id, demand.occurrence) demand.point_id, demand.occurrence, demand.kg,
        demand.registered_kg, demand.source
    FROM line JOIN plan_demands AS demand USING (plan_id)
    ORDER BY demand.point_id, demand.occurrence, line.steps"""


def load_demands(connection: Connection, plan_id: UUID) -> dict[VisitKey, VisitDemand]:
    """Return what a plan's visits are planned on: its own rows, else those of the plan that it revises, and so on."""
    rows = connection.execute(_DEMANDS, {"plan": plan_id})
    return {(row[0], row[1]): VisitDemand(row[0], row[1], row[2], row[3], DemandSource(row[4])) for row in rows}
