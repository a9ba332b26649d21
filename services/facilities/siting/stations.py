"""What the choice of stations is made from: what waits where, the stations there are, and the sites for more."""

from dataclasses import dataclass

import numpy as np

from services.facilities.areas import FloatArray
from services.facilities.siting.toilets import IntArray

MOST_KG = 10**9
"""Whole kilograms a day; with costs in hundredths of a yuan per tonne every sum stays within 64 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class StationProblem:
    """Open at most `most_new` of the candidate sites so that all refuse is hauled at least cost.

    `kg` waits at each point a day. `yuan_per_t` is what a tonne costs from each point (row) over each site
    (column): to the site, and from there to where it ends; infinite where no road leads. The first
    `present` sites are in service and stay so. `capacity_kg` is a site's a day, `price` what building it costs.
    A tonne that no site has room for costs `over_yuan_per_t`, which is to be more than any haul.
    """

    kg: IntArray
    yuan_per_t: FloatArray
    capacity_kg: IntArray
    price: FloatArray
    present: int
    most_new: int
    over_yuan_per_t: float
    budget: float | None = None

    def __post_init__(self) -> None:
        """Refuse what does not fit together."""
        points, sites = self.yuan_per_t.shape
        if len(self.kg) != points or len(self.capacity_kg) != sites or len(self.price) != sites:
            raise ValueError("Expected a cost for every point and site, and a capacity and a price for every site.")
        if not 0 <= self.present <= sites or self.most_new < 0 or (self.kg < 0).any():
            raise ValueError("Expected no number below 0, and no more sites present than there are.")
        if int(self.kg.sum()) > MOST_KG:
            raise ValueError(f"Expected at most {MOST_KG} kg a day.")
        known = self.yuan_per_t[np.isfinite(self.yuan_per_t)]
        if len(known) and (known.min() < 0 or known.max() >= self.over_yuan_per_t):
            raise ValueError("Expected costs of 0 or more, and a tonne over capacity to cost more than any haul.")

    @property
    def candidates(self) -> range:
        """The sites that could be built."""
        return range(self.present, len(self.capacity_kg))

    def costs(self) -> IntArray:
        """Return the cost of a tonne in hundredths of a yuan; a last column stands for what finds no room."""
        found = np.where(np.isfinite(self.yuan_per_t), self.yuan_per_t, self.over_yuan_per_t)
        with_over = np.column_stack((found, np.full(len(found), self.over_yuan_per_t)))
        return np.asarray(np.rint(with_over * 100), dtype=np.int64)

    def room_kg(self) -> IntArray:
        """Return the capacity of each site; the last, for what finds no room, takes everything."""
        return np.append(self.capacity_kg, self.kg.sum())
