"""How long a truck stands and how much heavier it gets, where it serves and where it does not: log densities.

Evidence compares these: what was seen under the explanation that some points were served, against the one that they
were not. All have heavy tails, so that no single measurement decides for good.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import erf, exp, log, pi, sqrt

SERVICE_SPREAD = 0.25
"""Serving a point takes by so much more or less than the truck usually needs for it (a standard deviation)."""
LINGERS_SHARE, LINGERS_S = 0.3, 600.0
"""So many stands last longer than their service, by so much on average: for a window, a rest, a word."""
HALT_S, REST_SHARE, REST_S = 25.0, 0.15, 300.0
"""Who serves nothing halts for traffic, so long on average, or rests."""
EDGE_S, EDGE_OF_INTERVAL = 5.0, 0.3
"""How exactly a stay's length is known, in seconds and as a share of the interval between fixes."""

REFUSE_SPREAD = 0.4
"""What waits at a point is by so much more or less than expected."""
ODD_SHARE = 0.2
"""Of the points so many hold nothing like what is expected: just emptied by others, or left for days."""
UNKNOWN_KG = 100.0
"""What is expected where the register does not say."""
OTHER_LOAD_SHARE, OTHER_LOAD_KG = 0.02, 300.0
"""So seldom a truck gets heavier by so much where no known point was served."""


@dataclass(frozen=True, slots=True)
class Habits:
    """How a truck's stays differ from what is usual, as far as its own day shows it (services.clearance.habits).

    It stands `scatter` times as far from what it serves. While it stands its fixes `wander` by so many times what the
    receiver claims. Serving takes `pace` times the register's time; what is found is `fill` times what is expected.
    """

    scatter: float = 1.0
    wander: float = 1.0
    pace: float = 1.0
    fill: float = 1.0


USUAL = Habits()


@dataclass(frozen=True, slots=True)
class Work:
    """What serving some points takes: seconds and kg, each with its variance; nothing where none is served."""

    service_s: float = 0.0
    service_s2: float = 0.0
    kg: float = 0.0
    kg2: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        """Return what both take together."""
        return Work(
            self.service_s + other.service_s,
            self.service_s2 + other.service_s2,
            self.kg + other.kg,
            self.kg2 + other.kg2,
        )


NOTHING = Work()


def work_at(service_s: float, kg: float | None, habits: Habits = USUAL) -> Work:
    """Return what one point takes; `kg` is what is expected of it, none where unknown."""
    usual_s, usual_kg = max(service_s, 1.0) * habits.pace, (kg or UNKNOWN_KG) * habits.fill
    return Work(usual_s, (SERVICE_SPREAD * usual_s) ** 2, usual_kg, (REFUSE_SPREAD * usual_kg) ** 2)


def share_of(work: Work, share: float) -> Work:
    """Return a share of some work, such as the part of it that fell into one of several stays."""
    return Work(work.service_s * share, work.service_s2 * share**2, work.kg * share, work.kg2 * share**2)


def all_work(parts: Iterable[Work]) -> Work:
    """Return what several points take together."""
    return sum(parts, NOTHING)


def log_stand(duration_s: float, interval_s: float, work: Work) -> float:
    """Return the log density of standing for `duration_s`, seen by a fix every `interval_s`, for `work`."""
    if work is NOTHING or work.service_s == 0.0:
        halts = (1.0 - REST_SHARE) * exp(-duration_s / HALT_S) / HALT_S
        return log(halts + REST_SHARE * exp(-duration_s / REST_S) / REST_S)
    spread_s = sqrt(work.service_s2 + (EDGE_S + EDGE_OF_INTERVAL * interval_s) ** 2)
    beyond_s = duration_s - work.service_s
    served = (1.0 - LINGERS_SHARE) * _normal(beyond_s, spread_s)
    lingered = LINGERS_SHARE * _cumulative(beyond_s / spread_s) * exp(-max(beyond_s, 0.0) / LINGERS_S) / LINGERS_S
    return log(served + lingered + 1e-12)


def log_rise(rise_kg: float, error_kg: float, work: Work) -> float:
    """Return the log density of a truck's getting heavier by `rise_kg`, known to `error_kg`, by `work`."""
    other = OTHER_LOAD_SHARE * _normal(rise_kg - work.kg, OTHER_LOAD_KG + error_kg)
    if work.kg == 0.0:
        return log((1.0 - OTHER_LOAD_SHARE) * _normal(rise_kg, error_kg) + other)
    usual = (1.0 - ODD_SHARE) * _normal(rise_kg - work.kg, sqrt(work.kg2 + error_kg**2))
    odd = ODD_SHARE * _normal(rise_kg - work.kg, sqrt(work.kg**2 + error_kg**2))
    return log((1.0 - OTHER_LOAD_SHARE) * (usual + odd) + other)


def _normal(away: float, spread: float) -> float:
    return exp(-0.5 * (away / spread) ** 2) / (spread * sqrt(2.0 * pi))


def _cumulative(standardised: float) -> float:
    return 0.5 * (1.0 + erf(standardised / sqrt(2.0)))
