"""Alarms: what needs attention now, raised once while it holds and cleared when it does no more."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.domain.clock import TownClock
from services.domain.gases import H2S_LIMIT, H2S_MG_M3_PER_PPM, NH3_LIMITS, NH3_MG_M3_PER_PPM
from services.domain.kinds import AlarmKind
from services.domain.town import Town
from services.store import alarm_signs as signs
from services.store.alarms import clear_alarm, raise_alarm
from services.store.connection import Connection
from services.store.standards import load_standard_limits

CONTAINER_OVERFULL = AlarmKind.CONTAINER_OVERFULL.value
DEVICE_SILENT = AlarmKind.DEVICE_SILENT.value
STATION_OVER_CAPACITY = AlarmKind.STATION_OVER_CAPACITY.value
TOILET_ODOUR = AlarmKind.TOILET_ODOUR.value
DUE_VISIT_AT_RISK = AlarmKind.DUE_VISIT_AT_RISK.value
KINDS = [CONTAINER_OVERFULL, DEVICE_SILENT, STATION_OVER_CAPACITY, TOILET_ODOUR, DUE_VISIT_AT_RISK]

FORGOTTEN_AFTER = timedelta(days=7)
"""A device that has been silent for longer is no news."""

Thresholds = Mapping[str, float]
"""The upper end of each limit, by its identifier; thresholds are data (standard_limits)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds now and needs attention."""

    kind: str
    subject_kind: str
    subject_id: str
    detail: dict[str, object]

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same alarm as one that is open."""
        return self.kind, self.subject_kind, self.subject_id


def overfull(containers: Iterable[signs.ContainerSign], thresholds: Thresholds) -> list[Condition]:
    """Return the points of which a container is over the filling factor."""
    limit = thresholds.get("alarm_container_fill_ratio")
    return [
        Condition(CONTAINER_OVERFULL, "point", sign.point_id, {"fill_ratio": round(sign.fill_ratio, 3), "limit": limit})
        for sign in containers
        if limit is not None and sign.fill_ratio > limit
    ]


def silent(devices: Iterable[signs.DeviceSign], thresholds: Thresholds, now: datetime) -> list[Condition]:
    """Return the assets that should be heard and are not, longer than their kind may be silent."""
    found = []
    for sign in devices:
        limit_min = thresholds.get(f"alarm_{sign.kind}_silent_min")
        silence = now - sign.last_heard_at
        if limit_min is None or not sign.expected or silence > FORGOTTEN_AFTER:
            continue
        if silence > timedelta(minutes=limit_min):
            detail: dict[str, object] = {"last_heard_at": sign.last_heard_at.isoformat(), "limit_min": limit_min}
            found.append(Condition(DEVICE_SILENT, SUBJECT_KINDS[sign.kind], sign.asset_id, detail))
    return found


SUBJECT_KINDS = {"vehicle": "vehicle", "station": "facility", "toilet": "facility", "container": "point"}


def over_capacity(stations: Iterable[signs.StationSign]) -> list[Condition]:
    """Return the stations that have taken in more today than a day is designed for."""
    return [
        Condition(
            STATION_OVER_CAPACITY,
            "facility",
            sign.facility_id,
            {"throughput_t": round(sign.throughput_t, 2), "design_t_per_day": sign.design_t_per_day},
        )
        for sign in stations
        if sign.throughput_t > sign.design_t_per_day
    ]


def odour(toilets: Iterable[signs.ToiletSign], thresholds: Thresholds) -> list[Condition]:
    """Return the toilets whose air is over a limit of their class."""
    found = []
    for sign in toilets:
        for gas, ppm, factor, limit_id in (
            ("nh3_mg_m3", sign.nh3_ppm, NH3_MG_M3_PER_PPM, NH3_LIMITS.get(sign.toilet_class or "", "")),
            ("h2s_mg_m3", sign.h2s_ppm, H2S_MG_M3_PER_PPM, H2S_LIMIT),
        ):
            limit = thresholds.get(limit_id)
            if ppm is not None and limit is not None and ppm * factor > limit:
                detail: dict[str, object] = {gas: round(ppm * factor, 4), "limit": limit}
                found.append(Condition(TOILET_ODOUR, "facility", sign.facility_id, detail))
                break
    return found


def at_risk(visits: Iterable[signs.LateVisitSign]) -> list[Condition]:
    """Return the points with a due visit that runs late."""
    return [
        Condition(
            DUE_VISIT_AT_RISK,
            "point",
            sign.point_id,
            {
                "occurrence": sign.occurrence,
                "vehicle_id": sign.vehicle_id,
                "planned_at": None if sign.planned_at is None else sign.planned_at.isoformat(),
                "due_to": sign.due_to.isoformat(),
            },
        )
        for sign in visits
    ]


def watch(connection: Connection, town: Town, clock: TownClock) -> None:
    """Raise what holds now, and clear what does no more."""
    now = clock.now()
    day = town.service_date(now)
    limits = load_standard_limits(connection)
    thresholds = {name: limit.value_high for name, limit in limits.items() if limit.value_high is not None}
    late = timedelta(minutes=thresholds.get("alarm_due_visit_late_min", 60.0))
    closing = timedelta(minutes=thresholds.get("alarm_due_visit_closing_min", 30.0))
    conditions = [
        *overfull(signs.load_container_signs(connection, now), thresholds),
        *over_capacity(signs.load_station_signs(connection, town.service_day(day))),
        *odour(signs.load_toilet_signs(connection, now), thresholds),
        *at_risk(signs.load_late_visit_signs(connection, day, now, now - late, now + closing)),
        *_unless_clock_was_set(
            clock, now, lambda: silent(signs.load_device_signs(connection, day, now), thresholds, now)
        ),
    ]
    holding = {condition.key: condition for condition in conditions}
    present = signs.open_alarms(connection, KINDS)
    for key in sorted(holding.keys() - present):
        raise_alarm(connection, *key, now, holding[key].detail)
    for key in sorted(present - holding.keys()):
        clear_alarm(connection, *key, now)


SETTLING = timedelta(hours=1)


def _unless_clock_was_set(clock: TownClock, now: datetime, look: Callable[[], list[Condition]]) -> list[Condition]:
    """Return nothing for an hour after a simulation set the clock: until then every device seems silent."""
    if clock.simulated and clock.shows_at_set <= now < clock.shows_at_set + SETTLING:
        return []
    return look()
