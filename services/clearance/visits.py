"""Visits: the evidence of a vehicle's day weighed together, one decision for each time it was at a point."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import exp, log
from typing import TypeVar

from services.clearance.evidence import (
    LOAD_WEIGHT,
    PARKED,
    PIECES,
    Candidate,
    Finding,
    ServiceEvent,
    VehicleDay,
    instant,
    interval_about,
    is_parked,
    level_drop,
    measured_rise,
)
from services.clearance.habits import learn_habits
from services.clearance.likelihood import NOTHING, Habits, Work, all_work, log_rise, log_stand, share_of, work_at
from services.clearance.places import Place, Places
from services.clearance.stays import Stay
from services.clearance.whereabouts import Whereabouts
from services.domain.kinds import EvidenceKind, ServiceOutcome, ServiceSource
from services.domain.registry import Vehicle
from services.domain.town import Interval
from services.domain.visit import Visit

PRIOR = -1.0
"""Of the times that a truck stands near a point for whatever reason, somewhat fewer than half are visits."""
FURTHER = 2.0
"""Log odds of a third, fourth … point: of the points beside a stay in which one was served half may be served as well,
but who serves several points of a street in one crawl leaves out few of the others."""
ALONE, ALONE_SHOWN_ONCE, EITHER_OR, BESIDE_ANOTHER = 0.0, 1.0, 0.8, 0.5
"""Log odds that make a visit: of a point that has a stay to itself, of one whose stay a single fix shows, of the
likeliest of several points beside a stay, of the others beside it. Where two points explain a stay about as well, a
guess would be wrong nearly as often as right, and would clear what was only driven past."""
REACH_M = 70.0
ONE_PASS_S = 600.0
"""A truck that is back at a point within ten minutes has not come a second time."""
EVENT_NEAR_STAY_S = 120.0
FEWEST_EVENTS = 3
STRONG, STRONG_RISE = 2.0, 1.5
MOST_AGAINST_SILENCE = -5.0
AUTOMATIC_SOURCES = frozenset({ServiceSource.RFID, ServiceSource.ARM})
AUTOMATIC_FORGETS = 0.1
"""How much more seldom than a driver a tag reader or an arm leaves a visit unreported."""
MOST_SHARING = 8
"""So many points beside one stay are thought through in every combination; those farther off are left out."""
SERVICE_STRETCH = 1.5
"""How much longer than usual serving a point may take before or after its service event."""
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A candidate with what was found of it.

    `joint` are its log odds over all explanations of a stay that it shares with others; it is a visit where it has
    more than `wanted`.
    """

    candidate: Candidate
    findings: tuple[Finding, ...]
    joint: float | None = None
    wanted: float = ALONE

    @property
    def log_odds(self) -> float:
        if self.joint is not None:
            return self.joint
        return PRIOR + sum(finding.log_odds for finding in self.findings)


def find_visits(day: VehicleDay, span: Interval) -> list[Visit]:
    """Return the visits of a vehicle that begin within `span`, in order of time.

    `day` may reach beyond `span`, and should by an hour, so that what lies across its ends is seen whole. The
    result depends only on what is in `day`, not on the order in which it arrived.
    """
    candidates = candidates_of(day)
    day = replace(day, habits=learn_habits(candidates, day))
    weighed = _weigh(candidates, day)
    silence = _against_silence(weighed)
    visits = []
    for item in weighed:
        log_odds = item.log_odds + (0.0 if item.candidate.events else silence)
        if log_odds > item.wanted and _served_or_stayed(item.candidate):
            visit = _visit(item, day, log_odds)
            if span.contains(visit.interval.start):
                visits.append(visit)
    return sorted(visits, key=lambda visit: (visit.interval.start, visit.point_id))


def candidates_of(day: VehicleDay) -> list[Candidate]:
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


