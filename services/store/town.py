"""The town's row and its clock."""

from services.domain.clock import REAL_CLOCK, TownClock
from services.domain.errors import ConflictError, NotFoundError
from services.domain.town import Town
from services.store.connection import Connection

NO_TOWN = "There is no town yet; make one with `riqing town init NAME`."


def load_town(connection: Connection) -> Town:
    """Return the town.

    Raises:
        NotFoundError: there is none yet.

    """
    row = connection.execute("SELECT name, timezone, day_start FROM town").fetchone()
    if row is None:
        raise NotFoundError(NO_TOWN)
    return Town(name=row[0], timezone=row[1], day_start=row[2])


def load_town_and_clock(connection: Connection) -> tuple[Town, TownClock]:
    """Return the town and its clock, in one question.

    Raises:
        NotFoundError: there is no town yet.

    """
    row = connection.execute(
        "SELECT name, timezone, day_start, set_at, shows_at_set, speed FROM town LEFT JOIN town_clock ON true"
    ).fetchone()
    if row is None:
        raise NotFoundError(NO_TOWN)
    clock = REAL_CLOCK if row[3] is None else TownClock(row[3], row[4], row[5], simulated=True)
    return Town(name=row[0], timezone=row[1], day_start=row[2]), clock


def create_town(connection: Connection, town: Town) -> bool:
    """Store the town; return False where the same one is there already.

    Raises:
        ConflictError: this stack holds another town.

    """
    row = connection.execute("SELECT name, timezone, day_start FROM town").fetchone()
    if row is not None:
        present = Town(name=row[0], timezone=row[1], day_start=row[2])
        if present == town:
            return False
        raise ConflictError(
            f"This stack already holds the town {present.name!r} ({present.timezone}, day from "
            f"{present.day_start:%H:%M}); use another data folder (--data-dir) for another town."
        )
    connection.execute(
        "INSERT INTO town (name, timezone, day_start) VALUES (%s, %s, %s)",
        (town.name, town.timezone, town.day_start),
    )
    return True


def load_clock(connection: Connection) -> TownClock:
    """Return the town's clock, the real one unless a simulation has set it."""
    row = connection.execute("SELECT set_at, shows_at_set, speed FROM town_clock").fetchone()
    return REAL_CLOCK if row is None else TownClock(row[0], row[1], row[2], simulated=True)


def save_clock(connection: Connection, clock: TownClock) -> None:
    """Set the town's clock and tell every room (NOTIFY town_clock)."""
    connection.execute("DELETE FROM town_clock")
    if clock.simulated:
        connection.execute(
            "INSERT INTO town_clock (set_at, shows_at_set, speed) VALUES (%s, %s, %s)",
            (clock.set_at, clock.shows_at_set, clock.speed),
        )
    connection.execute("NOTIFY town_clock")
