"""The limits of the standards, with the edition and clause that each is from; an office may set its own."""

from dataclasses import dataclass

from psycopg.rows import class_row

from services.store.connection import Connection


@dataclass(frozen=True, slots=True)
class StandardLimit:
    """A limit: at least `value_low`, at most `value_high`, in `unit`; `source_status` says how it was checked."""

    limit_id: str
    value_low: float | None
    value_high: float | None
    unit: str
    standard: str
    clause: str
    source_status: str
    note: str


def load_standard_limits(connection: Connection) -> dict[str, StandardLimit]:
    """Return all limits by identifier."""
    with connection.cursor(row_factory=class_row(StandardLimit)) as cursor:
        rows = cursor.execute(
            "SELECT limit_id, value_low, value_high, unit, standard, clause, source_status, note FROM standard_limits"
        ).fetchall()
    return {row.limit_id: row for row in rows}
