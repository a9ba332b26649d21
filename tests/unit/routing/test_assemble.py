"""From the register to the problem, and from a solution back to the plan."""

from datetime import date, timedelta

import numpy as np
import pytest

from services.domain.kinds import ContainerType, FacilityKind, StopKind, UnservedReason, VehicleKind
from services.domain.registry import CollectionPoint, DailyWindow, Facility, Vehicle, Zone
from services.domain.town import Town
from services.roads.network import Matrix, Snap
from services.routing import solution as solved
from services.routing.assemble import Assembly, assemble, plan_without_search, to_plan
from services.routing.problem import Break, Window
from services.routing.selection import Register, select

TOWN = Town("青石县")
DAY = date(2026, 3, 10)
HOUR_S = 3600
DEPOT = Facility("D1", FacilityKind.DEPOT, 112.0, 28.0)
STATION = Facility("S1", FacilityKind.TRANSFER_STATION, 112.01, 28.0, tip_s=300, bays=2, design_t_per_day=20)
TRUCK = Vehicle("V1", VehicleKind.COMPACTOR, "D1", 8000, shift=DailyWindow(6 * HOUR_S, 14 * HOUR_S))
MORNING, EVENING = DailyWindow(6 * HOUR_S, 9 * HOUR_S), DailyWindow(17 * HOUR_S, 20 * HOUR_S)


def assembly_of(
    points: list[CollectionPoint],
    vehicles: list[Vehicle] | None = None,
    facilities: list[Facility] | None = None,
    zones: list[Zone] | None = None,
    off_road: set[int] | None = None,
) -> Assembly:
    """Return the assembly of a register whose places are 100 s and 1 km apart, but for those off the road."""
    register = Register(
        points,
        [DEPOT, STATION] if facilities is None else facilities,
        [TRUCK] if vehicles is None else vehicles,
        zones or [],
    )
    selection = select(TOWN, DAY, register)
    count = len(selection.places)
    away = np.ones((count, count), dtype=np.int32) - np.eye(count, dtype=np.int32)
    snaps = tuple(None if at in (off_road or ()) else Snap(112, 28, 5.0, "") for at in range(count))
    return assemble(selection, Matrix(away * 100, away * 1000, snaps))


def seconds(assembly: Assembly, hour: float) -> int:
    """Return the problem's second of a local hour of the day."""
    return round((TOWN.instant(DAY, round(hour * HOUR_S)) - assembly.origin).total_seconds())


