"""What speaks for and against a visit: each piece of evidence weighed on its own, in log odds.

Log odds add up where pieces are independent: 0 leaves the odds as they are, +2.3 makes them ten times better,
-2.3 ten times worse. The sum becomes the visit's confidence. Each piece is a function of one signature, and
PIECES is the list of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import numpy as np

from services.clearance.likelihood import NOTHING, USUAL, Habits, Work, log_rise, log_stand, work_at
from services.clearance.loads import LoadTrace, Rise
from services.clearance.places import Place, Places
from services.clearance.stays import Stay, longest_gap_s
from services.clearance.track import FloatArray, Track, passing_distance_m
from services.clearance.whereabouts import log_place
from services.domain.kinds import EvidenceKind, ServiceOutcome, ServiceSource
from services.domain.registry import Vehicle
from services.domain.town import Interval
from services.domain.visit import Evidence

SERVED, NOT_SERVED = 6.0, -8.0
WRONG_KIND = -2.0
ELSEWHERE_S, ELSEWHERE_M = 90.0, 250.0
ELSEWHERE: Mapping[ServiceSource | None, float] = {ServiceSource.RFID: -4.0, ServiceSource.ARM: -4.0}
ELSEWHERE_BY_HAND = -8.0
"""A button can be pressed anywhere; a tag is read at the container, whatever the clock or the receiver says."""

DURATION_WEIGHT = (-5.0, 3.0)
PARKED = -3.0

LOAD_WEIGHT = (-5.0, 3.0)
"""The least and the most that one piece of evidence says, whatever the densities."""

LEVEL_FELL, LEVEL_UNCHANGED = 3.5, -4.0
LEAST_FALL = 0.15
LEVEL_WITHIN_S = 300.0
LONGEST_BRACKET_S = 7200.0
"""A level known only hours before or after says nothing of one visit."""
WORTH_EMPTYING = 0.2


@dataclass(frozen=True, slots=True, order=True)
class ServiceEvent:
    """What a vehicle's own device says happened at a point, at `at_s` seconds since 1970."""

    at_s: float
    point_id: str
    outcome: ServiceOutcome
    source: ServiceSource | None = None
    collected_kg: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LevelTrace:
    """The readings of one container's fill level in order of time."""

    time_s: FloatArray
    fill_ratio: FloatArray


@dataclass(frozen=True, eq=False)
class VehicleDay:
    """All that one vehicle's devices say about a service day, with the levels of the town's containers.

    `load_noise_kg` is the spread of the load sensor while nothing is loaded; none where there is no sensor.
    `levels` need hold only the points within reach of the vehicle (visits.points_within_reach). `habits` are learned
    from the day itself before its visits are decided.
    """

    vehicle: Vehicle
    track: Track
    stays: Sequence[Stay]
    events: Sequence[ServiceEvent]
    levels: Mapping[str, Sequence[LevelTrace]]
    places: Places
    load_noise_kg: float | None = None
    habits: Habits = USUAL

    @cached_property
    def loads(self) -> LoadTrace | None:
        """What the truck's scale said; none where it has no scale."""
        return None if self.load_noise_kg is None else LoadTrace(self.track, self.stays, self.load_noise_kg)

    @cached_property
    def gap_s(self) -> float:
        """The longest interval between two fixes that is no gap."""
        return longest_gap_s(self.track)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A vehicle at a point: perhaps a visit. It has a stay, service events, or both.

    `claims` are the stays that it uses if it is a visit. `company` is what serving the other points that share its
    stay takes of the stay's time and of the load's rise.
    """

    place: Place
    stay: Stay | None
    events: tuple[ServiceEvent, ...]
    claims: tuple[Stay, ...] = ()
    company: Work = NOTHING

    def work(self, habits: Habits) -> Work:
        """Return what serving the point takes by the register and the truck's habits."""
        return work_at(self.place.point.service_s, self.place.point.expected_kg_per_visit, habits)

    @property
    def start_s(self) -> float:
        """When it begins, in seconds since 1970."""
        return min([event.at_s for event in self.events] + ([self.stay.start_s] if self.stay else []))

    @property
    def end_s(self) -> float:
        """When it ends, in seconds since 1970."""
        return max([event.at_s for event in self.events] + ([self.stay.end_s] if self.stay else []))


