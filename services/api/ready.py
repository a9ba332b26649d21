"""The short way: answers that need not go through the whole app, the same bytes for the same people."""

import asyncio
import hashlib
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api.announcements import KnownDay, State
from services.api.errors import NotSignedInError, TooManyRequestsError
from services.api.etags import has_tag, tag_headers, tag_of
from services.api.kept_answers import BY_POINT, MADE_OF, Headers, KeptAnswer, KeptAnswers, begin_holding, kept_route
from services.api.middleware import CommonHeaders
from services.api.parts import Parts
from services.api.roles import access_to
from services.api.shapes.town import ClockAnswer
from services.api.shapes.users import PersonAnswer
from services.api.single_things import SingleThing, SingleThings
from services.api.tokens import TokenUse
from services.store.users import User

COMPRESSED_FROM_BYTES = 1_000
COMPRESSION_LEVEL = 2
CLOCK = "/api/v1/clock"
ME = "/api/v1/auth/me"
VEHICLES = "/api/v1/vehicles"

_PLAIN_JSON = frozenset({b"", b"*/*", b"application/json", b"application/json, text/plain, */*"})
"""What a client sends that takes the usual form of an answer; others are left to the app."""
_BEARER = b"Bearer "
_OF_THE_BODY = frozenset({b"content-length", b"content-type", b"content-encoding"})


@dataclass(slots=True)
class Asked:
    """A GET of somebody who is signed in."""

    person: User
    scope: Scope
    accept: bytes
    takes_gzip: bool
    known_tags: str | None

    @property
    def key(self) -> object:
        """What determines the answer, and for whom: by what they may see, not by name."""
        scope = self.scope
        return (
            self.person.visibility,
            *(scope["raw_path"], scope["query_string"], self.accept, self.takes_gzip, scope["scheme"]),
        )

    def may_call(self, route: str) -> bool:
        """Tell whether the person's role may GET a route."""
        return self.person.role in access_to("GET", route).roles


@dataclass(frozen=True, slots=True)
class Making:
    """An answer that is being made, of the state that the store had when that began."""

    state: State
    done: asyncio.Future[KeptAnswer | None]


