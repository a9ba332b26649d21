"""Reading many rows at once as columns, by a binary copy: some thirty times as fast as row by row."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from psycopg import sql

from services.store.connection import Connection

FloatArray = NDArray[np.float64]

INTEGER, BIGINT, REAL, DOUBLE, INSTANT = ">i4", ">i8", ">f4", ">f8", ">M8"
"""The types that a column may have; an instant becomes seconds since 1970. None of them may be null."""

_HEADER_BYTES, _TRAILER_BYTES = 19, 2
_POSTGRES_EPOCH_S = 946_684_800.0


def copy_columns(connection: Connection, query: sql.Composed, types: Mapping[str, str]) -> dict[str, FloatArray]:
    """Return the columns of `query` as arrays of floats.

    `types` name its columns in order. A value that may be null must be made NaN by the query.
    """
    parts: list[tuple[str, str]] = [("fields", ">i2")]
    for name, kind in types.items():
        # Each value stands behind its length.
        parts += [(f"{name} length", ">i4"), (name, BIGINT if kind == INSTANT else kind)]
    row = np.dtype(parts)
    statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(query)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        raw = b"".join(bytes(block) for block in copy)
    rows = np.frombuffer(raw[_HEADER_BYTES : len(raw) - _TRAILER_BYTES], dtype=row)
    columns = {name: rows[name].astype(np.float64) for name in types}
    for name, kind in types.items():
        if kind == INSTANT:
            columns[name] = columns[name] / 1e6 + _POSTGRES_EPOCH_S
    return columns
