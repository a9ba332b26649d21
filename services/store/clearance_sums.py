"""Clearance summed by day and month, and read from the sums where they hold, else from the due visits themselves."""

from collections.abc import Mapping
from datetime import date
from typing import LiteralString

from services.domain.clearance import ClearanceBucket, ClearanceGroup
from services.store.connection import Connection

DAY_LOCKS, MONTH_LOCKS = 1668047201, 1668047202
"""Classes of the advisory locks by day and month; the trigger that takes them out shares them (0019_month_sums.sql)."""

DUE_KEYS: Mapping[ClearanceGroup, LiteralString] = {
    ClearanceGroup.ZONE: "coalesce(zone_id, 'unassigned')",
    ClearanceGroup.CONTRACTOR: "coalesce(contractor_id, 'unassigned')",
    ClearanceGroup.VEHICLE: "coalesce(vehicle_id, 'unassigned')",
    ClearanceGroup.HOUR: """to_char(coalesce(cleared_at, planned_at, due_to - INTERVAL '1 ms')
        AT TIME ZONE (SELECT timezone FROM town), 'HH24:00')""",
}
"""What a due visit counts for in each grouping; the town is the sum of its contractors."""
WEIGHT_KEYS: Mapping[ClearanceGroup, LiteralString] = {
    **DUE_KEYS,
    ClearanceGroup.HOUR: "to_char(hour_start AT TIME ZONE (SELECT timezone FROM town), 'HH24:00')",
}

_OF_A_DAY: LiteralString = """
    SELECT {due_key} AS key, contractor_id, count(*) AS due,
        count(*) FILTER (WHERE status = 'cleared') AS cleared,
        count(*) FILTER (WHERE status = 'pending') AS pending,
        count(*) FILTER (WHERE status = 'missed') AS missed,
        count(*) FILTER (WHERE correction_id IS NOT NULL) AS corrected,
        count(*) FILTER (WHERE status <> 'cleared' AND reason = 'not_planned') AS not_planned,
        count(*) FILTER (WHERE status <> 'cleared' AND reason = 'planned_but_not_visited') AS not_visited,
        count(*) FILTER (WHERE status <> 'cleared' AND reason = 'visited_outside_window') AS outside_window,
        count(*) FILTER (WHERE status <> 'cleared' AND reason = 'device_silent') AS silent,
        sum(expected_kg) AS expected_kg, 0 AS tipped_kg, 0 AS received_kg
    FROM due_visits WHERE service_date = {day} GROUP BY 1, 2
    UNION ALL
    SELECT {weight_key}, contractor_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, sum(tipped_kg), sum(received_kg)
    FROM attributed_weights WHERE service_date = {day} GROUP BY 1, 2"""
"""The sums of one day by key and contractor; a key has one row of its due visits and one of its weights."""

_COUNTS: LiteralString = """key, contractor_id, due, cleared, pending, missed, corrected, not_planned, not_visited,
            outside_window, silent, expected_kg, tipped_kg, received_kg"""
# Days are looked up one by one: a year has hardly a month of them that is not read by month.
_READ: LiteralString = """
    WITH held AS (
        SELECT month FROM clearance_months
        WHERE {by_month} AND month >= %(start)s::date AND month + INTERVAL '1 month' <= %(end)s::date + 1
    ), asked AS (
        SELECT day::date AS service_date FROM generate_series(%(start)s::date, %(end)s::date, '1 day') AS day
        WHERE date_trunc('month', day)::date NOT IN (SELECT month FROM held)
    ), part AS (
        SELECT month AS service_date, {counts}
        FROM clearance_month_sums
        WHERE grouping = %(grouping)s AND month = ANY((SELECT array_agg(month) FROM held)::date[])
        UNION ALL
        SELECT service_date, {counts}
        FROM clearance_sums
        WHERE grouping = %(grouping)s AND service_date = ANY((
            SELECT array_agg(service_date) FROM asked JOIN clearance_days USING (service_date))::date[])
        UNION ALL
        SELECT as_it_is.service_date, made.*
        FROM (SELECT service_date FROM asked EXCEPT SELECT service_date FROM clearance_days) AS as_it_is
            CROSS JOIN LATERAL ({of_a_day}) AS made
    )
    SELECT {first} AS service_date, {key} AS key, sum(due)::int AS due, sum(cleared)::int AS cleared,
        sum(pending)::int AS pending, sum(missed)::int AS missed, sum(corrected)::int AS corrected,
        sum(expected_kg) AS expected_kg, sum(tipped_kg) AS tipped_kg, sum(received_kg) AS received_kg,
        sum(not_planned)::int AS not_planned, sum(not_visited)::int AS not_visited,
        sum(outside_window)::int AS outside_window, sum(silent)::int AS silent
    FROM part WHERE %(contractor)s::text IS NULL OR contractor_id = %(contractor)s
    GROUP BY 1, 2"""

