"""The daily bulletin (日通报): the figures of one service day, put together from what was decided and measured."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Protocol

from services.domain.clearance import ClearanceFigure
from services.domain.kinds import DueVisitStatus


class DueVisitOfDay(Protocol):
    """A due visit with what became of it, as the store returns it."""

    @property
    def status(self) -> DueVisitStatus:
        """What became of it."""


class FacilityDay(Protocol):
    """A facility's measures of the day, as services.facilities returns them."""

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
        """The share of the day in which its device was heard."""

    @property
    def measures(self) -> Mapping[str, float | str | None]:
        """Its measures by name."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the office means to reach: `value` as a ratio."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Bulletin:
    """All that a bulletin says; `drawn_up_at` is the town's time.

    It is final once the day is over and every reading of it that is stored has been examined; one that comes later
    still changes its day.
    """

    town_name: str
    service_date: date
    drawn_up_at: datetime
    is_final: bool
    totals: ClearanceFigure
    zones: tuple[ClearanceFigure, ...]
    contractors: tuple[ClearanceFigure, ...]
    vehicles: tuple[ClearanceFigure, ...]
    hours: tuple[ClearanceFigure, ...]
    due_visits: tuple[Any, ...]
    stations: tuple[FacilityDay, ...]
    toilets: tuple[FacilityDay, ...]
    targets: tuple[Target, ...]

    @property
    def not_cleared(self) -> list[Any]:
        """The due visits that are missed, then those that are pending."""
        missed = [row for row in self.due_visits if row.status is DueVisitStatus.MISSED]
        return missed + [row for row in self.due_visits if row.status is DueVisitStatus.PENDING]

    def as_json(self) -> dict[str, Any]:
        """Return the bulletin as plain values, with every due visit."""
        return {
            "town": self.town_name,
            "date": self.service_date.isoformat(),
            "drawn_up_at": self.drawn_up_at.isoformat(),
            "final": self.is_final,
            "totals": figure_as_json(self.totals),
            **{
                name: [figure_as_json(figure) for figure in getattr(self, name)]
                for name in ("zones", "contractors", "vehicles", "hours")
            },
            "targets": {target.name: target.value for target in self.targets},
            "due_visits": [_row_as_json(row) for row in self.due_visits],
            "stations": [_facility_as_json(row) for row in self.stations],
            "toilets": [_facility_as_json(row) for row in self.toilets],
        }


def make_bulletin(
    town_name: str,
    day: date,
    now: datetime,
    is_final: bool,
    figures: Mapping[str, Sequence[ClearanceFigure]],
    due_visits: Iterable[DueVisitOfDay],
    stations: Iterable[FacilityDay],
    toilets: Iterable[FacilityDay],
    targets: Iterable[Target],
) -> Bulletin:
    """Put the bulletin of `day` together at the town's `now`.

    `figures` are by group: town (one, or none where nothing was due), zone, contractor, vehicle and hour.
    """
    totals = figures["town"][0] if figures["town"] else ClearanceFigure(day, town_name)
    return Bulletin(
        town_name=town_name,
        service_date=day,
        drawn_up_at=now,
        is_final=is_final,
        totals=totals,
        zones=_worst_first(figures["zone"]),
        contractors=_worst_first(figures["contractor"]),
        vehicles=tuple(figures["vehicle"]),
        hours=tuple(figures["hour"]),
        due_visits=tuple(due_visits),
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


def figure_as_json(figure: ClearanceFigure) -> dict[str, Any]:
    """Return a figure with its rates as plain values."""
    return {
        "key": figure.key,
        "due": figure.due,
        "cleared": figure.cleared,
        "pending": figure.pending,
        "missed": figure.missed,
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
    return list(value) if isinstance(value, tuple) else value
