"""A simulated day: what the trucks do, what their devices say, and every fault really made."""

import itertools
import math
import statistics
from datetime import timedelta
from random import Random

import pytest

from firmware_sim.devices.gps import GpsReceiver
from firmware_sim.faults import Faults
from firmware_sim.truth import TruthEvent, TruthKind
from services.domain.kinds import DeviceKind, MessageKind, ServiceOutcome, StopKind
from services.domain.telemetry import (
    LevelReading,
    PositionReading,
    ServiceReading,
    UsageReading,
    WeighingReading,
    instant_of,
)
from tests.unit.firmware_sim.small_day import DAY, GROUND, ROUTES, START, DrivenDay, route


@pytest.fixture(scope="module")
def plain_day() -> DrivenDay:
    """A day without faults."""
    return DrivenDay()


def positions(day: DrivenDay, vehicle_id: str) -> list[PositionReading]:
    """Return a truck's fixes."""
    found = day.readings(DeviceKind.VEHICLE, vehicle_id, MessageKind.POSITION)
    return [reading for reading in found if isinstance(reading, PositionReading)]


def services(day: DrivenDay, vehicle_id: str) -> list[ServiceReading]:
    """Return a truck's service events."""
    found = day.readings(DeviceKind.VEHICLE, vehicle_id, MessageKind.SERVICE)
    return [reading for reading in found if isinstance(reading, ServiceReading)]


def weighings(day: DrivenDay, station_id: str) -> list[WeighingReading]:
    """Return a weighbridge's readings."""
    found = day.readings(DeviceKind.STATION, station_id, MessageKind.WEIGHING)
    return [reading for reading in found if isinstance(reading, WeighingReading)]


def test_trucks_do_their_routes(plain_day: DrivenDay) -> None:
    """Without faults every stop is served, in order."""
    assert plain_day.story("V1") == "P1 P2 P3 S"
    assert plain_day.story("V2") == "P4 P5 P6 S"
    assert plain_day.world.stops_served == plain_day.world.stops_planned == 6


def test_the_plan_is_roughly_kept(plain_day: DrivenDay) -> None:
    """Nobody starts before the plan's time, nor is more than two minutes late on so short a route."""
    planned = {stop.id: stop for message in ROUTES.values() for stop in message.stops if stop.kind is StopKind.POINT}
    for visit in plain_day.truth(TruthKind.VISIT):
        assert visit.point_id is not None
        late = visit.start - planned[visit.point_id].arrive_at
        assert timedelta(seconds=-0.01) <= late < timedelta(minutes=2), visit


@pytest.mark.parametrize("faults", [Faults(), Faults(skip_ratio=0.3, dead_spots_per_hour=4, breakdowns=1)])
def test_the_same_seed_is_the_same_day_at_any_pace(faults: Faults) -> None:
    """However the machine slices time, truth and messages are the same to the byte."""
    days = [DrivenDay(faults, step_s=step_s) for step_s in (7.7, 60.0, 3_600.0)]
    for day in days[1:]:
        assert [event.as_json() for event in day.world.truth] == [event.as_json() for event in days[0].world.truth]
        common = min(len(day.sent), len(days[0].sent))
        assert day.sent[:common] == days[0].sent[:common]


def test_another_seed_is_another_day(plain_day: DrivenDay) -> None:
    """The seed reaches the drivers."""
    other = DrivenDay(seed=2)
    assert other.story("V1") == plain_day.story("V1")
    assert other.truth(TruthKind.VISIT) != plain_day.truth(TruthKind.VISIT)


def test_fixes_follow_the_truck(plain_day: DrivenDay) -> None:
    """While serving, the truck's fixes lie within a few metres of the point, and the load rises by the refuse."""
    fixes = positions(plain_day, "V1")
    for visit in plain_day.truth(TruthKind.VISIT, "V1"):
        during = [fix for fix in fixes if visit.start <= instant_of(fix.ts) <= visit.end]
        stop = next(stop for stop in ROUTES["V1"].stops if stop.id == visit.point_id)
        east_m = [(fix.lon - stop.lon) * GROUND.metres_per_degree_lon for fix in during]
        assert len(during) >= 5
        assert all(abs(metres) < 20 for metres in east_m)
        assert all((fix.speed_kmh or 0) < 4 for fix in during)
    before_tip = max(fix.load_kg or 0 for fix in fixes)
    assert before_tip == pytest.approx(sum(visit.kg or 0 for visit in plain_day.truth(TruthKind.VISIT, "V1")), abs=120)
    assert (fixes[-1].load_kg or 0) < 120


