"""Writing what clearance decides: a day's due visits, the visits that were found, and each change of a decision."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString

from psycopg.types.json import Jsonb

from services.domain.due import DueVisit
from services.domain.kinds import DueVisitStatus, EvidenceKind, MissedReason
from services.domain.town import Interval
from services.domain.visit import Evidence, Visit
from services.store.connection import Connection


@dataclass(frozen=True, slots=True)
class StoredVisit:
    """A visit with the number that it keeps when it is decided again."""

    visit_id: int
    visit: Visit


@dataclass(frozen=True, slots=True)
class StoredDueVisit:
    """A due visit with what was last decided of it."""

    due: DueVisit
    status: DueVisitStatus
    visit_id: int | None
    cleared_at: datetime | None
    vehicle_id: str | None
    planned_vehicle_id: str | None
    planned_at: datetime | None
    reason: MissedReason | None


@dataclass(frozen=True, slots=True)
class DueVisitOwner:
    """Whose a due visit is on its day."""

    zone_id: str | None
    contractor_id: str | None


@dataclass(frozen=True, slots=True)
class PlannedVisit:
    """A published plan's stop for a due visit."""

    point_id: str
    occurrence: int
    vehicle_id: str
    arrive_at: datetime


@dataclass(frozen=True, slots=True)
class AttributedWeight:
    """Refuse tipped and received in one hour, by the vehicle that brought it and the zone it came from."""

    hour_start: datetime
    vehicle_id: str
    zone_id: str | None
    contractor_id: str | None
    tipped_kg: float
    received_kg: float


def load_stored_visits(
    connection: Connection,
    day: date,
    *,
    vehicle_ids: Sequence[str] | None = None,
    point_ids: Sequence[str] | None = None,
) -> list[StoredVisit]:
    """Return the visits of a service day by number, of some vehicles or at some points where asked."""
    rows = connection.execute(
        """
        SELECT visit_id, point_id, vehicle_id, started_at, ended_at, confidence::float8, evidence, collected_kg
        FROM visits WHERE service_date = %(day)s
            AND (%(vehicles)s::text[] IS NULL OR vehicle_id = ANY(%(vehicles)s))
            AND (%(points)s::text[] IS NULL OR point_id = ANY(%(points)s))
        ORDER BY visit_id
        """,
        {"day": day, "vehicles": vehicle_ids, "points": point_ids},
    )
    return [
        StoredVisit(row[0], Visit(row[1], row[2], Interval(row[3], row[4]), row[5], _evidence(row[6]), row[7]))
        for row in rows
    ]


def insert_visits(connection: Connection, day: date, visits: Sequence[Visit], now: datetime) -> list[int]:
    """Store new visits and return their numbers in the same order."""
    statement = """INSERT INTO visits (service_date, point_id, vehicle_id, started_at, ended_at, confidence,
        collected_kg, evidence, decided_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING visit_id"""
    if not visits:
        return []
    with connection.cursor() as cursor:
        cursor.executemany(
            statement,
            [(day, visit.point_id, visit.vehicle_id, *_values(visit), now) for visit in visits],
            returning=True,
        )
        numbers = []
        for result in cursor.results():
            row = result.fetchone()
            assert row is not None
            numbers.append(int(row[0]))
    return numbers


def update_visits(connection: Connection, visits: Iterable[StoredVisit], now: datetime) -> None:
    """Store visits that were decided otherwise, under the numbers that they have."""
    rows = [(*_values(stored.visit), now, stored.visit_id) for stored in visits]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            """UPDATE visits SET started_at = %s, ended_at = %s, confidence = %s, collected_kg = %s,
                evidence = %s, decided_at = %s WHERE visit_id = %s""",
            rows,
        )


def delete_visits(connection: Connection, visit_ids: Sequence[int]) -> None:
    """Take back visits that the readings no longer show."""
    if visit_ids:
        connection.execute("DELETE FROM visits WHERE visit_id = ANY(%s)", (list(visit_ids),))