_SUM_UP: LiteralString = """
    INSERT INTO clearance_sums (grouping, service_date, key, contractor_id, due, cleared, pending, missed, corrected,
        not_planned, not_visited, outside_window, silent, expected_kg, tipped_kg, received_kg)
    SELECT %(grouping)s, %(day)s, key, contractor_id, sum(due), sum(cleared), sum(pending), sum(missed),
        sum(corrected), sum(not_planned), sum(not_visited), sum(outside_window), sum(silent), sum(expected_kg),
        sum(tipped_kg), sum(received_kg)
    FROM ({of_a_day}) AS made GROUP BY key, contractor_id"""

_SUM_UP_MONTH: LiteralString = """
    INSERT INTO clearance_month_sums (grouping, month, key, contractor_id, due, cleared, pending, missed, corrected,
        not_planned, not_visited, outside_window, silent, expected_kg, tipped_kg, received_kg)
    SELECT grouping, %(month)s, key, contractor_id, sum(due), sum(cleared), sum(pending), sum(missed),
        sum(corrected), sum(not_planned), sum(not_visited), sum(outside_window), sum(silent), sum(expected_kg),
        sum(tipped_kg), sum(received_kg)
    FROM clearance_sums JOIN clearance_days USING (service_date)
    WHERE service_date >= %(month)s AND service_date < %(month)s::date + INTERVAL '1 month'
    GROUP BY grouping, key, contractor_id"""
_IS_WHOLE: LiteralString = """
    SELECT NOT EXISTS (
        SELECT FROM generate_series(%(month)s::date, %(month)s::date + INTERVAL '1 month' - INTERVAL '1 day', '1 day')
            AS day
        WHERE NOT EXISTS (SELECT FROM clearance_days WHERE service_date = day::date)
            AND (EXISTS (SELECT FROM due_visits WHERE service_date = day::date)
                OR EXISTS (SELECT FROM attributed_weights WHERE service_date = day::date)))"""
_FORGET_CHANGES: LiteralString = """
    DELETE FROM clearance_changes WHERE service_date = %(day)s AND change_number < (
        SELECT max(change_number) FROM clearance_changes WHERE service_date = %(day)s)"""
_MONTHS_NOT_SUMMED: LiteralString = """
    SELECT DISTINCT date_trunc('month', service_date)::date AS month FROM clearance_days
    WHERE service_date < date_trunc('month', %(before)s::date)
    EXCEPT SELECT month FROM clearance_months ORDER BY month DESC"""

_NOT_SUMMED: LiteralString = """
    SELECT day::date
    FROM (SELECT min(service_date) AS first_day FROM due_visits) AS known,
        generate_series(first_day, %(before)s::date - 1, '1 day') AS day
    WHERE NOT EXISTS (SELECT FROM clearance_days WHERE service_date = day::date)
        AND EXISTS (SELECT FROM due_visits WHERE service_date = day::date)
    ORDER BY day DESC"""


_FIRST_DAYS: Mapping[ClearanceBucket, LiteralString] = {
    ClearanceBucket.DAY: "service_date",
    ClearanceBucket.MONTH: "greatest(date_trunc('month', service_date)::date, %(start)s::date)",
    ClearanceBucket.WHOLE: "%(start)s::date",
}
"""The day that stands for a span: its first one that was asked for."""


