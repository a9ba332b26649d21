"""The life cycle as the register keeps it: phases noted, and facilities as they are on a day."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from services.domain.errors import NotFoundError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import Facility
from services.facilities.life_cycle import (
    BEFORE_ALL,
    Phase,
    Phases,
    facilities_on,
    promised_by,
    with_phase,
    without_phase,
)
from services.store.connection import Connection
from services.store.facility_phases import PhaseRow, delete_phase, load_phases, save_phase
from services.store.registry import load_facilities
from services.store.town import load_clock, load_town


def facilities_of_day(connection: Connection, kinds: Iterable[FacilityKind], on: date | None = None) -> list[Facility]:
    """Return the facilities of `kinds` as they are on a day, by default today by the town's clock."""
    day = load_town(connection).service_date(load_clock(connection).now()) if on is None else on
    return facilities_on(load_facilities(connection, kinds), phases_of(connection), day)


def phases_of(connection: Connection, facility_id: str | None = None) -> Phases:
    """Return the dated phases of all facilities, or of one."""
    return {
        name: [Phase(row.begins_on, FacilityStatus(row.status), row.replaced_by, row.renewed) for row in rows]
        for name, rows in load_phases(connection, facility_id).items()
    }


def note_phase(
    connection: Connection,
    facility_id: str,
    begins_on: date,
    status: FacilityStatus,
    noted_by: str,
    *,
    note: str = "",
    replaced_by: str | None = None,
    renewed: Mapping[str, Any] | None = None,
) -> None:
    """Note from when on a facility has a status, once that fits what comes before and after.

    `renewed` are fields of the facility that hold from then on, or that works are to bring; where nothing is said, what
    the works before were to bring is there from then on.

    Raises:
        NotFoundError: there is no such facility, or none that could serve meanwhile.
        ConflictError: the status does not fit.

    """
    register = {facility.facility_id: facility for facility in load_facilities(connection)}
    if facility_id not in register:
        raise NotFoundError(f"There is no facility {facility_id!r}.")
    noted = phases_of(connection, facility_id).get(facility_id) or [Phase(BEFORE_ALL, register[facility_id].status)]
    if renewed is None:
        renewed = promised_by(noted, begins_on) if status is FacilityStatus.IN_SERVICE else {}
    with_phase(noted, Phase(begins_on, status, replaced_by, renewed))
    save_phase(connection, PhaseRow(facility_id, begins_on, str(status), replaced_by, note, noted_by, renewed))


def forget_phase(connection: Connection, facility_id: str, begins_on: date) -> None:
    """Forget a phase; the one before it lasts on.

    Raises:
        NotFoundError: none of the facility's begins on that day.
        ConflictError: the next status cannot follow without it.

    """
    without_phase(phases_of(connection, facility_id).get(facility_id, ()), begins_on)
    delete_phase(connection, facility_id, begins_on)