def load_stored_due_visits(
    connection: Connection, day: date, point_ids: Sequence[str] | None = None
) -> list[StoredDueVisit]:
    """Return the due visits of a day by point and occurrence, at some points where asked.

    Of one that the office has corrected it is what was decided from the readings all the same.
    """
    rows = connection.execute(
        """
        SELECT due.point_id, due.occurrence, windows, expected_kg,
            coalesce(decided_status, due.status),
            CASE WHEN corrected THEN decided_visit_id ELSE visit_id END,
            CASE WHEN corrected THEN decided_cleared_at ELSE cleared_at END,
            CASE WHEN corrected THEN decided_vehicle_id ELSE vehicle_id END,
            planned_vehicle_id, planned_at,
            CASE WHEN corrected THEN decided_reason ELSE reason END
        FROM (
            SELECT *, correction_id IS NOT NULL AS corrected FROM due_visits
            WHERE service_date = %(day)s AND (%(points)s::text[] IS NULL OR point_id = ANY(%(points)s))
        ) AS due
        LEFT JOIN due_visit_corrections AS correction USING (correction_id)
        ORDER BY due.point_id, due.occurrence
        """,
        {"day": day, "points": point_ids},
    )
    return [
        StoredDueVisit(
            due=DueVisit(row[0], day, row[1], _windows(row[2]), row[3]),
            status=DueVisitStatus(row[4]),
            visit_id=row[5],
            cleared_at=row[6],
            vehicle_id=row[7],
            planned_vehicle_id=row[8],
            planned_at=row[9],
            reason=None if row[10] is None else MissedReason(row[10]),
        )
        for row in rows
    ]


def has_due_visits(connection: Connection, day: date) -> bool:
    """Tell whether the due visits of `day` have been made."""
    row = connection.execute("SELECT EXISTS (SELECT FROM due_visits WHERE service_date = %s)", (day,)).fetchone()
    return row is not None and bool(row[0])


def insert_due_visits(
    connection: Connection, due: Iterable[DueVisit], owners: Mapping[str, DueVisitOwner], now: datetime
) -> None:
    """Add due visits of a day, pending; one that is there keeps what was decided of it, with today's terms.

    `owners` are by point.
    """
    rows = [
        (
            item.service_date,
            item.point_id,
            item.occurrence,
            owners[item.point_id].zone_id,
            owners[item.point_id].contractor_id,
            Jsonb([[window.start.isoformat(), window.end.isoformat()] for window in item.windows]),
            item.due_from.start,
            item.due_from.end,
            item.expected_kg,
            now,
        )
        for item in due
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO due_visits (service_date, point_id, occurrence, zone_id, contractor_id, windows,
                due_from, due_to, expected_kg, status, decided_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'pending', %s)
            ON CONFLICT (service_date, point_id, occurrence) DO UPDATE
            SET zone_id = excluded.zone_id, contractor_id = excluded.contractor_id, windows = excluded.windows,
                due_from = excluded.due_from, due_to = excluded.due_to, expected_kg = excluded.expected_kg
            """,
            rows,
        )


def delete_due_visits(connection: Connection, day: date, keys: Iterable[tuple[str, int]]) -> None:
    """Remove due visits that the register no longer requires, by point and occurrence; what was corrected stays."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM due_visits WHERE service_date = %s AND point_id = %s AND occurrence = %s "
            "AND correction_id IS NULL",
            [(day, point_id, occurrence) for point_id, occurrence in keys],
        )


_DECIDE: LiteralString = """
    UPDATE due_visits SET planned_vehicle_id = %(planned_vehicle)s, planned_at = %(planned_at)s, decided_at = %(now)s,
        status = CASE WHEN correction_id IS NULL THEN %(status)s ELSE status END,
        visit_id = CASE WHEN correction_id IS NULL THEN %(visit)s::bigint END,
        cleared_at = CASE WHEN correction_id IS NULL THEN %(cleared_at)s ELSE cleared_at END,
        vehicle_id = CASE WHEN correction_id IS NULL THEN %(vehicle)s ELSE vehicle_id END,
        reason = CASE WHEN correction_id IS NULL THEN %(reason)s ELSE reason END
    WHERE (service_date, point_id, occurrence) = (%(day)s, %(point)s, %(occurrence)s)"""
