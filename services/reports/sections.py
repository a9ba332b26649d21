"""The bulletin as sections, with a table and a drawing where there is one: what all its forms show."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from services.clearance.bulletin import Bulletin, FacilityDay
from services.domain.clearance import UNASSIGNED, ClearanceFigure
from services.domain.period import PeriodKind
from services.reports.charts import draw_comparison, draw_trend
from services.reports.drawing import Drawing
from services.reports.fetch import Ground
from services.reports.missed_map import MapPoint, MapWords, MapZone, core_of, draw_map
from services.reports.words import Words

Value = str | float | int | None


class Style(Enum):
    """How a column's values are written."""

    TEXT = "text"
    COUNT = "count"
    AMOUNT = "amount"
    RATIO = "ratio"
    CHANGE = "change"
    """A difference of ratios, in percentage points."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column's heading and how its values are written."""

    heading: str
    style: Style = Style.TEXT


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with drawings, where there are any, and a table below them, which says where it has no rows.

    Without columns it has no table.
    """

    heading: str
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()
    drawings: tuple[Drawing, ...] = ()


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
    ("corrected", Style.COUNT),
)
HOUR_COLUMNS = tuple(
    column for column in FIGURE_COLUMNS if column[0] not in ("expected_kg", "collection_rate", "treatment_rate")
)
"""What is tipped in an hour was expected in others, so a rate of it says nothing."""
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
ROUTE_COLUMNS: tuple[tuple[str, Style], ...] = (
    ("stops", Style.COUNT),
    ("done", Style.COUNT),
    ("skipped", Style.COUNT),
    ("unknown", Style.COUNT),
    ("extra", Style.COUNT),
    ("out_of_order", Style.COUNT),
    ("mean_deviation_min", Style.AMOUNT),
    ("planned_km", Style.AMOUNT),
    ("driven_km", Style.AMOUNT),
    ("unloadings_planned", Style.COUNT),
    ("unloadings_made", Style.COUNT),
)
ALARM_COLUMNS = ("raised", "subjects", "acknowledged", "is_open")


def heading(bulletin: Bulletin, words: Words) -> str:
    """Return the bulletin's title with its period."""
    return f"{title(bulletin, words)} {words.period(bulletin.period)}"


def title(bulletin: Bulletin, words: Words) -> str:
    """Return the bulletin's title."""
    return f"{bulletin.town_name} {words[f'title_{bulletin.period.kind}']}"


def issue(bulletin: Bulletin, words: Words) -> str:
    """Return the line below the title: its number in the year, and its period."""
    year, number = bulletin.period.number
    return f"{words.say('issue', year=year, number=number)}    {words.period(bulletin.period)}"


def standing(bulletin: Bulletin, words: Words, zone_info: ZoneInfo) -> str:
    """Return the line that says when it was drawn up and whether the period is over."""
    at = bulletin.drawn_up_at.astimezone(zone_info).strftime("%Y-%m-%d %H:%M")
    return f"{words['drawn_up']} {at} ({words['final']})" if bulletin.is_final else f"{words['not_final']} {at}"


def sections(bulletin: Bulletin, words: Words, zone_info: ZoneInfo, ground: Ground | None = None) -> list[Section]:
    """Return the bulletin's sections in their order; the map only where there is a ground to draw it on.

    What there is nothing of in any town (no corrections, no alarms, no routes) is left out.
    """
    made = [
        _totals(bulletin, words),
        Section(words["trend"], drawings=_those(draw_trend(bulletin.trend, words["trend_says"]))),
        _contractors(bulletin, words),
        _figures("zones", "key_zone", bulletin.zones, bulletin, words),
    ]
    if ground is not None:
        made.append(Section(words["map"], drawings=_map(bulletin, ground, words)))
    made.append(_missed_points(bulletin, words))
    if bulletin.period.kind is PeriodKind.DAY:
        made.append(_not_cleared(bulletin, words, zone_info))
    made += [
        _routes(bulletin, words, zone_info),
        _figures("vehicles", "key_vehicle", bulletin.vehicles, bulletin, words),
        _figures("hours", "hour", bulletin.hours, bulletin, words, HOUR_COLUMNS),
        _facilities("stations", STATION_COLUMNS, bulletin.stations, words),
        _facilities("toilets", TOILET_COLUMNS, bulletin.toilets, words),
        _alarms(bulletin, words),
        _corrections(bulletin, words, zone_info),
    ]
    optional = {words[name] for name in ("trend", "map", "routes", "alarms", "corrections", "missed_points")}
    return [part for part in made if part.rows or part.drawings or part.heading not in optional]


