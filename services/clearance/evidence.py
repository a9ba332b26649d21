"""What speaks for and against a visit: each piece of evidence weighed on its own, in log odds.

Log odds add up where pieces are independent: 0 leaves the odds as they are, +2.3 makes them ten times better,
-2.3 ten times worse. The sum becomes the visit's confidence. Each piece is a function of one signature, and
PIECES is the list of them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from services.clearance.places import Place, Places
from services.clearance.stays import Stay, longest_gap_s
from services.clearance.track import FloatArray, Track
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

PLACE_BEST, PLACE_SPREAD_M = 1.5, 15.0
"""A truck stands on the road beside the containers: some 15 m off their surveyed place is usual."""
DURATION_RATIOS = (0.2, 0.4, 0.6, 0.8, 1.0, 10.0, 20.0)
DURATION_WEIGHTS = (-5.0, -1.5, 1.0, 2.5, 3.0, 3.0, 2.0)
"""By stay over service time: much shorter is a traffic light, much longer (a break) says little less."""
PARKED = -3.0

LOAD_RISEN, LOAD_UNCHANGED = 3.0, -5.0
LOAD_FIXES = 3
LOAD_WITHIN_S = 300.0
LEAST_RISE_KG = 10.0
TIPPED_BY_NOISE = 8.0
"""A fall of the load by so many times the sensor's noise from one fix to the next is a tipping."""

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