def _weigh(candidates: Sequence[Candidate], day: VehicleDay) -> list[_Weighed]:
    """Weigh the candidates; those that share a stay share its time and its load.

    What an event reports is settled first. The points beside a stay that have none are weighed together.
    """
    alone = [_weighed(candidate, day) for candidate in candidates if candidate.events]
    taken = _taken(alone, day.habits)
    weighed = [_beside(item, _company(item.candidate, taken), day) for item in alone]
    beside: dict[int, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.stay is not None and not candidate.events:
            beside[candidate.stay.first].append(candidate)
    for first in sorted(beside):
        weighed += _weigh_together(beside[first], taken.get(first, {}), day)
    return weighed


def _weighed(candidate: Candidate, day: VehicleDay) -> _Weighed:
    return _Weighed(candidate, tuple(finding for piece in PIECES if (finding := piece(candidate, day)) is not None))


def _beside(alone: _Weighed, company: Work, day: VehicleDay) -> _Weighed:
    """Weigh a candidate that was weighed alone again, beside others that share its stay."""
    return alone if company == NOTHING else _weighed(replace(alone.candidate, company=company), day)


def _taken(reported: Iterable[_Weighed], habits: Habits) -> dict[int, dict[str, Work]]:
    """Return what each point that was reported served takes of each stay, by the stay's first fix."""
    taken: dict[int, dict[str, Work]] = defaultdict(dict)
    for item in reported:
        candidate = item.candidate
        whole_s = sum(stay.duration_s for stay in candidate.claims)
        if item.log_odds <= 0 or whole_s <= 0:
            continue
        point = candidate.place.point
        told_kg = _collected_by_events(candidate.events)
        work = candidate.work(habits)
        if told_kg is not None:
            work = work_at(point.service_s, told_kg, replace(habits, fill=1.0))
        for stay in candidate.claims:
            taken[stay.first][point.point_id] = share_of(work, stay.duration_s / whole_s)
    return taken


def _company(candidate: Candidate, taken: Mapping[int, Mapping[str, Work]]) -> Work:
    """Return what others that were reported served take of a candidate's stay."""
    if candidate.stay is None:
        return NOTHING
    others = taken.get(candidate.stay.first, {})
    return all_work(work for point_id, work in others.items() if point_id != candidate.place.point.point_id)


def _weigh_together(sharing: Sequence[Candidate], reported: Mapping[str, Work], day: VehicleDay) -> list[_Weighed]:
    """Weigh the candidates of one stay by all ways in which some of them together may explain it.

    The odds of each are those of all explanations in which it was served against all in which it was not: which of two
    points 20 m apart was served stays open where both explain the stay about as well. What the office is shown of it
    is weighed beside those others that belong to the best explanation. `reported` is what each point takes of the
    stay that was reported served in it.
    """
    ordered = sorted(sharing, key=_claim_order)
    alone = [_weighed(candidate, day) for candidate in ordered]
    shown_once = ordered[0].stay is not None and ordered[0].stay.first == ordered[0].stay.last
    if len(ordered) == 1 and not reported:
        return [replace(alone[0], wanted=ALONE_SHOWN_ONCE if shown_once else ALONE)]
    explanations = _explanations(ordered, reported, day)
    _, best = max(explanations, key=lambda item: item[0])
    weighed_together = {number for _, chosen in explanations for number in chosen}
    found = []
    for number in range(len(ordered)):
        others = (ordered[other].work(day.habits) for other in best if other != number)
        weighed = _beside(alone[number], all_work([*reported.values(), *others]), day)
        if number in weighed_together:
            weighed = replace(weighed, joint=_joint_odds(explanations, number), wanted=BESIDE_ANOTHER)
        found.append(weighed)
    if not reported:
        first = max(range(len(found)), key=lambda number: (found[number].log_odds, -number))
        found[first] = replace(found[first], wanted=EITHER_OR)
    return [replace(item, wanted=max(item.wanted, ALONE_SHOWN_ONCE)) for item in found] if shown_once else found


_Explanation = tuple[float, tuple[int, ...]]
"""A log density, and the numbers of the candidates that are thought served."""


def _explanations(ordered: Sequence[Candidate], reported: Mapping[str, Work], day: VehicleDay) -> list[_Explanation]:
    """Return every way in which some of the likeliest candidates of a stay, or none, may explain it."""
    stay, rise = ordered[0].stay, measured_rise(ordered[0], day)
    assert stay is not None
    interval_s = interval_about(stay, day.track)
    whereabouts = Whereabouts(stay, day.track, day.habits)
    own = [_own_log_odds(candidate, stay, day) for candidate in ordered]
    works = [candidate.work(day.habits) for candidate in ordered]
    settled = [(day.places.by_id[point_id], max(work.service_s, 1.0)) for point_id, work in sorted(reported.items())]
    taken = all_work(reported.values())

    def explained_by(chosen: tuple[int, ...]) -> _Explanation:
        work = all_work([taken, *(works[number] for number in chosen)])
        if rise is None or rise.is_under_way:
            risen = 0.0
        elif rise.is_tipping:
            risen = LOAD_WEIGHT[0] if chosen else 0.0
        else:
            risen = log_rise(rise.kg, rise.error_kg, work)
        parts = [*settled, *((ordered[number].place, works[number].service_s) for number in chosen)]
        served = sum(own[number] for number in chosen) + _log_prior(len(chosen), len(settled))
        return served + whereabouts.log_density(parts) + log_stand(stay.duration_s, interval_s, work) + risen, chosen

    near = [own[number] + whereabouts.log_density([(ordered[number].place, 1.0)]) for number in range(len(ordered))]
    likeliest = sorted(sorted(range(len(ordered)), key=lambda number: (-near[number], number))[:MOST_SHARING])
    return [explained_by(chosen) for count in range(len(likeliest) + 1) for chosen in combinations(likeliest, count)]


def _log_prior(chosen: int, settled: int) -> float:
    """Return the log odds of so many points having been served in a stay, beside those that were reported."""
    all_of_them = chosen + settled
    first = PRIOR if chosen and not settled else 0.0
    return first + FURTHER * (max(all_of_them - 2, 0) - max(settled - 2, 0))


def _joint_odds(explanations: Sequence[_Explanation], number: int) -> float:
    """Return the log odds of one candidate: of the explanations with it, against those without."""
    with_it = [density for density, chosen in explanations if number in chosen]
    without = [density for density, chosen in explanations if number not in chosen]
    return _log_sum(with_it) - _log_sum(without)


def _log_sum(densities: Sequence[float]) -> float:
    most = max(densities)
    return most + log(sum(exp(density - most) for density in densities))


def _own_log_odds(candidate: Candidate, stay: Stay, day: VehicleDay) -> float:
    """Return what speaks for a candidate by itself, whatever else was served in its stay: its level, no depot."""
    level = level_drop(candidate, day)
    parked = PARKED if is_parked(candidate.place, stay, day) else 0.0
    return parked + (0.0 if level is None else level.log_odds)


def _claim_order(candidate: Candidate) -> tuple[float, str, float]:
    stay = candidate.stay
    distance_m = 0.0 if stay is None else candidate.place.distance_m(stay.x_m, stay.y_m)
    return distance_m, candidate.place.point.point_id, candidate.start_s


def _against_silence(weighed: Sequence[_Weighed]) -> float:
    """Return what it says against a stay that the vehicle's device reported no service there.

    It is the logarithm of the share of visits that go without an event: a device that reports nearly every
    visit says much by its silence, one whose button is often forgotten little, one that never reports nothing.
    A tag or an arm forgets little, so that where one reports, stays without an event count as waits, unless the
    truck got heavier.
    """
    served = [[event for event in item.candidate.events if event.outcome is ServiceOutcome.SERVED] for item in weighed]
    reported = sum(map(bool, served))
    if reported < FEWEST_EVENTS:
        return 0.0
    automatic = any(event.source in AUTOMATIC_SOURCES for events in served for event in events)
    odd = AUTOMATIC_FORGETS if automatic else 1.0
    unreported = [item for item in weighed if not item.candidate.events and item.log_odds > STRONG]
    forgotten = sum(1.0 if _got_heavier(item) else odd for item in unreported)
    return max(MOST_AGAINST_SILENCE, log((forgotten + odd) / (reported + forgotten + 2.0 * odd)))


def _got_heavier(item: _Weighed) -> bool:
    return any(
        finding.evidence is not None
        and finding.evidence.kind is EvidenceKind.LOAD_RISE
        and finding.log_odds > STRONG_RISE
        for finding in item.findings
    )


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
        rise = measured_rise(candidate, day)
        collected_kg = None if rise is None else _share_of(rise.kg, candidate, day.habits)
    return Visit(
        point_id=candidate.place.point.point_id,
        vehicle_id=day.vehicle.vehicle_id,
        interval=Interval(instant(start_s), instant(end_s)),
        confidence=round(1.0 / (1.0 + exp(-log_odds)), 4),
        evidence=tuple(pieces),
        collected_kg=None if collected_kg is None else round(collected_kg, 1),
    )


def _share_of(rise_kg: float, candidate: Candidate, habits: Habits) -> float:
    """Return what one point gave of the load that a stay brought, where others share it."""
    own_kg = candidate.work(habits).kg
    return max(rise_kg, 0.0) * own_kg / (own_kg + candidate.company.kg)


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
