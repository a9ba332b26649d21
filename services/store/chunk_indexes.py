"""Indices of chunks that nothing is added to any more, made dense.

Readings come by time and the index is by device, so its pages split in their middle as it grows: of the 177 MB that a
million positions take, 68 are index, and 41 of these would do.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

from psycopg import sql

from services.store.connection import Connection

TABLES = ("positions", "levels", "usages")
"""Those whose key is of one width: 41 bytes an entry when dense."""

LOOSE_BYTES = 50
"""An index with more than this for each row is worth the work."""

FEWEST_ROWS = 100_000

_LOOSE: LiteralString = """
    SELECT namespace.nspname, index.relname, entry.indisvalid
    FROM timescaledb_information.chunks AS chunk
        JOIN pg_class AS heap ON heap.oid = format('%%I.%%I', chunk_schema, chunk_name)::regclass
        JOIN pg_index AS entry ON entry.indrelid = heap.oid
        JOIN pg_class AS index ON index.oid = entry.indexrelid
        JOIN pg_namespace AS namespace ON namespace.oid = index.relnamespace
    WHERE hypertable_name = ANY(%s) AND range_end < %s AND heap.reltuples >= %s
        AND (pg_relation_size(index.oid) > heap.reltuples * %s OR NOT entry.indisvalid)
    ORDER BY range_end, index.relname"""


@dataclass(frozen=True, slots=True)
class ChunkIndex:
    """An index of one chunk."""

    schema: str
    name: str
    is_valid: bool
    """Not, when the making of it was broken off: it is written to and never read."""

    @property
    def identifier(self) -> sql.Identifier:
        """Its name as SQL."""
        return sql.Identifier(self.schema, self.name)


def loose_indexes(connection: Connection, before: datetime) -> list[ChunkIndex]:
    """Return the indices worth making dense, of chunks that end before an instant, the oldest first."""
    rows = connection.execute(_LOOSE, ([*TABLES], before, FEWEST_ROWS, LOOSE_BYTES)).fetchall()
    return [ChunkIndex(*row) for row in rows]


def make_dense(connection: Connection, index: ChunkIndex) -> None:
    """Build an index anew beside the old one, in the way of nobody; drop one whose making was broken off.

    `connection` must be in autocommit mode.
    """
    if index.is_valid:
        connection.execute(sql.SQL("REINDEX INDEX CONCURRENTLY {}").format(index.identifier))
    else:
        connection.execute(sql.SQL("DROP INDEX CONCURRENTLY {}").format(index.identifier))
