"""Visits against made-up days whose truth is known: one for each way in which evidence misleads."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.clearance.evidence import LevelTrace, ServiceEvent
from services.clearance.visits import find_visits
from services.domain.kinds import (
    ContainerType,
    EvidenceKind,
    FacilityKind,
    ServiceOutcome,
    ServiceSource,
    VehicleKind,
)
from services.domain.registry import CollectionPoint, Facility, Vehicle
from services.domain.town import Interval
from tests.unit.clearance.drives import DAY, LAT, LON, START_S, Drive, point_at

WITH_EVENTS = {"events": True}
LOAD_ONLY = {"events": False}
GPS_ONLY = {"events": False, "load": False}
SENSORS = [WITH_EVENTS, LOAD_ONLY, GPS_ONLY]


def visited(drive: Drive, points: list[CollectionPoint], **sensors: object) -> list[str]:
    """Return the points that were visited, in order of time."""
    return [visit.point_id for visit in find_visits(drive.observe(points, **sensors), DAY)]  # type: ignore[arg-type]


@pytest.mark.parametrize("sensors", SENSORS)
def test_a_served_point_is_visited_once(sensors: dict[str, bool]) -> None:
    """However a truck reports, one stand at a point is one visit about as long as it was."""
    point = point_at(1000, 8)
    drive = Drive().to(1000).serve(point).to(2500)
    for seed in range(10):
        (visit,) = find_visits(drive.observe([point], noise_m=8, seed=seed, **sensors), DAY)  # type: ignore[arg-type]
        start_s, end_s = drive.served[0][1:]
        assert abs(visit.interval.start.timestamp() - start_s) < 40
        assert abs(visit.interval.end.timestamp() - end_s) < 40
        assert visit.confidence > 0.5


@pytest.mark.parametrize("sensors", SENSORS)
@pytest.mark.parametrize("speed_kmh", [10, 15, 20, 30])
def test_a_drive_past_is_no_visit(sensors: dict[str, bool], speed_kmh: float) -> None:
    """Rolling past a point is no visit, at whatever speed and however noisy the receiver."""
    points = [point_at(x_m, 8) for x_m in (800, 1000, 1200)]
    drive = Drive().to(700).to(1300, speed_kmh=speed_kmh).to(3000)
    for seed in range(10):
        assert visited(drive, points, noise_m=10, seed=seed, **sensors) == []


@pytest.mark.parametrize(
    ("wait_s", "away_m", "sensors"),
    [
        (20, 0, GPS_ONLY),  # a traffic light
        (600, 70, GPS_ONLY),  # a long queue, a little way off
        (90, 5, LOAD_ONLY),  # beside the point, as long as serving it takes, but no heavier afterwards
    ],
)
def test_a_waiting_truck_has_not_served(wait_s: float, away_m: float, sensors: dict[str, bool]) -> None:
    """Standing in traffic by a point is no visit where time, place or load tell otherwise."""
    point = point_at(1000, 8)
    drive = Drive().to(1000 + away_m).wait(wait_s).to(3000)
    for seed in range(10):
        assert visited(drive, [point], noise_m=5, seed=seed, **sensors) == []


def test_a_device_that_reports_every_visit_says_much_by_its_silence() -> None:
    """Where ten visits were reported, a wait of a minute at the eleventh point is none, even without a load sensor."""
    points = [point_at(200 * number, 8, point_id=f"P{number}") for number in range(11)]
    drive = Drive()
    for number, point in enumerate(points):
        drive.to(200 * number)
        drive = drive.wait(60) if number == 5 else drive.serve(point)
    drive.to(3000)
    assert "P5" not in visited(drive, points, load=False, noise_m=5)
    assert len(visited(drive, points, load=False, noise_m=5)) == 10


def test_a_forgotten_button_does_not_hide_a_visit() -> None:
    """A driver who forgot to report one of ten visits is believed by the load of his truck."""
    points = [point_at(200 * number, 8, point_id=f"P{number}") for number in range(10)]
    drive = Drive()
    for number, point in enumerate(points):
        drive.to(200 * number).serve(point)
    drive.to(3000)
    del drive.events[4]
    assert len(visited(drive, points, noise_m=5)) == 10


def after_a_round() -> tuple[Drive, list[CollectionPoint]]:
    """Return a drive that has served twelve points far from each other, and these: they show how exactly it stands."""
    points = [point_at(-300 * number, 8, point_id=f"R{number}") for number in range(12, 0, -1)]
    drive = Drive(corners=[(0.0, -4000.0, 0.0, 500.0)])
    for number, point in zip(range(12, 0, -1), points, strict=True):
        drive.to(-300.0 * number).serve(point)
    return drive, points


@pytest.mark.parametrize("sensors", [LOAD_ONLY, GPS_ONLY])
@pytest.mark.parametrize(("index", "x_m"), [(0, 1000), (1, 1020)])
def test_of_two_points_close_by_the_one_that_was_served_is_visited(
    sensors: dict[str, bool], index: int, x_m: float
) -> None:
    """Which of two points 20 m apart was served is decided once the day has shown how exactly the truck stands."""
    points = [point_at(1000, 5, point_id="A"), point_at(1020, 5, point_id="B")]
    drive, others = after_a_round()
    drive.to(x_m).serve(points[index]).to(2500)
    found = [visited(drive, [*points, *others], noise_m=4, seed=seed, **sensors)[12:] for seed in range(20)]
    assert sum(visits == ["AB"[index]] for visits in found) >= 18


@pytest.mark.parametrize("sensors", [LOAD_ONLY, GPS_ONLY])
def test_of_two_points_close_by_none_is_guessed(sensors: dict[str, bool]) -> None:
    """A truck that stood in the middle between two points served either: neither is cleared by a guess."""
    points = [point_at(1000, 5, point_id="A"), point_at(1020, 5, point_id="B")]
    drive, others = after_a_round()
    drive.to(1010).serve(points[0]).to(2500)
    found = [visited(drive, [*points, *others], noise_m=4, seed=seed, **sensors)[12:] for seed in range(20)]
    assert sum(visits == [] for visits in found) >= 8
    assert all(len(visits) <= 1 for visits in found)


def test_both_of_two_points_close_by_are_visited_where_both_were_served() -> None:
    """Two stands of a minute, 20 m apart, are two visits by GPS alone."""
    points = [point_at(1000, 5, point_id="A"), point_at(1020, 5, point_id="B")]
    drive = Drive().to(1000).serve(points[0]).to(1020).serve(points[1]).to(2500)
    for seed in range(10):
        assert sorted(visited(drive, points, noise_m=4, seed=seed, **GPS_ONLY)) == ["A", "B"]


@pytest.mark.parametrize("sensors", [LOAD_ONLY, GPS_ONLY])
@pytest.mark.parametrize("away_m", [25, 35])
def test_a_stand_at_one_point_does_not_clear_the_neighbour_that_was_passed(
    sensors: dict[str, bool], away_m: float
) -> None:
    """A stand of twice the service time is a long service of one point, where the truck got no heavier than by it."""
    points = [point_at(1000, 5, point_id="A", service_s=120), point_at(1000 + away_m, 5, point_id="B", service_s=120)]
    drive, others = after_a_round()
    drive.to(1000).serve(points[0], wait_s=170).to(1000 + away_m, speed_kmh=10).to(2500)
    found = [visited(drive, [*points, *others], noise_m=5, seed=seed, **sensors)[12:] for seed in range(20)]
    assert sum(visits == ["A"] for visits in found) >= 18
    assert not any("B" in visits for visits in found)


def test_four_points_beside_one_stand_are_all_visited() -> None:
    """A stand that is as long as serving four points takes, and as heavy, served all of them."""
    points = [point_at(1000 + 6 * number, 5, point_id=f"P{number}", service_s=90) for number in range(4)]
    drive = Drive().to(1009)
    for point in points:
        drive.serve(point)
    drive.to(2500)
    for seed in range(10):
        found = visited(drive, points, noise_m=4, seed=seed, **LOAD_ONLY)
        assert sorted(found) == ["P0", "P1", "P2", "P3"]


def test_five_reports_in_one_stand_share_its_load() -> None:
    """A load that rose by five points' refuse is nothing against any of the five that were reported."""
    points = [point_at(1000 + 8 * number, 5, point_id=f"P{number}", expected_kg=100) for number in range(5)]
    drive = Drive().to(1000)
    for point in points:
        drive.serve(point, kg=160)
    drive.to(2500)
    for seed in range(10):
        assert len(visited(drive, points, noise_m=5, seed=seed)) == 5


