"""The figures of planned against driven of days that are over, kept so that bulletins need not compare them anew."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg.types.json import Jsonb

from services.store.connection import Connection

LOCK = 0x726F7574
"""An advisory lock of this number: shared by all who decide days again, wanted alone by who keeps what they decided.
So no day is kept as current while a change of it is under way."""


@dataclass(frozen=True, slots=True)
class KeptRoutes:
    """A day's routes as they were kept; `is_current` until the day was decided again."""

    is_current: bool
    routes: Sequence[Mapping[str, Any]]


def load_kept_routes(connection: Connection, first: date, last: date) -> dict[date, KeptRoutes]:
    """Return the days from `first` to `last`, both included, that are kept."""
    rows = connection.execute(
        "SELECT service_date, is_current, routes FROM kept_routes WHERE service_date BETWEEN %s AND %s", (first, last)
    )
    return {row[0]: KeptRoutes(row[1], row[2]) for row in rows}


def days_not_current(connection: Connection, first: date, last: date) -> list[date]:
    """Return the days from `first` to `last` that have due visits and no current figures, the newest first."""
    rows = connection.execute(
        "SELECT day::date FROM generate_series(%s::date, %s::date, INTERVAL '1 day') AS day "
        "WHERE EXISTS (SELECT FROM due_visits WHERE service_date = day::date) "
        "AND NOT EXISTS (SELECT FROM kept_routes WHERE service_date = day::date AND is_current) ORDER BY 1 DESC",
        (first, last),
    )
    return [row[0] for row in rows]


def hold_decisions(connection: Connection) -> None:
    """Keep every day from being decided again until this transaction ends, so that one can be compared and kept."""
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))


def keep_routes(connection: Connection, day: date, routes: Sequence[Mapping[str, Any]]) -> None:
    """Keep a day's routes as current; the caller holds the decisions (`hold_decisions`)."""
    connection.execute(
        "INSERT INTO kept_routes (service_date, is_current, routes) VALUES (%s, true, %s) "
        "ON CONFLICT (service_date) DO UPDATE SET is_current = true, routes = excluded.routes",
        (day, Jsonb(list(routes))),
    )


def outdate_routes(connection: Connection, days: Collection[date]) -> None:
    """Note that days are being decided again, in the transaction that does so."""
    if days:
        connection.execute("SELECT pg_advisory_xact_lock_shared(%s)", (LOCK,))
        connection.execute(
            "UPDATE kept_routes SET is_current = false WHERE service_date = ANY(%s) AND is_current", (list(days),)
        )
