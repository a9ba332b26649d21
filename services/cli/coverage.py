"""`riqing coverage`: what toilets and stations reach on a day, by zone, use of land and class, and the worst gaps."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime, time
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.options import DEFAULT_DATA_DIR, DataDir, read_day
from services.domain.errors import InvalidRequestError
from services.facilities.coverage import (
    AreaCoverage,
    DemandKind,
    Gap,
    PointHaul,
    StandardCheck,
    StationCoverage,
    ToiletCoverage,
)
from services.facilities.service import station_coverage, toilet_coverage
from services.facilities.toilet_filter import ToiletFilter
from services.store.connection import Connection, connect
from services.store.town import load_clock, load_town

Radius = Annotated[float | None, typer.Option("--radius-m", min=1, help="Metres; by default the standard's.")]
On = Annotated[str | None, typer.Option(help="The day, YYYY-MM-DD, past or to come, by default today.")]
MostGaps = Annotated[int, typer.Option("--gaps", min=0, max=1000, help="How many gaps to print.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the tables.")]

NOT_STATED = "not stated"
UNITS = {DemandKind.RESIDENTS: "residents", DemandKind.STREET_LENGTH_M: "m of street"}


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    coverage = typer.Typer(help="What toilets and stations reach, and what they do not.", no_args_is_help=True)
    coverage.command("toilets")(toilets)
    coverage.command("stations")(stations)
    app.add_typer(coverage, name="coverage")


def toilets(
    radius_m: Radius = None,
    on: On = None,
    at: Annotated[str | None, typer.Option(help="Only toilets that are open then: HH:MM of that day.")] = None,
    accessible: Annotated[bool, typer.Option("--accessible", help="Only toilets with an accessible stall.")] = False,
    toilet_class: Annotated[str | None, typer.Option("--class", help="Only toilets of that class.")] = None,
    gaps: MostGaps = 10,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Print the share of residents (or of streets) with a toilet in service within a walk."""
    del data_dir  # its settings are in the environment by now
    with connect() as connection:
        counted = ToiletFilter(accessible, None if at is None else _instant(connection, on, at), toilet_class)
        found = toilet_coverage(connection, radius_m, counted, read_day(on))
    if as_json:
        print(json.dumps(asdict(found), ensure_ascii=False))
        return
    _show_toilets(_screen(), found, gaps)


