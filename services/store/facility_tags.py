"""What a map says of facilities: tags of OpenStreetMap, and the element that each is there."""

from collections.abc import Iterable, Mapping

from psycopg.types.json import Jsonb

from services.store.connection import Connection


def load_tags(connection: Connection) -> dict[str, Mapping[str, str]]:
    """Return the tags of each facility of which a map says anything."""
    return dict(connection.execute("SELECT facility_id, tags FROM facility_tags").fetchall())


def load_elements(connection: Connection) -> dict[str, str]:
    """Return the facility of each element of the map that was imported."""
    rows = connection.execute("SELECT osm_id, facility_id FROM facility_tags WHERE osm_id IS NOT NULL")
    return dict(rows.fetchall())


def save_tags(connection: Connection, rows: Iterable[tuple[str, str | None, Mapping[str, str]]]) -> None:
    """Store facility, element and tags; what was known of a facility before gives way."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO facility_tags (facility_id, osm_id, tags) VALUES (%s, %s, %s)
            ON CONFLICT (facility_id) DO UPDATE SET osm_id = excluded.osm_id, tags = excluded.tags
            """,
            [(facility_id, osm_id, Jsonb(dict(tags))) for facility_id, osm_id, tags in rows],
        )