class ReadyMiddleware:
    """Answers from what is kept as long as it holds, or straight from the store; all else goes the whole way.

    Nothing is answered here that the whole way would refuse: the table of roles is asked as every route does, and a
    kept answer is given only to who may see the same of the town as the person that it was made for.
    """

    def __init__(self, app: ASGIApp, parts: Parts, common: CommonHeaders) -> None:
        self._app = app
        self._parts = parts
        self._common = common
        self._announcements = parts.announcements
        self._kept = KeptAnswers()
        self._making: dict[object, Making] = {}
        self._single = SingleThings(parts.database, parts.announcements)
        self._counted: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        path: str = scope["path"]
        if (route := kept_route(path)) is not None:
            answer, asked = None, await self._asked(scope)
            if asked is not None:
                answer = await self._keep(asked, route, receive, send)
                if answer is None:
                    return
        elif (thing := self._single.asked_for(path, scope["query_string"])) is not None or path in (CLOCK, ME):
            asked = await self._asked(scope)
            answer = None if asked is None else await self._make_here(asked, thing)
        else:
            answer, asked = None, None
        if asked is None or answer is None or not self._may_ask_again(asked.person):
            await self._app(scope, receive, send)
        else:
            await self._send(asked, answer, began_s, send)

    async def _asked(self, scope: Scope) -> Asked | None:
        """Return who asks for what, as of now; none where that takes a look into the store.

        What was committed before the request came is known from here on: who signed out has no answer.
        """
        headers = dict(scope["headers"])
        bearer: bytes = headers.get(b"authorization", b"")
        if len(headers) < len(scope["headers"]) or not bearer.startswith(_BEARER):
            return None  # nobody who is signed in, or headers that are there twice
        if not await self._announcements.caught_up():
            return None
        try:
            session_id = self._parts.tokens.read(bearer[len(_BEARER) :].decode("latin-1"), TokenUse.ACCESS)
        except NotSignedInError:
            return None
        is_known, person = self._parts.sessions.remembered(session_id)
        if not is_known or person is None:
            return None
        tags = headers.get(b"if-none-match")
        return Asked(
            person=person,
            scope=scope,
            accept=headers.get(b"accept", b""),
            takes_gzip=b"gzip" in headers.get(b"accept-encoding", b""),
            known_tags=None if tags is None else tags.decode("latin-1"),
        )

    def _may_ask_again(self, person: User) -> bool:
        """Count a request that is answered here; whom the limit stops is told so by the app."""
        try:
            self._parts.person_limiter.take(person.user_name)
        except TooManyRequestsError:
            return False
        return True

    async def _keep(self, asked: Asked, route: str, receive: Receive, send: Send) -> KeptAnswer | None:
        """Return the answer that is kept; where there is none, let the app answer, keep what it says, return none."""
        day = await self._announcements.day()
        if day is None or not asked.may_call(route):
            await self._app(asked.scope, receive, send)
            return None
        key, state = asked.key, self._state(route, day)
        kept, making = self._kept.get(key), self._making.get(key)
        if kept is not None and self._holds(kept, state, day):
            return kept
        if making is not None and making.state == state and (made := await asyncio.shield(making.done)) is not None:
            return made
        if route == VEHICLES and asked.accept in _PLAIN_JSON:
            body = await self._single.page_of_vehicles(asked.scope["query_string"], asked.person.visibility, day)
            if body is not None:
                answer = replace(self._answer(asked, route, body, is_tagged=False), state=state)
                self._kept.keep(key, answer)
                return answer
        if asked.known_tags is not None:  # may be answered by 304
            await self._app(asked.scope, receive, send)
        else:
            await self._copy(key, route, day, asked.scope, receive, send)
        return None

    def _state(self, route: str, day: KnownDay, points: Sequence[str] | None = None) -> State:
        """Return the state of what a route's answers are made of; of due visits only those of `points` where given."""
        tables, announced = MADE_OF[route], self._announcements
        if points is None:
            return (day.service_date.toordinal(), *announced.state_of(tables))
        others = announced.state_of([table for table in tables if table != BY_POINT])
        return (day.service_date.toordinal(), *others, *announced.state_of_parts(BY_POINT, points))

    def _holds(self, kept: KeptAnswer, state: State, day: KnownDay) -> bool:
        """Tell whether a kept answer is of this state, or of an earlier one from which nothing of it has changed."""
        if kept.state == state:
            return True
        if kept.points is None or kept.state_at_points != self._state(kept.route, day, kept.points):
            return False
        kept.state = state
        return True

    async def _copy(self, key: object, route: str, day: KnownDay, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer, and keep a copy of what it says."""
        state = self._state(route, day)
        making = Making(state, asyncio.get_running_loop().create_future())
        self._making[key] = making
        headers: Headers | None = None
        body = bytearray()
        holding = begin_holding()

        async def send_and_copy(message: Message) -> None:
            nonlocal headers
            if message["type"] == "http.response.start":
                answered = getattr(scope.get("route"), "path", None)
                headers = list(message["headers"]) if message["status"] == HTTPStatus.OK and answered == route else None
            elif headers is not None:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False) and holding.as_long_as_the_store_says:
                    answer = KeptAnswer(route, state, headers, bytes(body))
                    if holding.points is not None and self._state(route, day) == state:
                        # Nothing was announced since before it was made: its points are as they were then.
                        answer.points = holding.points
                        answer.state_at_points = self._state(route, day, holding.points)
                    self._kept.keep(key, answer)
                    making.done.set_result(answer)
            await send(message)

        try:
            await self._app(scope, receive, send_and_copy)
        finally:
            if self._making.get(key) is making:
                del self._making[key]
            if not making.done.done():
                making.done.set_result(None)

    async def _make_here(self, asked: Asked, wanted: tuple[SingleThing, str] | None) -> KeptAnswer | None:
        """Return the answer to what needs no app, none where it is to be told otherwise."""
        if asked.accept not in _PLAIN_JSON or b"%" in asked.scope["raw_path"]:
            return None
        if wanted is None:
            return await self._clock(asked) if asked.scope["path"] == CLOCK else self._person(asked)
        thing, identifier = wanted
        if not asked.may_call(thing.route):
            return None
        pieces = await thing.find(identifier)
        visible = asked.person.visibility
        seen = [one.seen_by(visible) for one in pieces or ()]
        body = None if pieces is None else thing.body([json for json in seen if json is not None])
        return None if body is None else self._answer(asked, thing.route, body, is_tagged=thing.is_tagged)

    async def _clock(self, asked: Asked) -> KeptAnswer | None:
        if asked.scope["query_string"] or not asked.may_call(CLOCK):
            return None
        day = await self._announcements.day()
        if day is None:
            return None
        shown = ClockAnswer(now=day.clock.now(), speed=day.clock.speed, simulated=day.clock.simulated)
        return self._answer(asked, CLOCK, shown.__pydantic_serializer__.to_json(shown), is_tagged=False)

    def _person(self, asked: Asked) -> KeptAnswer | None:
        if asked.scope["query_string"] or not asked.may_call(ME):
            return None
        shown = PersonAnswer.model_validate(asked.person)
        return self._answer(asked, ME, shown.__pydantic_serializer__.to_json(shown), is_tagged=False)

    async def _send(self, asked: Asked, answer: KeptAnswer, began_s: float, send: Send) -> None:
        status, headers, body = HTTPStatus.OK, answer.headers, answer.body
        if asked.known_tags is not None and (tag := answer.tag) is not None and has_tag(asked.known_tags, tag):
            status, body = HTTPStatus.NOT_MODIFIED, b""
            headers = [one for one in headers if one[0] not in _OF_THE_BODY]
        counted = self._counted.get((answer.route, status))
        if counted is None:
            metrics = self._parts.metrics
            counted = (
                metrics.requests.labels("GET", answer.route, status.value),
                metrics.latency_s.labels("GET", answer.route),
            )
            self._counted[answer.route, status] = counted
        counted[0].inc()
        counted[1].observe(time.perf_counter() - began_s)
        await send({"type": "http.response.start", "status": status.value, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _answer(self, asked: Asked, route: str, body: bytes, *, is_tagged: bool) -> KeptAnswer:
        """Return an answer with the headers that the app would give it."""
        vary: list[str] = []
        headers: Headers = [(b"content-type", b"application/json")]
        if is_tagged:
            tagged = tag_headers(tag_of(hashlib.sha256(body).hexdigest()))
            vary.append(tagged.pop("Vary"))
            headers += [(name.lower().encode(), value.encode()) for name, value in tagged.items()]
        if len(body) >= COMPRESSED_FROM_BYTES:
            vary.append("Accept-Encoding")
            if asked.takes_gzip:
                headers.append((b"content-encoding", b"gzip"))
                compressing = zlib.compressobj(COMPRESSION_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
                body = compressing.compress(body) + compressing.flush()
        if vary:
            headers.append((b"vary", ", ".join(vary).encode()))
        headers.append((b"content-length", str(len(body)).encode()))
        headers += self._common.lacking(headers, asked.scope, HTTPStatus.OK)
        return KeptAnswer(route, (), headers, body)
