"""Who and what takes part in a day's plan."""

from datetime import UTC, date, datetime

import pytest

from services.domain.errors import InvalidRequestError
from services.domain.kinds import FacilityKind, FacilityStatus, VehicleKind
from services.domain.registry import CollectionPoint, DailyWindow, Facility, Vehicle, Zone
from services.domain.town import Interval, Town
from services.routing.selection import Register, Selection, select

TOWN = Town("青石县")
DAY = date(2026, 3, 10)
DEPOT = Facility("D1", FacilityKind.DEPOT, 112.0, 28.0)
STATION = Facility("S1", FacilityKind.TRANSFER_STATION, 112.01, 28.0)
POINT = CollectionPoint("P1", 112.0, 28.01, zone_id="Z1")
TRUCK = Vehicle("V1", VehicleKind.COMPACTOR, "D1", 8000)
ZONE = Zone("Z1", {}, contractor_id="K1")


def selection_of(
    *,
    points: tuple[CollectionPoint, ...] = (POINT,),
    facilities: tuple[Facility, ...] = (DEPOT, STATION),
    vehicles: tuple[Vehicle, ...] = (TRUCK,),
    point_ids: list[str] | None = None,
    vehicle_ids: list[str] | None = None,
) -> Selection:
    """Return the selection of a small register."""
    return select(TOWN, DAY, Register(points, facilities, vehicles, (ZONE,)), point_ids, vehicle_ids)


def test_all_that_takes_part_is_listed_in_the_order_of_the_places() -> None:
    """Depots come first, then stations, then the visits' points."""
    selection = selection_of()
    assert selection.places == [DEPOT.position, STATION.position, POINT.position]
    assert selection.contractors == {"P1": "K1"}
    assert selection.notes == ()


@pytest.mark.parametrize(
    ("vehicle", "note"),
    [
        (Vehicle("V2", VehicleKind.COMPACTOR, "D9", 8000), "Vehicle V2 stays in: there is no depot 'D9'"),
        (Vehicle("V3", VehicleKind.COMPACTOR, "S1", 8000), "Vehicle V3 stays in: there is no depot 'S1'"),
    ],
)
def test_a_truck_without_depot_stays_in_and_is_named(vehicle: Vehicle, note: str) -> None:
    """Such a truck does not spoil the plan of the others; the dispatcher is told."""
    selection = selection_of(vehicles=(TRUCK, vehicle))
    assert [working.vehicle for working in selection.vehicles] == [TRUCK]
    assert note in selection.notes[0]


def test_many_trucks_of_one_missing_depot_are_one_note() -> None:
    """The first few are named, the others counted."""
    trucks = tuple(Vehicle(f"V{number}", VehicleKind.COMPACTOR, "D9", 8000) for number in range(1, 8))
    (note, nobody) = selection_of(vehicles=trucks).notes
    assert note == "Vehicles V1, V2, V3, V4, V5 and 2 more stay in: there is no depot 'D9' in the register."
    assert nobody == "There is no vehicle that could go out."


def test_a_sweeper_is_passed_over_unless_it_was_asked_for() -> None:
    """It collects no refuse: not worth a word, except to whoever named it."""
    sweeper = Vehicle("W1", VehicleKind.SWEEPER, "D1", 5000)
    assert selection_of(vehicles=(TRUCK, sweeper)).notes == ()
    assert "collects no refuse" in selection_of(vehicles=(TRUCK, sweeper), vehicle_ids=["V1", "W1"]).notes[0]


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"points": ()}, "Nothing is due on 2026-03-10."),
        ({"vehicles": ()}, "There is no vehicle that could go out."),
        ({"facilities": (DEPOT,)}, "so trucks come home loaded"),
    ],
)
def test_what_is_missing_altogether_is_noted(changes: dict[str, tuple[object, ...]], note: str) -> None:
    """A plan of nothing, by nobody, or to nowhere says so."""
    assert note in selection_of(**changes).notes[-1]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facility", "is_used"),
    [
        (Facility("F", FacilityKind.LANDFILL, 112, 28), True),
        (Facility("F", FacilityKind.INCINERATOR, 112, 28), True),
        (Facility("F", FacilityKind.CONSTRUCTION_LANDFILL, 112, 28), False),  # not for household refuse
        (Facility("F", FacilityKind.PUBLIC_TOILET, 112, 28), False),
        (Facility("F", FacilityKind.LANDFILL, 112, 28, status=FacilityStatus.UNDER_RENOVATION), False),
        (Facility("F", FacilityKind.LANDFILL, 112, 28, status=FacilityStatus.PLANNED), False),
    ],
)
def test_trucks_unload_where_refuse_is_taken_and_in_service(facility: Facility, is_used: bool) -> None:
    """Stations and disposal sites for household refuse, while they are in service."""
    assert (facility in selection_of(facilities=(DEPOT, facility)).stations) is is_used


def test_only_what_was_asked_for_is_planned() -> None:
    """Points and vehicles can be named; one that is not there is refused by name."""
    other = CollectionPoint("P2", 112.0, 28.02)
    asked = selection_of(points=(POINT, other), point_ids=["P2"])
    assert [visit.point_id for visit in asked.visits] == ["P2"]
    with pytest.raises(InvalidRequestError, match="no point 'P9'"):
        selection_of(point_ids=["P9"])
    with pytest.raises(InvalidRequestError, match="no vehicle 'V9'"):
        selection_of(vehicle_ids=["V9"])


@pytest.mark.parametrize(
    ("shift", "expected"),
    [
        (None, TOWN.service_day(DAY)),
        # 22:00 of the day to 06:00 of the next, past the service day's end
        (
            DailyWindow(22 * 3600, 6 * 3600),
            Interval(datetime(2026, 3, 10, 14, tzinfo=UTC), datetime(2026, 3, 10, 22, tzinfo=UTC)),
        ),
    ],
)
def test_a_shift_is_the_day_s_own_and_whole(shift: DailyWindow | None, expected: Interval) -> None:
    """Without a shift a truck has the service day; a night shift is not cut at its end."""
    truck = Vehicle("V1", VehicleKind.COMPACTOR, "D1", 8000, shift=shift)
    assert selection_of(vehicles=(truck,)).vehicles[0].shift == expected
