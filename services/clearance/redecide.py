"""Deciding a service day again, in part: fetch its readings, call the calculation, write back what changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np

from services.clearance.decide import DueKey, PlannedStop, decide_due_visits, excuse_silent
from services.clearance.evidence import LevelTrace, ServiceEvent, VehicleDay, load_noise_kg
from services.clearance.identity import same_visits
from services.clearance.register import Register
from services.clearance.stays import find_stays
from services.clearance.track import FloatArray, Track, clean_track
from services.clearance.visits import find_visits, points_within_reach
from services.clearance.weights import Weighing, share_weights
from services.domain.due import due_visits
from services.domain.errors import ConflictError
from services.domain.kinds import DeviceKind, MissedReason
from services.domain.town import Interval
from services.domain.visit import DueVisitDecision, Visit
from services.store import visits as store
from services.store.connection import Connection
from services.store.evidence import (
    load_fixes,
    load_heard_slots,
    load_levels,
    load_service_events,
    load_weighings,
)
from services.store.retention import Kept, load_dropped

MARGIN = timedelta(minutes=30)
"""How far beyond a service day its readings are looked at, so that a visit across its end is seen whole."""
LONGEST_HAUL = timedelta(hours=6)
"""A load weighed out of a station longer ago than this is not the one that comes in now."""
NEAR_M = 150.0
"""Nearer than this a vehicle may have emptied a container, as far as its level can tell."""
LISTEN_AROUND = timedelta(minutes=15)
LISTEN_SLOT = timedelta(minutes=5)
"""Also a parked truck tells where it is every few minutes."""
FEWEST_SLOTS_HEARD = 3
"""Of the six of half an hour; who was heard in fewer was silent when it was to come."""


class ReadingsGoneError(ConflictError):
    """A service day whose readings are no longer all there was to be decided again."""


def readings_are_kept(connection: Connection, register: Register, day: date) -> bool:
    """Tell whether all readings that decisions of `day` rest on are still there."""
    dropped = load_dropped(connection, Kept.READINGS)
    return dropped is None or not dropped.contains(register.town.service_day(day).start)


def _require_readings(connection: Connection, register: Register, day: date) -> None:
    if not readings_are_kept(connection, register, day):
        raise ReadingsGoneError(
            f"The readings of {day} are no longer kept, so what was decided of it stands "
            "(RIQING_KEEPING_READINGS_DAYS says how long they are)."
        )


def open_day(connection: Connection, register: Register, day: date, now: datetime) -> None:
    """Bring the due visits of `day` in line with the register, then decide all of them.

    Raises:
        ReadingsGoneError: its readings are no longer kept.

    """
    _require_readings(connection, register, day)
    required = due_visits(register.town, register.points.values(), day)
    owners = {item.point_id: register.owner(item.point_id) for item in required}
    present = {(item.due.point_id, item.due.occurrence) for item in store.load_stored_due_visits(connection, day)}
    store.delete_due_visits(connection, day, present - {(item.point_id, item.occurrence) for item in required})
    store.insert_due_visits(connection, required, owners, now)
    decide_points(connection, day, None, now)


def decide_vehicles(
    connection: Connection, register: Register, day: date, vehicle_ids: Iterable[str], now: datetime
) -> set[str]:
    """Find the visits of some vehicles on `day` anew; return the points at which something changed.

    Raises:
        ReadingsGoneError: its readings are no longer kept.

    """
    _require_readings(connection, register, day)
    wanted = {vehicle_id for vehicle_id in vehicle_ids if vehicle_id in register.vehicles}
    if not wanted:
        return set()
    service_day = register.town.service_day(day)
    present: dict[str, list[store.StoredVisit]] = {vehicle_id: [] for vehicle_id in wanted}
    for stored in store.load_stored_visits(connection, day, vehicle_ids=sorted(wanted)):
        present[stored.visit.vehicle_id].append(stored)
    touched: set[str] = set()
    for vehicle_day in _vehicle_days(connection, register, service_day, wanted):
        found = find_visits(vehicle_day, service_day)
        touched |= _save(connection, day, present[vehicle_day.vehicle.vehicle_id], found, now)
    # A device that was silent has spoken: where it was not, is known now.
    return touched | store.points_excused(connection, day, sorted(wanted))


def decide_points(connection: Connection, day: date, point_ids: Iterable[str] | None, now: datetime) -> int:
    """Decide the due visits of `day` at some points (all where none are given); return how many changed."""
    points = None if point_ids is None else sorted(point_ids)
    present = store.load_stored_due_visits(connection, day, points)
    visits = store.load_stored_visits(connection, day, point_ids=points)
    numbers = {id(stored.visit): stored.visit_id for stored in visits}
    planned = {
        (stop.point_id, stop.occurrence): PlannedStop(stop.vehicle_id, stop.arrive_at)
        for stop in store.load_planned_visits(connection, day)
    }
    decisions = decide_due_visits([item.due for item in present], [stored.visit for stored in visits], planned, now)
    decisions = excuse_silent(decisions, _silent(connection, decisions, planned))
    changed, announced = [], []
    for before, decision in zip(present, decisions, strict=True):
        key = (before.due.point_id, before.due.occurrence)
        after = _as_stored(decision, numbers, planned.get(key))
        if after != before:
            changed.append(after)
        if _is_another_decision(before, after):
            announced.append(key)
    store.update_due_visits(connection, day, changed, now)
    store.keep_changes(connection, day, announced, now)
    return len(announced)


def _silent(
    connection: Connection, decisions: Iterable[DueVisitDecision], planned: Mapping[DueKey, PlannedStop]
) -> set[DueKey]:
    """Return the due visits that nobody can tell of: the planned vehicle was not heard when it was to come."""
    keys = [
        (decision.due.point_id, decision.due.occurrence)
        for decision in decisions
        if decision.reason is MissedReason.PLANNED_BUT_NOT_VISITED
    ]
    asked = [(planned[key].vehicle_id, planned[key].arrive_at - LISTEN_AROUND) for key in keys]
    heard = load_heard_slots(connection, asked, 2 * LISTEN_AROUND, LISTEN_SLOT)
    return {key for key, slots in zip(keys, heard, strict=True) if slots < FEWEST_SLOTS_HEARD}


def share_day_weights(connection: Connection, register: Register, day: date) -> None:
    """Share the day's weighings over vehicles, zones and hours anew.

    Raises:
        ReadingsGoneError: its readings are no longer kept.

    """
    _require_readings(connection, register, day)
    service_day = register.town.service_day(day)
    zone_info = register.town.zone_info
    weighings = [
        Weighing(
            facility_kind=register.facility_kinds[weighing.facility_id],
            vehicle_id=weighing.vehicle_id,
            at=weighing.observed_at,
            hour=weighing.observed_at.astimezone(zone_info).replace(minute=0, second=0, microsecond=0),
            net_kg=weighing.net_kg,
            direction=weighing.direction,
        )
        for weighing in load_weighings(connection, Interval(service_day.start - LONGEST_HAUL, service_day.end))
        if weighing.facility_id in register.facility_kinds
    ]
    collected_kg = store.load_collected_kg(connection, day)
    shares = share_weights(weighings, collected_kg, frozenset(register.vehicles), service_day.start)
    store.replace_attributed_weights(
        connection,
        day,
        [
            store.AttributedWeight(
                hour_start=share.hour,
                vehicle_id=share.vehicle_id,
                zone_id=share.zone_id,
                contractor_id=register.contractor_of_weight(share.vehicle_id, share.zone_id),
                tipped_kg=share.tipped_kg,
                received_kg=share.received_kg,
            )
            for share in shares
        ],
    )


def vehicles_near(connection: Connection, register: Register, point_ids: set[str], span: Interval) -> set[str]:
    """Return the vehicles that were near one of the points within `span`."""
    vehicle_of = register.keys_of(DeviceKind.VEHICLE, set(register.vehicles))
    found = set()
    for device_key, fixes in load_fixes(connection, vehicle_of, span).items():
        x_m, y_m = register.places.projection.metres(fixes["lon"], fixes["lat"])
        if register.places.any_within(point_ids, x_m, y_m, NEAR_M):
            found.add(vehicle_of[device_key])
    return found


def _vehicle_days(
    connection: Connection, register: Register, service_day: Interval, vehicle_ids: set[str]
) -> list[VehicleDay]:
    """Fetch what the devices of some vehicles say about a service day."""
    span = Interval(service_day.start - MARGIN, service_day.end + MARGIN)
    tracks = _tracks(connection, register, span, vehicle_ids)
    events = load_service_events(connection, sorted(vehicle_ids), span)
    days = []
    for vehicle_id in sorted(vehicle_ids):
        track = tracks[vehicle_id]
        told = [
            ServiceEvent(event.observed_at.timestamp(), event.point_id, event.outcome, event.source, event.collected_kg)
            for event in events.get(vehicle_id, ())
        ]
        days.append(
            VehicleDay(
                vehicle=register.vehicles[vehicle_id],
                track=track,
                stays=find_stays(track),
                events=told,
                levels={},
                places=register.places,
                load_noise_kg=load_noise_kg(track),
            )
        )
    return _with_levels(connection, register, days, span)


def _with_levels(
    connection: Connection, register: Register, days: list[VehicleDay], span: Interval
) -> list[VehicleDay]:
    """Add the fill levels of the containers within reach of the vehicles."""
    if not register.has_level_sensors:
        return days
    within_reach = {
        point_id
        for day in days
        for point_id in points_within_reach(day.stays, day.events, register.places, day.vehicle)
    }
    levels = {
        point_id: [LevelTrace(time_s, fill_ratio) for _, (time_s, fill_ratio) in sorted(traces.items())]
        for point_id, traces in load_levels(connection, span, sorted(within_reach)).items()
    }
    return [replace(day, levels=levels) for day in days]


def _tracks(connection: Connection, register: Register, span: Interval, vehicle_ids: set[str]) -> dict[str, Track]:
    """Return the track of each vehicle, from all devices that it has or had."""
    vehicle_of = register.keys_of(DeviceKind.VEHICLE, vehicle_ids)
    parts: dict[str, list[Mapping[str, FloatArray]]] = {vehicle_id: [] for vehicle_id in vehicle_ids}
    for device_key, fixes in sorted(load_fixes(connection, vehicle_of, span).items()):
        parts[vehicle_of[device_key]].append(fixes)
    return {vehicle_id: _track(register, fixes) for vehicle_id, fixes in parts.items()}


def _track(register: Register, parts: Sequence[Mapping[str, FloatArray]]) -> Track:
    def column(name: str) -> FloatArray:
        return np.concatenate([part[name] for part in parts]) if parts else np.empty(0)

    x_m, y_m = register.places.projection.metres(column("lon"), column("lat"))
    return clean_track(Track(column("time_s"), x_m, y_m, column("speed_kmh"), column("accuracy_m"), column("load_kg")))


def _save(
    connection: Connection, day: date, present: Sequence[store.StoredVisit], found: Sequence[Visit], now: datetime
) -> set[str]:
    """Write a vehicle's visits, each under the number that it had before; return the points that changed."""
    kept, added, gone = same_visits(present, found)
    changed = [after for before, after in kept if before.visit != after.visit]
    store.delete_visits(connection, [stored.visit_id for stored in gone])
    store.update_visits(connection, changed, now)
    store.insert_visits(connection, day, added, now)
    return (
        {stored.visit.point_id for stored in gone}
        | {stored.visit.point_id for stored in changed}
        | {visit.point_id for visit in added}
    )


def _as_stored(
    decision: DueVisitDecision, numbers: Mapping[int, int], planned: PlannedStop | None
) -> store.StoredDueVisit:
    planned_vehicle_id = None if planned is None else planned.vehicle_id
    visit = decision.cleared_by
    return store.StoredDueVisit(
        due=decision.due,
        status=decision.status,
        visit_id=None if visit is None else numbers[id(visit)],
        cleared_at=decision.cleared_at,
        vehicle_id=planned_vehicle_id if visit is None else visit.vehicle_id,
        planned_vehicle_id=planned_vehicle_id,
        planned_at=None if planned is None else planned.arrive_at,
        reason=decision.reason,
    )


def _is_another_decision(before: store.StoredDueVisit, after: store.StoredDueVisit) -> bool:
    """Tell whether an office would call it another decision: not where only the moment was made more exact."""
    return (before.status, before.visit_id, before.vehicle_id, before.reason) != (
        after.status,
        after.visit_id,
        after.vehicle_id,
        after.reason,
    )
