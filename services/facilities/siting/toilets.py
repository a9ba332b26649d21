"""What the choice of toilets is made from: where people live, the toilets there are, the works that could be done."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from services.facilities.areas import BoolArray

IntArray = NDArray[np.int64]


class WorksKind(StrEnum):
    """New building or renovation (新建, 改造)."""

    NEW = "new"
    RENOVATION = "renovation"


class DensityRule(StrEnum):
    """How the standard's toilets per km² are taken into account."""

    OFF = "off"
    SOFT = "soft"
    """A missing toilet counts as so many residents (`Weights.density`)."""
    HARD = "hard"
    """Every zone has them all."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What else counts beside a resident served, who counts 1.

    `accessible`: one with an accessible stall within reach. `renewed`: one who relies on a toilet that is
    renovated, by the share of its life that is used up. `density`: one toilet less that the standard misses.
    """

    accessible: float = 0.25
    renewed: float = 0.1
    density: float = 50.0

    def __post_init__(self) -> None:
        """Refuse weights that would turn good into bad."""
        if min(self.accessible, self.renewed, self.density) < 0:
            raise ValueError("Expected weights of 0 or more.")


@dataclass(frozen=True, slots=True)
class Works:
    """What could be done at a site: `stalls` more, at `price` yuan.

    `relying` is the residents who rely on what is renovated, times the share of its life that is used up.
    """

    works_id: str
    kind: WorksKind
    site: int
    price: float
    stalls: int
    accessible: bool
    relying: float = 0.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be done: at most so many of each, and together at most `budget` yuan where there is one."""

    most_new: int
    most_renovated: int
    budget: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be counted."""
        if self.most_new < 0 or self.most_renovated < 0 or (self.budget is not None and self.budget < 0):
            raise ValueError("Expected numbers of works and a budget of 0 or more.")


@dataclass(frozen=True, slots=True, eq=False)
class ToiletProblem:
    """Choose works so that most residents are served.

    `residents` are by place. `reach_site` and `reach_place` pair the sites and places that are within a walk of
    each other. `stalls` are those of each site today (none: nothing is in service there), `accessible` whether
    one of them is. A stall serves `persons_per_stall`. `zone_of_site` is the zone whose density a site counts
    for, -1 for none, and `missing` how many toilets each such zone lacks today.
    """

    residents: IntArray
    reach_site: IntArray
    reach_place: IntArray
    stalls: IntArray
    accessible: BoolArray
    works: Sequence[Works]
    persons_per_stall: int
    limits: Limits
    weights: Weights = field(default_factory=Weights)
    density: DensityRule = DensityRule.OFF
    zone_of_site: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    missing: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __post_init__(self) -> None:
        """Refuse a stall that serves nobody, and accessible stalls where there are none."""
        if self.persons_per_stall < 1:
            raise ValueError(f"Expected a stall to serve 1 person or more, got {self.persons_per_stall}.")
        if (self.accessible & (self.stalls == 0)).any():
            raise ValueError("Expected no accessible stall at a site where nothing is in service.")

    @property
    def reachable(self) -> IntArray:
        """How many residents are within a walk of each site."""
        sums = np.bincount(self.reach_site, weights=self.residents[self.reach_place], minlength=len(self.stalls))
        return sums.astype(np.int64)

    def opens(self, works: Works) -> bool:
        """Tell whether works put a site into service where none is today."""
        return bool(self.stalls[works.site] == 0 and works.stalls > 0)

    def merged(self) -> "ToiletProblem":
        """Return the same problem with all places that are within a walk of the same sites taken as one."""
        order = np.lexsort((self.reach_site, self.reach_place))
        place, site = self.reach_place[order], self.reach_site[order]
        first = np.flatnonzero(np.diff(place, prepend=-1))
        ends = np.append(first, len(place))[1:]
        groups: dict[bytes, int] = {}
        residents: list[int] = []
        pairs: list[tuple[int, int]] = []
        for start, end in zip(first.tolist(), ends.tolist(), strict=True):
            number = groups.setdefault(site[start:end].tobytes(), len(groups))
            if number == len(residents):
                residents.append(0)
                pairs.extend((one, number) for one in site[start:end].tolist())
            residents[number] += int(self.residents[place[start]])
        columns = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return ToiletProblem(
            residents=np.array(residents, dtype=np.int64),
            reach_site=columns[:, 0],
            reach_place=columns[:, 1],
            stalls=self.stalls,
            accessible=self.accessible,
            works=self.works,
            persons_per_stall=self.persons_per_stall,
            limits=self.limits,
            weights=self.weights,
            density=self.density,
            zone_of_site=self.zone_of_site,
            missing=self.missing,
        )
