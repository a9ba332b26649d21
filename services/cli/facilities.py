"""`riqing facilities`: the register's facilities from and to OpenStreetMap's tags."""

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import osmium
import typer
from shapely.geometry import Polygon

from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.domain.errors import InvalidRequestError, RiqingError
from services.domain.registry import Facility
from services.facilities.areas import ZoneAreas
from services.facilities.osm_tags import MapPlace, Matched, kind_of, match_places, places_of_geojson, tags_of
from services.store.connection import Connection, connect
from services.store.facility_phases import renew_as_registered
from services.store.facility_tags import load_elements, load_tags, save_tags
from services.store.registry import FACILITIES, load_facilities, load_zones, upsert
from services.store.town import load_clock, load_town


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    facilities = typer.Typer(help="Facilities from and to OpenStreetMap's tags.", no_args_is_help=True)
    facilities.command("import")(import_map)
    facilities.command("export")(export_map)
    app.add_typer(facilities, name="facilities")


def import_map(
    file: Annotated[Path, typer.Argument(help="An .osm.pbf or .osm, or GeoJSON whose properties are tags.")],
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Bring toilets, stations, landfills and depots of a map in; what the register knows already stays."""
    del data_dir  # its settings are in the environment by now
    places = read_places(file)
    with connect() as connection:
        matched = match_places(places, load_facilities(connection), load_elements(connection))
        _store(connection, matched)
    new = sum(one.is_new for one in matched)
    print(f"facilities: {new} new, {len(matched) - new} known already, of {len(places)} places on the map.")


def _store(connection: Connection, matched: list[Matched]) -> None:
    zones = ZoneAreas(load_zones(connection))
    at = np.array([one.facility.position for one in matched], dtype=np.float64).reshape(-1, 2)
    zone_ids = zones.zones_of(at[:, 0], at[:, 1])
    rows = [_row(one.facility, zone_id) for one, zone_id in zip(matched, zone_ids, strict=True)]
    learnt = ["name", "open_start_s", "open_end_s", "toilet_class", "stalls_accessible"]
    upsert(connection, FACILITIES, rows, update=learnt)
    today = load_town(connection).service_date(load_clock(connection).now())
    renew_as_registered(connection, [row["facility_id"] for row in rows], learnt, today)
    save_tags(connection, [(one.facility.facility_id, one.place.osm_id, one.place.tags) for one in matched])


def _row(facility: Facility, zone_id: str | None) -> dict[str, Any]:
    hours = facility.open_hours
    return {
        "facility_id": facility.facility_id,
        "kind": str(facility.kind),
        "lon": facility.lon,
        "lat": facility.lat,
        "name": facility.name,
        "zone_id": facility.zone_id or zone_id,
        "status": str(facility.status),
        "open_start_s": None if hours is None else hours.start_s,
        "open_end_s": None if hours is None else hours.end_s,
        "toilet_class": facility.toilet_class,
        "stalls_male": facility.stalls_male,
        "stalls_female": facility.stalls_female,
        "stalls_accessible": facility.stalls_accessible,
    }


def read_places(file: Path) -> list[MapPlace]:
    """Return the places of a map file that are facilities.

    Raises:
        InvalidRequestError: it is no such file.

    """
    if file.suffix.lower() in (".json", ".geojson"):
        try:
            document = json.loads(file.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError) as error:
            raise InvalidRequestError(f"{file} cannot be read as GeoJSON: {error}.") from error
        return [place for place in places_of_geojson(document) if kind_of(place.tags)]
    try:
        return list(_places_of_map(file))
    except RuntimeError as error:
        raise InvalidRequestError(f"{file} cannot be read as a file of OpenStreetMap: {error}.") from error


def _places_of_map(file: Path) -> list[MapPlace]:
    found = []
    for element in osmium.FileProcessor(str(file)).with_locations():
        tags = dict(element.tags)
        if kind_of(tags) is None:
            continue
        if isinstance(element, osmium.osm.Node):
            found.append(MapPlace(f"node/{element.id}", element.location.lon, element.location.lat, tags))
        elif isinstance(element, osmium.osm.Way):
            corners = [(node.location.lon, node.location.lat) for node in element.nodes if node.location.valid()]
            if len(corners) > 3:
                inside = Polygon(corners).representative_point()
                found.append(MapPlace(f"way/{element.id}", inside.x, inside.y, tags))
    return found


def export_map(
    file: Annotated[Path, typer.Argument(help="The GeoJSON file to write.")], data_dir: DataDir = DEFAULT_DATA_DIR
) -> None:
    """Write the facilities as GeoJSON whose properties are tags of OpenStreetMap."""
    del data_dir
    with connect() as connection:
        facilities, known = load_facilities(connection), load_tags(connection)
    features = [
        {
            "type": "Feature",
            "id": facility.facility_id,
            "geometry": {"type": "Point", "coordinates": [facility.lon, facility.lat]},
            "properties": tags,
        }
        for facility in facilities
        if (tags := tags_of(facility, known.get(facility.facility_id))) is not None
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1)
    try:
        file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise RiqingError(f"{file} cannot be written: {error.strerror}.") from error
    print(
        f"{file}: {len(features)} facilities; {len(facilities) - len(features)} of kinds that the map has no tag for."
    )
