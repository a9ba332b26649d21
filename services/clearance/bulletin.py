"""The bulletin of a day, a week or a month (日通报, 周通报, 月考核): what was decided and measured, put together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Protocol

from services.domain.clearance import ClearanceFigure
from services.domain.kinds import DueVisitStatus
from services.domain.period import Period


class DueVisitOfDay(Protocol):
    """A due visit with what became of it, as the store returns it."""

    @property
    def status(self) -> DueVisitStatus:
        """What became of it."""


class FacilityDay(Protocol):
    """A facility's measures of the period, as services.facilities names them."""

    @property
    def facility_id(self) -> str:
        """The facility."""

    @property
    def name(self) -> str | None:
        """Its name."""

    @property
    def zone_id(self) -> str | None:
        """Its zone."""

    @property
    def observed_ratio(self) -> float:
        """The share of the period in which its device was heard."""

    @property
    def measures(self) -> Mapping[str, float | str | None]:
        """Its measures by name."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the office means to reach: `value` as a ratio."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class RouteSum:
    """A vehicle's routes of the period beside what it did; of several days the sums, and the mean deviation.

    The first and the last movement are those of a single day.
    """

    vehicle_id: str
    stops: int
    done: int
    skipped: int
    unknown: int
    extra: int
    out_of_order: int
    mean_deviation_min: float | None
    planned_km: float | None
    driven_km: float | None
    unloadings_planned: int
    unloadings_made: int
    first_moved_at: datetime | None = None
    last_moved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """The figures of a period by group (town, zone, contractor, vehicle, hour), of the one before, and by day.

    `trend` are the town's days up to the period's end.
    """

    now: Mapping[str, Sequence[ClearanceFigure]]
    before: Mapping[str, Sequence[ClearanceFigure]]
    trend: Sequence[ClearanceFigure]


@dataclass(frozen=True, slots=True)
class Bulletin:
    """All that a bulletin says; `drawn_up_at` is the town's time.

    It is final once the period is over and every reading of it that is stored has been examined; one that comes later
    still changes its day. `names` are by group and identifier. `before` are the totals of the period before this one.
    Only a day has its `due_visits`; `points` are those that were due, the most missed first.
    """

    town_name: str
    period: Period
    drawn_up_at: datetime
    is_final: bool
    totals: ClearanceFigure
    before: ClearanceFigure | None
    zones: tuple[ClearanceFigure, ...]
    contractors: tuple[ClearanceFigure, ...]
    contractors_before: Mapping[str, ClearanceFigure]
    vehicles: tuple[ClearanceFigure, ...]
    hours: tuple[ClearanceFigure, ...]
    trend: tuple[ClearanceFigure, ...]
    names: Mapping[str, Mapping[str, str]]
    due_visits: tuple[Any, ...]
    points: tuple[Any, ...]
    corrections: tuple[Any, ...]
    alarms: tuple[Any, ...]
    routes: tuple[RouteSum, ...]
    stations: tuple[FacilityDay, ...]
    toilets: tuple[FacilityDay, ...]
    targets: tuple[Target, ...]

    @property
    def not_cleared(self) -> list[Any]:
        """The due visits that are missed, then those that are pending."""
        missed = [row for row in self.due_visits if row.status is DueVisitStatus.MISSED]
        return missed + [row for row in self.due_visits if row.status is DueVisitStatus.PENDING]

    @property
    def missed_points(self) -> list[Any]:
        """The points of which a due visit was missed, the most missed first."""
        return [point for point in self.points if point.missed]

    def as_json(self) -> dict[str, Any]:
        """Return the bulletin as plain values; that of a day with every due visit."""
        told: dict[str, Any] = {
            "town": self.town_name,
            "period": {
                "kind": self.period.kind.value,
                "name": self.period.name,
                "first": self.period.first.isoformat(),
                "last": self.period.last.isoformat(),
            },
            "drawn_up_at": self.drawn_up_at.isoformat(),
            "final": self.is_final,
            "totals": figure_as_json(self.totals),
            "before": None if self.before is None else figure_as_json(self.before),
            **{
                name: [self._named(name, figure) for figure in getattr(self, name)]
                for name in ("zones", "contractors", "vehicles", "hours")
            },
            "trend": [{"date": day.service_date.isoformat()} | figure_as_json(day) for day in self.trend],
            "targets": {target.name: target.value for target in self.targets},
            **{
                name: [_row_as_json(row) for row in getattr(self, name)]
                for name in ("missed_points", "corrections", "alarms", "routes")
            },
            "stations": [_facility_as_json(row) for row in self.stations],
            "toilets": [_facility_as_json(row) for row in self.toilets],
        }
        if self.period.first == self.period.last:
            told["date"] = self.period.first.isoformat()
            told["due_visits"] = [_row_as_json(row) for row in self.due_visits]
        return told

    def _named(self, group: str, figure: ClearanceFigure) -> dict[str, Any]:
        names = self.names.get(group)
        return figure_as_json(figure) | ({} if names is None else {"name": names.get(figure.key)})


def make_bulletin(
    town_name: str,
    period: Period,
    now: datetime,
    is_final: bool,
    figures: PeriodFigures,
    *,
    names: Mapping[str, Mapping[str, str]],
    due_visits: Iterable[DueVisitOfDay],
    points: Iterable[Any],
    corrections: Iterable[Any],
    alarms: Iterable[Any],
    routes: Iterable[RouteSum],
    stations: Iterable[FacilityDay],
    toilets: Iterable[FacilityDay],
    targets: Iterable[Target],
) -> Bulletin:
    """Put the bulletin of `period` together at the town's `now`.

    The groups of `figures` are: town (one, or none where nothing was due), zone, contractor, vehicle and hour.
    """
    return Bulletin(
        town_name=town_name,
        period=period,
        drawn_up_at=now,
        is_final=is_final,
        totals=figures.now["town"][0] if figures.now["town"] else ClearanceFigure(period.first, town_name),
        before=next(iter(figures.before["town"]), None),
        zones=_worst_first(figures.now["zone"]),
        contractors=_best_first(figures.now["contractor"]),
        contractors_before={figure.key: figure for figure in figures.before["contractor"]},
        vehicles=tuple(figures.now["vehicle"]),
        hours=tuple(figures.now["hour"]),
        trend=tuple(figures.trend),
        names=names,
        due_visits=tuple(due_visits),
        points=tuple(points),
        corrections=tuple(corrections),
        alarms=tuple(alarms),
        routes=tuple(routes),
        stations=tuple(stations),
        toilets=tuple(toilets),
        targets=tuple(targets),
    )


def _worst_first(figures: Iterable[ClearanceFigure]) -> tuple[ClearanceFigure, ...]:
    """Return figures with the lowest clearance rate first; those with nothing due come last."""

    def order(figure: ClearanceFigure) -> tuple[bool, float, str]:
        rate = figure.clearance_rate
        return rate is None, rate or 0.0, figure.key

    return tuple(sorted(figures, key=order))


def _best_first(figures: Iterable[ClearanceFigure]) -> tuple[ClearanceFigure, ...]:
    """Return figures as a ranking: the highest clearance rate first; those with nothing due come last."""

    def order(figure: ClearanceFigure) -> tuple[bool, float, str]:
        rate = figure.clearance_rate
        return rate is None, -(rate or 0.0), figure.key

    return tuple(sorted(figures, key=order))


def figure_as_json(figure: ClearanceFigure) -> dict[str, Any]:
    """Return a figure with its rates as plain values."""
    return {
        "key": figure.key,
        "due": figure.due,
        "cleared": figure.cleared,
        "pending": figure.pending,
        "missed": figure.missed,
        "corrected": figure.corrected,
        "clearance_rate": figure.clearance_rate,
        "expected_kg": round(figure.expected_kg, 1),
        "tipped_kg": round(figure.tipped_kg, 1),
        "received_kg": round(figure.received_kg, 1),
        "collection_rate": figure.collection_rate,
        "treatment_rate": figure.treatment_rate,
        "not_cleared_by_reason": figure.not_cleared_by_reason,
    }


def _row_as_json(row: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(row, field.name)) for field in fields(row)}


def _facility_as_json(row: FacilityDay) -> dict[str, Any]:
    return {
        "facility_id": row.facility_id,
        "name": row.name,
        "zone_id": row.zone_id,
        "observed_ratio": row.observed_ratio,
        **row.measures,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # a datetime is one too
        return value.isoformat()
    if hasattr(value, "__dataclass_fields__"):
        return _row_as_json(value)
    return list(value) if isinstance(value, tuple) else value
