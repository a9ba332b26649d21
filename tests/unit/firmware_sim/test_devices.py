"""What all devices share: clock, counter, held messages; and refuse, roster, truth and credentials."""

import json
import stat
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import msgspec
import pytest

from firmware_sim.credentials import load_credentials, save_credentials
from firmware_sim.devices.device import LARGEST_BATCH, Device, DeviceKey, LinkChange, Outgoing, Publication
from firmware_sim.devices.gps import GpsReceiver
from firmware_sim.devices.toilet import poisson
from firmware_sim.ground import Ground, beside, heading_deg
from firmware_sim.refuse import content_of
from firmware_sim.roster import devices_of, silent_devices
from firmware_sim.town_api import DeviceCredential
from firmware_sim.truth import TruthEvent, TruthKind, write_truth
from services.domain.kinds import DeviceKind, MessageKind
from services.domain.registry import CollectionPoint
from services.domain.telemetry import LevelReading, instant_of
from tests.unit.firmware_sim.small_day import REGISTER, START

KEY = DeviceKey(DeviceKind.CONTAINER, "P1")


def device(sent: list[Outgoing], **more: object) -> Device:
    """Return a device that writes into `sent`."""
    return Device(KEY, START, sent.append, **more)  # type: ignore[arg-type]


def level(one: Device, second: float) -> LevelReading:
    """Return a reading of a second."""
    return LevelReading(ts=one.stamp(second), seq=one.next_seq(), fill_ratio=0.5)


@pytest.mark.parametrize(("writes_epoch_ms", "error_s"), [(False, 0), (True, 0), (False, 600), (True, -90)])
def test_a_stamp_is_read_back_as_the_instant(writes_epoch_ms: bool, error_s: float) -> None:
    """Both forms of `ts` name the instant, wrong by the clock's error."""
    one = device([], writes_epoch_ms=writes_epoch_ms, clock_error_s=error_s)
    assert instant_of(one.stamp(12.5)) == START + timedelta(seconds=12.5 + error_s)


def test_what_is_held_back_is_sent_as_arrays() -> None:
    """Without network nothing leaves; afterwards everything does, in arrays of bounded size, in order."""
    sent: list[Outgoing] = []
    one = device(sent)
    one.lose_network()
    for second in range(LARGEST_BATCH + 5):
        one.publish(MessageKind.LEVEL, level(one, second))
    assert sent == [LinkChange(KEY, is_up=False)]
    one.find_network()
    one.publish(MessageKind.LEVEL, level(one, 999))
    assert sent[1] == LinkChange(KEY, is_up=True)
    publications = [publication for publication in sent if isinstance(publication, Publication)]
    assert [publication.readings for publication in publications] == [LARGEST_BATCH, 5, 1]
    numbers = [
        reading["seq"]
        for publication in publications
        for reading in (lambda body: body if isinstance(body, list) else [body])(json.loads(publication.payload))
    ]
    assert numbers == sorted(numbers)
    assert len(numbers) == LARGEST_BATCH + 6


def test_a_silent_device_says_nothing_at_all() -> None:
    """Neither readings nor that it came or went."""
    sent: list[Outgoing] = []
    one = device(sent, is_silent=True)
    one.lose_network()
    one.publish(MessageKind.LEVEL, level(one, 1))
    one.find_network()
    assert sent == []


def test_runs_of_one_day_have_numbers_of_their_own() -> None:
    """Two boots never share a number, and numbers stay exact in JSON."""
    first, second = device([], boot=1), device([], boot=2**31 - 1)
    numbers = {first.next_seq() for _ in range(1000)} | {second.next_seq() for _ in range(1000)}
    assert len(numbers) == 2000
    assert max(numbers) < 2**53


def test_gps_errors_drift() -> None:
    """Errors a second apart are alike; errors ten minutes apart are not."""
    receiver = GpsReceiver(10.0, Random(1))
    near = [(receiver.fix((0, 0), 1000.0 * n)[0], receiver.fix((0, 0), 1000.0 * n + 1)[0]) for n in range(1, 800)]
    products = [a * b for a, b in near]
    assert 50 < sum(products) / len(products) < 85


@pytest.mark.parametrize("mean", [0.0, 0.3, 4.0, 80.0])
def test_poisson_draws_have_the_asked_mean(mean: float) -> None:
    """Also where the normal law stands in."""
    random = Random(3)
    draws = [poisson(mean, random) for _ in range(4_000)]
    assert sum(draws) / len(draws) == pytest.approx(mean, abs=0.15 + mean * 0.02)


def test_the_ground_is_invertible() -> None:
    """There and back is the same place, and a kilometre is a kilometre."""
    ground = Ground(116.3, 34.4)
    lon, lat = ground.lonlat((1234.5, -987.6))
    assert ground.spot(lon, lat) == pytest.approx((1234.5, -987.6))
    assert ground.metres_per_degree_lat == pytest.approx(110_930, abs=20)
    assert beside((0, 0), (0, 100), 0.5, 7) == (7, 50)  # the right of a street that runs north is east
    assert heading_deg((0, 0), (-1, 0)) == 270