def test_a_tag_that_was_not_read_is_believed_where_the_load_rose() -> None:
    """Of twenty tags nineteen are read; the truck got heavier at the twentieth point too, and at a wait it did not."""
    points = [point_at(200 * number, 8, point_id=f"P{number}") for number in range(21)]
    drive = Drive()
    for number, point in enumerate(points):
        drive.to(200 * number)
        drive = drive.wait(60) if number == 9 else drive.serve(point)
    drive.to(6000)
    del drive.events[4]
    found = visited(drive, points, noise_m=5)
    assert "P4" in found
    assert "P9" not in found


@pytest.mark.parametrize("outcome", [ServiceOutcome.SKIPPED, ServiceOutcome.BLOCKED])
def test_what_the_driver_says_he_did_not_serve_is_not_visited(outcome: ServiceOutcome) -> None:
    """A stand of minutes at a point is no visit when the driver reports the containers blocked."""
    point = point_at(1000, 8)
    drive = Drive().to(1000).wait(120).to(2500)
    drive.events.append(ServiceEvent(START_S + drive.corners[2][0], point.point_id, outcome, ServiceSource.BUTTON))
    assert visited(drive, [point], noise_m=5) == []


def test_of_several_reports_at_a_point_the_last_one_holds() -> None:
    """First blocked, then served a minute later, is a visit; the other way round it is none."""
    point = point_at(1000, 8)
    at_s = START_S + 400
    blocked = ServiceEvent(at_s, point.point_id, ServiceOutcome.BLOCKED, ServiceSource.BUTTON)
    served = ServiceEvent(at_s + 60, point.point_id, ServiceOutcome.SERVED, ServiceSource.BUTTON)
    for events, visits in (([blocked, served], 1), ([served, replace(blocked, at_s=at_s + 90)], 0)):
        drive = Drive()
        drive.events.extend(events)
        assert len(visited(drive, [point])) == visits


