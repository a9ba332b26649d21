"""Who hauls where once the stations are settled: the cheapest haul that keeps to every station's capacity."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import csr_array

from services.facilities.areas import FloatArray
from services.facilities.siting.stations import StationProblem
from services.facilities.siting.toilets import IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Haul:
    """The cheapest haul over a choice of stations.

    `cost` is yuan a day with what finds no room. `point`, `site` and `kg` are its parts; `over_kg` finds no room.
    """

    cost: float
    point: IntArray
    site: IntArray
    kg: FloatArray
    over_kg: float


def haul_over(problem: StationProblem, chosen: Iterable[int]) -> Haul:
    """Return the cheapest haul with the present sites and `chosen` ones: a transport problem, solved exactly.

    A point's refuse may be split over stations, as it is over days.
    """
    costs, room_kg = problem.costs(), problem.room_kg()
    over = len(room_kg) - 1
    sites = np.array([*range(problem.present), *sorted(chosen), over], dtype=np.int64)
    waiting = np.flatnonzero(problem.kg > 0)
    if not len(waiting):
        nobody = np.zeros(0, dtype=np.int64)
        return Haul(0.0, nobody, nobody, np.zeros(0), 0.0)
    point, site = (grid.ravel() for grid in np.meshgrid(np.arange(len(waiting)), np.arange(len(sites)), indexing="ij"))
    column, once = np.arange(len(point)), np.ones(len(point))
    taken = csr_array((once, (site, column)), shape=(len(sites), len(point)))
    sent = csr_array((once, (point, column)), shape=(len(waiting), len(point)))
    found = milp(
        costs[waiting][:, sites].ravel() / 1e5,
        constraints=[
            LinearConstraint(taken, -np.inf, room_kg[sites]),
            LinearConstraint(sent, problem.kg[waiting], problem.kg[waiting]),
        ],
    )
    assert found.x is not None, "what finds no room has a column of its own, so there is always a haul"
    kg = np.where(found.x > 1e-6, found.x, 0.0)
    kept = np.flatnonzero(kg)
    at = sites[site[kept]]
    return Haul(
        float(costs[waiting[point], sites[site]] @ found.x) / 1e5,
        waiting[point[kept]],
        at,
        kg[kept],
        float(kg[kept][at == over].sum()),
    )