def test_fixes_come_at_their_interval_and_rarely_when_parked(plain_day: DrivenDay) -> None:
    """A truck under way tells every 15 s, one with its engine off every five minutes."""
    fixes = positions(plain_day, "V1")
    gaps = {
        (earlier.ignition, round((instant_of(later.ts) - instant_of(earlier.ts)).total_seconds()))
        for earlier, later in itertools.pairwise(fixes)
        if earlier.ignition == later.ignition
    }
    assert gaps == {(True, 15), (False, 300)}


def test_every_visit_has_its_service_event(plain_day: DrivenDay) -> None:
    """The event names the point and lies within the visit."""
    visits = plain_day.truth(TruthKind.VISIT, "V2")
    events = services(plain_day, "V2")
    assert [event.point_id for event in events] == [visit.point_id for visit in visits]
    for event, visit in zip(events, visits, strict=True):
        assert visit.start <= instant_of(event.ts) <= visit.end
        assert event.outcome is ServiceOutcome.SERVED


def test_the_weighbridge_weighs_what_was_collected(plain_day: DrivenDay) -> None:
    """Net weight is the visits' refuse to the scale's ten kilograms; gross is net and tare."""
    came_in = [weighing for weighing in weighings(plain_day, "S") if weighing.direction == "in"]
    assert [weighing.vehicle_id for weighing in came_in] == ["V1", "V2"]
    for weighing in came_in:
        collected_kg = sum(visit.kg or 0 for visit in plain_day.truth(TruthKind.VISIT, weighing.vehicle_id))
        assert weighing.net_kg == pytest.approx(collected_kg, abs=6)
        assert weighing.gross_kg == (weighing.tare_kg or 0) + weighing.net_kg
        assert weighing.arrived_at is not None
        assert instant_of(weighing.arrived_at) < instant_of(weighing.ts)


def test_trucks_wait_for_a_bay() -> None:
    """Two trucks at a station with one bay tip one after the other."""
    day = DrivenDay(routes={name: route(name, f"D {point} S D") for name, point in (("V1", "P1"), ("V2", "P2"))})
    first, second = (tipping for tipping in day.truth(TruthKind.TIPPING) if tipping.facility_id == "S")
    assert second.start < first.end
    assert second.end - first.end > timedelta(minutes=3)


def test_refuse_reaches_the_landfill(plain_day: DrivenDay) -> None:
    """The hook-lift hauls in the evening what was tipped; nothing is lost on the way."""
    tipped_kg = sum(event.kg or 0 for event in plain_day.truth(TruthKind.TIPPING) if event.facility_id == "S")
    received_kg = sum(weighing.net_kg for weighing in weighings(plain_day, "L"))
    assert received_kg == pytest.approx(tipped_kg, abs=20)
    assert [weighing.direction for weighing in weighings(plain_day, "S")] == ["in", "in", "out"]


def test_a_sensor_sees_the_visit() -> None:
    """The fill level rises before the visit and falls with it."""
    day = DrivenDay()
    sensed = next(entry.asset_id for entry in day.world.roster if entry.key.kind is DeviceKind.CONTAINER)
    visit = next(event for event in day.truth(TruthKind.VISIT) if event.point_id == sensed)
    readings = day.readings(DeviceKind.CONTAINER, sensed, MessageKind.LEVEL)
    levels = [(instant_of(r.ts), r.fill_ratio) for r in readings if isinstance(r, LevelReading)]
    before = [ratio for at, ratio in levels if at < visit.start]
    after = [ratio for at, ratio in levels if visit.end < at]
    assert after[0] < 0.05 < before[-1]
    assert instant_of(readings[0].ts) == levels[0][0]  # type: ignore[attr-defined]
    assert min(at for at, _ in levels if at > visit.end) - visit.end < timedelta(minutes=1)
    assert after[-1] > after[0]


def test_toilet_counters_count_what_happened(plain_day: DrivenDay) -> None:
    """The entries reported are the entries that were, none of them while the toilet is closed."""
    readings = [
        reading
        for reading in plain_day.readings(DeviceKind.TOILET, "T", MessageKind.USAGE)
        if isinstance(reading, UsageReading)
    ]
    true_entries = sum(event.entries or 0 for event in plain_day.truth(TruthKind.USAGE))
    assert sum(reading.entries or 0 for reading in readings) == true_entries > 50
    assert not any(reading.entries for reading in readings if not reading.open)
    assert {reading.open for reading in readings} == {True, False}


def test_a_skipped_stop_is_passed_and_its_refuse_stays() -> None:
    """With every stop skipped nothing is served, the truth says so, and only some drivers report it."""
    day = DrivenDay(Faults(skip_ratio=1.0))
    assert day.story("V1") == "-P1 -P2 -P3 S"
    assert all(event.served is False and not event.kg for event in day.truth(TruthKind.VISIT))
    assert {event.outcome for vehicle in ("V1", "V2") for event in services(day, vehicle)} <= {ServiceOutcome.SKIPPED}
    assert day.world.stops_served == 0


