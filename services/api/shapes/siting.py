"""Looking for sites and thinking through changes: what is asked."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from services.api.shapes.values import FREE_TEXT, Answer, Asked, Code, Latitude, Longitude
from services.domain.kinds import FacilityKind
from services.facilities.scenario import Change, ChangeKind
from services.facilities.siting.answer import StationSiting, ToiletSiting
from services.facilities.siting.asked import Candidate, Stalls, StationsAsked, ToiletsAsked
from services.facilities.siting.toilets import DensityRule, Limits, Weights

LONGEST_SEARCH_S = 60.0
MOST_CANDIDATES = 5_000
MOST_CHANGES = 500
MOST_WORKS = 200

FacilityName = Annotated[str, StringConstraints(max_length=200, pattern=FREE_TEXT)]
Yuan = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False, description="In yuan.")]
StallCount = Annotated[int, Field(ge=0, le=1_000)]
Weight = Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)]
TonnesPerDay = Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)]
YuanPerTonneKm = Annotated[float, Field(ge=0, le=1_000, allow_inf_nan=False)]
Spacing = Annotated[float, Field(ge=20, le=10_000, allow_inf_nan=False, description="Metres between corners tried.")]


class CandidateAsked(Asked):
    """A site that could be built on; what is not given is as in the rest of what is asked."""

    id: Code
    lon: Longitude
    lat: Latitude
    name: FacilityName | None = None
    price: Yuan | None = None
    stalls_male: StallCount | None = None
    stalls_female: StallCount | None = None
    stalls_accessible: StallCount | None = None
    design_t_per_day: TonnesPerDay | None = None

    def candidate(self) -> Candidate:
        """Return the site as the search takes it."""
        given = (self.stalls_male, self.stalls_female, self.stalls_accessible)
        stalls = None if given == (None, None, None) else Stalls(*(count or 0 for count in given))
        return Candidate(self.id, self.lon, self.lat, self.name, self.price, stalls, self.design_t_per_day)


Candidates = Annotated[
    list[CandidateAsked],
    Field(max_length=MOST_CANDIDATES, description="By default planned ones and all street corners."),
]


class ToiletSitesAsked(Asked):
    """Which toilets to build and renovate; what is not given is the standard's, or as the office has set it."""

    new: int | None = Field(default=None, ge=0, le=MOST_WORKS, description="Built at most.")
    renovated: int | None = Field(default=None, ge=0, le=MOST_WORKS, description="Renovated at most.")
    budget: Yuan | None = None
    radius_m: float | None = Field(default=None, gt=0, le=10_000, allow_inf_nan=False)
    new_price: Yuan | None = None
    renovation_price: Yuan | None = None
    persons_per_stall: int | None = Field(default=None, ge=1, le=1_000_000)
    stalls_male: StallCount | None = None
    stalls_female: StallCount | None = None
    stalls_accessible: StallCount | None = None
    density: DensityRule = DensityRule.OFF
    accessible_weight: Weight | None = Field(default=None, description="A resident with an accessible stall in reach.")
    renewed_weight: Weight | None = Field(default=None, description="A resident who relies on a worn toilet.")
    density_weight: Weight | None = Field(default=None, description="A toilet that the soft density rule lacks.")
    spacing_m: Spacing | None = None
    candidates: Candidates = Field(default_factory=list)

    def over(self, usual: ToiletsAsked) -> ToiletsAsked:
        """Return what is asked for, taking the rest from what is usual."""
        limits = Limits(
            usual.limits.most_new if self.new is None else self.new,
            usual.limits.most_renovated if self.renovated is None else self.renovated,
            self.budget,
        )
        given = {
            name: value
            for name in ("radius_m", "new_price", "renovation_price", "persons_per_stall", "spacing_m")
            if (value := getattr(self, name)) is not None
        }
        return replace(
            usual,
            limits=limits,
            stalls=Stalls(
                usual.stalls.male if self.stalls_male is None else self.stalls_male,
                usual.stalls.female if self.stalls_female is None else self.stalls_female,
                usual.stalls.accessible if self.stalls_accessible is None else self.stalls_accessible,
            ),
            weights=Weights(
                usual.weights.accessible if self.accessible_weight is None else self.accessible_weight,
                usual.weights.renewed if self.renewed_weight is None else self.renewed_weight,
                usual.weights.density if self.density_weight is None else self.density_weight,
            ),
            density=self.density,
            candidates=[candidate.candidate() for candidate in self.candidates],
            **given,
        )


class StationSitesAsked(Asked):
    """Which stations to build; what is not given is the standard's, or as the office has set it."""

    new: int | None = Field(default=None, ge=0, le=MOST_WORKS, description="Built at most.")
    budget: Yuan | None = None
    new_price: Yuan | None = None
    design_t_per_day: TonnesPerDay | None = None
    haul_yuan_per_t_km: YuanPerTonneKm | None = None
    onward_yuan_per_t_km: YuanPerTonneKm | None = None
    spacing_m: Spacing | None = None
    candidates: Candidates = Field(default_factory=list)

    def over(self, usual: StationsAsked) -> StationsAsked:
        """Return what is asked for, taking the rest from what is usual."""
        names = ("new_price", "design_t_per_day", "haul_yuan_per_t_km", "onward_yuan_per_t_km", "spacing_m")
        given = {name: value for name in names if (value := getattr(self, name)) is not None}
        return replace(
            usual,
            most_new=usual.most_new if self.new is None else self.new,
            budget=self.budget,
            candidates=[candidate.candidate() for candidate in self.candidates],
            **given,
        )


class SitingAsked(Asked):
    """What to look for sites for; with neither named, for both."""

    toilets: ToiletSitesAsked | None = None
    stations: StationSitesAsked | None = None
    time_limit_s: float = Field(default=30.0, gt=0, le=LONGEST_SEARCH_S, allow_inf_nan=False)
    save_as: Code | None = Field(default=None, description="Save what is found as a scenario of this name.")

    @model_validator(mode="after")
    def _something_is_asked(self) -> Self:
        if self.toilets is None and self.stations is None:
            self.toilets, self.stations = ToiletSitesAsked(), StationSitesAsked()
        return self


class SitingAnswer(Answer):
    """What was found of what was asked, and the scenario that it was saved as."""

    toilets: ToiletSiting | None
    stations: StationSiting | None
    scenario_id: UUID | None


class ChangeAsked(Asked):
    """One change to the town's facilities."""

    kind: ChangeKind
    facility_id: Code
    facility_kind: FacilityKind | None = None
    lon: Longitude | None = None
    lat: Latitude | None = None
    name: FacilityName | None = None
    price: Yuan | None = None
    toilet_class: Code | None = None
    stalls_male: StallCount | None = None
    stalls_female: StallCount | None = None
    stalls_accessible: StallCount | None = None
    design_t_per_day: TonnesPerDay | None = None

    @model_validator(mode="after")
    def _makes_a_change(self) -> Self:
        self.change()
        return self

    def change(self) -> Change:
        """Return the change.

        Raises:
            ValueError: a new facility is nothing or nowhere.

        """
        return Change(**self.model_dump())


Changes = Annotated[list[ChangeAsked], Field(min_length=1, max_length=MOST_CHANGES)]


def changes_of(asked: Sequence[ChangeAsked]) -> list[Change]:
    """Return the changes that were asked for."""
    return [change.change() for change in asked]
