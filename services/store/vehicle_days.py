"""What vehicles did on service days: from the sums of days that are over, else put together from devices' days."""

from datetime import date
from typing import LiteralString

from services.store.connection import Connection
from services.store.rolled_up import DEVICE_DAYS, VehicleUse

_NOT_SUMMED: LiteralString = """
    service_date = ANY((
        SELECT array_agg(day) FROM ({days}) AS asked
        WHERE NOT EXISTS (SELECT FROM vehicle_days_summed AS summed WHERE summed.service_date = day)
    )::date[])"""

DAYS: LiteralString = """
    SELECT service_date, vehicle_id, fixes, observed_s, moving_s, distance_m, tippings, tipped_kg
    FROM vehicle_days JOIN vehicle_days_summed USING (service_date)
    WHERE service_date = ANY((SELECT array_agg(day) FROM ({days}) AS asked)::date[])
    UNION ALL
    SELECT service_date, vehicle_id, fixes, observed_s, moving_s, distance_m, tippings, tipped_kg
    FROM ({put_together}) AS put_together""".replace("{put_together}", DEVICE_DAYS.format(within=_NOT_SUMMED))
"""The query of what vehicles did on some days; `days` is the query of these, each a `day`."""

_READ: LiteralString = """
    SELECT vehicle_id, NULL::timestamptz, service_date, fixes, observed_s, moving_s, distance_m, tippings, tipped_kg
    FROM ({of_days}) AS by_day ORDER BY vehicle_id, service_date"""
_SPAN: LiteralString = "SELECT day::date FROM generate_series(%(start)s::date, %(end)s::date, '1 day') AS day"

_SUM_UP: LiteralString = """
    INSERT INTO vehicle_days (service_date, vehicle_id, fixes, observed_s, moving_s, distance_m, tippings, tipped_kg)
    SELECT service_date, vehicle_id, fixes, observed_s, moving_s, distance_m, tippings, tipped_kg
    FROM ({put_together}) AS put_together"""

_TO_SUM_UP: LiteralString = """
    SELECT day::date
    FROM (SELECT least((SELECT min(service_date) FROM position_days), (SELECT min(service_date) FROM weighing_days))
            AS first_day) AS known,
        generate_series(first_day, %(before)s::date - 1, '1 day') AS past (day)
    WHERE NOT EXISTS (SELECT FROM vehicle_days_summed AS summed WHERE summed.service_date = past.day::date)
        AND (EXISTS (SELECT FROM position_days AS rolled WHERE rolled.service_date = past.day::date)
            OR EXISTS (SELECT FROM weighing_days AS rolled WHERE rolled.service_date = past.day::date))
    ORDER BY day DESC"""


def load_vehicle_days(connection: Connection, first: date, last: date, limit: int | None = None) -> list[VehicleUse]:
    """Return what vehicles did on each service day from `first` to `last`, both included, by vehicle and day."""
    query = f"{_READ.format(of_days=DAYS.format(days=_SPAN))} LIMIT %(limit)s"
    parameters = {"start": first, "end": last, "limit": limit}
    return [VehicleUse(*row) for row in connection.execute(query, parameters).fetchall()]


def vehicle_days_to_sum_up(connection: Connection, before: date) -> list[date]:
    """Return the days before `before` that are rolled up and have no sums, the newest first."""
    return [row[0] for row in connection.execute(_TO_SUM_UP, {"before": before})]


def sum_up_vehicle_day(connection: Connection, day: date) -> None:
    """Put a day together and keep it; only the process that rolls up may do so."""
    with connection.transaction():
        connection.execute("DELETE FROM vehicle_days WHERE service_date = %s", (day,))
        query = _SUM_UP.format(put_together=DEVICE_DAYS.format(within="service_date = %(day)s"))
        connection.execute(query, {"day": day})
        connection.execute("INSERT INTO vehicle_days_summed VALUES (%s) ON CONFLICT DO NOTHING", (day,))
