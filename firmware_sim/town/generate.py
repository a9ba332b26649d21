"""Writes a simulated town into a folder, ready for `riqing import`."""

from collections.abc import Callable
from pathlib import Path

from firmware_sim.town import tables
from firmware_sim.town.build import GROUND, SimulatedTown, build_town
from firmware_sim.town.history import FIRST_SIMULATED_DAY, HISTORY_DAYS
from firmware_sim.town.names import TOWN_NAME
from firmware_sim.town.osm_file import write_osm
from firmware_sim.town.residents import REFUSE_T_PER_DAY, RESIDENTS_R

ROADS_FILE = "roads.osm.pbf"
DEFAULT_SEED = 1


def generate_town(directory: Path, seed: int = DEFAULT_SEED) -> SimulatedTown:
    """Write the town of `seed` into `directory`, which is made if need be, and return it.

    Files of the same names are replaced. The same seed gives the same bytes.
    """
    directory.mkdir(parents=True, exist_ok=True)
    town = build_town(seed)
    write_osm(town.network, GROUND, directory / ROADS_FILE)
    tables.write_areas(directory / "zones.geojson", map(tables.zone_feature, town.zones))
    tables.write_areas(directory / "landuse.geojson", map(tables.land_feature, town.land))
    for name, write in _writers(town).items():
        write(directory / name)
    return town


def _writers(town: SimulatedTown) -> dict[str, Callable[[Path], None]]:
    """Return what writes each remaining file."""
    return {
        "contractors.csv": lambda path: tables.write_rows(path, map(tables.contractor_row, town.contractors)),
        "points.csv": lambda path: tables.write_rows(path, map(tables.point_row, town.points)),
        "facilities.csv": lambda path: tables.write_rows(path, map(tables.facility_row, town.facilities)),
        "vehicles.csv": lambda path: tables.write_rows(path, map(tables.vehicle_row, town.vehicles)),
        "population.csv": lambda path: tables.write_rows(path, map(tables.population_row, town.population)),
        "history.csv": lambda path: tables.write_rows(path, map(tables.history_row, town.history())),
        "town.toml": lambda path: _write_about(path, town.seed),
    }


def _write_about(path: Path, seed: int) -> None:
    """Write town.toml: what a reader, or a script that imports the town, must know of it."""
    text = f"""# A simulated county town, written by `riqing town generate`. Nobody lives here.
name = "{TOWN_NAME}"
timezone = "Asia/Shanghai"
day_start = "04:00"
seed = {seed}
first_day = {FIRST_SIMULATED_DAY}  # history.csv holds the {HISTORY_DAYS} days before: kg that arose at each point
refuse_t_per_day = {REFUSE_T_PER_DAY}
residents = {RESIDENTS_R}
"""
    path.write_text(text, encoding="utf-8")
