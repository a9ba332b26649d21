"""What waits in the store, for those who watch over the system."""

from dataclasses import dataclass

from psycopg.rows import class_row

from services.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Backlog:
    """Batches of readings that clearance has yet to see, refused messages, devices online, open alarms."""

    stored_batches: int
    dead_letters: int
    devices_online: int
    open_alarms: int


def load_backlog(connection: Connection) -> Backlog:
    """Count what waits."""
    with connection.cursor(row_factory=class_row(Backlog)) as cursor:
        found = cursor.execute(
            """
            SELECT (SELECT count(*) FROM stored_batches) AS stored_batches,
                (SELECT count(*) FROM dead_letters) AS dead_letters,
                (SELECT count(*) FROM devices WHERE online) AS devices_online,
                (SELECT count(*) FROM alarms WHERE cleared_at IS NULL) AS open_alarms
            """
        ).fetchone()
    assert found is not None, "a query of counts has a row"
    return found
