"""What the residents' page needs beside the lists: the town, its streets, the walk to a toilet, a report's photo."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response, status
from pydantic import Field

from services.api.client_address import client_address
from services.api.parts import AppParts
from services.api.photos import PHOTO_ANSWER, PHOTO_BODY, SentPhoto, photo_response
from services.api.places import GEO_JSON_ANSWER
from services.api.routers.clock import read_clock
from services.api.routers.map import read_streets
from services.api.routers.public import RESIDENT, OpenToiletAnswer, is_open, near_place
from services.api.routers.town import read_town
from services.api.shapes.town import ClockAnswer, TownAnswer
from services.api.shapes.values import Answer
from services.api.today import load_today
from services.domain.errors import ConflictError
from services.roads.datasets import Profile
from services.roads.errors import NoRouteError, RoadEngineError
from services.roads.network import UNREACHABLE, LonLat, RoadNetwork
from services.store.audit import record_action
from services.store.cases import load_case
from services.store.live_facilities import NearToilet, load_near_toilets
from services.store.photos import PhotoOf, keep_photo, load_photo

router = APIRouter(tags=["residents"])

PHOTO_BYTES = 600_000
"""The page sends about 200 kB: it makes its photos smaller before."""
WALKED_TOILETS = 20
"""The walk is asked for to this many that are nearest as the crow flies."""
SNAP_LIMIT_M = 500.0
"""A resident may stand in a park; farther from any street no walk is told."""

CaseNumber = Annotated[str, Path(pattern=r"^[0-9A-Z-]{1,30}$", examples=["20261122-K7QFM"])]


async def _count_read(request: Request, parts: AppParts) -> None:
    parts.public_read_limiter.take(client_address(request))


async def _count_report(request: Request, parts: AppParts) -> None:
    parts.public_report_limiter.take(client_address(request))


class PublicTownAnswer(TownAnswer):
    """The town as residents need it."""

    clock: ClockAnswer


class WalkAnswer(OpenToiletAnswer):
    """An open toilet and the way there on foot."""

    walk_m: int | None = Field(description="On foot along the streets; null where that is not known.")
    walk_s: int | None
    way: list[LonLat] = Field(description="Longitudes and latitudes of the walk; empty where it is not known.")


class WalksAnswer(Answer):
    """Open toilets, those of the shortest walk first."""

    items: list[WalkAnswer]


@router.get("/api/v1/public/town", dependencies=[Depends(_count_read)])
def read_public_town(parts: AppParts) -> PublicTownAnswer:
    """Return the town's name, where it is, and what its clock shows."""
    return PublicTownAnswer(**read_town(parts).model_dump(), clock=read_clock(parts))


@router.get(
    "/api/v1/public/streets",
    response_class=Response,
    responses=GEO_JSON_ANSWER,
    dependencies=[Depends(_count_read)],
)
def read_public_streets(
    if_none_match: Annotated[str | None, Header()] = None, accept_encoding: Annotated[str, Header()] = ""
) -> Response:
    """Return the streets as GeoJSON, for a map without internet."""
    return read_streets(if_none_match, accept_encoding)


@router.get("/api/v1/public/walks", dependencies=[Depends(_count_read)])
def read_walks(
    parts: AppParts,
    near: Annotated[LonLat, Depends(near_place)],
    accessible: Annotated[bool, Query(description="Only those with an accessible stall.")] = False,
    limit: Annotated[int, Query(ge=1, le=10)] = 5,
) -> WalksAnswer:
    """Return the toilets that are open now by the length of the walk there.

    Where the road engine does not answer, or no street is near, they come as the crow flies.
    """
    with parts.database.connection() as connection:
        today = load_today(connection)
        toilets = load_near_toilets(connection, *near, today.now)
    wanted = [one for one in toilets if is_open(one, today) and (one.stalls_accessible > 0 or not accessible)]
    candidates = wanted[:WALKED_TOILETS]
    try:
        return WalksAnswer(items=_walks(near, candidates, limit))
    except (RoadEngineError, NoRouteError):
        return WalksAnswer(items=[_walk(toilet, None, None, ()) for toilet in candidates[:limit]])


def _walks(near: LonLat, toilets: list[NearToilet], limit: int) -> list[WalkAnswer]:
    """Return the walks to the nearest toilets.

    Raises:
        RoadEngineError: the road engine does not answer.
        NoRouteError: no street is near the place.

    """
    if not toilets:
        return []
    places = [(toilet.lon, toilet.lat) for toilet in toilets]
    with RoadNetwork.for_profile(Profile.FOOT) as network:
        matrix = network.matrix([near, *places], limit_m=SNAP_LIMIT_M, hubs=[near])
        walk_m, walk_s = matrix.distance_m[0, 1:], matrix.duration_s[0, 1:]
        if matrix.snaps[0] is None:
            raise NoRouteError("No street is near.")
        reached = [index for index in range(len(toilets)) if walk_m[index] != UNREACHABLE]
        found = []
        for index in sorted(reached, key=lambda index: (walk_m[index], toilets[index].facility_id))[:limit]:
            (leg,) = network.route([near, places[index]], limit_m=SNAP_LIMIT_M)
            found.append(_walk(toilets[index], int(walk_m[index]), int(walk_s[index]), leg.geometry))
    return found


def _walk(toilet: NearToilet, walk_m: int | None, walk_s: int | None, way: tuple[LonLat, ...]) -> WalkAnswer:
    known = OpenToiletAnswer.of(toilet).model_dump()
    return WalkAnswer(**known, walk_m=walk_m, walk_s=walk_s, way=list(way))


@router.put(
    "/api/v1/public/reports/{case_number}/photo",
    status_code=status.HTTP_204_NO_CONTENT,
    max_body_size=PHOTO_BYTES,
    openapi_extra=PHOTO_BODY,
    dependencies=[Depends(_count_report)],
)
def send_report_photo(case_number: CaseNumber, photo: SentPhoto, parts: AppParts) -> None:
    """Send the photo of a report that nobody has dealt with yet; the same one may be sent again."""
    with parts.database.connection() as connection:
        case = load_case(connection, case_number)
        if case.status != "reported":
            raise ConflictError(f"Case {case_number} is being dealt with; it takes no photo any more.")
        now = load_today(connection).now
        if keep_photo(connection, PhotoOf.case(case.case_id), photo, now):
            record_action(connection, now, RESIDENT, "send photo", f"case {case_number}")


@router.get("/api/v1/cases/{case_number}/photo", response_class=Response, responses=PHOTO_ANSWER)
def read_case_photo(case_number: CaseNumber, parts: AppParts) -> Response:
    """Return the photo that was sent with a report."""
    with parts.database.connection() as connection:
        case = load_case(connection, case_number)
        return photo_response(load_photo(connection, PhotoOf.case(case.case_id)))