def test_each_container_may_report_itself() -> None:
    """Five tags read within a minute are one visit, and what they collected adds up."""
    point = point_at(1000, 8)
    drive = Drive().to(1000).serve(point, kg=250).to(2500)
    drive.events[:] = [
        ServiceEvent(drive.served[0][1] + 10 * number, point.point_id, ServiceOutcome.SERVED, ServiceSource.RFID, 50.0)
        for number in range(5)
    ]
    (visit,) = find_visits(drive.observe([point], noise_m=5), DAY)
    assert visit.collected_kg == 250
    assert [piece.kind for piece in visit.evidence][:2] == [EvidenceKind.SERVICE_EVENT, EvidenceKind.STAY]


def test_a_button_pressed_far_away_is_no_visit() -> None:
    """A driver who presses the button two kilometres from the point has not served it; a tag read has more weight."""
    point = point_at(1000, 8)
    drive = Drive().to(3000).wait(300).to(5000)
    for source, visits in ((ServiceSource.BUTTON, 0), (ServiceSource.RFID, 1)):
        told_s = START_S + drive.corners[1][0] + 100
        drive.events[:] = [ServiceEvent(told_s, point.point_id, ServiceOutcome.SERVED, source)]
        assert len(visited(drive, [point], noise_m=5, load=False)) == visits


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_report_from_the_road_a_hundred_metres_off_is_a_visit(share: float) -> None:
    """Where no road leads to a point, the load before and after its slow service speaks for the report of it."""
    point = point_at(1000, 100, service_s=480)
    drive = Drive().to(1000).serve(point).to(2500)
    _, start_s, end_s = drive.served[0]
    told_s = start_s + share * (end_s - start_s)
    drive.events[:] = [ServiceEvent(told_s, point.point_id, ServiceOutcome.SERVED, ServiceSource.ARM)]
    assert visited(drive, [point], noise_m=5) == [point.point_id]


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_a_report_in_a_stand_longer_than_the_register_says_is_a_visit(share: float) -> None:
    """The load is looked at over the whole stand in which was reported, also right after and before a tipping."""
    point = point_at(1000, 110, service_s=60)
    for drive in (Drive(), Drive().serve(point_at(-300), kg=4000).to(900).tip()):
        drive.to(1000).serve(point, wait_s=480).to(1060).tip().to(2500)
        _, start_s, end_s = drive.served[-1]
        drive.events[-1:] = [
            ServiceEvent(start_s + share * (end_s - start_s), point.point_id, ServiceOutcome.SERVED, ServiceSource.RFID)
        ]
        assert visited(drive, [point], noise_m=5) == [point.point_id]


