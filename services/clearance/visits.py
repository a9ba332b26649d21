"""Visits: the evidence of a vehicle's day weighed together, one decision for each time it was at a point."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, log
from typing import TypeVar

from services.clearance.evidence import (
    PIECES,
    Candidate,
    Finding,
    ServiceEvent,
    VehicleDay,
    instant,
    rise_kg,
)
from services.clearance.places import Place, Places
from services.clearance.stays import Stay
from services.domain.kinds import EvidenceKind, ServiceOutcome, ServiceSource
from services.domain.registry import Vehicle
from services.domain.town import Interval
from services.domain.visit import Visit

PRIOR = -1.0
"""Of the times that a truck stands near a point for whatever reason, somewhat fewer than half are visits."""
REACH_M = 50.0
ONE_PASS_S = 600.0
"""A truck that is back at a point within ten minutes has not come a second time."""
EVENT_NEAR_STAY_S = 120.0
FEWEST_EVENTS = 3
STRONG = 2.0
MOST_AGAINST_SILENCE = -5.0
AUTOMATIC_SOURCES = frozenset({ServiceSource.RFID, ServiceSource.ARM})
AUTOMATIC_FORGETS = 0.1
"""How much more seldom than a driver a tag reader or an arm leaves a visit unreported."""
USED_SHARE = 0.8
"""How much of a point's service time a stay must have had for it before the next point may have the rest."""
SERVICE_STRETCH = 1.5
"""How much longer than usual serving a point may take before or after its service event."""
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _Weighed:
    candidate: Candidate
    findings: tuple[Finding, ...]

    @property
    def log_odds(self) -> float:
        return PRIOR + sum(finding.log_odds for finding in self.findings)


def find_visits(day: VehicleDay, span: Interval) -> list[Visit]:
    """Return the visits of a vehicle that begin within `span`, in order of time.

    `day` may reach beyond `span`, and should by an hour, so that what lies across its ends is seen whole. The
    result depends only on what is in `day`, not on the order in which it arrived.
    """
    weighed = _weigh(_candidates(day), day)
    silence = _against_silence(weighed)
    visits = []
    for item in weighed:
        log_odds = item.log_odds + (0.0 if item.candidate.events else silence)
        if log_odds > 0 and _served_or_stayed(item.candidate):
            visit = _visit(item, day, log_odds)
            if span.contains(visit.interval.start):
                visits.append(visit)
    return sorted(visits, key=lambda visit: (visit.interval.start, visit.point_id))


def _candidates(day: VehicleDay) -> list[Candidate]:
    """Return each time that the vehicle was at a point, by its stays, its service events or both."""
    near: dict[str, list[Stay]] = defaultdict(list)
    for stay in day.stays:
        for place in _near(day.places, stay, day.vehicle):
            near[place.point.point_id].append(stay)
    events: dict[str, list[ServiceEvent]] = defaultdict(list)
    for event in sorted(set(day.events), key=_event_order):
        events[event.point_id].append(event)
    found: list[Candidate] = []
    for point_id in sorted(near.keys() | events.keys()):
        if point_id in day.places.by_id:
            found += _passes(day, point_id, near.get(point_id, []), events.get(point_id, []))
    return found


def points_within_reach(
    stays: Iterable[Stay], events: Iterable[ServiceEvent], places: Places, vehicle: Vehicle
) -> set[str]:
    """Return the points that a vehicle may have served: those it stood near and those it reported."""
    reported = {event.point_id for event in events}
    return reported | {place.point.point_id for stay in stays for place in _near(places, stay, vehicle)}


def _near(places: Places, stay: Stay, vehicle: Vehicle) -> list[Place]:
    near = places.near(stay.x_m, stay.y_m, REACH_M + stay.error_m)
    return [place for place in near if place.point.container_type in vehicle.may_serve]


def _event_order(event: ServiceEvent) -> tuple[float, str, str, str, float]:
    return (event.at_s, event.point_id, event.outcome, event.source or "", event.collected_kg or 0.0)


def _passes(day: VehicleDay, point_id: str, stays: Sequence[Stay], events: Sequence[ServiceEvent]) -> list[Candidate]:
    """Group what happened at one point into passes: about its events, then what stays are left."""
    place = day.places.by_id[point_id]

    def worth(stay: Stay) -> tuple[float, float]:
        distance_m = place.distance_m(stay.x_m, stay.y_m)
        return stay.duration_s / (1.0 + (distance_m / 20.0) ** 2), -stay.start_s

    clusters = _clusters([(event.at_s, event.at_s, event) for event in events])
    found = [_reported(place, cluster, stays, worth) for cluster in clusters]
    spans = [(candidate.start_s - ONE_PASS_S, candidate.end_s + ONE_PASS_S) for candidate in found]
    left = [
        (stay.start_s, stay.end_s, stay)
        for stay in stays
        if not any(stay.start_s <= end_s and stay.end_s >= start_s for start_s, end_s in spans)
    ]
    for cluster in _clusters(left):
        best = max(cluster, key=worth)
        found.append(Candidate(place, best, (), (best,)))
    return found


def _reported(
    place: Place, events: Sequence[ServiceEvent], stays: Sequence[Stay], worth: Callable[[Stay], tuple[float, float]]
) -> Candidate:
    """Return what the vehicle's device reported at a point, with the stay in which it did.

    Noise may cut the stand at the point in parts; it claims all that lie about the events for the most.
    """
    during = [stay for stay in stays if any(stay.start_s <= event.at_s <= stay.end_s for event in events)]
    near = during or [stay for stay in stays if _belongs(stay, events)]
    service_s = place.point.service_s
    start_s, end_s = events[0].at_s - service_s, events[-1].at_s + service_s
    claims = tuple(
        stay
        for stay in stays
        if min(stay.end_s, end_s) - max(stay.start_s, start_s) > 0.5 * stay.duration_s or stay in near
    )
    return Candidate(place, max(near, key=worth, default=None), tuple(events), claims)


