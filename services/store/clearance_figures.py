"""What the office reads of clearance: figures by group, due visits with their status, visits with their evidence."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from typing import Any, LiteralString

from psycopg.rows import dict_row

from services.domain.clearance import ClearanceBucket, ClearanceFigure, ClearanceGroup
from services.domain.errors import NotFoundError
from services.domain.kinds import DueVisitStatus, MissedReason
from services.store.clearance_sums import clearance_query, grouping_of
from services.store.connection import Connection
from services.store.corrections import Correction, load_corrections

_EACH_DUE_VISIT: LiteralString = """
    SELECT due.service_date, due.point_id, point.name AS point_name, point.lon, point.lat, due.occurrence,
        due.zone_id, due.contractor_id, due.due_from, due.due_to, due.expected_kg, due.status,
        due.cleared_at, due.vehicle_id, due.planned_vehicle_id, due.planned_at, due.reason, due.visit_id,
        visit.confidence, visit.evidence, due.decided_at, due.correction_id
    FROM due_visits AS due
    LEFT JOIN collection_points AS point USING (point_id)
    LEFT JOIN visits AS visit USING (visit_id)
    WHERE due.service_date = %(day)s
    """
_DUE_VISITS: LiteralString = f"""{_EACH_DUE_VISIT}
        AND (%(status)s::text IS NULL OR due.status = %(status)s)
        AND (%(reason)s::text IS NULL OR due.reason = %(reason)s)
        AND (%(zone)s::text IS NULL OR due.zone_id = %(zone)s)
        AND (%(contractor)s::text IS NULL OR due.contractor_id = %(contractor)s)
        AND (%(vehicle)s::text IS NULL OR due.vehicle_id = %(vehicle)s)
        AND (%(point)s::text IS NULL OR due.point_id = %(point)s)
        AND (due.point_id, due.occurrence) > (%(after_point)s, %(after_occurrence)s)
    ORDER BY due.point_id, due.occurrence
    LIMIT %(limit)s"""
_DUE_VISITS_OF_POINTS: LiteralString = f"""{_EACH_DUE_VISIT}
        AND due.point_id = ANY(%(points)s)
    ORDER BY due.point_id, due.occurrence"""
_VISITS: LiteralString = """
    SELECT visit.visit_id, visit.service_date, visit.point_id, visit.vehicle_id, point.zone_id,
        zone.contractor_id, visit.started_at, visit.ended_at, visit.confidence, visit.collected_kg,
        visit.evidence, visit.decided_at, due.occurrence AS clears_occurrence
    FROM visits AS visit
    LEFT JOIN collection_points AS point USING (point_id)
    LEFT JOIN zones AS zone USING (zone_id)
    LEFT JOIN due_visits AS due USING (visit_id)
    """

_REASONS = [
    reason.value
    for reason in (
        MissedReason.NOT_PLANNED,
        MissedReason.PLANNED_BUT_NOT_VISITED,
        MissedReason.VISITED_OUTSIDE_WINDOW,
        MissedReason.DEVICE_SILENT,
    )
]
"""In the order of their columns, which follow those of a figure."""


@dataclass(frozen=True, slots=True)
class DueVisitFilter:
    """Which due visits of a day are asked for; what is none does not narrow them."""

    status: DueVisitStatus | None = None
    reason: MissedReason | None = None
    zone_id: str | None = None
    contractor_id: str | None = None
    vehicle_id: str | None = None
    point_id: str | None = None


EVERY_DUE_VISIT = DueVisitFilter()


@dataclass(frozen=True, slots=True)
class DueVisitRow:
    """A due visit and what became of it; `reason` says why it is not cleared, where that is known.

    `vehicle_id` is the vehicle that cleared it, else the one that was planned to. `evidence` names the kinds
    of evidence of the visit that cleared it, best first. Where the office has set the status, `correction` says so.
    """

    service_date: date
    point_id: str
    point_name: str | None
    lon: float | None
    lat: float | None
    occurrence: int
    zone_id: str | None
    contractor_id: str | None
    due_from: datetime
    due_to: datetime
    expected_kg: float
    status: DueVisitStatus
    cleared_at: datetime | None
    vehicle_id: str | None
    planned_vehicle_id: str | None
    planned_at: datetime | None
    reason: MissedReason | None
    visit_id: int | None
    confidence: float | None
    evidence: tuple[str, ...]
    decided_at: datetime
    correction: Correction | None = None


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit as it was decided; each piece of evidence has `kind, observed_from, observed_to, detail`.

    `clears_occurrence` is the occurrence of the due visit that it clears, none where it clears none.
    """

    visit_id: int
    service_date: date
    point_id: str
    vehicle_id: str
    zone_id: str | None
    contractor_id: str | None
    started_at: datetime
    ended_at: datetime
    confidence: float
    collected_kg: float | None
    evidence: tuple[dict[str, object], ...]
    decided_at: datetime
    clears_occurrence: int | None