def test_a_report_without_any_fix_is_a_visit() -> None:
    """A service event alone, from a truck without a receiver, is enough."""
    point = point_at(1000)
    drive = Drive()
    drive.events.append(ServiceEvent(START_S + 100, point.point_id, ServiceOutcome.SERVED))
    assert visited(drive, [point]) == [point.point_id]


@pytest.mark.parametrize(
    ("kind", "container_type", "visits"),
    [
        (VehicleKind.COMPACTOR, ContainerType.BIN, 1),
        (VehicleKind.COMPACTOR, ContainerType.PIT, 0),  # a pit bin needs a crane
        (VehicleKind.CRANE_TRUCK, ContainerType.PIT, 1),
        (VehicleKind.CRANE_TRUCK, ContainerType.BIN, 0),
        (VehicleKind.SWEEPER, ContainerType.BIN, 0),
    ],
)
def test_only_a_vehicle_that_may_serve_a_point_visits_it(
    kind: VehicleKind, container_type: ContainerType, visits: int
) -> None:
    """A truck of the wrong kind that stands at a point has not visited it."""
    point = point_at(1000, 8, container_type=container_type)
    drive = Drive(vehicle=Vehicle("V1", kind, "D1", 8000.0)).to(1000).serve(point).to(2500)
    assert len(visited(drive, [point], noise_m=5, **GPS_ONLY)) == visits


def test_a_truck_parked_at_its_depot_has_not_served_the_point_at_the_gate() -> None:
    """A night at the depot is no visit to the containers before it."""
    point = point_at(1000, 30)
    depot = Facility("D1", FacilityKind.DEPOT, point_at(1000).lon, LAT)
    drive = Drive().to(1000).wait(3600).to(2500)
    assert visited(drive, [point], noise_m=5, facilities=[depot], **GPS_ONLY) == []
    assert depot.lon > LON


@pytest.mark.parametrize(
    ("after", "visits"),
    [
        (0.05, 1),  # emptied
        (0.65, 0),  # still as full as before: somebody only stood there
    ],
)
def test_a_fill_level_tells_whether_the_container_was_emptied(after: float, visits: int) -> None:
    """A stand of little more than half the service time is a visit if the level fell, and none if it did not."""
    point = point_at(1000, 8, service_s=100)
    drive = Drive().to(1000).wait(65).to(2500)
    arrived_s = START_S + drive.corners[1][0]
    trace = LevelTrace(
        arrived_s + np.array([-2400.0, -1200.0, -100.0, 110.0, 1300.0]),
        np.array([0.6, 0.62, 0.64, after, after + 0.01]),
    )
    found = visited(drive, [point], noise_m=5, levels={point.point_id: [trace]}, **GPS_ONLY)
    assert len(found) == visits


