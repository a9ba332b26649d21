"""Looking for sites: where the next toilets and stations do most, and which toilets to renovate."""

from threading import Lock
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.api.identity import SignedIn
from services.api.parts import AppParts
from services.api.places import GEO_JSON, GEO_JSON_ANSWER, accepts, collection, geo_json
from services.api.shapes.siting import SitingAnswer, SitingAsked
from services.api.today import load_today
from services.domain.errors import ConflictError
from services.facilities.scenario_service import effect_of, features_of, save_scenario
from services.facilities.siting.answer import Siting
from services.facilities.siting_service import find_sites, load_ground, usual_stations, usual_toilets
from services.store.audit import record_action
from services.store.connection import Connection

router = APIRouter(prefix="/api/v1/siting", tags=["figures"])

_SEARCHING = Lock()
"""A search takes both cores for up to a minute; two at once would only slow each other down."""


@router.post("", response_model=SitingAnswer, responses=GEO_JSON_ANSWER)
def look_for_sites(
    request: Request, user: SignedIn, parts: AppParts, asked: SitingAsked | None = None
) -> SitingAnswer | Response:
    """Return the sites that do most, proven or with the gap; as GeoJSON the town before and after."""
    asked = asked or SitingAsked()
    if not _SEARCHING.acquire(blocking=False):
        raise ConflictError("Sites are being looked for already; ask again in a minute.")
    try:
        with parts.database.connection() as connection:
            ground = load_ground(connection)
        toilets = None if asked.toilets is None else asked.toilets.over(usual_toilets(ground.limits))
        stations = None if asked.stations is None else asked.stations.over(usual_stations(ground.limits))
        found = find_sites(ground, toilets, stations, asked.time_limit_s)
    finally:
        _SEARCHING.release()
    with parts.database.connection() as connection:
        scenario_id = None if asked.save_as is None else _save(connection, asked.save_as, found, user.user_name)
        if not accepts(request, GEO_JSON):
            return SitingAnswer(toilets=found.toilets, stations=found.stations, scenario_id=scenario_id)
        effect = effect_of(connection, found.changes)
        return geo_json(collection(features_of(connection, found.changes, effect)))


def _save(connection: Connection, name: str, found: Siting, user_name: str) -> UUID:
    if not found.changes:
        raise ConflictError("Nothing that could be done gains anything, so there is nothing to save.")
    now = load_today(connection).now
    scenario_id = save_scenario(connection, name, "", found.changes, user_name, now)
    record_action(connection, now, user_name, "save", f"scenario {name}")
    return scenario_id
