"""`riqing site`: where the next toilets and stations do most, and which toilets to renovate."""

import csv
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from services.api.shapes.siting import MOST_WORKS, CandidateAsked, StationSitesAsked, ToiletSitesAsked
from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.domain.errors import InvalidRequestError, RiqingError
from services.domain.kinds import FacilityKind
from services.facilities.scenario import Change
from services.facilities.scenario_map import AFTER, BEFORE
from services.facilities.scenario_service import effect_of, features_of, save_scenario
from services.facilities.siting.answer import ProofAnswer, Siting, StationSiting, ToiletSiting
from services.facilities.siting.toilets import DensityRule
from services.facilities.siting_service import find_sites, load_ground, usual_stations, usual_toilets
from services.registry.files import read_table
from services.store.connection import Connection, connect
from services.store.town import load_clock

CANDIDATE_KINDS = {FacilityKind.PUBLIC_TOILET: "toilets", FacilityKind.TRANSFER_STATION: "stations"}
LIST_FILE = "sites.csv"


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("site")(site)


def site(
    toilets: Annotated[int, typer.Option(min=0, max=MOST_WORKS, help="New toilets at most.")] = 12,
    renovations: Annotated[int, typer.Option(min=0, max=MOST_WORKS, help="Renovated toilets at most.")] = 14,
    stations: Annotated[int, typer.Option(min=0, max=MOST_WORKS, help="New transfer stations at most.")] = 6,
    budget: Annotated[float | None, typer.Option(min=0, help="Yuan for the toilets together.")] = None,
    station_budget: Annotated[float | None, typer.Option(min=0, help="Yuan for the stations together.")] = None,
    radius_m: Annotated[float | None, typer.Option(min=1, help="Walk to a toilet; by default the standard's.")] = None,
    density: Annotated[DensityRule, typer.Option(help="The standard's toilets per km².")] = DensityRule.OFF,
    candidates: Annotated[
        Path | None,
        typer.Option(help="CSV: id, kind, lon, lat, name, price, stalls_…, design_t_per_day; else street corners."),
    ] = None,
    time_limit: Annotated[float, typer.Option(min=1, max=3600, help="Seconds that the search may take.")] = 50.0,
    save: Annotated[str | None, typer.Option(help="Keep what is found as a scenario of this name.")] = None,
    output: Annotated[
        Path | None, typer.Option(file_okay=False, help="Write before.geojson, after.geojson and sites.csv here.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of the tables.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Find the sites that do most for residents and haul, each with its gain alone and in order."""
    del data_dir  # its settings are in the environment by now
    own = {"toilets": [], "stations": []} if candidates is None else read_candidates(candidates)
    toilets_asked = _toilets(toilets, renovations, budget, radius_m, density, own["toilets"])
    stations_asked = None
    if stations:
        stations_asked = StationSitesAsked(new=stations, budget=station_budget, candidates=own["stations"])
    if toilets_asked is None and stations_asked is None:
        raise InvalidRequestError("Nothing is asked for: give --toilets, --renovations or --stations a number above 0.")
    console = Console(stderr=True)
    with console.status("Looking for sites"):
        with connect() as connection:
            ground = load_ground(connection)
        found = find_sites(
            ground,
            toilets_asked.over(usual_toilets(ground.limits)) if toilets_asked else None,
            stations_asked.over(usual_stations(ground.limits)) if stations_asked else None,
            time_limit,
        )
    with connect() as connection:
        if save is not None and found.changes:
            save_scenario(connection, save, "", found.changes, "command line", load_clock(connection).now())
        if output is not None:
            _write(connection, output, found)
    if as_json:
        print(json.dumps({"toilets": _plain(found.toilets), "stations": _plain(found.stations)}, ensure_ascii=False))
        return
    screen = Console()
    screen = screen if screen.is_terminal else Console(width=160)
    show_toilets(screen, found.toilets)
    show_stations(screen, found.stations)


def _toilets(
    new: int,
    renovated: int,
    budget: float | None,
    radius_m: float | None,
    density: DensityRule,
    candidates: list[CandidateAsked],
) -> ToiletSitesAsked | None:
    if not new and not renovated:
        return None
    return ToiletSitesAsked(
        new=new, renovated=renovated, budget=budget, radius_m=radius_m, density=density, candidates=candidates
    )


def read_candidates(path: Path) -> dict[str, list[CandidateAsked]]:
    """Read candidate sites from CSV or GeoJSON, those of toilets and those of stations.

    Raises:
        InvalidRequestError: a row is wrong; the sentence names the first such line.

    """
    table = read_table(path, {})
    found: dict[str, list[CandidateAsked]] = {"toilets": [], "stations": []}
    for record in table.records:
        given = {name: value for name, value in record.fields.items() if value not in ("", None) and name}
        kind = given.pop("kind", FacilityKind.PUBLIC_TOILET)
        if kind not in CANDIDATE_KINDS:
            raise InvalidRequestError(
                f"{path}, {table.place} {record.line}: kind {kind!r}; expected public_toilet or transfer_station."
            )
        try:
            candidate = CandidateAsked.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"]))
            raise InvalidRequestError(f"{path}, {table.place} {record.line}, {name}: {first['msg']}.") from error
        found[CANDIDATE_KINDS[FacilityKind(kind)]].append(candidate)
    return found


def _plain(found: ToiletSiting | StationSiting | None) -> dict[str, Any] | None:
    return None if found is None else asdict(found)


def show_toilets(screen: Console, found: ToiletSiting | None) -> None:
    """Print which toilets to build and renovate, in the order of gain."""
    if found is None:
        return
    table = Table(
        title=f"Toilets: {len(found.works)} works of {found.candidates} possible ones, {found.price:,.0f} yuan"
    )
    for name in ("", "what", "site", "lon", "lat", "alone", "in order", "accessible", "renewed", "yuan so far"):
        table.add_column(name, justify="left" if name in ("what", "site") else "right")
    for number, works in enumerate(found.works, start=1):
        change, gain = works.change, works.in_order
        table.add_row(
            str(number),
            change.kind,
            f"{change.facility_id} {change.name or ''}".strip(),
            *_at(change),
            f"{works.alone.served:+,}",
            f"{gain.served:+,}",
            f"{gain.accessible:+,}",
            f"{gain.renewed:,.0f}",
            f"{works.price_so_far:,.0f}",
        )
    screen.print(table)
    screen.print(
        f"Residents served within {found.radius_m:g} m: {found.before.served:,} of {found.residents:,} before "
        f"({_share(found.before.served, found.residents)}), {found.after.served:,} after "
        f"({_share(found.after.served, found.residents)}); with an accessible stall {found.before.accessible:,}, "
        f"then {found.after.accessible:,}."
    )
    screen.print(_proof(found.proof, "score"))


def show_stations(screen: Console, found: StationSiting | None) -> None:
    """Print where to build stations, in the order of what they save."""
    if found is None:
        return
    table = Table(title=f"Stations: {len(found.works)} of {found.candidates} possible sites, {found.price:,.0f} yuan")
    for name in ("", "site", "lon", "lat", "saves alone, yuan/d", "saves in order, yuan/d", "t/d", "yuan so far"):
        table.add_column(name, justify="left" if name == "site" else "right")
    loads = {load.facility_id: load.t_per_day for load in found.after.loads}
    for number, works in enumerate(found.works, start=1):
        change = works.change
        table.add_row(
            str(number),
            f"{change.facility_id} {change.name or ''}".strip(),
            *_at(change),
            f"{works.saves_alone_yuan:,.2f}",
            f"{works.saves_in_order_yuan:,.2f}",
            f"{loads.get(change.facility_id, 0.0):.1f}",
            f"{works.price_so_far:,.0f}",
        )
    screen.print(table)
    for phase, figures in ((BEFORE, found.before), (AFTER, found.after)):
        screen.print(
            f"Haul {phase}: {figures.yuan_per_day:,.2f} yuan and {figures.t_km_per_day:,.1f} t·km a day, "
            f"{(figures.mean_haul_m or 0) / 1000:.2f} km for a tonne, {figures.over_capacity_t:g} t without room."
        )
    if found.stranded:
        screen.print(f"No road leads to a station from {', '.join(found.stranded)}.")
    screen.print(_proof(found.proof, "yuan a day"))


def _at(change: Change) -> tuple[str, str]:
    return f"{change.lon:.6f}", f"{change.lat:.6f}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _proof(proof: ProofAnswer, unit: str) -> str:
    known = "proven best" if proof.gap_ratio < 1e-9 else f"at most {proof.gap_ratio:.2%} from the best"
    return (
        f"{proof.found}: {proof.value:,.2f} ({unit}), {known}; greedy choosing reaches {proof.greedy_value:,.2f}; "
        f"{proof.seconds:.1f} s."
    )


def _write(connection: Connection, folder: Path, found: Siting) -> None:
    """Write the map before and after, and the list of sites."""
    effect = effect_of(connection, found.changes) if found.changes else None
    features = [] if effect is None else features_of(connection, found.changes, effect)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for phase in (BEFORE, AFTER):
            own = [feature for feature in features if feature["properties"]["phase"] == phase]
            text = json.dumps({"type": "FeatureCollection", "features": own}, ensure_ascii=False)
            (folder / f"{phase}.geojson").write_text(text + "\n", encoding="utf-8")
        with (folder / LIST_FILE).open("w", encoding="utf-8-sig", newline="") as file:
            rows = [*_toilet_rows(found.toilets), *_station_rows(found.stations)]
            writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else ["order"])
            writer.writeheader()
            writer.writerows(rows)
    except OSError as error:
        raise RiqingError(f"{folder} cannot be written to: {error.strerror}.") from error


def _row(number: int, change: Change, alone: float, in_order: float, unit: str, so_far: float) -> dict[str, Any]:
    return {
        "order": number,
        "kind": change.facility_kind,
        "what": change.kind,
        "id": change.facility_id,
        "name": change.name,
        "lon": change.lon,
        "lat": change.lat,
        "gain_alone": alone,
        "gain_in_order": in_order,
        "gain_unit": unit,
        "price_yuan": change.price,
        "price_so_far_yuan": so_far,
    }


def _toilet_rows(found: ToiletSiting | None) -> list[dict[str, Any]]:
    works = [] if found is None else found.works
    return [
        _row(number, one.change, one.alone.served, one.in_order.served, "residents served", one.price_so_far)
        for number, one in enumerate(works, start=1)
    ]


def _station_rows(found: StationSiting | None) -> list[dict[str, Any]]:
    works = [] if found is None else found.works
    return [
        _row(number, one.change, one.saves_alone_yuan, one.saves_in_order_yuan, "yuan a day", one.price_so_far)
        for number, one in enumerate(works, start=1)
    ]
