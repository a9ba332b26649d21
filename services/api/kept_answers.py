"""Answers that are kept as they go over the wire, as long as nothing that they were made of has changed."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from services.api.announcements import State

REGISTER = ("contractors", "zones", "facilities", "collection_points", "vehicles")
DAY = ("town", "town_clock")
PLAN = ("plans", "routes", "stops", "plan_demands")

MADE_OF: Mapping[str, tuple[str, ...]] = {
    "/api/v1/town": (*DAY, *REGISTER, "standard_limits"),
    "/api/v1/zones": REGISTER,
    "/api/v1/zones/{zone_id}": REGISTER,
    "/api/v1/contractors": REGISTER,
    "/api/v1/points": (*DAY, *REGISTER, "due_visits", "plans"),
    "/api/v1/vehicles": (*DAY, *REGISTER, *PLAN, "devices", "latest_positions", "route_revisions", "due_visits"),
    "/api/v1/plans": (*DAY, "plans"),
    "/api/v1/clearance": (*DAY, *REGISTER, *PLAN, "due_visits", "attributed_weights"),
    "/api/v1/alarms": (*REGISTER, "alarms"),
    "/api/v1/cases": (*REGISTER, "cases", "photos"),
}
"""The tables that the answers of a route are made of; those of other routes are not kept.

A test compares this with the tables that each of them reads.
"""

BY_POINT = "due_visits"
"""The table whose changes say of which points they are; an answer may be made of some points' rows alone."""

DERIVED = frozenset(
    {
        "register_version",
        "clearance_changes",
        *("clearance_days", "clearance_sums", "clearance_months", "clearance_month_sums"),
    }
)
"""What changes only with one of the tables above, or says the same in another way."""

MOST_BYTES = 64_000_000
LARGEST_BYTES = 2_000_000
"""An answer that is larger is not kept."""

OVERHEAD_BYTES = 2_000
"""What an answer takes beside its body, about."""

Headers = list[tuple[bytes, bytes]]


@dataclass(slots=True)
class Holding:
    """How long an answer that is being made holds: as long as the store says, or not even that.

    `points` are those whose due visits alone it is made of; none: of any.
    """

    as_long_as_the_store_says: bool = True
    points: Sequence[str] | None = None


_holding: ContextVar[Holding | None] = ContextVar("_holding", default=None)


def begin_holding() -> Holding:
    """Begin to watch an answer that is being made in this context, and in the threads that work for it."""
    holding = Holding()
    _holding.set(holding)
    return holding


def holds_only_now() -> None:
    """Note of the answer that is being made that it passes with time, whatever the store says."""
    if (holding := _holding.get()) is not None:
        holding.as_long_as_the_store_says = False


def holds_while_visits_stay_at(points: Sequence[str]) -> None:
    """Note of the answer that is being made that no due visits but those of these points, as there are, can change it.

    At least one of the points must have some: it may be another answer where a day has none at all.
    """
    if (holding := _holding.get()) is not None:
        holding.points = points


@dataclass(slots=True)
class KeptAnswer:
    """An answer as it was sent, of which route, and the state of the store that it is of.

    Where it is made of the due visits of some `points` alone, `state_at_points` is the state of its tables with these.
    """

    route: str
    state: State
    headers: Headers
    body: bytes
    points: Sequence[str] | None = None
    state_at_points: State = ()

    @property
    def tag(self) -> str | None:
        """Its entity tag, where it has one."""
        return next((value.decode("latin-1") for name, value in self.headers if name == b"etag"), None)


class KeptAnswers:
    """Keeps answers by what was asked, and for whom; the one not asked for longest goes first."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._answers: OrderedDict[object, KeptAnswer] = OrderedDict()
        self._bytes = 0

    def get(self, key: object) -> KeptAnswer | None:
        """Return what was kept, of whatever state."""
        found = self._answers.get(key)
        if found is not None:
            self._answers.move_to_end(key)
        return found

    def keep(self, key: object, answer: KeptAnswer) -> None:
        """Keep an answer in place of the one before, unless it is too large."""
        self._forget(key)
        if len(answer.body) > LARGEST_BYTES:
            return
        self._answers[key] = answer
        self._bytes += len(answer.body) + OVERHEAD_BYTES
        while self._bytes > self._most_bytes:
            self._forget(next(iter(self._answers)))

    def _forget(self, key: object) -> None:
        gone = self._answers.pop(key, None)
        if gone is not None:
            self._bytes -= len(gone.body) + OVERHEAD_BYTES


def kept_route(path: str) -> str | None:
    """Return the template of the route that a path is of, where its answers may be kept.

    A path that is taken for another's is harmless: the route that answered says in the end which it was.
    """
    if path in MADE_OF:
        return path
    segments = path.split("/")
    if len(segments) == 5 and segments[3] == "zones":
        return "/api/v1/zones/{zone_id}"
    return None