@pytest.mark.parametrize(
    ("visits_per_day", "planned_h", "at_h", "waits_days"),
    [
        (1, [], 3, 1.0),  # in no route: as usual
        (2, [], 3, 0.5),
        (0.33, [], 3, 3.03),
        (1, [15], 15, 1.0),  # in the afternoon, as the day before
        (2, [4, 16], 4, 0.5),  # since yesterday evening
        (2, [4, 14], 4, 14 / 24),
        (0.33, [8], 8, 3.03),
    ],
)
def test_refuse_gathers_since_the_last_visit(
    visits_per_day: float, planned_h: list[float], at_h: float, waits_days: float
) -> None:
    """At its visit a point holds what has gathered since the one before; taken, it is empty."""
    point = CollectionPoint("P", 0, 0, expected_kg=300, visits_per_day=visits_per_day, containers=4)
    content = content_of(point, Random(1), [hour * 3600 for hour in planned_h])
    assert content.kg(at_h * 3600) == pytest.approx(content.kg_per_day * waits_days, rel=0.01)
    assert content.kg_per_day == pytest.approx(300, rel=0.4)
    assert 0 < content.fill_ratio(at_h * 3600) <= 1
    content.take(at_h * 3600)
    assert content.kg(at_h * 3600) == 0
    assert content.fill_ratio(10 * 86_400) == 1


def test_the_roster_names_every_device_once() -> None:
    """Hook-lifts that only haul carry no tracker; a share of the points has a sensor."""
    roster = devices_of(REGISTER)
    assert [str(entry.key.device_id) for entry in roster if entry.key.kind is DeviceKind.VEHICLE] == ["V1", "V2"]
    assert [entry.asset_id for entry in roster if entry.key.kind is DeviceKind.STATION] == ["L", "S"]
    assert len({entry.key for entry in roster}) == len(roster) == 6


def test_silent_devices_are_of_every_kind_in_turn() -> None:
    """A truck first; never more than there are."""
    roster = devices_of(REGISTER)
    assert [key.kind for key in silent_devices(roster, 1, seed=5)] == [DeviceKind.VEHICLE]
    assert {key.kind for key in silent_devices(roster, 4, seed=5)} == set(DeviceKind)
    assert silent_devices(roster, 99, seed=5) == {entry.key for entry in roster}


def test_truth_is_written_as_lines_by_time(tmp_path: Path) -> None:
    """One object a line, in order of start, only with what belongs to the event."""

    def at(minute: int) -> datetime:
        return START + timedelta(minutes=minute)

    events = [
        TruthEvent(TruthKind.TIPPING, at(9), at(12), vehicle_id="V1", facility_id="S", kg=4210.5),
        TruthEvent(TruthKind.VISIT, at(1), at(3), vehicle_id="V1", point_id="P1", served=True, kg=180.2),
        TruthEvent(TruthKind.USAGE, at(5), at(15), facility_id="T", entries=7),
    ]
    write_truth(tmp_path / "truth.jsonl", events)
    lines = [json.loads(line) for line in (tmp_path / "truth.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["visit", "usage", "tipping"]
    assert lines[0] == {
        "event": "visit",
        "start": "2026-05-31T20:01:00.000+00:00",
        "end": "2026-05-31T20:03:00.000+00:00",
        "vehicle_id": "V1",
        "point_id": "P1",
        "served": True,
        "kg": 180.2,
    }
    assert lines[1].keys() == {"event", "start", "end", "facility_id", "entries"}


def test_credentials_are_kept_for_their_owner_only(tmp_path: Path) -> None:
    """What is saved is loaded again, from a file that nobody else can read."""
    path = tmp_path / "simulator" / "credentials.json"
    kept = DeviceCredential(KEY, "container.P1", "secret", "mqtt://127.0.0.1:1", "riqing/v1/青石县/container/P1")
    for _ in range(2):
        save_credentials(path, [kept])
    assert load_credentials(path) == {KEY: kept}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("text", ["", "{}x", "[1]", '[{"kind": "boat"}]'])
def test_unusable_credentials_count_as_none(tmp_path: Path, text: str) -> None:
    """The devices are enrolled again then."""
    (tmp_path / "credentials.json").write_text(text)
    assert load_credentials(tmp_path / "credentials.json") == {}
    assert load_credentials(tmp_path / "nowhere.json") == {}


def test_readings_are_valid_by_the_contract() -> None:
    """A device's JSON decodes as the contract's type."""
    sent: list[Outgoing] = []
    one = device(sent)
    one.publish(MessageKind.LEVEL, level(one, 60))
    assert isinstance(sent[0], Publication)
    assert msgspec.json.decode(sent[0].payload, type=LevelReading).fill_ratio == 0.5