_KEYS: Mapping[ClearanceGroup, LiteralString] = {
    ClearanceGroup.TOWN: "(SELECT name FROM town)",
    # Of a contractor's figures those of other contractors' vehicles are together.
    ClearanceGroup.VEHICLE: """CASE WHEN %(contractor)s::text IS NULL
        OR key IN (SELECT vehicle_id FROM vehicles WHERE contractor_id = %(contractor)s) THEN key
        ELSE 'unassigned' END""",
}
"""What figures are told by, where that is not what they are summed by."""


def clearance_query(group_by: ClearanceGroup, bucket: ClearanceBucket) -> LiteralString:
    """Return the query of figures from `start` to `end` of a `contractor`, with its `grouping`.

    Its columns are those of a ClearanceFigure, then the due visits not cleared by each reason.
    """
    grouping = grouping_of(group_by)
    of_a_day = _OF_A_DAY.format(
        due_key=DUE_KEYS[grouping], weight_key=WEIGHT_KEYS[grouping], day="as_it_is.service_date"
    )
    return _READ.format(
        of_a_day=of_a_day,
        counts=_COUNTS,
        by_month="false" if bucket is ClearanceBucket.DAY else "true",
        first=_FIRST_DAYS[bucket],
        key=_KEYS.get(group_by, "key"),
    )


def grouping_of(group_by: ClearanceGroup) -> ClearanceGroup:
    """Return what the figures of a group are summed from."""
    return ClearanceGroup.CONTRACTOR if group_by is ClearanceGroup.TOWN else group_by


def days_to_sum_up(connection: Connection, before: date) -> list[date]:
    """Return the days before `before` that have due visits and no sums, the newest first."""
    return [row[0] for row in connection.execute(_NOT_SUMMED, {"before": before})]


def sum_up_day(connection: Connection, day: date) -> bool:
    """Sum up a day, in a transaction of its own; return False where somebody is changing it at the moment."""
    with connection.transaction():
        locked = connection.execute(
            "SELECT pg_try_advisory_xact_lock(%s, %s::date - date '2000-01-01')", (DAY_LOCKS, day)
        ).fetchone()
        if locked is None or not locked[0]:
            return False
        connection.execute("DELETE FROM clearance_sums WHERE service_date = %s", (day,))
        for grouping in DUE_KEYS:
            of_a_day = _OF_A_DAY.format(
                due_key=DUE_KEYS[grouping], weight_key=WEIGHT_KEYS[grouping], day="%(day)s::date"
            )
            connection.execute(_SUM_UP.format(of_a_day=of_a_day), {"grouping": grouping.value, "day": day})
        connection.execute("INSERT INTO clearance_days VALUES (%s) ON CONFLICT DO NOTHING", (day,))
        connection.execute(_FORGET_CHANGES, {"day": day})
    return True


def day_states(connection: Connection, first: date, last: date) -> Mapping[date, tuple[int, int]]:
    """Return for each day what is another pair of numbers after any change of what its figures are made of.

    A day of which nothing was ever changed has none.
    """
    rows = connection.execute(
        "SELECT service_date, count(*), max(change_number) FROM clearance_changes "
        "WHERE service_date BETWEEN %s AND %s GROUP BY 1",
        (first, last),
    ).fetchall()
    return {day: (changes, last_change) for day, changes, last_change in rows}


def months_to_sum_up(connection: Connection, before: date) -> list[date]:
    """Return the first days of the months over before `before` that have days with sums and no sums, newest first."""
    return [row[0] for row in connection.execute(_MONTHS_NOT_SUMMED, {"before": before})]


def sum_up_month(connection: Connection, month: date) -> bool:
    """Sum up the days of the month that begins on `month`, in a transaction of its own.

    Returns False where somebody is changing it at the moment, or has changed a day of it that is not summed anew.
    """
    with connection.transaction():
        locked = connection.execute(
            "SELECT pg_try_advisory_xact_lock(%s, %s::date - date '2000-01-01')", (MONTH_LOCKS, month)
        ).fetchone()
        if locked is None or not locked[0]:
            return False
        whole = connection.execute(_IS_WHOLE, {"month": month}).fetchone()
        if whole is None or not whole[0]:
            return False
        connection.execute("DELETE FROM clearance_month_sums WHERE month = %s", (month,))
        connection.execute(_SUM_UP_MONTH, {"month": month})
        connection.execute("INSERT INTO clearance_months VALUES (%s) ON CONFLICT DO NOTHING", (month,))
    return True