def test_a_drive_past_is_slow_and_short() -> None:
    """The truck rolls past in seconds, below walking pace for a moment, and serves nothing."""
    day = DrivenDay(Faults(drive_past_ratio=1.0, fix_interval_s=1.0))
    assert day.story("V1") == "~P1 ~P2 ~P3 S"
    assert not services(day, "V1")
    for event in day.truth(TruthKind.DRIVE_PAST, "V1"):
        slow = [
            fix
            for fix in positions(day, "V1")
            if event.start <= instant_of(fix.ts) <= event.end and (fix.speed_kmh or 0) < 5
        ]
        assert 1 <= len(slow) < 12


def test_a_queue_beside_a_point_is_long_and_serves_nothing() -> None:
    """The truck stands in traffic near the point for 20 s to 3 min, and no refuse is moved."""
    day = DrivenDay(Faults(queue_ratio=1.0, fix_interval_s=1.0))
    assert day.story("V1") == "~P1 ~P2 ~P3 S"
    assert not services(day, "V1")
    for event in day.truth(TruthKind.DRIVE_PAST, "V1"):
        assert 20 < (event.end - event.start).total_seconds() < 190
        still = [
            fix
            for fix in positions(day, "V1")
            if event.start <= instant_of(fix.ts) <= event.end and (fix.speed_kmh or 0) < 3
        ]
        assert len(still) > 15
    assert day.world.stops_served == 0


def test_a_gap_loses_fixes_and_no_service_event() -> None:
    """A receiver without sky takes no fixes for minutes; what the truck serves is reported all the same."""
    plain, blind = DrivenDay(), DrivenDay(Faults(gaps_per_hour=6))
    assert len(positions(blind, "V1")) < 0.8 * len(positions(plain, "V1"))
    told, expected = ([(event.ts, event.point_id) for event in services(day, "V1")] for day in (blind, plain))
    assert told == expected


def test_forgotten_events_are_visits_all_the_same() -> None:
    """A driver who never presses the button serves what he serves."""
    day = DrivenDay(Faults(forgotten_event_ratio=1.0))
    assert day.story("V1") == "P1 P2 P3 S"
    assert not services(day, "V1")


def test_canyons_are_in_some_places_only() -> None:
    """Among tall buildings fixes are tens of metres off; elsewhere they are as exact as ever."""
    random = Random(3)
    receiver = GpsReceiver(2.0, random, canyon_drift_m=30.0)
    off_m: dict[bool, list[float]] = {True: [], False: []}
    for cell in range(400):
        spot = (200.0 * cell + 100.0, 100.0)
        errors = [math.dist(receiver.fix(spot, 1000.0 * cell + 15.0 * step), spot) for step in range(10)]
        off_m[max(errors) > 12.0].extend(errors)
    assert 0.2 < len(off_m[True]) / 4000 < 0.4
    assert statistics.mean(off_m[True]) > 25.0
    assert statistics.mean(off_m[False]) < 4.0


def test_who_is_early_waits_or_goes_on() -> None:
    """A truck that left a stop out is early at the next: it stands there for the plan's time, or serves at once."""
    waits, goes_on = (DrivenDay(Faults(skip_ratio=0.5, drivers_wait=wait)) for wait in (True, False))
    assert waits.story("V2") == goes_on.story("V2")
    assert max(event.end for event in goes_on.truth(TruthKind.VISIT)) < max(
        event.end for event in waits.truth(TruthKind.VISIT)
    )


def test_ratios_are_kept() -> None:
    """Over many days about the asked share of the stops is missed, each in the asked way."""
    events: list[TruthEvent] = []
    for seed in range(40):
        day = DrivenDay(Faults(skip_ratio=0.2, drive_past_ratio=0.1), seed=seed, step_s=7_200.0)
        events.extend(day.truth(TruthKind.VISIT) + day.truth(TruthKind.DRIVE_PAST))
    assert len(events) == 240
    skipped = sum(event.event is TruthKind.VISIT and event.served is False for event in events)
    passed = sum(event.event is TruthKind.DRIVE_PAST for event in events)
    assert 0.14 < skipped / 240 < 0.26
    assert 0.06 < passed / 240 < 0.14


def test_a_broken_truck_stands_for_the_rest_of_the_day() -> None:
    """One truck of two stops on its way, serves no more, and still tells where it stands."""
    day = DrivenDay(Faults(breakdowns=1))
    stories = {vehicle: day.story(vehicle) for vehicle in ("V1", "V2")}
    broken = next(vehicle for vehicle, story in stories.items() if not story.endswith("S"))
    assert len([story for story in stories.values() if story.endswith("S")]) == 1
    fixes = positions(day, broken)
    late = [fix for fix in fixes if instant_of(fix.ts) > START + timedelta(hours=10)]
    assert len(late) > 20
    assert max(fix.lon for fix in late) - min(fix.lon for fix in late) < 0.0006
    assert not any(fix.ignition for fix in late)


