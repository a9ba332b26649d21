"""Single things that are asked for often, each as one body of JSON: vehicles, points, facilities, a point's visits.

They are the same bytes as their routes answer; of each the store is asked for all that are waited for at once.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import dropwhile, islice
from typing import Any
from uuid import UUID

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from services.api.announcements import Announcements, KnownDay, State
from services.api.asking_together import AskingTogether, Load
from services.api.database import Database
from services.api.kept_answers import DAY, MADE_OF, PLAN, REGISTER
from services.api.others import without_others
from services.api.paging import BY_CODE, MAX_LIMIT, PageRequest, read_cursor
from services.api.shapes.clearance import DueVisitAnswer
from services.api.shapes.plans import route_json
from services.api.shapes.register import FacilityAnswer, point_json
from services.api.shapes.vehicles import track_json, vehicle_json
from services.api.tracks import segments_of
from services.store.clearance_figures import load_due_visits_of_points, load_visits_by_id
from services.store.connection import Connection
from services.store.live_facilities import page_of_facilities
from services.store.live_vehicles import load_tracks, page_of_vehicles
from services.store.register_pages import contractors_of_vehicles, page_of_points
from services.store.routes import StopRow, load_published_routes, load_stops
from services.store.visibility import Visibility
from services.store.visits import has_due_visits

THREADS = 2
MOST_FIXES = 20_000
"""Of tracks that are asked for together."""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_PAGE = re.compile(rb"limit=(\d{1,4})(?:&cursor=([\w-]{1,2000}))?").fullmatch
MOST_KEPT = 30_000
WHOLE_FROM = 70
"""So many single ones take about as long as all of a large town: 0.16 ms each, 11 ms for 1,500 (CPU time)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of JSON and whose it is.

    It `is_of_none` where it says that nothing is due at its point: that hangs on there being due visits elsewhere, for
    of a day without any the register tells what is due. Where its owner is not told all of it, `json_for_owner` is what
    the owner is told.
    """

    contractor_id: str | None
    vehicle_id: str | None
    json: bytes
    is_everybodys: bool = False
    is_of_none: bool = False
    json_for_owner: bytes | None = None

    def seen_by(self, visible: Visibility) -> bytes | None:
        """Return what somebody limited to `visible` sees of it, none where that is nothing."""
        if self.is_everybodys or not visible.is_limited:
            return self.json
        return (self.json_for_owner or self.json) if visible.shows(self.contractor_id, self.vehicle_id) else None


Pieces = Sequence[Piece]


def _json(answer: BaseModel) -> bytes:
    return answer.__pydantic_serializer__.to_json(answer, by_alias=True)


def _vehicles(connection: Connection, day: KnownDay, vehicle_ids: Sequence[str] | None) -> Mapping[str, Pieces]:
    rows = page_of_vehicles(connection, day.service_date, vehicle_ids=vehicle_ids)
    return {row.vehicle_id: [Piece(row.contractor_id, row.vehicle_id, vehicle_json(row))] for row in rows}


def _points(connection: Connection, day: KnownDay, point_ids: Sequence[str] | None) -> Mapping[str, Pieces]:
    rows = page_of_points(connection, day.service_date, point_ids=point_ids)
    if not any(row.due for row in rows) and not has_due_visits(connection, day.service_date):
        return {}  # what is due by the register is worked out elsewhere
    return {
        row.point_id: [Piece(row.contractor_id, None, point_json(row, day.service_date), is_of_none=row.due == 0)]
        for row in rows
    }


def _due_visits(connection: Connection, day: KnownDay, point_ids: Sequence[str] | None) -> Mapping[str, Pieces]:
    rows = load_due_visits_of_points(connection, day.service_date, point_ids or ())
    visits = load_visits_by_id(connection, {row.visit_id for row in rows if row.visit_id is not None})
    found: dict[str, list[Piece]] = {}
    vehicles = {name for row in rows for name in (row.vehicle_id, row.planned_vehicle_id) if name is not None}
    owners = contractors_of_vehicles(connection, [*vehicles])
    for row in rows:
        own = frozenset(name for name, owner in owners.items() if owner == row.contractor_id)
        told, visit = without_others(row, own), visits.get(row.visit_id or 0)
        for_owner = None if told is row else _json(DueVisitAnswer.of(told, visit))
        piece = Piece(row.contractor_id, None, _json(DueVisitAnswer.of(row, visit)), json_for_owner=for_owner)
        found.setdefault(row.point_id, []).append(piece)
    return found


def _facilities(connection: Connection, day: KnownDay, facility_ids: Sequence[str] | None) -> Mapping[str, Pieces]:
    rows = page_of_facilities(connection, day.town.service_day(day.service_date), facility_ids=facility_ids)
    return {row.facility_id: [Piece(None, None, _json(FacilityAnswer.of(row)), is_everybodys=True)] for row in rows}


def _tracks(connection: Connection, day: KnownDay, vehicle_ids: Sequence[str] | None) -> Mapping[str, Pieces]:
    start, end = day.town.service_day(day.service_date).start, day.clock.now()
    asked = vehicle_ids or ()
    limit = MOST_FIXES // max(len(asked), 1)
    return {
        row.vehicle_id: [
            Piece(row.contractor_id, row.vehicle_id, track_json(row.vehicle_id, start, end, segments_of(row)))
        ]
        for row in load_tracks(connection, asked, start, end, limit)
        if len(row.lon) < limit  # or it may be cut off; one by one they are not
    }


def _routes(connection: Connection, day: KnownDay, keys: Sequence[str] | None) -> Mapping[str, Pieces]:
    del day
    asked: dict[str, list[str]] = {}
    for of_plan, of_vehicle in (key.split("/", 1) for key in keys or ()):
        asked.setdefault(of_plan, []).append(of_vehicle)
    found: dict[str, Pieces] = {}
    for text, vehicle_ids in asked.items():
        plan_id = UUID(text)
        routes = load_published_routes(connection, plan_id, vehicle_ids)
        if not routes:
            continue  # a draft does not exist for everybody
        stops: dict[str, list[StopRow]] = {}
        for stop in load_stops(connection, plan_id, *vehicle_ids):
            stops.setdefault(stop.vehicle_id, []).append(stop)
        for route, owner in routes:
            answer = route_json(route, stops.get(route.vehicle_id, ()))
            found[f"{text}/{route.vehicle_id}"] = [Piece(owner, route.vehicle_id, answer)]
    return found


def _alone(seen: list[bytes]) -> bytes | None:
    return seen[0] if seen else None


def _page(seen: list[bytes]) -> bytes:
    return b'{"items":[' + b",".join(seen) + b'],"next_cursor":null}'


class SingleThing:
    """One sort of thing; what was found is kept as long as the store says that it holds.

    `made_of` are the tables that say so, `at_points` those that tell of each point by itself; without any nothing is
    kept. What is of no due visit holds until anything changes in these, at whatever point. Where `is_loaded_whole`, all
    are loaded once so many were asked for of one state of the store.
    """

    def __init__(
        self,
        route: str,
        announcements: Announcements,
        asking: AskingTogether[Pieces],
        *,
        made_of: Sequence[str] = (),
        at_points: Sequence[str] = (),
        body: Callable[[list[bytes]], bytes | None] = _alone,
        is_loaded_whole: bool = False,
        is_tagged: bool = False,
    ) -> None:
        """`body` makes the answer of the pieces that may be seen; `is_tagged` tags it by its content."""
        self.route, self.body, self.is_tagged = route, body, is_tagged
        self._announcements, self._asking = announcements, asking
        self._made_of, self._at_points, self._is_loaded_whole = made_of, at_points, is_loaded_whole
        self._kept: dict[str, tuple[State, Pieces]] = {}
        self._whole: tuple[State, Mapping[str, Pieces]] = ((), {})
        self._wanted: tuple[State, int] = ((), 0)
        self._loading: tuple[State, asyncio.Task[None]] | None = None

    @property
    def tables(self) -> frozenset[str]:
        """The tables that say whether what is kept holds; none where nothing is kept."""
        return frozenset((*self._made_of, *self._at_points))

    async def find(self, key: str) -> Pieces | None:
        """Return what there is under a key; none where there is nothing, or it is to be asked for elsewhere."""
        if not self._made_of:
            return await self._asking.find(key)
        day = await self._announcements.day()
        if day is None:
            return None
        state = self._state(day)
        if self._is_loaded_whole:
            self._load_whole_where_worth_it(state, 1)
        anywhere = state
        if self._at_points:
            anywhere += self._announcements.state_of(self._at_points)
        for table in self._at_points:
            state += self._announcements.state_of_part(table, key)
        kept = self._kept.get(key)
        if kept is not None and kept[0] in (state, anywhere):  # their lengths tell one from the other
            return kept[1]
        pieces = await self._asking.find(key)
        if pieces is not None:
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[key] = (anywhere if any(one.is_of_none for one in pieces) else state, pieces)
        return pieces

    async def whole(self, day: KnownDay, worth: int) -> Mapping[str, Pieces] | None:
        """Return all that there is, in its order, once it is loaded of this state; asking is worth so many single.

        None where it is not worth loading yet.
        """
        state = self._state(day)
        self._load_whole_where_worth_it(state, worth)
        if self._loading is not None and self._loading[0] == state:
            await asyncio.wait([self._loading[1]])
        return self._whole[1] if self._whole[0] == state else None

    def _state(self, day: KnownDay) -> State:
        return (day.service_date.toordinal(), *self._announcements.state_of(self._made_of))

    def _load_whole_where_worth_it(self, state: State, worth: int) -> None:
        """Load all once as much was asked for as that costs."""
        counted, wanted = self._wanted
        before = wanted if counted == state else 0
        self._wanted = (state, before + worth)
        if before + worth >= WHOLE_FROM and self._whole[0] != state and self._loading is None:
            self._loading = (state, asyncio.create_task(self._load_whole(state)))

    async def _load_whole(self, state: State) -> None:
        try:
            found = await self._asking.find_all()
            self._whole = (state, found)
            self._kept = {key: (state, pieces) for key, pieces in found.items()}
        finally:
            self._loading = None


class SingleThings:
    """Finds of a path and a query which single thing is asked for."""

    def __init__(self, database: Database, announcements: Announcements) -> None:
        threads = ThreadPoolExecutor(THREADS, "single things")

        def thing(route: str, load: Load[Pieces], **settings: Any) -> SingleThing:
            return SingleThing(route, announcements, AskingTogether(database, announcements, threads, load), **settings)

        self._below = {
            "vehicles": thing(
                "/api/v1/vehicles/{vehicle_id}", _vehicles, made_of=MADE_OF["/api/v1/vehicles"], is_loaded_whole=True
            ),
            "points": thing(
                "/api/v1/points/{point_id}",
                _points,
                made_of=(*DAY, *REGISTER),
                at_points=("due_visits",),
                is_tagged=True,
            ),
            "facilities": thing("/api/v1/facilities/{facility_id}", _facilities, is_tagged=True),
        }
        self._track = thing("/api/v1/vehicles/{vehicle_id}/track", _tracks)
        self._route = thing(
            "/api/v1/plans/{plan_id}/routes/{vehicle_id}", _routes, made_of=(*PLAN, *REGISTER), is_tagged=True
        )
        self._visits = thing(
            "/api/v1/clearance/visits",
            _due_visits,
            made_of=(*DAY, *REGISTER),
            at_points=("due_visits", "visits", "due_visit_corrections"),
            body=_page,
        )

    def asked_for(self, path: str, query: bytes) -> tuple[SingleThing, str] | None:
        """Return what is asked for and its identifier; none where it is something else, or asked in another way."""
        if not query:
            segments = path.split("/")
            if len(segments) == 5 and (found := self._below.get(segments[3])) is not None:
                return found, segments[4]
            if len(segments) == 6 and segments[3] == "vehicles" and segments[5] == "track":
                return self._track, segments[4]
            if len(segments) == 7 and segments[3] == "plans" and segments[5] == "routes" and _UUID(segments[4]):
                return self._route, f"{segments[4]}/{segments[6]}"
            return None
        if path == self._visits.route and query.startswith(b"point_id=") and query[9:].isalnum():
            return self._visits, query[9:].decode()
        return None

    async def page_of_vehicles(self, query: bytes, visible: Visibility, day: KnownDay) -> bytes | None:
        """Return a page of the list of vehicles where all are at hand, none where the store is to be asked."""
        asked = _PAGE(query)
        if asked is None or not 1 <= (limit := int(asked[1])) <= MAX_LIMIT:
            return None
        vehicles = await self._below["vehicles"].whole(day, limit // 2)  # a page takes less, but others follow
        if not vehicles:
            return None
        wanted, names = PageRequest(limit, None), iter(vehicles)
        if asked[2] is not None:
            try:
                (after,) = read_cursor(asked[2].decode(), BY_CODE)
            except RequestValidationError:
                return None
            if after not in vehicles:
                return None
            names = dropwhile(after.__ne__, vehicles)
            next(names)
        seen = ((name, json) for name in names if (json := vehicles[name][0].seen_by(visible)) is not None)
        return wanted.written([*islice(seen, limit + 1)], lambda one: one[1], key=lambda one: (one[0],))
