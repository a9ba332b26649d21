"""The bulletin as sections with a table each: what all its forms show."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from services.clearance.bulletin import Bulletin, FacilityDay
from services.domain.clearance import UNASSIGNED, ClearanceFigure
from services.reports.words import Words

Value = str | float | int | None


class Style(Enum):
    """How a column's values are written."""

    TEXT = "text"
    COUNT = "count"
    AMOUNT = "amount"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and how its values are written."""

    heading: str
    style: Style = Style.TEXT


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with a table below it; without rows it says that there is nothing."""

    heading: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


FIGURE_COLUMNS: tuple[tuple[str, Style], ...] = (
    ("due", Style.COUNT),
    ("cleared", Style.COUNT),
    ("pending", Style.COUNT),
    ("missed", Style.COUNT),
    ("clearance_rate", Style.RATIO),
    ("expected_kg", Style.AMOUNT),
    ("tipped_kg", Style.AMOUNT),
    ("received_kg", Style.AMOUNT),
    ("collection_rate", Style.RATIO),
    ("treatment_rate", Style.RATIO),
)
STATION_COLUMNS: tuple[tuple[str, Style], ...] = (
    ("throughput_t", Style.AMOUNT),
    ("design_share", Style.RATIO),
    ("vehicles_weighed", Style.COUNT),
    ("peak_hour", Style.TEXT),
    ("peak_hour_t", Style.AMOUNT),
    ("mean_waiting_min", Style.AMOUNT),
    ("life_used_ratio", Style.RATIO),
)
TOILET_COLUMNS: tuple[tuple[str, Style], ...] = (
    ("uses", Style.COUNT),
    ("uses_per_stall_hour", Style.AMOUNT),
    ("occupancy_ratio", Style.RATIO),
    ("minutes_without_free_stall", Style.COUNT),
    ("odour_hours_over_limit", Style.AMOUNT),
    ("open_ratio", Style.RATIO),
    ("counter", Style.TEXT),
)


def heading(bulletin: Bulletin, words: Words) -> str:
    """Return the bulletin's title."""
    day = bulletin.service_date
    return f"{bulletin.town_name} {words['title']} {words.date(day.year, day.month, day.day)}"


def standing(bulletin: Bulletin, words: Words, zone_info: ZoneInfo) -> str:
    """Return the line that says when it was drawn up and whether the day is over."""
    at = bulletin.drawn_up_at.astimezone(zone_info).strftime("%Y-%m-%d %H:%M")
    return f"{words['drawn_up']} {at} ({words['final']})" if bulletin.is_final else f"{words['not_final']} {at}"


def sections(bulletin: Bulletin, words: Words, zone_info: ZoneInfo) -> list[Section]:
    """Return the bulletin's sections in their order."""
    return [
        _totals(bulletin, words),
        _figures("zones", "key_zone", bulletin.zones, words),
        _figures("contractors", "key_contractor", bulletin.contractors, words),
        _figures("vehicles", "key_vehicle", bulletin.vehicles, words),
        _not_cleared(bulletin, words, zone_info),
        _facilities("stations", STATION_COLUMNS, bulletin.stations, words),
        _facilities("toilets", TOILET_COLUMNS, bulletin.toilets, words),
    ]


def written(value: Value, style: Style) -> str:
    """Return a value as a person reads it; what is not known is a dash."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if style is Style.RATIO:
        return f"{value:.2%}"
    return f"{value:,.0f}" if style is Style.COUNT or abs(value) >= 1000 else f"{value:,.1f}"


def _totals(bulletin: Bulletin, words: Words) -> Section:
    targets = {target.name: target.value for target in bulletin.targets}
    rows = tuple(
        (words[name], written(getattr(bulletin.totals, name), style), written(targets.get(name), Style.RATIO))
        for name, style in FIGURE_COLUMNS
    )
    columns = (Column(words["item"]), Column(words["value"]), Column(words["target"]))
    return Section(words["totals"], columns, rows)


def _figures(name: str, key: str, figures: Iterable[ClearanceFigure], words: Words) -> Section:
    columns = (Column(words[key]), *(Column(words[column], style) for column, style in FIGURE_COLUMNS))
    rows = tuple(
        (
            words["unassigned"] if figure.key == UNASSIGNED else figure.key,
            *(getattr(figure, column) for column, _ in FIGURE_COLUMNS),
        )
        for figure in figures
    )
    return Section(words[name], columns, rows)


def _not_cleared(bulletin: Bulletin, words: Words, zone_info: ZoneInfo) -> Section:
    names = ("point", "name", "key_zone", "occurrence", "window", "status", "planned_vehicle", "planned_at", "reason")

    def clock(instant: datetime | None) -> str | None:
        return None if instant is None else instant.astimezone(zone_info).strftime("%H:%M")

    def row(due: Any) -> tuple[Value, ...]:
        return (
            due.point_id,
            due.point_name,
            due.zone_id,
            due.occurrence,
            f"{clock(due.due_from)}–{clock(due.due_to)}",
            words[f"status_{due.status}"],
            due.planned_vehicle_id,
            clock(due.planned_at),
            None if due.reason is None else words[f"reason_{due.reason}"],
        )

    columns = tuple(Column(words[name], Style.COUNT if name == "occurrence" else Style.TEXT) for name in names)
    return Section(words["not_cleared"], columns, tuple(map(row, bulletin.not_cleared)))


def _facilities(
    name: str, measures: Sequence[tuple[str, Style]], facilities: Iterable[FacilityDay], words: Words
) -> Section:
    columns = (
        Column(words["facility"]),
        Column(words["name"]),
        Column(words["observed_ratio"], Style.RATIO),
        *(Column(words[measure], style) for measure, style in measures),
    )
    rows = tuple(
        (
            facility.facility_id,
            facility.name,
            facility.observed_ratio,
            *(_measure(measure, facility.measures.get(measure), words) for measure, _ in measures),
        )
        for facility in facilities
    )
    return Section(words[name], columns, rows)


def _measure(name: str, value: Value, words: Words) -> Value:
    """Return a measure as the bulletin shows it: a code in words, and of an instant the time."""
    if value is None:
        return None
    if name == "counter":
        return words[f"counter_{value}"]
    return str(value)[-5:] if name == "peak_hour" else value
