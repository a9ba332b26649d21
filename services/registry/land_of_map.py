"""Reading what land is used for from a map file of OpenStreetMap."""

import json
from pathlib import Path

import osmium
from osmium.geom import GeoJSONFactory

from services.domain.land_use import USE_OF, USES_BY_TAG
from services.registry.files import Record, Table, UnreadableFileError


def is_map(path: Path) -> bool:
    """Tell whether a file is a map (.osm.pbf, .osm) by its name."""
    return path.name.lower().endswith((".pbf", ".osm"))


def read_land(path: Path) -> Table:
    """Return the areas of a map whose tags tell a use of land that is known, numbered as they stand there.

    Areas of other tags, and relations whose rings do not close, are left out: a map is about much else.

    Raises:
        UnreadableFileError: it is no map.

    """
    areas = osmium.FileProcessor(str(path)).with_areas(osmium.filter.KeyFilter(*USES_BY_TAG))
    rings = GeoJSONFactory()
    records: list[Record] = []
    try:
        for element in areas:
            if not isinstance(element, osmium.osm.Area):
                continue
            tags = {key: element.tags[key] for key in USES_BY_TAG if key in element.tags}
            if USE_OF.keys().isdisjoint(tags.values()) or element.num_rings()[0] == 0:
                continue
            if "name" in element.tags:
                tags["name"] = element.tags["name"]
            osm_id = f"{'way' if element.from_way() else 'relation'}/{element.orig_id()}"
            geometry = json.loads(rings.create_multipolygon(element))
            records.append(Record(len(records) + 1, {"id": osm_id, "geometry": geometry, **tags}))
    except (RuntimeError, osmium.InvalidLocationError) as error:
        raise UnreadableFileError(f"{path} cannot be read as a file of OpenStreetMap: {error}.") from error
    return Table(records, {"id", "geometry", "name", *USES_BY_TAG}, "area")
