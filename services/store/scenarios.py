"""Scenarios of facilities: thought through, saved, and taken into the register as planned facilities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID, uuid4

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from services.domain.errors import ConflictError, NotFoundError
from services.store.connection import Connection

Fields = Mapping[str, Any]
"""A change as it is stored: its fields by name, those that say nothing left out."""


@dataclass(frozen=True, slots=True)
class ScenarioRow:
    """A scenario; `adopted_at` is when its changes were taken into the register as planned."""

    scenario_id: UUID
    name: str
    note: str
    changes: Sequence[Fields]
    created_by: str
    created_at: datetime
    adopted_at: datetime | None
    adopted_by: str | None


_SCENARIOS: LiteralString = """
    SELECT scenario_id, name, note, changes, created_by, created_at, adopted_at, adopted_by FROM scenarios
    WHERE (%(id)s::uuid IS NULL OR scenario_id = %(id)s) AND (%(name)s::text IS NULL OR name = %(name)s)
    ORDER BY created_at DESC, name"""


def codes_of_scenarios(connection: Connection) -> frozenset[str]:
    """Return the codes of all facilities that scenarios speak of, whether the register has them or not."""
    query = "SELECT DISTINCT change->>'facility_id' FROM scenarios, jsonb_array_elements(changes) AS change"
    return frozenset(row[0] for row in connection.execute(query))


def create_scenario(
    connection: Connection, name: str, note: str, changes: Sequence[Fields], created_by: str, now: datetime
) -> UUID:
    """Store a scenario and return its id.

    Raises:
        ConflictError: there is one of that name.

    """
    scenario_id = uuid4()
    try:
        with connection.transaction():
            connection.execute(
                "INSERT INTO scenarios (scenario_id, name, note, changes, created_by, created_at) "
                "VALUES (%s, %s, %s, %s, %s, %s)",
                (scenario_id, name, note, Jsonb([dict(change) for change in changes]), created_by, now),
            )
    except UniqueViolation:
        raise ConflictError(f"There is a scenario {name!r} already; choose another name.") from None
    return scenario_id


def load_scenarios(
    connection: Connection, *, scenario_id: UUID | None = None, name: str | None = None
) -> list[ScenarioRow]:
    """Return the scenarios, or the one of an id or a name, the newest first."""
    with connection.cursor(row_factory=class_row(ScenarioRow)) as cursor:
        return cursor.execute(_SCENARIOS, {"id": scenario_id, "name": name}).fetchall()


def load_scenario(connection: Connection, scenario_id: UUID) -> ScenarioRow:
    """Return a scenario.

    Raises:
        NotFoundError: there is none of that id.

    """
    found = load_scenarios(connection, scenario_id=scenario_id)
    if not found:
        raise NotFoundError(f"There is no scenario {str(scenario_id)!r}.")
    return found[0]


def find_scenario(connection: Connection, name: str) -> ScenarioRow:
    """Return the scenario of a name.

    Raises:
        NotFoundError: there is none.

    """
    found = load_scenarios(connection, name=name)
    if not found:
        raise NotFoundError(f"There is no scenario {name!r}; `riqing scenario list` shows those there are.")
    return found[0]


def delete_scenario(connection: Connection, scenario_id: UUID) -> None:
    """Forget a scenario; what was adopted of it stays in the register.

    Raises:
        NotFoundError: there is none of that id.

    """
    if connection.execute("DELETE FROM scenarios WHERE scenario_id = %s", (scenario_id,)).rowcount == 0:
        raise NotFoundError(f"There is no scenario {str(scenario_id)!r}.")


def mark_adopted(connection: Connection, scenario_id: UUID, adopted_by: str, now: datetime) -> None:
    """Note that a scenario's changes are in the register now.

    Raises:
        ConflictError: they are already.

    """
    changed = connection.execute(
        "UPDATE scenarios SET adopted_at = %s, adopted_by = %s WHERE scenario_id = %s AND adopted_at IS NULL",
        (now, adopted_by, scenario_id),
    )
    if changed.rowcount == 0:
        raise ConflictError("The scenario was adopted already.")
