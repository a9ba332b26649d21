"""What residents use without signing in: the nearest open toilet, and reporting dirt."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, status
from pydantic import Field
from shapely.geometry import Point, shape

from services.api.client_address import client_address
from services.api.errors import wrong_field
from services.api.parts import AppParts
from services.api.shapes.attention import ReportAnswer, ReportAsked
from services.api.shapes.values import Answer, Latitude, Longitude, clock_time
from services.api.today import Today, load_today
from services.facilities.service import walks_from
from services.store.audit import record_action
from services.store.cases import load_case, open_case
from services.store.connection import Connection
from services.store.live_facilities import NearToilet, load_near_toilets
from services.store.register_pages import page_of_zones

router = APIRouter(prefix="/api/v1/public", tags=["residents"])

REPORT_BYTES = 20_000
RESIDENT = "resident"


class OpenToiletAnswer(Answer):
    """A public toilet that is open now."""

    id: str
    name: str | None
    lon: Longitude
    lat: Latitude
    toilet_class: str | None = Field(serialization_alias="class")
    open_time: str | None = Field(description="Local time; null: always open.")
    close_time: str | None
    stalls_male: int
    stalls_female: int
    stalls_accessible: int
    family: bool = Field(description="It has a place to change a child.")
    distance_m: int = Field(description="As the crow flies.")

    @classmethod
    def of(cls, toilet: NearToilet) -> "OpenToiletAnswer":
        """Return the answer made of a stored toilet."""
        return cls(
            id=toilet.facility_id,
            name=toilet.name,
            lon=toilet.lon,
            lat=toilet.lat,
            toilet_class=toilet.toilet_class,
            open_time=None if toilet.open_start_s is None else clock_time(toilet.open_start_s),
            close_time=None if toilet.open_end_s is None else clock_time(toilet.open_end_s),
            stalls_male=toilet.stalls_male,
            stalls_female=toilet.stalls_female,
            stalls_accessible=toilet.stalls_accessible,
            family=toilet.is_family,
            distance_m=round(toilet.distance_m),
        )


class NearbyToiletAnswer(OpenToiletAnswer):
    """A public toilet that is open now, and how far the walk there is."""

    walk_m: int | None = Field(description="On foot along the streets; null where no way is known.")


class OpenToiletsAnswer(Answer):
    """The nearest open toilets, those of the shortest walk first, then those to which no way is known."""

    items: list[NearbyToiletAnswer]


async def _count_read(request: Request, parts: AppParts) -> None:
    parts.public_read_limiter.take(client_address(request))


async def _count_report(request: Request, parts: AppParts) -> None:
    parts.public_report_limiter.take(client_address(request))


async def near_place(
    near: Annotated[str, Query(max_length=60, description="lon,lat in WGS-84 degrees.", examples=["116.39,39.91"])],
) -> tuple[float, float]:
    """Read a place from the address.

    Raises:
        RequestValidationError: it is none.

    """
    number = r"\s*(-?\d{1,3}(?:\.\d{1,20})?)\s*"
    found = re.fullmatch(f"{number},{number}", near, re.ASCII)
    lon, lat = (float(found[1]), float(found[2])) if found else (999.0, 999.0)
    if not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise wrong_field("query", "near", "Expected lon,lat in degrees, such as 116.39,39.91.")
    return lon, lat


@router.get("/toilets", dependencies=[Depends(_count_read)])
def read_open_toilets(
    parts: AppParts,
    near: Annotated[tuple[float, float], Depends(near_place)],
    accessible: Annotated[bool, Query(description="Only those with an accessible stall.")] = False,
    family: Annotated[bool, Query(description="Only those with a place to change a child.")] = False,
    limit: Annotated[int, Query(ge=1, le=50)] = 5,
) -> OpenToiletsAnswer:
    """Return the nearest toilets that are open now."""
    with parts.database.connection() as connection:
        today = load_today(connection)
        toilets = load_near_toilets(connection, *near, today.now, accessible=accessible, family=family)
    opened = [toilet for toilet in toilets if is_open(toilet, today)]
    walks_m = walks_from(near, [(toilet.lon, toilet.lat) for toilet in opened])
    walks = zip(walks_m, opened, strict=True)
    # Those to which no way is known come last, in the order of their distance.
    ranked = sorted(walks, key=lambda walk: (walk[0] is None, 0.0 if walk[0] is None else walk[0]))
    items = [
        NearbyToiletAnswer(**OpenToiletAnswer.of(toilet).model_dump(), walk_m=None if walk_m is None else round(walk_m))
        for walk_m, toilet in ranked[:limit]
    ]
    return OpenToiletsAnswer(items=items)


def is_open(toilet: NearToilet, today: Today) -> bool:
    """Tell whether a toilet is open now: within its hours, and its device does not say that it is shut."""
    if toilet.is_open is False:
        return False
    if toilet.open_start_s is None or toilet.open_end_s is None:
        return True
    spans = today.town.intervals_on(today.service_date, toilet.open_start_s, toilet.open_end_s)
    return any(span.contains(today.now) for span in spans)


@router.post(
    "/reports",
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(_count_report)],
    max_body_size=REPORT_BYTES,
)
def create_report(asked: ReportAsked, parts: AppParts) -> ReportAnswer:
    """Report dirt or damage; the answer's number is what the report is followed by."""
    position = None if asked.lon is None or asked.lat is None else (asked.lon, asked.lat)
    with parts.database.connection() as connection:
        today = load_today(connection)
        zone_id = None if position is None else _zone_at(connection, position)
        local_date = today.now.astimezone(today.town.zone_info).date()
        case = open_case(connection, RESIDENT, asked.description, position, zone_id, today.now, local_date)
        record_action(connection, today.now, RESIDENT, "report", f"case {case.case_number}")
    return ReportAnswer.of(case)


def _zone_at(connection: Connection, position: tuple[float, float]) -> str | None:
    place = Point(position)
    zones = page_of_zones(connection)
    return next((zone.zone_id for zone in zones if shape(zone.geometry).intersects(place)), None)


@router.get("/reports/{case_number}", dependencies=[Depends(_count_read)])
def read_report(
    case_number: Annotated[str, Path(pattern=r"^[0-9A-Z-]{1,30}$", examples=["20261122-K7QFM"])], parts: AppParts
) -> ReportAnswer:
    """Return how far a report's case is."""
    with parts.database.connection() as connection:
        return ReportAnswer.of(load_case(connection, case_number))
