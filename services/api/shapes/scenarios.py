"""Scenarios: what is asked and answered."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from services.api.shapes.siting import Changes
from services.api.shapes.values import Answer, Asked, Code, Remark, ServiceDate
from services.facilities.coverage import StationCoverage, ToiletCoverage
from services.facilities.scenario import Change
from services.facilities.scenario_service import Effect
from services.store.scenarios import ScenarioRow


class ScenarioAsked(Asked):
    """Changes to keep under a name."""

    name: Code
    note: Remark = ""
    changes: Changes


class WhatIfAsked(Asked):
    """Changes to think through."""

    changes: Changes
    radius_m: float | None = Field(default=None, gt=0, le=100_000, allow_inf_nan=False)


class ScenarioAnswer(Answer):
    """A scenario; `adopted_at` is when what it builds was taken into the register."""

    id: UUID = Field(validation_alias="scenario_id")
    name: str
    note: str
    changes: list[dict[str, Any]]
    created_by: str
    created_at: datetime
    adopted_at: datetime | None
    adopted_by: str | None


class CoveredAnswer(Answer):
    """Coverage of toilets (demand is residents, or metres of street) or of stations (demand is kg a day)."""

    demand: float
    covered: float
    covered_ratio: float | None
    facilities: int
    mean_haul_m: float | None = Field(description="Of stations only.")
    by_zone: dict[str, float | None] = Field(description="The covered ratio of each zone.")

    @classmethod
    def of(cls, coverage: ToiletCoverage | StationCoverage | None) -> "CoveredAnswer | None":
        """Return the figures of a coverage, where there is one."""
        if coverage is None:
            return None
        by_zone = {zone.zone_id or "": zone.covered_ratio for zone in coverage.zones}
        if isinstance(coverage, StationCoverage):
            return cls(
                demand=coverage.expected_kg,
                covered=coverage.covered_kg,
                covered_ratio=coverage.covered_kg_ratio,
                facilities=coverage.stations,
                mean_haul_m=coverage.mean_haul_m,
                by_zone=by_zone,
            )
        return cls(
            demand=coverage.demand,
            covered=coverage.covered,
            covered_ratio=coverage.covered_ratio,
            facilities=coverage.toilets,
            mean_haul_m=None,
            by_zone=by_zone,
        )


class BeforeAfterAnswer(Answer):
    """A coverage before and after."""

    before: CoveredAnswer
    after: CoveredAnswer


class EffectAnswer(Answer):
    """What changes would do; a kind of facility that they do not touch is null."""

    price: float = Field(description="Of all changes whose price is known, in yuan.")
    toilets: BeforeAfterAnswer | None
    stations: BeforeAfterAnswer | None

    @classmethod
    def of(cls, effect: Effect) -> "EffectAnswer":
        """Return the answer made of an effect."""
        return cls(
            price=effect.price,
            toilets=_pair(effect.toilets_before, effect.toilets_after),
            stations=_pair(effect.stations_before, effect.stations_after),
        )


def _pair(
    before: ToiletCoverage | StationCoverage | None, after: ToiletCoverage | StationCoverage | None
) -> BeforeAfterAnswer | None:
    first, last = CoveredAnswer.of(before), CoveredAnswer.of(after)
    return None if first is None or last is None else BeforeAfterAnswer(before=first, after=last)


class ComparedScenario(Answer):
    """One of two scenarios: its effect, and the changes that the other does not make."""

    id: UUID
    name: str
    effect: EffectAnswer
    only_here: list[dict[str, Any]]


class ComparedAnswer(Answer):
    """Two scenarios side by side."""

    items: list[ComparedScenario]
    in_both: list[dict[str, Any]]

    @classmethod
    def of(
        cls, rows: Sequence[ScenarioRow], changes: Sequence[Sequence[Change]], effects: Sequence[EffectAnswer]
    ) -> "ComparedAnswer":
        """Return the comparison of two scenarios; what both build at one place is the same under any code."""
        both = {change.without_code for change in changes[0]} & {change.without_code for change in changes[1]}
        return cls(
            items=[
                ComparedScenario(
                    id=row.scenario_id,
                    name=row.name,
                    effect=effect,
                    only_here=[_told(change) for change in own if change.without_code not in both],
                )
                for row, own, effect in zip(rows, changes, effects, strict=True)
            ],
            in_both=[_told(change) for change in changes[0] if change.without_code in both],
        )


def _told(change: Change) -> dict[str, Any]:
    return {name: value for name, value in asdict(change).items() if value is not None}


class AdoptAsked(Asked):
    """When the works begin and when they are done; without days what is built is planned and no more."""

    begins_on: ServiceDate | None = None
    done_on: ServiceDate | None = None


class AdoptedAnswer(Answer):
    """The facilities that the register plans now, or whose works it dates."""

    planned: list[str]