def load_clearance(
    connection: Connection,
    start: date,
    end: date,
    group_by: ClearanceGroup = ClearanceGroup.TOWN,
    contractor_id: str | None = None,
    bucket: ClearanceBucket = ClearanceBucket.DAY,
) -> list[ClearanceFigure]:
    """Return the figures of each service day from `start` to `end`, both included, by day and key.

    In a larger `bucket` the days' counts and weights are summed, so a rate is that of the sums. `contractor_id` narrows
    them to what one contractor is responsible for.
    """
    parameters = {"start": start, "end": end, "contractor": contractor_id, "grouping": grouping_of(group_by).value}
    rows = connection.execute(clearance_query(group_by, bucket), parameters).fetchall()
    figures = [_figure(*row) for row in rows]
    return sorted(figures, key=attrgetter("service_date", "key"))


def _figure(
    service_date: date,
    key: str,
    due: int,
    cleared: int,
    pending: int,
    missed: int,
    corrected: int,
    expected_kg: float,
    tipped_kg: float,
    received_kg: float,
    *by_reason: int,
) -> ClearanceFigure:
    counts = {reason: count for reason, count in zip(_REASONS, by_reason, strict=True) if count}
    return ClearanceFigure(
        service_date, key, due, cleared, pending, missed, corrected, expected_kg, tipped_kg, received_kg, counts
    )


def load_due_visits(
    connection: Connection,
    day: date,
    wanted: DueVisitFilter = EVERY_DUE_VISIT,
    *,
    after: tuple[str, int] = ("", 0),
    limit: int | None = None,
) -> list[DueVisitRow]:
    """Return the due visits of `day` by point and occurrence.

    `after` is the (point_id, occurrence) of the last one already seen, `limit` how many to return at most.
    """
    parameters = {
        "day": day,
        "status": wanted.status,
        "reason": wanted.reason,
        "zone": wanted.zone_id,
        "contractor": wanted.contractor_id,
        "vehicle": wanted.vehicle_id,
        "point": wanted.point_id,
        "after_point": after[0],
        "after_occurrence": after[1],
        "limit": limit,
    }
    corrections = load_corrections(connection, day)
    with connection.cursor(row_factory=dict_row) as cursor:
        return [_due_visit(row, corrections) for row in cursor.execute(_DUE_VISITS, parameters)]


def load_due_visits_of_points(connection: Connection, day: date, point_ids: Sequence[str]) -> list[DueVisitRow]:
    """Return the due visits of some points on `day` by point and occurrence."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_DUE_VISITS_OF_POINTS, {"day": day, "points": [*point_ids]}).fetchall()
    is_corrected = any(row["correction_id"] is not None for row in rows)
    corrections = load_corrections(connection, day) if is_corrected else {}
    return [_due_visit(row, corrections) for row in rows]


def load_visit(connection: Connection, visit_id: int) -> VisitRow:
    """Return one visit with its evidence.

    Raises:
        NotFoundError: there is none of this number (any more: late data may have decided otherwise).

    """
    found = _visits(connection, "WHERE visit.visit_id = %(visit)s", {"visit": visit_id})
    if not found:
        raise NotFoundError(
            f"There is no visit {visit_id}; where later data changed the decision, ask for its day again."
        )
    return found[0]


def load_visits(connection: Connection, day: date, *, point_id: str | None = None) -> list[VisitRow]:
    """Return the visits of `day` in order of time, of one point where asked."""
    condition: LiteralString = """WHERE visit.service_date = %(day)s
        AND (%(point)s::text IS NULL OR visit.point_id = %(point)s)
        ORDER BY visit.started_at, visit.visit_id"""
    return _visits(connection, condition, {"day": day, "point": point_id})


def load_visits_by_id(connection: Connection, visit_ids: Collection[int]) -> dict[int, VisitRow]:
    """Return visits by their numbers; one that there is not any more is left out."""
    if not visit_ids:
        return {}
    found = _visits(connection, "WHERE visit.visit_id = ANY(%(visits)s)", {"visits": [*visit_ids]})
    return {visit.visit_id: visit for visit in found}


def load_due_visit_changes(
    connection: Connection, day: date, point_id: str, occurrence: int
) -> list[dict[str, object]]:
    """Return what became of a due visit, each change by name of column, the oldest first.

    `changed_by` and `note` say who corrected it and why, and are none where it was decided from the readings;
    `decided_status` is what the readings said while a correction stood.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            "SELECT changed_at, status, cleared_at, vehicle_id, reason, changed_by, note, decided_status "
            "FROM due_visit_changes "
            "WHERE (service_date, point_id, occurrence) = (%s, %s, %s) ORDER BY change_id",
            (day, point_id, occurrence),
        ).fetchall()


def _visits(connection: Connection, condition: LiteralString, parameters: Mapping[str, object]) -> list[VisitRow]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return [
            VisitRow(**(row | {"evidence": tuple(row["evidence"])}))
            for row in cursor.execute(_VISITS + condition, parameters)
        ]


def _due_visit(row: dict[str, Any], corrections: Mapping[tuple[str, int], Correction]) -> DueVisitRow:
    row["status"] = DueVisitStatus(row["status"])
    row["reason"] = None if row["reason"] is None else MissedReason(row["reason"])
    # Not joined: hardly any due visit has one.
    row["correction"] = corrections.get((row["point_id"], row["occurrence"])) if row.pop("correction_id") else None
    row["evidence"] = tuple(dict.fromkeys(piece["kind"] for piece in row["evidence"] or ()))
    return DueVisitRow(**row)
