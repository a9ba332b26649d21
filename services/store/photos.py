"""Photos that drivers and residents send: one for each report or case, in the database with what they show."""

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from services.domain.errors import ConflictError, NotFoundError
from services.store.connection import Connection

REPORT, CASE = "report_number", "case_id"


@dataclass(frozen=True, slots=True)
class PhotoOf:
    """What a photo belongs to: a driver's report or a case, by its key in the store."""

    column: str
    key: int

    @classmethod
    def report(cls, report_number: int) -> "PhotoOf":
        """Return the photo of a driver's report."""
        return cls(REPORT, report_number)

    @classmethod
    def case(cls, case_id: int) -> "PhotoOf":
        """Return the photo of a case."""
        return cls(CASE, case_id)


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo with its media type."""

    media_type: str
    content: bytes


def keep_photo(connection: Connection, of: PhotoOf, photo: Photo, now: datetime) -> bool:
    """Keep a photo; return whether it was new. The same one may be sent again.

    Raises:
        ConflictError: there is another one already.

    """
    insert = sql.SQL(
        "INSERT INTO photos ({column}, received_at, media_type, content) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT ({column}) DO NOTHING"
    ).format(column=sql.Identifier(of.column))
    if connection.execute(insert, (of.key, now, photo.media_type, photo.content)).rowcount:
        return True
    if load_photo(connection, of) != photo:
        raise ConflictError("There is already another photo; the first one stays.")
    return False


def load_photo(connection: Connection, of: PhotoOf) -> Photo:
    """Return a photo.

    Raises:
        NotFoundError: there is none.

    """
    query = sql.SQL("SELECT media_type, content FROM photos WHERE {} = %s").format(sql.Identifier(of.column))
    row = connection.execute(query, (of.key,)).fetchone()
    if row is None:
        raise NotFoundError("No photo was sent.")
    return Photo(row[0], bytes(row[1]))