@dataclass(frozen=True, slots=True)
class Finding:
    """What one piece of evidence says of a candidate: its log odds, and what the office is shown of it."""

    log_odds: float
    evidence: Evidence | None = None


def service_events(candidate: Candidate, day: VehicleDay) -> Finding | None:
    """Weigh what the vehicle's own device says; of several events the last one holds."""
    if not candidate.events:
        return None
    last = candidate.events[-1]
    if last.outcome is not ServiceOutcome.SERVED:
        return Finding(NOT_SERVED, _event_evidence(candidate))
    weight = SERVED
    if candidate.place.point.container_type not in day.vehicle.may_serve:
        weight += WRONG_KIND
    place = candidate.place
    if passing_distance_m(day.track, (place.x_m, place.y_m), last.at_s, ELSEWHERE_S, day.gap_s) > ELSEWHERE_M:
        weight += ELSEWHERE.get(last.source, ELSEWHERE_BY_HAND)
    return Finding(weight, _event_evidence(candidate))


def stay_place(candidate: Candidate, day: VehicleDay) -> Finding | None:
    """Weigh how near the vehicle stood to the point, and whether it stood nearer to a depot or station."""
    stay = candidate.stay
    if stay is None:
        return None
    weight = log_place(candidate.place.distance_m(stay.x_m, stay.y_m), stay)
    return Finding(weight + PARKED if is_parked(candidate.place, stay, day) else weight)


def is_parked(place: Place, stay: Stay, day: VehicleDay) -> bool:
    """Tell whether a stay is nearer to a depot, station or site than to a point."""
    return day.places.parking_distance_m(stay.x_m, stay.y_m) < place.distance_m(stay.x_m, stay.y_m)


def stay_duration(candidate: Candidate, day: VehicleDay) -> Finding | None:
    """Weigh how long the vehicle stood: with the point served, and with only the others that share the stay."""
    stay = candidate.stay
    if stay is None:
        return None
    interval_s = interval_about(stay, day.track)
    served = log_stand(stay.duration_s, interval_s, candidate.company + candidate.work(day.habits))
    weight = _within(DURATION_WEIGHT, served - log_stand(stay.duration_s, interval_s, candidate.company))
    lon, lat = day.places.projection.degrees(stay.x_m, stay.y_m)
    detail: dict[str, object] = {
        "duration_s": round(stay.duration_s, 1),
        "service_s": candidate.place.point.service_s,
        "distance_m": round(candidate.place.distance_m(stay.x_m, stay.y_m), 1),
        "lon": round(lon, 6),
        "lat": round(lat, 6),
        "fixes": stay.last - stay.first + 1,
    }
    if candidate.company.service_s:
        detail["others_s"] = round(candidate.company.service_s)
    shown = Evidence(EvidenceKind.STAY, _interval(stay.start_s, stay.end_s), detail)
    # A stay too short is no evidence of a visit that an event proves anyway.
    return Finding(0.0 if candidate.events and weight < 0 else weight, shown)


def load_rise(candidate: Candidate, day: VehicleDay) -> Finding | None:
    """Weigh whether the truck was heavier afterwards; while it still stands there only for, not against."""
    rise = measured_rise(candidate, day)
    if rise is None:
        return None
    if rise.is_tipping:
        return Finding(LOAD_WEIGHT[0])
    served = log_rise(rise.kg, rise.error_kg, candidate.company + candidate.work(day.habits))
    weight = _within(LOAD_WEIGHT, served - log_rise(rise.kg, rise.error_kg, candidate.company))
    if weight <= 0.0:
        return None if rise.is_under_way else Finding(weight)
    detail: dict[str, object] = {"before_kg": round(rise.before_kg, 1), "after_kg": round(rise.after_kg, 1)}
    if candidate.company.kg:
        detail["others_kg"] = round(candidate.company.kg)
    observed = _interval(candidate.start_s, candidate.end_s)
    return Finding(weight, Evidence(EvidenceKind.LOAD_RISE, observed, detail))


def measured_rise(candidate: Candidate, day: VehicleDay) -> Rise | None:
    """Return by how much the truck got heavier over a candidate's stay or events; none where no sensor tells."""
    return None if day.loads is None else day.loads.rise(*_loading_span(candidate, day))