@dataclass(frozen=True, slots=True)
class VehicleDay:
    """All that one vehicle's devices say about a service day, with the levels of the town's containers.

    `load_noise_kg` is the spread of the load sensor while nothing is loaded; none where there is no sensor.
    `levels` need hold only the points within reach of the vehicle (visits.points_within_reach).
    """

    vehicle: Vehicle
    track: Track
    stays: Sequence[Stay]
    events: Sequence[ServiceEvent]
    levels: Mapping[str, Sequence[LevelTrace]]
    places: Places
    load_noise_kg: float | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A vehicle at a point: perhaps a visit. It has a stay, service events, or both.

    `claims` are the stays that it uses if it is a visit. `taken_s` of the stay, and `taken_kg` of the load's
    rise, were used by nearer points and by those with an event of their own.
    """

    place: Place
    stay: Stay | None
    events: tuple[ServiceEvent, ...]
    claims: tuple[Stay, ...] = ()
    taken_s: float = 0.0
    taken_kg: float = 0.0

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
    distance_m = _distance_at(day.track, candidate.place, last.at_s)
    if distance_m is not None and distance_m > ELSEWHERE_M:
        weight += ELSEWHERE.get(last.source, ELSEWHERE_BY_HAND)
    return Finding(weight, _event_evidence(candidate))


def stay_place(candidate: Candidate, day: VehicleDay) -> Finding | None:
    """Weigh how near the vehicle stood to the point, and whether it stood nearer to a depot or station."""
    stay = candidate.stay
    if stay is None:
        return None
    distance_m = candidate.place.distance_m(stay.x_m, stay.y_m)
    weight = PLACE_BEST - 0.5 * distance_m**2 / (PLACE_SPREAD_M**2 + stay.error_m**2)
    if day.places.parking_distance_m(stay.x_m, stay.y_m) < distance_m:
        weight += PARKED
    return Finding(weight)


def stay_duration(candidate: Candidate, day: VehicleDay) -> Finding | None:
    """Weigh how long the vehicle stood, against the time that serving the point takes."""
    stay = candidate.stay
    if stay is None:
        return None
    spare_s = stay.duration_s - candidate.taken_s
    service_s = max(candidate.place.point.service_s, 1)
    weight = float(np.interp(spare_s / service_s, DURATION_RATIOS, DURATION_WEIGHTS))
    lon, lat = day.places.projection.degrees(stay.x_m, stay.y_m)
    detail: dict[str, object] = {
        "duration_s": round(stay.duration_s, 1),
        "service_s": candidate.place.point.service_s,
        "distance_m": round(candidate.place.distance_m(stay.x_m, stay.y_m), 1),
        "lon": round(lon, 6),
        "lat": round(lat, 6),
        "fixes": stay.last - stay.first + 1,
    }
    shown = Evidence(EvidenceKind.STAY, _interval(stay.start_s, stay.end_s), detail)
    # A stay too short is no evidence of a visit that an event proves anyway.
    return Finding(0.0 if candidate.events and weight < 0 else weight, shown if spare_s > 0 else None)


def load_rise(candidate: Candidate, day: VehicleDay) -> Finding | None:
    """Weigh whether the truck was heavier afterwards; while it still stands there only for, not against."""
    if day.load_noise_kg is None:
        return None
    start_s, end_s = _loading_span(candidate, day)
    before = _loads(day.track, start_s, before=True)
    after = _loads(day.track, end_s, before=False)
    if len(before) == 0:
        return None
    still_there = len(after) == 0
    if still_there:
        after = _loads_within(day.track, candidate)
    if len(after) == 0:
        return None
    before_kg = float(np.median(_between_tippings(before, day.load_noise_kg)[-1]))
    after_kg = float(np.median(_between_tippings(after, day.load_noise_kg)[0]))
    rise_kg = after_kg - before_kg - candidate.taken_kg
    expected_kg = candidate.place.point.expected_kg_per_visit
    enough_kg = max(0.3 * expected_kg, 3.0 * day.load_noise_kg, LEAST_RISE_KG)
    if rise_kg >= enough_kg:
        detail: dict[str, object] = {"before_kg": round(before_kg, 1), "after_kg": round(after_kg, 1)}
        observed = _interval(candidate.start_s, candidate.end_s)
        return Finding(LOAD_RISEN, Evidence(EvidenceKind.LOAD_RISE, observed, detail))
    told_apart = expected_kg > 4.0 * day.load_noise_kg
    if told_apart and not still_there and rise_kg < 0.5 * enough_kg:
        return Finding(LOAD_UNCHANGED)
    return None


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


def rise_kg(candidate: Candidate, day: VehicleDay) -> float | None:
    """Return by how much the truck was heavier afterwards; none where no sensor tells."""
    before = _loads(day.track, candidate.start_s, before=True)
    after = _loads(day.track, candidate.end_s, before=False)
    if len(before) == 0 or len(after) == 0:
        return None
    return float(np.median(after) - np.median(before))


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


def _distance_at(track: Track, place: Place, at_s: float) -> float | None:
    """Return the least distance of the vehicle from `place` around `at_s`; none where no fix tells.

    The way between two fixes counts, so that a sparse track does not put a truck far from where it passed.
    """
    first = int(np.searchsorted(track.time_s, at_s - ELSEWHERE_S))
    last = int(np.searchsorted(track.time_s, at_s + ELSEWHERE_S, side="right"))
    if last - first < 2 or not track.time_s[first] <= at_s <= track.time_s[last - 1]:
        return None
    if float(np.max(np.diff(track.time_s[first:last]))) > longest_gap_s(track):
        return None
    x_m, y_m = track.x_m[first:last] - place.x_m, track.y_m[first:last] - place.y_m
    along_x, along_y = np.diff(x_m), np.diff(y_m)
    squared = np.maximum(along_x**2 + along_y**2, 1e-9)
    share = np.clip(-(x_m[:-1] * along_x + y_m[:-1] * along_y) / squared, 0.0, 1.0)
    return float(np.min(np.hypot(x_m[:-1] + share * along_x, y_m[:-1] + share * along_y)))


def _loads(track: Track, at_s: float, *, before: bool) -> NDArray[np.float64]:
    """Return the last few loads before `at_s`, or the first few after it, within LOAD_WITHIN_S."""
    if before:
        span = slice(int(np.searchsorted(track.time_s, at_s - LOAD_WITHIN_S)), int(np.searchsorted(track.time_s, at_s)))
    else:
        span = slice(
            int(np.searchsorted(track.time_s, at_s, side="right")),
            int(np.searchsorted(track.time_s, at_s + LOAD_WITHIN_S, side="right")),
        )
    loads = track.load_kg[span]
    loads = loads[~np.isnan(loads)]
    return loads[-LOAD_FIXES:] if before else loads[:LOAD_FIXES]


def _between_tippings(loads: NDArray[np.float64], noise_kg: float) -> list[NDArray[np.float64]]:
    """Cut loads where the truck tipped, so that what it held before and after that is not mixed."""
    least_kg = max(TIPPED_BY_NOISE * noise_kg, LEAST_RISE_KG)
    return np.split(loads, np.flatnonzero(np.diff(loads) < -least_kg) + 1)


def _loads_within(track: Track, candidate: Candidate) -> NDArray[np.float64]:
    span = slice(
        int(np.searchsorted(track.time_s, candidate.start_s)),
        int(np.searchsorted(track.time_s, candidate.end_s, side="right")),
    )
    loads = track.load_kg[span]
    return loads[~np.isnan(loads)][-1:]


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