def point(point_id: str = "P1", **fields: object) -> CollectionPoint:
    """Return a point of 100 kg a day."""
    defaults: dict[str, object] = {"lon": 112.0, "lat": 28.01, "expected_kg": 100.0, "service_s": 60}
    return CollectionPoint(point_id, **(defaults | fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("windows", "expected"),
    [
        ((), ()),  # the service day holds every shift: no limit at all
        ((MORNING,), ((6, 9),)),
        ((EVENING, MORNING), ((6, 9), (17, 20))),
        ((MORNING, DailyWindow(8 * HOUR_S, 10 * HOUR_S)), ((6, 10),)),  # overlapping ones are one
        # one over the day's end is its end in the morning and its beginning at night
        ((DailyWindow(22 * HOUR_S, 5 * HOUR_S),), ((4, 5), (22, 28))),
    ],
)
def test_windows_become_seconds_in_which_service_may_begin(
    windows: tuple[DailyWindow, ...], expected: tuple[tuple[float, float], ...]
) -> None:
    """A visit ends within its window: it begins at the latest its service time before the end."""
    assembly = assembly_of([point(windows=windows)])
    assert assembly.problem.tasks[0].windows == tuple(
        Window(seconds(assembly, start), seconds(assembly, end) - 60) for start, end in expected
    )


def test_a_visit_takes_what_the_register_says() -> None:
    """Load is rounded up to whole kilograms, priority 1 is the ordinary one."""
    task = assembly_of([point(expected_kg=99.2, priority=3)]).problem.tasks[0]
    assert (task.demand_kg, task.service_s, task.priority, task.point) == (100, 60, 2, -1)


@pytest.mark.parametrize(
    ("visits_per_day", "windows", "spacings_s"),
    [
        (2, (), [2 * HOUR_S] * 2),  # two visits in a shift of 8 h: at least 2 h apart
        (2, (MORNING, EVENING), [0, 0]),  # their windows keep them apart
        (2, (MORNING,), [2700] * 2),  # two in 3 h: 45 min
    ],
)
def test_visits_of_one_point_are_kept_apart(
    visits_per_day: float, windows: tuple[DailyWindow, ...], spacings_s: list[int]
) -> None:
    """Where windows do not do it, half of an even spacing does."""
    tasks = assembly_of([point(visits_per_day=visits_per_day, windows=windows)]).problem.tasks
    assert [task.spacing_s for task in tasks] == spacings_s
    assert {task.point for task in tasks} == {0}
    assert [task.demand_kg for task in tasks] == [50, 50]


def test_visits_are_apart_by_the_hours_of_who_may_serve_them() -> None:
    """A truck that may not come to the point does not stretch the day that its visits are spread over."""
    crane = Vehicle("V2", VehicleKind.CRANE_TRUCK, "D1", 6000)  # at work the whole service day
    tasks = assembly_of([point(visits_per_day=2)], [TRUCK, crane]).problem.tasks
    assert [task.spacing_s for task in tasks] == [2 * HOUR_S] * 2


def test_a_truck_keeps_its_shift_break_and_prices() -> None:
    """Costs are counted in hundredths; the break begins within the second half of what may be worked without."""
    vehicle = Vehicle(
        "V1", VehicleKind.COMPACTOR, "D1", 7999.9,
        shift=DailyWindow(6 * HOUR_S, 14 * HOUR_S), break_s=1800, break_after_s=4 * HOUR_S,
        speed_factor=0.9, cost_per_km=3.25, cost_per_h=45, fixed_cost=120,
    )  # fmt: skip
    assembly = assembly_of([point()], [vehicle])
    (truck,) = assembly.problem.trucks
    assert (truck.shift_start_s, truck.shift_end_s) == (seconds(assembly, 6), seconds(assembly, 14))
    assert truck.rest == Break(1800, earliest_s=seconds(assembly, 8), latest_s=seconds(assembly, 10))
    assert (truck.capacity_kg, truck.cost_per_km, truck.cost_per_h, truck.fixed_cost) == (7999, 325, 4500, 12000)
    assert (truck.speed_factor, truck.ends_empty) == (0.9, True)


def test_a_station_keeps_its_hours_also_for_a_night_shift() -> None:
    """Hours of the neighbouring days count where a shift goes on past the service day; tipping ends before closing."""
    station = Facility("S1", FacilityKind.TRANSFER_STATION, 112, 28, tip_s=600, open_hours=MORNING, design_t_per_day=20)
    night = Vehicle("V1", VehicleKind.COMPACTOR, "D1", 8000, shift=DailyWindow(22 * HOUR_S, 8 * HOUR_S))
    assembly = assembly_of([point()], [night], [DEPOT, station])
    (found,) = assembly.problem.stations
    assert Window(seconds(assembly, 30), seconds(assembly, 33) - 600) in found.windows
    assert (found.tip_s, found.bays, found.remaining_kg) == (600, None, 30_000)


def test_without_any_station_a_truck_carries_one_load_home() -> None:
    """Nothing can be unloaded, so what it holds is all that it does."""
    (truck,) = assembly_of([point()], facilities=[DEPOT]).problem.trucks
    assert (truck.ends_empty, truck.max_kg) == (False, 8000)


@pytest.mark.parametrize(
    ("container_type", "zone", "vehicle", "other", "expected"),
    [
        (ContainerType.BIN, None, {}, {}, [True, True]),
        (ContainerType.PIT, None, {}, {"kind": VehicleKind.CRANE_TRUCK}, [False, True]),  # a crane is needed
        (ContainerType.PIT, None, {"container_types": frozenset({ContainerType.PIT})}, {}, [True, False]),
        (ContainerType.BIN, "K1", {"contractor_id": "K1"}, {"contractor_id": "K2"}, [True, False]),
        (ContainerType.BIN, "K1", {"contractor_id": "K1"}, {}, [True, True]),  # the town's own truck helps
        (ContainerType.BIN, "K1", {"contractor_id": "K2"}, {"contractor_id": "K2"}, [True, True]),  # K1 has none
        # K1 has trucks, but none for a pit
        (ContainerType.PIT, "K1", {"contractor_id": "K1"}, {"contractor_id": "K2", "kind": VehicleKind.CRANE_TRUCK},
         [False, True]),
    ],
)  # fmt: skip
def test_who_may_serve_a_point(
    container_type: ContainerType,
    zone: str | None,
    vehicle: dict[str, object],
    other: dict[str, object],
    expected: list[bool],
) -> None:
    """The container decides, and a zone is its contractor's as far as that has a vehicle for it."""
    zones = [Zone("Z1", {}, contractor_id=zone)]
    vehicles = [
        Vehicle(name, **({"kind": VehicleKind.COMPACTOR, "depot_id": "D1", "capacity_kg": 1000} | fields))  # type: ignore[arg-type]
        for name, fields in (("V1", vehicle), ("V2", other))
    ]
    assembly = assembly_of([point(container_type=container_type, zone_id="Z1")], vehicles, zones=zones)
    assert assembly.problem.may_serve.tolist() == [expected]


def test_what_no_road_comes_near_is_left_out_with_its_reason() -> None:
    """A point off the road is unserved, a depot keeps its truck in, a station is not used; the rest keeps its place."""
    second = Facility("D2", FacilityKind.DEPOT, 112, 29)
    third = Vehicle("V2", VehicleKind.COMPACTOR, "D2", 8000)
    # places: depots of V1 and V2, station, P1, P2
    assembly = assembly_of(
        [point("P1", lon=112.2), point("P2", lon=112.3)], [TRUCK, third], [DEPOT, second, STATION], off_road={1, 2, 3}
    )
    assert [(visit.point_id, visit.reason) for visit in assembly.unserved] == [("P1", UnservedReason.NO_ROAD_NEARBY)]
    assert [visit.point_id for visit in assembly.visits] == ["P2"]
    assert [working.vehicle.vehicle_id for working in assembly.vehicles] == ["V1"]
    assert assembly.stations == ()
    assert assembly.problem.travel[0].location_count == 2
    assert (assembly.problem.trucks[0].start_location, assembly.problem.tasks[0].location) == (0, 1)
    assert [note.split(":")[0] for note in assembly.notes] == ["Vehicle V2 stays in", "Nobody unloads at S1"]


@pytest.mark.parametrize(
    ("points", "vehicles", "reasons"),
    [([], None, []), ([point()], [], [UnservedReason.NO_VEHICLE_MAY_SERVE])],
)
def test_a_day_without_work_or_trucks_needs_no_search(
    points: list[CollectionPoint], vehicles: list[Vehicle] | None, reasons: list[UnservedReason]
) -> None:
    """The plan has no routes and a note; what is due has its reason."""
    assembly = assembly_of(points, vehicles)
    assert assembly.is_trivial
    plan = plan_without_search(assembly)
    assert plan.routes == ()
    assert [visit.reason for visit in plan.unserved] == reasons
    assert len(plan.notes) == 1


def test_a_solution_becomes_a_plan_of_instants_and_names() -> None:
    """Stops carry the register's names, the instants of the day, loads and the legs that lead to them."""
    assembly = assembly_of([point("P1", lon=112.2), point("P2", lon=112.3)])
    six = seconds(assembly, 6)
    stop, kind = solved.Stop, solved.StopKind
    route = solved.Route(
        truck=0,
        stops=(
            stop(kind.START, -1, 0, six, six, six),
            stop(kind.TASK, 1, 3, six + 100, six + 160, six + 220, load_kg=100, taken_kg=100),
            stop(kind.BREAK, -1, 3, six + 220, six + 220, six + 2020, load_kg=100),
            stop(kind.UNLOAD, 0, 1, six + 2120, six + 2120, six + 2420, taken_kg=-100),
            stop(kind.END, -1, 0, six + 2520, six + 2520, six + 2520),
        ),
        distance_m=3000, drive_s=300, duration_s=2520, overtime_s=0, collected_kg=100, collected_l=0, cost=12345,
    )  # fmt: skip
    unserved = (solved.Unserved(0, solved.Reason.TIME_RAN_OUT, "The search ended."),)
    plan = to_plan(assembly, solved.Solution((route,), unserved, cost=12345, distance_m=3000, duration_s=2520))
    (planned,) = plan.routes
    assert (planned.vehicle_id, planned.distance_m, planned.duration_s) == ("V1", 3000, 2520)
    assert [(one.kind, one.id, one.load_kg, one.collected_kg) for one in planned.stops] == [
        (StopKind.DEPOT, "D1", 0, 0),
        (StopKind.POINT, "P2", 100, 100),
        (StopKind.BREAK, "P2", 100, 0),
        (StopKind.STATION, "S1", 0, 0),
        (StopKind.DEPOT, "D1", 0, 0),
    ]
    assert [(one.leg_distance_m, one.leg_duration_s) for one in planned.stops] == [
        *((0, 0), (1000, 100), (0, 0), (1000, 100), (1000, 100))
    ]
    served = planned.stops[1]
    assert served.occurrence == 1
    # it waits from its arrival, and begins its service time before it leaves
    assert served.arrive_at == TOWN.instant(DAY, 6 * HOUR_S + 100)
    assert served.depart_at - served.arrive_at == timedelta(seconds=120)
    assert (plan.cost, plan.served) == (123.45, 1)
    assert [(visit.point_id, visit.reason) for visit in plan.unserved] == [("P1", UnservedReason.TIME_RAN_OUT)]