def test_three_visits_in_a_day_are_three() -> None:
    """A point that a truck serves at different hours is visited each time."""
    point = point_at(1000, 8)
    drive = Drive()
    for _ in range(3):
        drive.to(1000).serve(point).to(3000).wait(1800)
    assert visited(drive, [point], noise_m=5, **GPS_ONLY) == [point.point_id] * 3


def test_a_visit_belongs_to_the_day_in_which_it_begins() -> None:
    """A stand across the end of a service day is one visit, of the day that it began in."""
    point = point_at(1000, 8, service_s=300)
    drive = Drive().to(1000).serve(point).to(2500)
    cut = DAY.start + timedelta(hours=2, seconds=drive.corners[1][0] + 150)
    day = drive.observe([point], noise_m=5, **GPS_ONLY)  # type: ignore[arg-type]
    assert len(find_visits(day, Interval(DAY.start, cut))) == 1
    assert find_visits(day, Interval(cut, DAY.end)) == []


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_order_of_arrival_changes_nothing(seed: int) -> None:
    """Fixes and events in any order make the same visits, to the last digit."""
    points = [point_at(150 * number, 8, point_id=f"P{number}") for number in range(8)]
    drive = Drive()
    for number, point in enumerate(points):
        drive.to(150 * number).serve(point)
    drive.to(2000)
    in_order = find_visits(drive.observe(points, noise_m=10, seed=seed), DAY)
    shuffled = find_visits(drive.observe(points, noise_m=10, seed=seed, shuffle=True), DAY)
    assert shuffled == in_order


@pytest.mark.parametrize(
    ("sensors", "noise_m", "precision", "recall"),
    [
        (WITH_EVENTS, 10.0, 0.995, 0.995),
        (LOAD_ONLY, 10.0, 0.98, 0.98),
        (GPS_ONLY, 10.0, 0.97, 0.97),
        (GPS_ONLY, 25.0, 0.95, 0.9),
    ],
)
def test_many_stops_with_drive_pasts_and_queues(
    sensors: dict[str, bool], noise_m: float, precision: float, recall: float
) -> None:
    """Over ten made-up rounds nearly all served points are visited, and nearly none that was not served."""
    right = wrong = overlooked = 0
    for seed in range(10):
        drive, points = made_up_round(seed)
        truth = {point_id for point_id, _, _ in drive.served}
        found = set(visited(drive, points, noise_m=noise_m, seed=seed, **sensors))
        right, wrong, overlooked = (
            right + len(found & truth),
            wrong + len(found - truth),
            overlooked + len(truth - found),
        )
    assert right / (right + wrong) >= precision
    assert right / (right + overlooked) >= recall


def made_up_round(seed: int) -> tuple[Drive, list[CollectionPoint]]:
    """Return a round of 60 points: a tenth only driven past, and now and then a wait in traffic."""
    generator = np.random.default_rng(seed)
    x_m = np.cumsum(generator.uniform(60, 250, 60))
    points = [
        point_at(
            float(x),
            float(generator.choice([-1, 1]) * generator.uniform(4, 15)),
            point_id=f"P{number}",
            service_s=int(generator.integers(40, 120)),
        )
        for number, x in enumerate(x_m)
    ]
    drive = Drive()
    for x, point in zip(x_m.tolist(), points, strict=True):
        if generator.random() < 0.1:
            drive.to(x - 60).to(x + 60, speed_kmh=float(generator.uniform(10, 30)))
            continue
        drive.to(x, speed_kmh=float(generator.uniform(18, 35)))
        drive.serve(point, wait_s=point.service_s * float(generator.uniform(0.7, 1.4)))
        if generator.random() < 0.05:
            drive.to(x + float(generator.uniform(15, 50))).wait(float(generator.uniform(10, 60)))
    return drive.to(float(x_m[-1]) + 500), points
