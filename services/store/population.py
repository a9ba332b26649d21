"""Where the residents live, as columns: a county has tens of thousands of cells, read with each coverage."""

from psycopg import sql

from services.store.bulk import DOUBLE, FloatArray, copy_columns
from services.store.connection import Connection


def load_population_columns(connection: Connection) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return longitude and latitude in degrees and the residents of each cell, always in the same order."""
    query = sql.SQL("SELECT lon, lat, residents FROM population_cells ORDER BY lon, lat")
    columns = copy_columns(connection, sql.Composed([query]), {"lon": DOUBLE, "lat": DOUBLE, "residents": DOUBLE})
    return columns["lon"], columns["lat"], columns["residents"]