def interval_about(stay: Stay, track: Track) -> float:
    """Return the seconds from fix to fix in a stay and about it."""
    first, last = max(stay.first - 1, 0), min(stay.last + 1, len(track) - 1)
    return float(track.time_s[last] - track.time_s[first]) / max(last - first, 1)


def _within(limits: tuple[float, float], weight: float) -> float:
    return min(max(weight, limits[0]), limits[1])


def _loading_span(candidate: Candidate, day: VehicleDay) -> tuple[float, float]:
    """Return when the point's refuse was loaded, if it was: in the stay, even one beyond reach of the point.

    Where the truck was not standing at all when it reported, nothing says how long before or after that it served.
    """
    start_s, end_s = candidate.start_s, candidate.end_s
    if candidate.stay is not None:
        return start_s, end_s
    standing = [stay for stay in day.stays if stay.start_s <= end_s and stay.end_s >= start_s]
    if not standing:
        return start_s - candidate.place.point.service_s, end_s + candidate.place.point.service_s
    return min(start_s, standing[0].start_s), max(end_s, standing[-1].end_s)


def level_drop(candidate: Candidate, day: VehicleDay) -> Finding | None:
    """Weigh whether a container of the point was emptied at that time."""
    unchanged = None
    for trace in day.levels.get(candidate.place.point.point_id, ()):
        finding = _level_finding(trace, candidate)
        if finding is not None and finding.log_odds > 0:
            return finding
        unchanged = unchanged or finding
    return unchanged


Piece = Callable[[Candidate, VehicleDay], Finding | None]
PIECES: tuple[Piece, ...] = (service_events, stay_place, stay_duration, level_drop, load_rise)
"""All pieces of evidence, best first."""


def load_noise_kg(track: Track) -> float | None:
    """Return the spread of the load sensor between one fix and the next, none where there is no sensor."""
    loads = track.load_kg[~np.isnan(track.load_kg)]
    if len(loads) < 10:
        return None
    return float(np.median(np.abs(np.diff(loads)))) * 1.4826 / float(np.sqrt(2.0))


def _interval(start_s: float, end_s: float) -> Interval:
    return Interval(instant(start_s), instant(end_s))


def instant(at_s: float) -> datetime:
    """Return the UTC instant of seconds since 1970, to the millisecond."""
    return datetime.fromtimestamp(round(at_s, 3), UTC)


def _event_evidence(candidate: Candidate) -> Evidence:
    events = candidate.events
    last = events[-1]
    detail: dict[str, object] = {"outcome": str(last.outcome), "events": len(events)}
    if last.source is not None:
        detail["source"] = str(last.source)
    return Evidence(EvidenceKind.SERVICE_EVENT, _interval(events[0].at_s, last.at_s), detail)


def _level_finding(trace: LevelTrace, candidate: Candidate) -> Finding | None:
    """Look at one container: emptied at that time, not emptied although it was worth it, or not told."""
    start_s, end_s = candidate.start_s - LEVEL_WITHIN_S, candidate.end_s + LEVEL_WITHIN_S
    falls = -np.diff(trace.fill_ratio)
    fell = falls >= np.maximum(LEAST_FALL, 0.3 * trace.fill_ratio[:-1])
    bracket_s = np.diff(trace.time_s)
    at_that_time = (trace.time_s[:-1] <= end_s) & (trace.time_s[1:] >= start_s)
    shown = at_that_time & fell & (bracket_s <= LONGEST_BRACKET_S)
    if np.any(shown):
        index = int(np.argmax(shown))
        detail: dict[str, object] = {
            "before_ratio": round(float(trace.fill_ratio[index]), 3),
            "after_ratio": round(float(trace.fill_ratio[index + 1]), 3),
        }
        observed = _interval(float(trace.time_s[index]), float(trace.time_s[index + 1]))
        return Finding(LEVEL_FELL, Evidence(EvidenceKind.LEVEL_DROP, observed, detail))
    known = (trace.time_s[0] < start_s) & (trace.time_s[-1] > end_s) if len(trace.time_s) else False
    if not known or float(np.max(bracket_s[at_that_time], initial=0.0)) > LONGEST_BRACKET_S:
        return None
    worth = float(np.max(trace.fill_ratio[:-1][at_that_time], initial=0.0)) >= WORTH_EMPTYING
    return Finding(LEVEL_UNCHANGED) if worth else None