_DECIDE_BENEATH: LiteralString = """
    UPDATE due_visit_corrections SET decided_status = %(status)s, decided_visit_id = %(visit)s,
        decided_cleared_at = %(cleared_at)s, decided_vehicle_id = %(vehicle)s, decided_reason = %(reason)s,
        decided_changed_at = CASE WHEN decided_status = %(status)s THEN decided_changed_at ELSE %(now)s END
    WHERE (service_date, point_id, occurrence) = (%(day)s, %(point)s, %(occurrence)s) AND undone_at IS NULL"""


def update_due_visits(connection: Connection, day: date, decided: Sequence[StoredDueVisit], now: datetime) -> None:
    """Store what was decided of due visits; where the office has corrected one, beneath the correction, which stands.

    What an office would call another decision is kept as a change too, and announced (`keep_changes`).
    """
    rows = [
        {
            "day": day,
            "point": item.due.point_id,
            "occurrence": item.due.occurrence,
            "status": item.status,
            "visit": item.visit_id,
            "cleared_at": item.cleared_at,
            "vehicle": item.vehicle_id,
            "planned_vehicle": item.planned_vehicle_id,
            "planned_at": item.planned_at,
            "reason": item.reason,
            "now": now,
        }
        for item in decided
    ]
    corrected = connection.execute(
        "SELECT point_id, occurrence FROM due_visit_corrections WHERE service_date = %s AND undone_at IS NULL", (day,)
    ).fetchall()
    with connection.cursor() as cursor:
        cursor.executemany(_DECIDE, rows)
        if corrected:
            beneath = [row for row in rows if (row["point"], row["occurrence"]) in corrected]
            cursor.executemany(_DECIDE_BENEATH, beneath)


_CHANGES: LiteralString = """
    WITH decided AS (
        SELECT due.*, correction.decided_status FROM due_visits AS due
        JOIN unnest(%(points)s::text[], %(occurrences)s::integer[]) AS changed (point_id, occurrence)
            USING (point_id, occurrence)
        LEFT JOIN due_visit_corrections AS correction USING (correction_id)
        WHERE due.service_date = %(day)s
    ), kept AS (
        INSERT INTO due_visit_changes (service_date, point_id, occurrence, changed_at, status, cleared_at,
            vehicle_id, reason, decided_status)
        SELECT service_date, point_id, occurrence, %(now)s, status, cleared_at, vehicle_id, reason, decided_status
        FROM decided
        ORDER BY point_id, occurrence
    )
    SELECT pg_notify('visit_decided', json_build_object('service_date', service_date, 'point_id', point_id,
        'occurrence', occurrence, 'status', status, 'cleared_at', cleared_at, 'vehicle_id', vehicle_id,
        'visit_id', visit_id, 'reason', reason)::text)
    FROM decided"""


def keep_changes(connection: Connection, day: date, keys: Sequence[tuple[str, int]], now: datetime) -> None:
    """Keep what is now decided of some due visits (by point and occurrence), and announce it: NOTIFY visit_decided."""
    parameters = {"day": day, "now": now, "points": [key[0] for key in keys], "occurrences": [key[1] for key in keys]}
    connection.execute(_CHANGES, parameters)


def deadlines_passed(connection: Connection, now: datetime, since: date) -> dict[date, set[str]]:
    """Return the points, by day, with a due visit that is pending although `now` has passed its last window.

    Where the clock was set back, also those of the days from `since` that are missed before their time.
    """
    rows = connection.execute(
        """
        SELECT DISTINCT service_date, point_id FROM due_visits
        WHERE (status = 'pending' AND due_to <= %(now)s)
            OR (status = 'missed' AND due_to > %(now)s AND service_date >= %(since)s AND correction_id IS NULL)
        UNION
        SELECT due.service_date, due.point_id
        FROM due_visit_corrections AS correction JOIN due_visits AS due USING (correction_id)
        WHERE correction.undone_at IS NULL AND correction.decided_status = 'pending' AND due.due_to <= %(now)s
        """,
        {"now": now, "since": since},
    )
    found: dict[date, set[str]] = {}
    for day, point_id in rows:
        found.setdefault(day, set()).add(point_id)
    return found


