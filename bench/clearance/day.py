"""A simulated day in memory: what truly happened, and apart from it what the devices told."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import msgspec
import numpy as np

from bench.clearance.mixes import Mix
from bench.clearance.passages import EVERY_S, Passage, TrueWays
from bench.clearance.scene import DAY, TOWN, Scene, build_scene
from firmware_sim.devices.device import Outgoing, Publication
from firmware_sim.truth import TruthEvent, TruthKind
from firmware_sim.world import World
from services.clearance.evidence import LevelTrace, ServiceEvent, VehicleDay, load_noise_kg
from services.clearance.places import Places
from services.clearance.redecide import MARGIN
from services.clearance.stays import find_stays
from services.clearance.track import Track, clean_track
from services.clearance.visits import find_visits
from services.domain.kinds import DeviceKind, MessageKind
from services.domain.telemetry import READING_TYPES, LevelReading, PositionReading, ServiceReading, instant_of
from services.domain.visit import Visit

LONGEST = timedelta(hours=32)
STEP = timedelta(hours=1)
NOTED_EVERY = timedelta(seconds=EVERY_S)


class Told(StrEnum):
    """What the trucks' devices tell, from most to least."""

    ALL = "service events"
    GPS_AND_LOAD = "GPS and load"
    GPS_15_S = "GPS, 15 s"
    GPS_60_S = "GPS, 60 s"


@dataclass(frozen=True, slots=True)
class DrivenDay:
    """A day that was driven: its scene, the truth, and each vehicle's and container's readings as they came."""

    scene: Scene
    truth: tuple[TruthEvent, ...]
    passages: tuple[Passage, ...]
    fixes: Mapping[str, tuple[PositionReading, ...]]
    events: Mapping[str, tuple[ServiceReading, ...]]
    levels: Mapping[str, tuple[LevelReading, ...]]


def drive(seed: int, mix: Mix, compactors: int = 4) -> DrivenDay:
    """Let the simulator's devices drive a day of the town of `seed`, at full speed and without a broker."""
    scene = build_scene(seed, mix, compactors)
    world = World(scene.register, DAY, seed, mix.faults)
    world.begin(scene.routes)
    asset_of = {entry.key: entry.asset_id for entry in world.roster}
    readings: dict[MessageKind, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    ways = TrueWays()
    end = world.day_start + LONGEST
    while world.now < end:
        if world.has_come_home:
            # What a device holds back when its truck comes home is sent once it finds the network again.
            end = min(end, world.now + timedelta(seconds=2.0 * mix.faults.dead_spot_s))
            if mix.faults.dead_spots_per_hour == 0.0:
                break
        for sent in _advance(world, min(world.now + STEP, end), ways):
            if isinstance(sent, Publication) and sent.device.kind is not DeviceKind.STATION:
                readings[sent.message][asset_of[sent.device]] += _decoded(sent)
    truth = tuple(event for event in world.truth if event.event in (TruthKind.VISIT, TruthKind.DRIVE_PAST))
    return DrivenDay(
        scene,
        truth,
        ways.passages(scene.register, truth, DAY),
        *({asset: tuple(told) for asset, told in readings[kind].items()}
          for kind in (MessageKind.POSITION, MessageKind.SERVICE, MessageKind.LEVEL)),
    )  # fmt: skip


def _advance(world: World, until: datetime, ways: TrueWays) -> list[Outgoing]:
    """Let time pass, note where the trucks are meanwhile, and return what the devices sent."""
    sent: list[Outgoing] = []
    while world.now < until:
        sent += world.advance(min(world.now + NOTED_EVERY, until))
        ways.note(world.now, world.spots)
    return sent


def _decoded(sent: Publication) -> list[Any]:
    reading_type = READING_TYPES[sent.message]
    body = msgspec.json.decode(sent.payload, type=reading_type | list[reading_type])  # type: ignore[valid-type]
    return body if isinstance(body, list) else [body]


def decide(day: DrivenDay, told: Told) -> list[Visit]:
    """Return the visits that clearance finds in what the devices told; it sees the register and nothing else."""
    places = Places(day.scene.register.points, day.scene.register.facilities)
    levels = {point_id: [_trace(readings)] for point_id, readings in day.levels.items()} if told is Told.ALL else {}
    found: list[Visit] = []
    for vehicle in day.scene.register.vehicles:
        whole = _track(day.fixes.get(vehicle.vehicle_id, ()), places, told)
        events = [_event(one) for one in day.events.get(vehicle.vehicle_id, ())] if told is Told.ALL else []
        for ahead in range(-1, 3):
            span = TOWN.service_day(DAY + timedelta(days=ahead))
            start_s, end_s = (span.start - MARGIN).timestamp(), (span.end + MARGIN).timestamp()
            track = clean_track(whole.part((whole.time_s >= start_s) & (whole.time_s < end_s)))
            near = [event for event in events if start_s <= event.at_s < end_s]
            if len(track) or near:
                vehicle_day = VehicleDay(vehicle, track, find_stays(track), near, levels, places, load_noise_kg(track))
                found += find_visits(vehicle_day, span)
    return found


def _track(readings: Iterable[PositionReading], places: Places, told: Told) -> Track:
    """Return the fixes in the order of their coming; at 60 s only every fourth of those at 15 s."""
    used = list(readings)
    if told is Told.GPS_60_S:
        used = sorted(used, key=lambda reading: instant_of(reading.ts))[::4]

    def column(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        values = [getattr(reading, name) for reading in used]
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    x_m, y_m = places.projection.metres(column("lon"), column("lat"))
    time_s = np.array([instant_of(reading.ts).timestamp() for reading in used], dtype=np.float64)
    track = Track(time_s, x_m, y_m, column("speed_kmh"), column("accuracy_m"), column("load_kg"))
    if told in (Told.GPS_15_S, Told.GPS_60_S):
        track = replace(track, load_kg=np.full(len(track), np.nan))
    return track


def _event(reading: ServiceReading) -> ServiceEvent:
    return ServiceEvent(
        instant_of(reading.ts).timestamp(), reading.point_id, reading.outcome, reading.source, reading.collected_kg
    )


def _trace(readings: Iterable[LevelReading]) -> LevelTrace:
    known = sorted((instant_of(reading.ts).timestamp(), reading.fill_ratio) for reading in readings)
    time_s, fill_ratio = np.array(known, dtype=np.float64).T
    return LevelTrace(time_s, fill_ratio)
