"""The pieces of land whose use is known."""

from services.domain.land_use import USE_OF, LandParcel
from services.store.connection import Connection

Version = tuple[str, int]
"""A database, and the state of its register: while it lasts, what was made of the register holds."""


def load_land_parcels(connection: Connection) -> list[LandParcel]:
    """Return all pieces of land by identifier."""
    rows = connection.execute("SELECT parcel_id, landuse, geometry, name FROM land_parcels ORDER BY parcel_id")
    return [LandParcel(parcel_id, USE_OF[landuse], geometry, name) for parcel_id, landuse, geometry, name in rows]


def land_version(connection: Connection) -> Version:
    """Return the state of the register that the pieces of land, and the zones, are part of."""
    row = connection.execute("SELECT current_database(), version FROM register_version").fetchone()
    assert row is not None, "the table has one row from its migration on"
    return str(row[0]), int(row[1])
