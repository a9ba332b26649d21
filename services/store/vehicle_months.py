"""What vehicles did in months and longer: from sums of months that are over, else from their days."""

from datetime import date
from typing import LiteralString

from services.store.connection import Connection
from services.store.rolled_up import DEVICE_DAYS, VehicleUse
from services.store.vehicle_days import DAYS

_SUMS: LiteralString = """
    sum(fixes)::bigint AS fixes, sum(observed_s) AS observed_s, sum(moving_s) AS moving_s,
    sum(distance_m) AS distance_m, sum(tippings)::int AS tippings, sum(tipped_kg) AS tipped_kg"""

# Days and months are of the same columns; both are asked for whole spans, so the ends are days of themselves.
_READ: LiteralString = """
    WITH held AS (
        SELECT month FROM vehicle_months_summed
        WHERE month >= %(start)s::date AND month + INTERVAL '1 month' <= %(end)s::date + 1
    ), asked AS (
        SELECT day::date FROM generate_series(%(start)s::date, %(end)s::date, '1 day') AS day
        WHERE date_trunc('month', day)::date NOT IN (SELECT month FROM held)
    ), part AS (
        SELECT month AS service_date, vehicle_id, fixes, observed_s, moving_s, distance_m, tippings, tipped_kg
        FROM vehicle_months JOIN held USING (month)
        UNION ALL
        SELECT service_date, vehicle_id, fixes, observed_s, moving_s, distance_m, tippings, tipped_kg
        FROM ({days}) AS by_day
    )
    SELECT vehicle_id, NULL::timestamptz AS start, {first} AS service_date, {sums}
    FROM part GROUP BY vehicle_id, {first} ORDER BY vehicle_id, 3"""
_SUM_UP: LiteralString = """
    INSERT INTO vehicle_months (month, vehicle_id, fixes, observed_s, moving_s, distance_m, tippings, tipped_kg)
    SELECT %(month)s, vehicle_id, {sums} FROM ({days}) AS by_day GROUP BY vehicle_id"""
_IN_MONTH: LiteralString = """
    service_date >= %(month)s::date AND service_date < %(month)s::date + INTERVAL '1 month'"""

_NOT_SUMMED: LiteralString = """
    SELECT month::date
    FROM (SELECT least((SELECT min(service_date) FROM position_days), (SELECT min(service_date) FROM weighing_days))
            AS first_day) AS known,
        generate_series(date_trunc('month', first_day), %(before)s::date, '1 month') AS past (month)
    WHERE month + INTERVAL '1 month' <= %(before)s::date
        AND NOT EXISTS (SELECT FROM vehicle_months_summed AS summed WHERE summed.month = past.month::date)
        AND (EXISTS (SELECT FROM position_days AS day WHERE day.service_date >= past.month
                AND day.service_date < past.month + INTERVAL '1 month')
            OR EXISTS (SELECT FROM weighing_days AS day WHERE day.service_date >= past.month
                AND day.service_date < past.month + INTERVAL '1 month'))
    ORDER BY month DESC"""


def load_vehicle_months(connection: Connection, first: date, last: date) -> list[VehicleUse]:
    """Return what vehicles did in each month of the service days `first` to `last`, by vehicle and month.

    `service_date` is a month's first day that was asked for.
    """
    return _load(connection, first, last, "greatest(date_trunc('month', service_date)::date, %(start)s::date)")


def load_vehicle_whole(connection: Connection, first: date, last: date) -> list[VehicleUse]:
    """Return what vehicles did on the service days `first` to `last` together, by vehicle."""
    return _load(connection, first, last, "%(start)s::date")


def _load(connection: Connection, first: date, last: date, first_day: LiteralString) -> list[VehicleUse]:
    query = _READ.format(days=DAYS.format(days="SELECT day FROM asked"), first=first_day, sums=_SUMS)
    return [VehicleUse(*row) for row in connection.execute(query, {"start": first, "end": last}).fetchall()]


def vehicle_months_to_sum_up(connection: Connection, before: date) -> list[date]:
    """Return the first days of the months over before `before` that have days and no sums, the newest first."""
    return [row[0] for row in connection.execute(_NOT_SUMMED, {"before": before})]


def sum_up_vehicle_month(connection: Connection, month: date) -> None:
    """Sum up the days of the month that begins on `month`; only the process that makes the days may do so."""
    with connection.transaction():
        connection.execute("DELETE FROM vehicle_months WHERE month = %s", (month,))
        query = _SUM_UP.format(sums=_SUMS, days=DEVICE_DAYS.format(within=_IN_MONTH))
        connection.execute(query, {"month": month})
        connection.execute("INSERT INTO vehicle_months_summed VALUES (%s) ON CONFLICT DO NOTHING", (month,))