def test_a_dead_spot_delays_and_loses_nothing() -> None:
    """Held readings come later as arrays; all in all the same readings arrive as without dead spots."""
    plain, cut_off = DrivenDay(), DrivenDay(Faults(dead_spots_per_hour=6, dead_spot_s=600))
    assert any(publication.readings > 1 for publication in cut_off.sent)
    assert {link.device.kind for link in cut_off.links} == {DeviceKind.VEHICLE}
    for vehicle in ("V1", "V2"):
        heard = {fix.ts for fix in positions(cut_off, vehicle)}
        last = max(heard, key=lambda ts: instant_of(ts))
        expected = {fix.ts for fix in positions(plain, vehicle) if instant_of(fix.ts) <= instant_of(last)}
        assert heard == expected


def test_silent_devices_say_nothing_and_still_work() -> None:
    """The first silent device is a truck: its visits are true, and nobody hears of them."""
    day = DrivenDay(Faults(silent_devices=2))
    assert {key.kind for key in day.world.silent} == {DeviceKind.VEHICLE, DeviceKind.TOILET}
    assert not {publication.device for publication in day.sent} & day.world.silent
    assert day.world.stops_served == 6


def test_a_wrong_clock_shifts_what_trucks_write() -> None:
    """Trucks' readings are ten minutes ahead; the weighbridge's are right."""
    right, wrong = DrivenDay(), DrivenDay(Faults(wrong_clock_s=600))
    pairs = list(zip(positions(right, "V1"), positions(wrong, "V1"), strict=True))
    assert {instant_of(b.ts) - instant_of(a.ts) for a, b in pairs} == {timedelta(minutes=10)}
    assert [weighing.ts for weighing in weighings(right, "S")] == [weighing.ts for weighing in weighings(wrong, "S")]
    assert right.world.truth == wrong.world.truth


@pytest.mark.parametrize(
    ("faults", "load_is_known", "events"),
    [
        (Faults(load_sensor=False), False, 3),  # the truck has no scale
        (Faults(service_events=False), True, 0),  # neither reader nor button
    ],
)
def test_missing_instruments(faults: Faults, load_is_known: bool, events: int) -> None:
    """What a truck has no instrument for it does not say."""
    day = DrivenDay(faults)
    assert any(fix.load_kg is not None for fix in positions(day, "V1")) == load_is_known
    assert len(services(day, "V1")) == events
    assert day.story("V1") == "P1 P2 P3 S"
    assert not any(event.collected_kg for event in services(day, "V1")) or load_is_known


@pytest.mark.parametrize("noise_m", [0.0, 5.0, 25.0])
def test_noise_has_the_asked_size(noise_m: float) -> None:
    """A truck that stands all day scatters by the standard deviation that was asked for."""
    day = DrivenDay(Faults(gps_noise_m=noise_m), routes={})
    east_m = [(fix.lon - 116.3) * GROUND.metres_per_degree_lon for fix in positions(day, "V1")]
    deviation_m = (sum(metres**2 for metres in east_m) / len(east_m)) ** 0.5
    assert deviation_m == pytest.approx(noise_m, rel=0.2, abs=0.1)


def test_a_revision_is_followed_from_the_next_stop_on() -> None:
    """A truck that is between P1 and P2 serves P2 still, and then what the revision says."""
    revision = route("V1", "D P1 P2 P6 P5 S D", revision=2)
    day = DrivenDay(revisions=[(3_600 + 200.0, revision)])
    assert day.story("V1") == "P1 P2 P6 P5 S"


def test_a_truck_that_is_home_goes_out_again() -> None:
    """Stops of a broken truck reach one that had finished."""
    late = route("V1", "D P1 P2 P3 S D P4 S D", revision=2)
    day = DrivenDay(routes={"V1": ROUTES["V1"]}, revisions=[(20_000.0, late)])
    assert day.story("V1") == "P1 P2 P3 S P4 S"


def test_an_old_revision_and_another_day_are_left_aside() -> None:
    """A retained message that comes again changes nothing."""
    day = DrivenDay(revisions=[(4_000.0, route("V1", "D P6 D", revision=1))])
    assert day.story("V1") == "P1 P2 P3 S"
    assert not day.world.take_route("V9", ROUTES["V1"])


def test_trucks_without_a_route_stay_at_the_depot() -> None:
    """Nothing is planned, so nothing is served, and the day ends all the same."""
    day = DrivenDay(routes={})
    assert day.world.stops_planned == 0
    assert day.world.now >= START + timedelta(hours=20)
    assert {event.event for event in day.world.truth} == {TruthKind.USAGE}
    assert day.world.service_date == DAY
