"""The measures of facilities as they were made from readings that may be gone by now."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from services.store.connection import Connection


@dataclass(frozen=True, slots=True)
class KeptMeasures:
    """A facility's measures in the span from `start` to `end`; `observed_ratio` is the share of it that was heard."""

    facility_id: str
    name: str | None
    zone_id: str | None
    start: datetime
    end: datetime
    observed_ratio: float
    measures: Mapping[str, Any]


def keep_measures(connection: Connection, bucket: str, rows: Iterable[KeptMeasures]) -> None:
    """Store measures of whole buckets; what is kept already stands."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO facility_measures (span_start, span_end, facility_id, bucket, name, zone_id,
                observed_ratio, measures) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (bucket, facility_id, span_start) DO NOTHING
            """,
            [
                (
                    row.start,
                    row.end,
                    row.facility_id,
                    bucket,
                    row.name,
                    row.zone_id,
                    row.observed_ratio,
                    Jsonb(dict(row.measures)),
                )
                for row in rows
            ],
        )


def load_measures(connection: Connection, bucket: str, start: datetime, end: datetime) -> list[KeptMeasures]:
    """Return what is kept of each facility in buckets that begin from `start` to before `end`."""
    rows = connection.execute(
        """
        SELECT facility_id, name, zone_id, span_start, span_end, observed_ratio, measures
        FROM facility_measures
        WHERE bucket = %s AND span_start >= %s AND span_start < %s
        """,
        (bucket, start, end),
    )
    return [KeptMeasures(*row) for row in rows]
