"""Scenarios: changes to toilets and stations that are thought through, kept, compared and planned."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response, status
from pydantic import TypeAdapter

from services.api.identity import SignedIn
from services.api.paging import Page, PageOf
from services.api.parts import AppParts
from services.api.places import GEO_JSON, GEO_JSON_ANSWER, accepts, collection, geo_json
from services.api.shapes.scenarios import (
    AdoptAsked,
    AdoptedAnswer,
    ComparedAnswer,
    EffectAnswer,
    ScenarioAnswer,
    ScenarioAsked,
    WhatIfAsked,
)
from services.api.shapes.siting import changes_of as changes_asked
from services.api.today import load_today
from services.facilities.scenario import Change
from services.facilities.scenario_service import (
    Schedule,
    adopt_scenario,
    changes_of,
    effect_of,
    features_of,
    save_scenario,
)
from services.store.audit import record_action
from services.store.connection import Connection
from services.store.scenarios import delete_scenario, load_scenario, load_scenarios

router = APIRouter(prefix="/api/v1/scenarios", tags=["figures"])

ScenarioId = Annotated[UUID, Path(description="The scenario's id.")]
Radius = Annotated[float | None, Query(gt=0, le=100_000, allow_inf_nan=False, description="By default the standard's.")]


BY_SCENARIO: TypeAdapter[tuple[UUID]] = TypeAdapter(tuple[UUID])


@router.get("")
def list_scenarios(parts: AppParts, wanted: PageOf) -> Page[ScenarioAnswer]:
    """Return the scenarios, the newest first."""
    with parts.database.connection() as connection:
        rows = wanted.fetch_from(BY_SCENARIO, load_scenarios(connection), lambda row: (row.scenario_id,))
    return wanted.page(rows, ScenarioAnswer.model_validate, key=lambda row: (row.scenario_id,))


@router.post("", status_code=status.HTTP_201_CREATED)
def create(asked: ScenarioAsked, response: Response, user: SignedIn, parts: AppParts) -> ScenarioAnswer:
    """Keep changes under a name; the register stays as it is."""
    with parts.database.connection() as connection:
        now = load_today(connection).now
        changes = changes_asked(asked.changes)
        scenario_id = save_scenario(connection, asked.name, asked.note, changes, user.user_name, now)
        record_action(connection, now, user.user_name, "save", f"scenario {asked.name}")
        answer = ScenarioAnswer.model_validate(load_scenario(connection, scenario_id))
    response.headers["Location"] = f"{router.prefix}/{scenario_id}"
    return answer


@router.post("/what-if", response_model=EffectAnswer, responses=GEO_JSON_ANSWER)
def what_if(request: Request, asked: WhatIfAsked, parts: AppParts) -> EffectAnswer | Response:
    """Return coverage before and after changes that nobody has kept; nothing is changed."""
    with parts.database.connection() as connection:
        return _effect(request, connection, changes_asked(asked.changes), asked.radius_m)


@router.get("/{scenario_id}")
def read(scenario_id: ScenarioId, parts: AppParts) -> ScenarioAnswer:
    """Return a scenario with its changes."""
    with parts.database.connection() as connection:
        return ScenarioAnswer.model_validate(load_scenario(connection, scenario_id))


@router.delete("/{scenario_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(scenario_id: ScenarioId, user: SignedIn, parts: AppParts) -> None:
    """Forget a scenario; what was adopted of it stays in the register."""
    with parts.database.connection() as connection:
        row = load_scenario(connection, scenario_id)
        delete_scenario(connection, scenario_id)
        record_action(connection, load_today(connection).now, user.user_name, "delete", f"scenario {row.name}")


@router.get("/{scenario_id}/effect", response_model=EffectAnswer, responses=GEO_JSON_ANSWER)
def read_effect(
    request: Request, scenario_id: ScenarioId, parts: AppParts, radius_m: Radius = None
) -> EffectAnswer | Response:
    """Return coverage before and after a scenario; as GeoJSON the town of both."""
    with parts.database.connection() as connection:
        return _effect(request, connection, changes_of(load_scenario(connection, scenario_id)), radius_m)


@router.get("/{scenario_id}/compare")
def compare(
    scenario_id: ScenarioId,
    parts: AppParts,
    other_id: Annotated[UUID, Query(alias="with", description="The scenario to put beside it.")],
    radius_m: Radius = None,
) -> ComparedAnswer:
    """Put two scenarios side by side: what each costs and covers, and which changes only one of them makes."""
    with parts.database.connection() as connection:
        rows = [load_scenario(connection, one) for one in (scenario_id, other_id)]
        changes = [changes_of(row) for row in rows]
        effects = [EffectAnswer.of(effect_of(connection, one, radius_m)) for one in changes]
    return ComparedAnswer.of(rows, changes, effects)


@router.post("/{scenario_id}/adopt")
def adopt(scenario_id: ScenarioId, user: SignedIn, parts: AppParts, asked: AdoptAsked | None = None) -> AdoptedAnswer:
    """Take what a scenario builds into the register, as planned facilities; with days, date all its works."""
    schedule = Schedule(asked.begins_on, asked.done_on) if asked else Schedule()
    with parts.database.connection() as connection:
        now = load_today(connection).now
        planned = adopt_scenario(connection, scenario_id, user.user_name, now, schedule)
        record_action(connection, now, user.user_name, "adopt", f"scenario {scenario_id}", {"planned": planned})
    return AdoptedAnswer(planned=planned)


def _effect(
    request: Request, connection: Connection, changes: list[Change], radius_m: float | None
) -> EffectAnswer | Response:
    effect = effect_of(connection, changes, radius_m)
    if accepts(request, GEO_JSON):
        return geo_json(collection(features_of(connection, changes, effect)))
    return EffectAnswer.of(effect)
