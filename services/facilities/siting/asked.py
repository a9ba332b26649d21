"""What somebody who looks for sites asks: how many of what, at which price, under which rules, and where."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from services.facilities.siting.toilets import DensityRule, Limits, Weights


@dataclass(frozen=True, slots=True)
class Stalls:
    """The stalls of a toilet."""

    male: int
    female: int
    accessible: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.male + self.female + self.accessible


@dataclass(frozen=True, slots=True)
class Candidate:
    """A site that could be built on; what is not given is as in the rest of what is asked.

    `price` is in yuan, `stalls` a toilet's, `design_t_per_day` a station's.
    """

    site_id: str
    lon: float
    lat: float
    name: str | None = None
    price: float | None = None
    stalls: Stalls | None = None
    design_t_per_day: float | None = None


@dataclass(frozen=True, slots=True)
class ToiletsAsked:
    """Which toilets to build and to renovate.

    Without `candidates` they are the planned toilets of the register and every street corner, corners nearer to
    each other than `spacing_m` counting as one. Prices are in yuan. A new toilet has `stalls`; one that is
    renovated gets at least one accessible stall, and `women_per_man` stalls for women for each for men.
    """

    limits: Limits
    radius_m: float
    new_price: float
    renovation_price: float
    persons_per_stall: int
    stalls: Stalls
    women_per_man: float
    candidates: Sequence[Candidate] = ()
    spacing_m: float = 100.0
    weights: Weights = field(default_factory=Weights)
    density: DensityRule = DensityRule.OFF
    density_per_km2: float = 0.0


@dataclass(frozen=True, slots=True)
class StationsAsked:
    """Which stations to build.

    Without `candidates` they are the planned stations of the register and the street corners that trucks pass,
    those nearer to each other than `spacing_m` counting as one. A haul costs `haul_yuan_per_t_km` to a station
    and `onward_yuan_per_t_km` from there to the nearest disposal site in service, by loaded kilometres.
    """

    most_new: int
    new_price: float
    design_t_per_day: float
    haul_yuan_per_t_km: float
    onward_yuan_per_t_km: float
    budget: float | None = None
    candidates: Sequence[Candidate] = ()
    spacing_m: float = 1_000.0