def written(value: Value, style: Style) -> str:
    """Return a value as a person reads it; what is not known is a dash."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if style is Style.RATIO:
        return f"{value:.2%}"
    if style is Style.CHANGE:
        return f"{value * 100:+.2f}"
    text = f"{value:,.0f}" if style is Style.COUNT or abs(value) >= 1000 else f"{value:,.1f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def _totals(bulletin: Bulletin, words: Words) -> Section:
    targets = {target.name: target.value for target in bulletin.targets}

    def row(name: str, style: Style) -> tuple[Value, ...]:
        now = getattr(bulletin.totals, name)
        before = None if bulletin.before is None else getattr(bulletin.before, name)
        change = None if now is None or before is None else now - before
        changed = style if style is not Style.RATIO else Style.CHANGE
        return (
            words[name],
            written(now, style),
            written(before, style),
            None if change is None else _signed(change, changed),
            None if name not in targets else written(targets[name], Style.RATIO),
        )

    names = ("item", "value", "before", "change", "target")
    columns = tuple(Column(words[name], Style.TEXT if name == "item" else Style.AMOUNT) for name in names)
    return Section(words["totals"], columns, tuple(row(name, style) for name, style in FIGURE_COLUMNS))


def _signed(change: float, style: Style) -> str:
    text = written(change, style)
    return text if style is Style.CHANGE or change <= 0 else f"+{text}"


def _contractors(bulletin: Bulletin, words: Words) -> Section:
    names = bulletin.names.get("contractors", {})
    shown = _telling(FIGURE_COLUMNS, bulletin)
    columns = (
        Column(words["rank"], Style.COUNT),
        Column(words["key_contractor"]),
        Column(words["name"]),
        *(Column(words[name], style) for name, style in shown),
        Column(words["change"], Style.CHANGE),
    )
    rows, rank = [], 0
    for figure in bulletin.contractors:
        is_ranked = figure.key != UNASSIGNED and figure.clearance_rate is not None
        rank += is_ranked
        rows.append(
            (
                rank if is_ranked else None,
                _key(figure.key, words),
                names.get(figure.key),
                *(getattr(figure, name) for name, _ in shown),
                _rate_change(figure, bulletin.contractors_before.get(figure.key)),
            )
        )
    named = [(names.get(figure.key, figure.key), figure) for figure in bulletin.contractors if figure.key != UNASSIGNED]
    return Section(words["contractors"], columns, tuple(rows), _those(draw_comparison(named, words["contractors"])))


def _rate_change(now: ClearanceFigure, before: ClearanceFigure | None) -> float | None:
    if before is None or before.clearance_rate is None or now.clearance_rate is None:
        return None
    return now.clearance_rate - before.clearance_rate


def _figures(
    name: str,
    key: str,
    figures: Iterable[ClearanceFigure],
    bulletin: Bulletin,
    words: Words,
    wanted: Sequence[tuple[str, Style]] = FIGURE_COLUMNS,
) -> Section:
    names: Mapping[str, str] | None = bulletin.names.get(name)
    shown = _telling(wanted, bulletin)
    columns = (
        Column(words[key]),
        *((Column(words["name"]),) if names else ()),
        *(Column(words[column], style) for column, style in shown),
    )
    rows = tuple(
        (
            _key(figure.key, words),
            *((names.get(figure.key),) if names else ()),
            *(getattr(figure, column) for column, _ in shown),
        )
        for figure in figures
    )
    return Section(words[name], columns, rows)


def _telling(columns: Sequence[tuple[str, Style]], bulletin: Bulletin) -> list[tuple[str, Style]]:
    """Return the columns without those of counts that the whole town has none of."""
    totals = bulletin.totals
    return [column for column in columns if column[0] not in ("pending", "corrected") or getattr(totals, column[0])]


def _those(drawing: Drawing | None) -> tuple[Drawing, ...]:
    return () if drawing is None else (drawing,)


def _key(key: str, words: Words) -> str:
    return words["unassigned"] if key == UNASSIGNED else key


def _map(bulletin: Bulletin, ground: Ground, words: Words) -> tuple[Drawing, ...]:
    """Return the map and, where the points crowd in a part of it, that part once more."""
    rates = {figure.key: figure.clearance_rate for figure in bulletin.zones}
    points = [
        MapPoint(point.lon, point.lat, point.missed, point.pending)
        for point in bulletin.points
        if point.lon is not None and point.lat is not None
    ]
    zones = [MapZone(zone.name or zone.zone_id, zone.geometry, rates.get(zone.zone_id)) for zone in ground.zones]

    def drawn(those: list[MapPoint], key: str) -> tuple[Drawing, ...]:
        says = words.say(key, missed=sum(point.missed > 0 for point in those))
        legend = MapWords(words["cleared"], words["missed"], words["pending"], says)
        return _those(draw_map(those, zones, ground.streets, legend))

    return drawn(points, "map_says") + drawn(core_of(points), "map_core")


def _missed_points(bulletin: Bulletin, words: Words) -> Section:
    """Return the points that were missed: of a day each due visit stands below, so only those missed repeatedly."""
    least = 2 if bulletin.period.kind is PeriodKind.DAY else 1
    names = ("point", "name", "key_zone", "due", "missed_times", "reasons")
    columns = tuple(
        Column(words[name], Style.COUNT if name in ("due", "missed_times") else Style.TEXT) for name in names
    )
    rows = tuple(
        (point.point_id, point.name, point.zone_id, point.due, point.missed, _reasons(point.reasons, words))
        for point in bulletin.missed_points
        if point.missed >= least
    )
    return Section(words["missed_points"], columns, rows)


def _reasons(reasons: Mapping[str, int], words: Words) -> str:
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    told = [words.say("lead_reason", reason=words.known(f"reason_{reason}", reason), count=n) for reason, n in ordered]
    return words["list_comma"].join(told)


def _not_cleared(bulletin: Bulletin, words: Words, zone_info: ZoneInfo) -> Section:
    names = ("point", "name", "key_zone", "occurrence", "window", "status", "planned_vehicle", "planned_at", "reason")

    def row(due: Any) -> tuple[Value, ...]:
        return (
            due.point_id,
            due.point_name,
            due.zone_id,
            due.occurrence,
            f"{_clock(due.due_from, zone_info)}–{_clock(due.due_to, zone_info)}",
            words[f"status_{due.status}"] + (words["by_hand"] if due.correction is not None else ""),
            due.planned_vehicle_id,
            _clock(due.planned_at, zone_info),
            None if due.reason is None else words.known(f"reason_{due.reason}", str(due.reason)),
        )

    columns = tuple(Column(words[name], Style.COUNT if name == "occurrence" else Style.TEXT) for name in names)
    return Section(words["not_cleared"], columns, tuple(map(row, bulletin.not_cleared)))


def _clock(instant: datetime | None, zone_info: ZoneInfo) -> str | None:
    return None if instant is None else instant.astimezone(zone_info).strftime("%H:%M")


def _routes(bulletin: Bulletin, words: Words, zone_info: ZoneInfo) -> Section:
    is_day = bulletin.period.kind is PeriodKind.DAY
    moved = ("first_moved_at", "last_moved_at") if is_day else ()
    columns = (
        Column(words["key_vehicle"]),
        *(Column(words[name], style) for name, style in ROUTE_COLUMNS),
        *(Column(words[name]) for name in moved),
    )
    rows = tuple(
        (
            route.vehicle_id,
            *(getattr(route, name) for name, _ in ROUTE_COLUMNS),
            *(_clock(getattr(route, name), zone_info) for name in moved),
        )
        for route in bulletin.routes
    )
    return Section(words["routes"], columns, rows)


def _alarms(bulletin: Bulletin, words: Words) -> Section:
    columns = (Column(words["alarm_kind"]), *(Column(words[name], Style.COUNT) for name in ALARM_COLUMNS))
    rows = tuple(
        (words.known(f"alarm_{alarm.kind}", alarm.kind), *(getattr(alarm, name) for name in ALARM_COLUMNS))
        for alarm in bulletin.alarms
    )
    return Section(words["alarms"], columns, rows)


def _corrections(bulletin: Bulletin, words: Words, zone_info: ZoneInfo) -> Section:
    names = ("date", "point", "name", "occurrence", "set_to", "decided", "corrected_by", "corrected_at", "note")
    columns = tuple(Column(words[name], Style.COUNT if name == "occurrence" else Style.TEXT) for name in names)
    rows = tuple(
        (
            row.service_date.isoformat(),
            row.point_id,
            row.point_name,
            row.occurrence,
            words[f"status_{row.status}"],
            words[f"status_{row.decided_status}"],
            row.corrected_by,
            row.corrected_at.astimezone(zone_info).strftime("%m-%d %H:%M"),
            row.note,
        )
        for row in bulletin.corrections
    )
    return Section(words["corrections"], columns, rows)


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