def stations(
    radius_m: Radius = None,
    on: On = None,
    failed: Annotated[list[str] | None, typer.Option(help="A station that is taken to fail; repeatable.")] = None,
    by_point: Annotated[bool, typer.Option("--by-point", help="Print each point's haul, the longest first.")] = False,
    gaps: MostGaps = 10,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Print the share of points, and of kilograms, with a transfer station in service within haul."""
    del data_dir
    with connect() as connection:
        found = station_coverage(connection, radius_m, failed or (), read_day(on), by_point=by_point)
    if as_json:
        print(json.dumps(asdict(found), ensure_ascii=False))
        return
    _show_stations(_screen(), found, gaps)


def _instant(connection: Connection, on: str | None, at: str) -> datetime:
    town = load_town(connection)
    day = read_day(on) or town.service_date(load_clock(connection).now())
    try:
        return datetime.combine(day, time.fromisoformat(at), town.zone_info)
    except ValueError as error:
        raise InvalidRequestError(f"{at!r} is not a time of the day; write HH:MM such as 06:30.") from error


def _screen() -> Console:
    screen = Console(highlight=False)
    return screen if screen.is_terminal else Console(width=140, highlight=False)


def _show_toilets(screen: Console, found: ToiletCoverage, most_gaps: int) -> None:
    unit = UNITS[found.demand_kind]
    screen.print(
        f"{_percent(found.covered_ratio)} covered: {found.covered:,.0f} of {found.demand:,.0f} {unit} within "
        f"{found.radius_m:g} m of {found.toilets} toilets, {_figure(found.per_km2)} per km²."
    )
    _show_standards(screen, found.standards)
    _show_groups(screen, "zone", [(one.zone_id or "no zone", one) for one in found.zones], unit)
    _show_groups(screen, "use of land", [(one.land_use or NOT_STATED, one) for one in found.land_uses], unit)
    classes = Table(title="By class, whatever other toilets there are")
    for name in ("class", "toilets", "covered"):
        classes.add_column(name, justify="left" if name == "class" else "right")
    for one in found.classes:
        classes.add_row(one.toilet_class or NOT_STATED, str(one.facilities), _percent(one.covered_ratio))
    screen.print(classes)
    _show_gaps(screen, found.gaps[:most_gaps], unit)
    for note in found.notes:
        screen.print(note)


def _show_groups(screen: Console, of: str, groups: Sequence[tuple[str, AreaCoverage]], unit: str) -> None:
    if not groups:
        return
    table = Table(title=f"By {of}")
    for name in (of, "km²", unit, "covered", "toilets", "per km²", "asked per km²"):
        table.add_column(name, justify="left" if name == of else "right")
    for name, one in groups:
        table.add_row(
            name,
            _figure(one.area_km2),
            f"{one.demand:,.0f}",
            _percent(one.covered_ratio),
            str(one.facilities),
            _figure(one.per_km2),
            ", ".join(f"{_figure(check.value_low)} {_verdict(check)}" for check in one.standards),
        )
    screen.print(table)


def _show_stations(screen: Console, found: StationCoverage, most_gaps: int) -> None:
    screen.print(
        f"{_percent(found.covered_kg_ratio)} covered: {found.covered_kg:,.0f} of {found.expected_kg:,.0f} kg a day, "
        f"{found.covered_points} of {found.points} points, within {found.radius_m:g} m of {found.stations} stations. "
        f"Mean haul {_km(found.mean_haul_m)} km of a tonne, {_km(found.mean_haul_of_points_m)} km of a point."
    )
    _show_standards(screen, found.standards)
    table = Table(title="What each station gets where every point hauls to its nearest")
    for name in ("station", "points", "t/d", "of design", "mean haul, km"):
        table.add_column(name, justify="left" if name == "station" else "right")
    for one in found.catchments:
        tonnes = f"{one.expected_kg / 1000:,.1f}"
        table.add_row(one.facility_id, str(one.points), tonnes, _percent(one.design_share), _km(one.mean_haul_m))
    screen.print(table)
    if (failure := found.failure) is not None:
        screen.print(
            f"Without {', '.join(failure.failed)}: {failure.moved_points} points ({failure.moved_kg / 1000:,.1f} t/d) "
            f"haul elsewhere, {failure.extra_t_km_per_day:,.1f} t·km a day more; overloaded by it: "
            f"{', '.join(failure.overloaded) or 'none'}; points that reach none: "
            f"{', '.join(failure.lost_points) or 'none'}."
        )
    if found.hauls:
        _show_hauls(screen, found.hauls)
    _show_gaps(screen, found.gaps[:most_gaps], "kg a day")
    for note in found.notes:
        screen.print(note)


def _show_hauls(screen: Console, hauls: Iterable[PointHaul]) -> None:
    table = Table(title="Each point's haul")
    for name in ("point", "station", "km", "kg a day"):
        table.add_column(name, justify="left" if name in ("point", "station") else "right")
    for one in hauls:
        table.add_row(one.point_id, one.facility_id or "no road", _km(one.haul_m), f"{one.expected_kg:,.0f}")
    screen.print(table)


def _show_standards(screen: Console, checks: Iterable[StandardCheck]) -> None:
    for check in checks:
        limits = " to ".join(f"{one:g}" for one in (check.value_low, check.value_high) if one is not None)
        screen.print(
            f"{check.standard}, {check.clause}: {_figure(check.value)} {check.unit}, asked {limits} {_verdict(check)}"
        )


def _show_gaps(screen: Console, gaps: Sequence[Gap], unit: str) -> None:
    if not gaps:
        return
    table = Table(title="Gaps, those of most demand first")
    for name in ("lon", "lat", unit, "m to the nearest", "zone"):
        table.add_column(name, justify="left" if name == "zone" else "right")
    for gap in gaps:
        metres = "no way" if gap.distance_m is None else f"{gap.distance_m:,.0f}"
        table.add_row(f"{gap.lon:.5f}", f"{gap.lat:.5f}", f"{gap.demand:,.0f}", metres, gap.zone_id or "")
    screen.print(table)


def _verdict(check: StandardCheck) -> str:
    return {True: "(met)", False: "(not met)", None: ""}[check.meets]


def _percent(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.1%}"


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def _km(metres: float | None) -> str:
    return "-" if metres is None else f"{metres / 1000:.2f}"
