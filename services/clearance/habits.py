"""The habits of a truck's day: how far from a point it stands, how long serving takes, how much it finds there.

They are learned from stays beside a single point, of which there is hardly a doubt, so that the points beside one stay
are told apart as sharply as this town's survey, this crew and this receiver allow, and no sharper.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import exp, log, sqrt
from statistics import median

from services.clearance.evidence import Candidate, VehicleDay, is_parked, measured_rise
from services.clearance.likelihood import Habits
from services.clearance.whereabouts import halves_apart_m, place_spread_m, receiver_error_m
from services.domain.kinds import ServiceOutcome

AS_IF_SEEN = 1.0
"""What is usual weighs as much as so many stays of the day."""
FEWEST = 3
FEWEST_FIXES_IN_HALVES = 4
LEAST_SHARE, MOST_SHARE = 0.5, 2.0
"""A stay between these shares of the service time was probably for the service."""
LEAST_FILL, CLEAR_RISE = 0.3, 3.0
"""A rise tells how much was found where it is this share of what is expected, and so many times its error."""
SCATTERS, PACES, FILLS = (0.4, 1.5), (0.6, 1.6), (0.5, 2.0)
RAYLEIGH_MEDIAN = 1.1774
"""Half of the distances of a normal scatter in the plane lie within so many standard deviations."""


def learn_habits(candidates: Iterable[Candidate], day: VehicleDay) -> Habits:
    """Return the habits that a vehicle's day shows; where it shows little, what is usual."""
    away: list[float] = []
    wanders: list[float] = []
    paces: list[float] = []
    fills: list[float] = []
    for candidate in _undoubted(candidates, day):
        stay, point = candidate.stay, candidate.place.point
        assert stay is not None
        away.append(candidate.place.distance_m(stay.x_m, stay.y_m) / place_spread_m(stay))
        if stay.last - stay.first + 1 >= FEWEST_FIXES_IN_HALVES:
            wanders.append(halves_apart_m(stay, day.track) / receiver_error_m(stay, day.track))
        paces.append(log(max(stay.duration_s, 1.0) / max(point.service_s, 1.0)))
        rise, usual_kg = measured_rise(candidate, day), point.expected_kg_per_visit
        if rise is not None and rise.kg > max(LEAST_FILL * usual_kg, CLEAR_RISE * rise.error_kg) and usual_kg > 0.0:
            fills.append(log(rise.kg / usual_kg))
    return Habits(
        scatter=_within(SCATTERS, _spread(away)),
        wander=_within(SCATTERS, _spread(wanders)),
        pace=_within(PACES, _middle(paces)),
        fill=_within(FILLS, _middle(fills)),
    )


def _undoubted(candidates: Iterable[Candidate], day: VehicleDay) -> list[Candidate]:
    """Return the candidates that have a stay to themselves, about as long as the service, away from any station."""
    staying = [candidate for candidate in candidates if candidate.stay is not None]
    beside = Counter(candidate.stay.first for candidate in staying if candidate.stay is not None)
    return [candidate for candidate in staying if _is_undoubted(candidate, day, beside)]


def _is_undoubted(candidate: Candidate, day: VehicleDay, beside: Counter[int]) -> bool:
    stay = candidate.stay
    if stay is None or beside[stay.first] > 1:
        return False
    if candidate.events and candidate.events[-1].outcome is not ServiceOutcome.SERVED:
        return False
    share = stay.duration_s / max(candidate.place.point.service_s, 1.0)
    return LEAST_SHARE <= share <= MOST_SHARE and not is_parked(candidate.place, stay, day)


def _spread(away: Sequence[float]) -> float:
    """Return the standard deviation of some distances as a share of the usual one, of which each is a multiple."""
    if len(away) < FEWEST:
        return 1.0
    seen = median(away) / RAYLEIGH_MEDIAN
    return sqrt((len(away) * seen**2 + AS_IF_SEEN) / (len(away) + AS_IF_SEEN))


def _middle(logs: Sequence[float]) -> float:
    """Return the middle of some ratios, given as logarithms; few of them count little."""
    if len(logs) < FEWEST:
        return 1.0
    return exp(median(logs) * len(logs) / (len(logs) + AS_IF_SEEN))


def _within(limits: tuple[float, float], value: float) -> float:
    return min(max(value, limits[0]), limits[1])