def points_excused(connection: Connection, day: date, vehicle_ids: Sequence[str]) -> set[str]:
    """Return the points that one of the vehicles was to serve on `day`, of which its silent device told nothing."""
    rows = connection.execute(
        "SELECT DISTINCT point_id FROM due_visits WHERE service_date = %s AND reason = 'device_silent' "
        "AND planned_vehicle_id = ANY(%s)",
        (day, list(vehicle_ids)),
    )
    return {row[0] for row in rows}


def load_planned_visits(connection: Connection, day: date) -> list[PlannedVisit]:
    """Return which vehicle is to serve each due visit of `day`, by the day's published plans.

    A later revision holds over an earlier one; what only an earlier one had (a stop already done when the
    rest was planned anew) stays planned.
    """
    rows = connection.execute(
        """
        SELECT DISTINCT ON (stops.id, stops.occurrence) stops.id, stops.occurrence, stops.vehicle_id, stops.arrive_at
        FROM plans JOIN stops USING (plan_id)
        WHERE plans.service_date = %s AND plans.published_at IS NOT NULL AND stops.kind = 'point'
        ORDER BY stops.id, stops.occurrence, plans.published_at DESC, stops.arrive_at
        """,
        (day,),
    )
    return [PlannedVisit(*row) for row in rows if row[1] is not None]


def published_plans(connection: Connection, since: date) -> dict[date, tuple[int, datetime]]:
    """Return how many plans of each day from `since` were published, and when the last one was."""
    rows = connection.execute(
        "SELECT service_date, count(*), max(published_at) FROM plans "
        "WHERE published_at IS NOT NULL AND service_date >= %s GROUP BY service_date",
        (since,),
    )
    return {row[0]: (row[1], row[2]) for row in rows}


def last_due_day(connection: Connection) -> date | None:
    """Return the last service day that has due visits."""
    row = connection.execute("SELECT max(service_date) FROM due_visits").fetchone()
    return None if row is None else row[0]


def load_collected_kg(connection: Connection, day: date) -> dict[tuple[str, str | None], float]:
    """Return what each vehicle's visits of `day` collected in each zone, in kg, by vehicle and zone.

    A visit that does not tell counts with what was expected of the due visit that it cleared.
    """
    rows = connection.execute(
        """
        SELECT visit.vehicle_id, point.zone_id, sum(coalesce(visit.collected_kg, due.expected_kg, 0))
        FROM visits AS visit
        LEFT JOIN collection_points AS point USING (point_id)
        LEFT JOIN due_visits AS due USING (visit_id)
        WHERE visit.service_date = %s GROUP BY 1, 2
        """,
        (day,),
    )
    return {(row[0], row[1]): float(row[2]) for row in rows}


def replace_attributed_weights(connection: Connection, day: date, weights: Iterable[AttributedWeight]) -> None:
    """Store the day's weighings as shared out over zones, in place of what was there."""
    connection.execute("DELETE FROM attributed_weights WHERE service_date = %s", (day,))
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO attributed_weights VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    day,
                    weight.hour_start,
                    weight.vehicle_id,
                    weight.zone_id,
                    weight.contractor_id,
                    weight.tipped_kg,
                    weight.received_kg,
                )
                for weight in weights
            ],
        )


def _values(visit: Visit) -> tuple[Any, ...]:
    evidence = [
        {
            "kind": piece.kind,
            "observed_from": piece.observed.start.isoformat(),
            "observed_to": piece.observed.end.isoformat(),
            "detail": piece.detail,
        }
        for piece in visit.evidence
    ]
    return visit.interval.start, visit.interval.end, visit.confidence, visit.collected_kg, Jsonb(evidence)


def _evidence(pieces: Sequence[Mapping[str, Any]]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(EvidenceKind(piece["kind"]), _interval(piece["observed_from"], piece["observed_to"]), piece["detail"])
        for piece in pieces
    )


def _windows(windows: Sequence[Sequence[str]]) -> tuple[Interval, ...]:
    return tuple(_interval(start, end) for start, end in windows)


def _interval(start: str, end: str) -> Interval:
    return Interval(datetime.fromisoformat(start), datetime.fromisoformat(end))
