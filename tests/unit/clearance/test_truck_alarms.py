"""What is wrong with a truck, told from its last fixes: standing, off its route, cover open, load lost."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from services.clearance.alarms.condition import Condition, Limit
from services.clearance.alarms.cover_open import cover_open
from services.clearance.alarms.load_lost import load_lost
from services.clearance.alarms.off_route import off_route
from services.clearance.alarms.standing import standing
from services.clearance.alarms.trucks import Roads, Route, RouteStop, Trace, Truck
from services.clearance.places import Places
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import Facility
from tests.unit.clearance.drives import LAT, LON, METRES_PER_DEGREE, START_S, Drive, point_at

LIMITS = {
    "alarm_vehicle_standing_min": Limit(20, 20),
    "alarm_vehicle_standing_m": Limit(200, 60),
    "alarm_vehicle_off_route_m": Limit(500, 250),
    "alarm_vehicle_off_route_min": Limit(10, 10),
    "alarm_cover_open_kmh": Limit(15, 15),
    "alarm_cover_open_load_kg": Limit(500, 500),
    "alarm_cover_open_s": Limit(30, 30),
    "alarm_load_lost_kg": Limit(300, 300),
    "alarm_load_lost_share": Limit(0.2, 0.2),
    "alarm_load_lost_station_m": Limit(300, 300),
}
POINTS = [point_at(0), point_at(8000)]
STATION = Facility(
    "S1", FacilityKind.TRANSFER_STATION, LON, LAT + 3000 / METRES_PER_DEGREE, status=FacilityStatus.IN_SERVICE
)
PLACES = Places(POINTS, [STATION])
EAST = [(LON + along / (METRES_PER_DEGREE * np.cos(np.radians(LAT))), LAT) for along in (-300, 4000, 8000)]


def always(at_s: float) -> bool:
    """Tell of an open cover all the way."""
    return at_s >= 0


def never(at_s: float) -> bool:
    """Tell of a closed cover all the way."""
    return at_s < 0


def truck(drive: Drive, *, cover: Callable[[float], bool] | None = None) -> Truck:
    """Return a truck at the end of a drive, on a route along the street to the east with one stop of 30 min at 4 km."""
    day = drive.observe(POINTS, noise_m=6.0, facilities=[STATION])
    # In the metres of these places, whose origin is that of the drive's.
    track = day.track
    told = np.full(len(track), np.nan)
    if cover is not None:
        told = np.array([float(cover(at_s - START_S)) for at_s in track.time_s])
    x_m, y_m = PLACES.projection.metres(np.array([LON]), np.array([LAT]))
    rest = RouteStop(float(x_m[0]) + 4000.0, float(y_m[0]), 1800.0)
    route = Route(START_S, START_S + 9 * 3600, (rest,), Roads.of([EAST], PLACES.projection))
    trace = Trace(track.time_s, track.x_m, track.y_m, track.speed_kmh, track.load_kg, told)
    return Truck("V1", START_S + drive.now_s, trace, PLACES, route)


def verdict(condition: Condition | None) -> str:
    """Say what a condition does."""
    return "neither" if condition is None else "raises" if condition.raises else "keeps"


def minutes(number: float) -> float:
    """Return so many minutes in seconds."""
    return number * 60.0


@pytest.mark.parametrize(
    ("drive", "does"),
    [
        (Drive().to(2000).wait(minutes(19)), "neither"),
        (Drive().to(2000).wait(minutes(22)), "raises"),
        (Drive().to(2000).wait(minutes(22)).to(2120).wait(60), "keeps"),  # pushed aside: the same stand
        (Drive().to(2000).wait(minutes(22)).to(2400).wait(60), "neither"),
        (Drive().to(4000).wait(minutes(45)), "neither"),  # half an hour of rest is planned here
        (Drive().to(4000).wait(minutes(52)), "raises"),
        (Drive().to(0, 3000).wait(minutes(40)), "neither"),  # in the queue of the station
        (Drive().to(2000).to(2100, speed_kmh=0.2), "keeps"),  # half an hour of creeping in a jam raises none
    ],
)
def test_standing(drive: Drive, does: str) -> None:
    """Longer than the limit and what is planned there, not at a station; gone on when it is 200 m away."""
    assert verdict(standing(truck(drive), LIMITS)) == does


def test_a_truck_without_a_route_or_a_fresh_fix_stands_as_it_likes() -> None:
    """Before and after its route, and where its device is silent."""
    stood = truck(Drive().to(2000).wait(minutes(30)))
    assert standing(replace(stood, route=None), LIMITS) is None
    assert standing(replace(stood, now_s=stood.now_s + 700), LIMITS) is None


@pytest.mark.parametrize(
    ("drive", "does"),
    [
        (Drive().to(7000), "neither"),
        (Drive().to(2000).to(2000, -800).wait(minutes(9)), "keeps"),  # not for ten minutes yet
        (Drive().to(2000).to(2000, -800).wait(minutes(12)), "raises"),
        (Drive().to(2000).to(2000, -800).wait(minutes(12)).to(2000, -350).wait(60), "keeps"),
        (Drive().to(2000).to(2000, -800).wait(minutes(12)).to(2000, -150), "neither"),
        (Drive().to(0, 2800).wait(minutes(12)), "neither"),  # at the station, which is not on its way
    ],
)
def test_off_route(drive: Drive, does: str) -> None:
    """Beyond 500 m of every road of the route for ten minutes; back within 250 m it is over."""
    assert verdict(off_route(truck(drive), LIMITS)) == does


def test_a_route_without_roads_has_nothing_to_be_off_from() -> None:
    """Where the roads of the route are not known nothing is said."""
    lost = truck(Drive().to(2000).to(2000, -800).wait(minutes(12)))
    assert lost.route is not None
    assert off_route(replace(lost, route=replace(lost.route, roads=None)), LIMITS) is None


@pytest.mark.parametrize(
    ("load_kg", "speed_kmh", "opened", "does"),
    [
        (2000, 40, always, "raises"),
        (2000, 40, never, "neither"),
        (200, 40, always, "neither"),  # as good as empty
        (2000, 8, always, "neither"),  # from bin to bin
        (2000, 40, lambda at_s: 200 <= at_s < 215, "neither"),  # one fix is none
        (2000, 40, lambda at_s: at_s < 400, "raises"),  # closed since, two minutes ago
        (2000, 5.5, None, "neither"),  # a truck that does not tell
    ],
)
def test_cover_open(load_kg: float, speed_kmh: float, opened: Callable[[float], bool] | None, does: str) -> None:
    """Loaded, at speed, for half a minute, within the last ten."""
    drive = Drive(corners=[(0.0, 0.0, 0.0, load_kg)]).to(speed_kmh / 3.6 * 520, speed_kmh=speed_kmh)
    assert verdict(cover_open(truck(drive, cover=opened), LIMITS)) == does


def test_an_open_cover_of_ten_minutes_ago_is_over() -> None:
    """The alarm clears by itself ten minutes after the cover was closed."""
    drive = Drive(corners=[(0.0, 0.0, 0.0, 3000.0)]).to(4000, speed_kmh=40).wait(minutes(11))
    assert cover_open(truck(drive, cover=lambda at_s: at_s < 300), LIMITS) is None


def loaded(kg: float = 3000.0) -> Drive:
    """Return a truck that sets out with a load."""
    return Drive(corners=[(0.0, -300.0, 0.0, kg)])


def losing(drive: Drive, kg: float, over_s: float, to_x_m: float) -> Drive:
    """Drive on while so much falls off."""
    at_s, _, y_m, load_kg = drive.corners[-1]
    drive.corners.append((at_s + over_s, to_x_m, y_m, load_kg - kg))
    return drive


@pytest.mark.parametrize(
    ("drive", "gaps", "does"),
    [
        (loaded().to(3000).tip().to(4000), (), "raises"),  # dumped by the road
        (losing(loaded().to(1000), 900, minutes(15), 6000).to(6500), (), "raises"),  # spilled over five kilometres
        (losing(loaded().to(1000), 250, minutes(5), 3000).to(3500), (), "neither"),  # less than the limit
        (losing(loaded(3000).to(1000), 500, minutes(5), 3000).to(3500), (), "neither"),  # a sixth of it
        (loaded().to(0, 3000).tip().to(2000, 2000), (), "neither"),  # at the station
        (loaded().to(3000).serve(POINTS[0]).to(6000), (), "neither"),  # got heavier
        # Nothing was heard for ten minutes, in which it may have been at the station.
        (loaded().to(3000).wait(minutes(5)).tip().wait(minutes(5)).to(4000), [(500, 1100)], "neither"),
    ],
)
def test_load_lost(drive: Drive, gaps: list[tuple[float, float]], does: str) -> None:
    """Lost on the way, all of the time away from where a truck may tip, and more than the sensor's noise."""
    told = truck(drive.wait(120))
    kept = np.ones(len(told.trace), dtype=bool)
    for start_s, end_s in gaps:
        kept &= (told.trace.time_s < START_S + start_s) | (told.trace.time_s > START_S + end_s)
    trace = Trace(*(getattr(told.trace, name)[kept] for name in Trace.__slots__))
    assert verdict(load_lost(replace(told, trace=trace), LIMITS)) == does


def test_one_wrong_reading_of_the_scale_is_no_loss() -> None:
    """A sensor that says nothing is aboard, for two fixes, has lost its mind and not its load."""
    told = truck(loaded().to(6000))
    load_kg = told.trace.load_kg.copy()
    load_kg[20:22] = 0.0
    assert load_lost(replace(told, trace=replace(told.trace, load_kg=load_kg)), LIMITS) is None


def test_a_loss_says_how_much_where_and_since_when() -> None:
    """The office is told the kilograms, the place, and the time at which it began."""
    condition = load_lost(truck(loaded().to(3000).tip().to(4000)), LIMITS)
    assert condition is not None
    assert condition.detail["lost_kg"] == pytest.approx(3000, abs=60)
    assert condition.detail["lat"] == pytest.approx(LAT, abs=2e-4)
    assert str(condition.detail["since"]).startswith("2026-03-02T22:")


@pytest.mark.parametrize("rule", [standing, off_route, cover_open, load_lost])
def test_without_its_limits_nothing_is_raised(rule: Callable[..., Condition | None]) -> None:
    """An office that takes the rows out of its table has no such alarms."""
    assert rule(truck(loaded().to(2000).tip().wait(minutes(30)), cover=always), {}) is None
