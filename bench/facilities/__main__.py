"""`python -m bench.facilities`: coverage on central Taipei, what one toilet changes, and siting in the generated town.

Taipei: the toilets of `public_toilets.csv` that lie within `roads.osm.pbf`, and demand places by chance along its
streets. Siting: 12 new toilets and 14 renovated of the generated town, and 6 stations, hauls being walks here, for
no engine runs. Each time is the least of several, on the wall and of the processor.
"""

from __future__ import annotations

import csv
import json
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from bench.facilities.over_http import measure_over_http
from firmware_sim.town.generate import generate_town
from services.domain.kinds import FacilityKind
from services.domain.registry import Facility
from services.facilities.areas import ZoneAreas
from services.facilities.coverage import DemandKind
from services.facilities.siting.asked import Stalls, StationsAsked, ToiletsAsked
from services.facilities.siting.draw_stations import draw_up_stations
from services.facilities.siting.draw_toilets import draw_up_toilets
from services.facilities.siting.proof import Proof
from services.facilities.siting.station_search import choose_stations
from services.facilities.siting.toilet_search import choose_toilets
from services.facilities.siting.toilets import Limits
from services.facilities.toilets import Demand, cover_toilets
from services.roads.streets import read_road_file
from services.roads.walking import WalkingNetwork

PROJECT_DIR = Path(__file__).parents[2]
TAIPEI = PROJECT_DIR.parent / "shared" / "data" / "taipei"
RADIUS_M = 300.0
SPREAD_DEG = 3e-4
"""How far from the streets demand places lie: about 30 m."""

Floats = NDArray[np.float64]


def timed(call: Callable[[], Any], rounds: int) -> tuple[float, float]:
    """Return the least seconds on the wall and of the processor."""
    walls, processors = [], []
    for _ in range(rounds):
        wall, processor = time.perf_counter(), time.process_time()
        call()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return min(walls), min(processors)


class WalkedHauls:
    """Hauls over the streets that one may walk, in place of the roads of trucks."""

    def __init__(self, walking: WalkingNetwork) -> None:
        self._walking = walking

    def matrix_m(self, places: Floats, stations: Floats) -> Floats:
        """Return the metres from each place (row) to each station (column)."""
        found = [self._walking.distances_to_places([station], places) for station in stations]
        return np.column_stack(found)


def taipei_toilets(folder: Path) -> list[Facility]:
    """Return the toilets within the roads."""
    west, east, south, north = 121.4866, 121.5915, 25.0092, 25.0802
    found = []
    with (folder / "public_toilets.csv").open(encoding="utf-8-sig") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if row["lng"] and row["lat"]:
                lon, lat = float(row["lng"]), float(row["lat"])
                if west <= lon <= east and south <= lat <= north:
                    found.append(Facility(f"T{number}", FacilityKind.PUBLIC_TOILET, lon, lat))
    return found


def measure_taipei(folder: Path, places: int, rounds: int, seed: int, requests: int) -> dict[str, Any]:
    """Return how long the coverage of central Taipei takes, from nothing and after a change of one toilet."""
    roads = read_road_file(folder / "roads.osm.pbf")
    streets = roads.walkable
    walking = WalkingNetwork(streets)
    toilets = taipei_toilets(folder)
    samples = walking.street_samples(30)
    chance = np.random.default_rng(seed)
    rows = chance.choice(len(samples.lon), places)
    lon = samples.lon[rows] + chance.normal(0, SPREAD_DEG, places)
    lat = samples.lat[rows] + chance.normal(0, SPREAD_DEG, places)
    demand = Demand(DemandKind.RESIDENTS, lon, lat, np.ones(places))
    nowhere = ZoneAreas([])

    def anew() -> None:
        cover_toilets(WalkingNetwork(streets), demand, toilets, nowhere, {}, RADIUS_M)

    def changed() -> None:
        cover_toilets(walking, demand, toilets[1:], nowhere, {}, RADIUS_M)

    covered = cover_toilets(walking, demand, toilets, nowhere, {}, RADIUS_M).covered_ratio
    whole, one = timed(anew, rounds), timed(changed, rounds)
    return {
        "toilets": len(toilets),
        "places": places,
        "covered_ratio": covered,
        "coverage_s": whole[0],
        "coverage_processor_s": whole[1],
        "one_toilet_changed_s": one[0],
        "one_toilet_changed_processor_s": one[1],
        "over_http": measure_over_http(roads, toilets, demand, requests),
    }


def measure_siting(seed: int, time_limit_s: float) -> dict[str, Any]:
    """Return how good and how long the seeded choice of the generated town is."""
    with tempfile.TemporaryDirectory() as folder:
        town = generate_town(Path(folder), seed)
        walking = WalkingNetwork(read_road_file(Path(folder) / "roads.osm.pbf").walkable)
    cells = np.array([(cell.lon, cell.lat, cell.residents) for cell in town.population])
    demand = Demand(DemandKind.RESIDENTS, cells[:, 0], cells[:, 1], cells[:, 2])
    toilets = ToiletsAsked(Limits(12, 14), RADIUS_M, 800_000, 200_000, 500, Stalls(5, 8, 1), 1.5)
    zones, today = ZoneAreas(town.zones), date(2026, 6, 1)
    drawn = draw_up_toilets(walking, demand, town.facilities, zones, toilets, today)
    chosen = choose_toilets(drawn.problem, time_limit_s)
    stations = StationsAsked(6, 5_000_000, 50.0, 3.0, 1.0)
    hauled = draw_up_stations(WalkedHauls(walking), walking, town.points, town.facilities, stations)
    built = choose_stations(hauled.problem, time_limit_s)
    return {
        "toilets": _told(chosen.proof) | {"before": chosen.before.served, "after": chosen.after.served},
        "stations": _told(built.proof) | {"before": built.before.cost, "after": built.after.cost},
    }


def _told(proof: Proof) -> dict[str, Any]:
    return {
        "found": str(proof.found),
        "value": proof.value,
        "bound": proof.bound,
        "gap_ratio": proof.gap_ratio,
        "greedy_value": proof.greedy_value,
        "seconds": proof.seconds,
    }


def main(
    taipei: Annotated[Path, typer.Option(help="The folder with Taipei's roads and toilets.")] = TAIPEI,
    places: Annotated[int, typer.Option(help="Demand places.")] = 20_000,
    rounds: Annotated[int, typer.Option(help="Rounds of each time.")] = 5,
    requests: Annotated[int, typer.Option(help="For the nearest toilet; a fifth as many for coverage.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the demand places and the generated town.")] = 1,
    time_limit: Annotated[float, typer.Option(help="Seconds for each of the two choices.")] = 50.0,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of the tables")] = False,
) -> None:
    """Measure coverage and siting."""
    result: dict[str, Any] = {"siting": measure_siting(seed, time_limit)}
    if (taipei / "roads.osm.pbf").is_file():
        result["taipei"] = measure_taipei(taipei, places, rounds, seed, requests)
    if as_json:
        print(json.dumps(result))
        return
    console = Console()
    taipei_row = result.get("taipei", {})
    over_http = taipei_row.pop("over_http", {})
    parts = {"Taipei": taipei_row} | {f"Taipei over HTTP: {name}": row for name, row in over_http.items()}
    parts |= {f"Siting: {name}": row for name, row in result["siting"].items()}
    for title, row in parts.items():
        table = Table("figure", "value", title=title)
        for name, value in row.items():
            table.add_row(name, f"{value:,.3f}" if isinstance(value, float) else str(value))
        console.print(table)


if __name__ == "__main__":
    typer.run(main)