def _clusters(items: Sequence[tuple[float, float, Item]]) -> list[list[Item]]:
    """Group (start, end, item) in order of time, wherever one begins soon after the last of a group ended."""
    groups: list[list[Item]] = []
    group_end_s = float("-inf")
    for start_s, end_s, item in items:
        if start_s - group_end_s > ONE_PASS_S:
            groups.append([])
        groups[-1].append(item)
        group_end_s = max(group_end_s, end_s)
    return groups


def _belongs(stay: Stay, events: Iterable[ServiceEvent]) -> bool:
    return any(stay.start_s - EVENT_NEAR_STAY_S <= event.at_s <= stay.end_s + EVENT_NEAR_STAY_S for event in events)


def _weigh(candidates: Iterable[Candidate], day: VehicleDay) -> list[_Weighed]:
    """Weigh the candidates; those that share a stay share its time and its load, nearest first.

    A point with a service event of its own comes before all that have none.
    """
    taken_s: dict[int, float] = defaultdict(float)
    taken_kg: dict[int, float] = defaultdict(float)
    weighed = []
    for candidate in sorted(candidates, key=_claim_order):
        stay = candidate.stay
        if stay is not None and not candidate.events:
            candidate = replace(candidate, taken_s=taken_s[stay.first], taken_kg=taken_kg[stay.first])
        findings = tuple(finding for piece in PIECES if (finding := piece(candidate, day)) is not None)
        item = _Weighed(candidate, findings)
        weighed.append(item)
        if item.log_odds > 0:
            for claimed in candidate.claims:
                taken_s[claimed.first] += USED_SHARE * candidate.place.point.service_s
                taken_kg[claimed.first] += _own_kg(candidate)
    return weighed


def _claim_order(candidate: Candidate) -> tuple[bool, float, str, float]:
    stay = candidate.stay
    distance_m = 0.0 if stay is None else candidate.place.distance_m(stay.x_m, stay.y_m)
    return not candidate.events, distance_m, candidate.place.point.point_id, candidate.start_s


def _own_kg(candidate: Candidate) -> float:
    """Return what the load's rise owes to this point: what its events say, else half of what is expected."""
    collected_kg = _collected_by_events(candidate.events)
    return 0.5 * candidate.place.point.expected_kg_per_visit if collected_kg is None else collected_kg


def _against_silence(weighed: Iterable[_Weighed]) -> float:
    """Return what it says against a stay that the vehicle's device reported no service there.

    It is the logarithm of the share of visits that go without an event: a device that reports nearly every
    visit says much by its silence, one whose button is often forgotten little, one that never reports nothing.
    A tag or an arm forgets nothing, so that where one reports, stays without an event count as waits.
    """
    reported = unreported = 0
    automatic = False
    for item in weighed:
        served = [event for event in item.candidate.events if event.outcome is ServiceOutcome.SERVED]
        if served:
            reported += 1
            automatic = automatic or any(event.source in AUTOMATIC_SOURCES for event in served)
        elif not item.candidate.events and item.log_odds > STRONG:
            unreported += 1
    if reported < FEWEST_EVENTS:
        return 0.0
    weight = AUTOMATIC_FORGETS if automatic else 1.0
    return max(MOST_AGAINST_SILENCE, log(weight * (unreported + 1) / (reported + weight * (unreported + 2))))


def _served_or_stayed(candidate: Candidate) -> bool:
    """Tell whether there is a visit's core: without a stay only an event that says served makes one."""
    return candidate.stay is not None or candidate.events[-1].outcome is ServiceOutcome.SERVED


def _visit(item: _Weighed, day: VehicleDay, log_odds: float) -> Visit:
    candidate = item.candidate
    pieces = [finding.evidence for finding in item.findings if finding.evidence and finding.log_odds >= 0]
    order = list(EvidenceKind)
    pieces.sort(key=lambda piece: order.index(piece.kind))
    start_s, end_s = _span(candidate)
    collected_kg = _collected_by_events(candidate.events)
    if collected_kg is None and any(piece.kind is EvidenceKind.LOAD_RISE for piece in pieces):
        collected_kg = rise_kg(candidate, day)
    return Visit(
        point_id=candidate.place.point.point_id,
        vehicle_id=day.vehicle.vehicle_id,
        interval=Interval(instant(start_s), instant(end_s)),
        confidence=round(1.0 / (1.0 + exp(-log_odds)), 4),
        evidence=tuple(pieces),
        collected_kg=None if collected_kg is None else round(collected_kg, 1),
    )


def _span(candidate: Candidate) -> tuple[float, float]:
    """Return when the visit began and ended: a stay is cut to the time about its events that serving takes.

    A truck may wait at the point before, for its window, or rest there afterwards.
    """
    start_s, end_s = candidate.start_s, candidate.end_s
    if not candidate.events:
        return start_s, end_s
    around_s = SERVICE_STRETCH * candidate.place.point.service_s
    return max(start_s, candidate.events[0].at_s - around_s), min(end_s, candidate.events[-1].at_s + around_s)


def _collected_by_events(events: Iterable[ServiceEvent]) -> float | None:
    """Return the kg that the events report: summed over the containers, once where several sources tell it."""
    by_source: dict[str, float] = {}
    for event in events:
        if event.collected_kg is not None and event.outcome is ServiceOutcome.SERVED:
            source = event.source or ""
            by_source[source] = by_source.get(source, 0.0) + event.collected_kg
    return max(by_source.values(), default=None)
