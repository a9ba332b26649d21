"""What the live stream tells of: one class per event, each finding what changed since it last looked."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Protocol

import msgspec
from pydantic_core import to_json

from services.api.live.hub import Audience, LiveEvent
from services.api.shapes.attention import AlarmAnswer
from services.domain.clock import TownClock
from services.store.alarms import page_of_alarms
from services.store.connection import Connection
from services.store.live_changes import (
    PlanState,
    VisitChange,
    last_visit_change,
    load_newest_plans,
    load_visit_changes,
)
from services.store.live_vehicles import load_live_positions
from services.store.plans import PLAN_CHANGED, PLAN_PROGRESS
from services.store.town import load_clock

NEWEST_PLANS = 20
NEWEST_ALARMS = 500
MOST_VISITS_AT_ONCE = 5_000


class Source(Protocol):
    """One of the stream's events."""

    channels: ClassVar[tuple[str, ...]]
    """The database's notifications after which it is worth looking."""

    def changes(self, connection: Connection) -> Iterable[LiveEvent]:
        """Return what changed since the last call; at the first call, the present state."""
        ...


class Differences:
    """Remembers what was said last of each key, and lets pass only what is new."""

    def __init__(self) -> None:
        self._said: dict[tuple[str, Audience], bytes] = {}

    def of(self, events: Iterable[LiveEvent]) -> Iterator[LiveEvent]:
        """Return those of the events that say something new; what is not among them is forgotten."""
        said, self._said = self._said, {}
        for event in events:
            self._said[event.key, event.audience] = event.data
            if said.get((event.key, event.audience)) != event.data:
                yield event


class ClockSource:
    """`clock`: the town's clock was set or given back."""

    channels: ClassVar[tuple[str, ...]] = ("town_clock",)

    def __init__(self) -> None:
        self._known: TownClock | None = None

    def changes(self, connection: Connection) -> Iterable[LiveEvent]:
        """Return the clock where it is another than before, and a simulated one each time."""
        clock = load_clock(connection)
        # A new listener begins with the newest event: of a fast clock it must not be long ago.
        if clock == self._known and not clock.simulated:
            return []
        self._known = clock
        data = to_json({"now": clock.now(), "speed": clock.speed, "simulated": clock.simulated})
        return [LiveEvent("clock", "clock", data, audience=Audience.EVERYONE)]


_Position = msgspec.defstruct(
    "Position", ["vehicle_id", "lon", "lat", "observed_at", "speed_kmh", "heading_deg", "load_kg", "online"]
)
"""Written thousands of times a second."""
_ENCODER = msgspec.json.Encoder()


class PositionSource:
    """`position`: a vehicle's newest fix, or that its device came or went."""

    channels: ClassVar[tuple[str, ...]] = ("readings_stored",)

    def __init__(self) -> None:
        self._differences = Differences()

    def changes(self, connection: Connection) -> Iterable[LiveEvent]:
        """Return the vehicles that moved."""
        events = (
            LiveEvent(
                name="position",
                key=row.vehicle_id,
                data=_ENCODER.encode(
                    _Position(
                        row.vehicle_id,
                        row.lon,
                        row.lat,
                        row.observed_at,
                        row.speed_kmh,
                        row.heading_deg,
                        row.load_kg,
                        row.online,
                    )
                ),
                contractor_id=row.contractor_id,
                vehicle_id=row.vehicle_id,
            )
            for row in load_live_positions(connection)
            if row.observed_at is not None
        )
        return self._differences.of(events)


class VisitSource:
    """`visit`: something was decided of a due visit."""

    channels: ClassVar[tuple[str, ...]] = ("visit_decided",)

    def __init__(self) -> None:
        self._last: int | None = None

    def changes(self, connection: Connection) -> Iterable[LiveEvent]:
        """Return what was decided; nothing at first, because the day so far is asked for elsewhere."""
        if self._last is None:
            self._last = last_visit_change(connection)
        changes = load_visit_changes(connection, self._last, MOST_VISITS_AT_ONCE)
        if changes:
            self._last = changes[-1].change_id
        return [event for change in changes for event in _visit_events(change)]


def _visit_events(change: VisitChange) -> Iterator[LiveEvent]:
    """Yield what is told of a decision; whose truck came to its point a contractor is told of its own trucks only."""
    told = {
        "point_id": change.point_id,
        "service_date": change.service_date,
        "occurrence": change.occurrence,
        "status": change.status,
        "cleared_at": change.cleared_at,
        "vehicle_id": change.vehicle_id,
        "reason": change.reason,
    }
    key = f"{change.service_date} {change.occurrence} {change.point_id}"
    is_others = change.vehicle_id is not None and change.vehicle_contractor_id != change.contractor_id
    owner = None if is_others else change.contractor_id
    yield LiveEvent("visit", key, to_json(told), contractor_id=owner, vehicle_id=change.vehicle_id)
    if is_others:
        told["vehicle_id"] = None
        yield LiveEvent(
            "visit",
            key,
            to_json(told),
            contractor_id=change.contractor_id,
            audience=Audience.LIMITED_OWNERS,
        )


class AlarmSource:
    """`alarm`: an alarm was raised, seen or cleared."""

    channels: ClassVar[tuple[str, ...]] = ("alarm_changed",)

    def __init__(self) -> None:
        self._differences = Differences()

    def changes(self, connection: Connection) -> Iterable[LiveEvent]:
        """Return the newest alarms that changed."""
        events = (
            LiveEvent(
                name="alarm",
                key=str(alarm.alarm_id),
                data=to_json(AlarmAnswer.of(alarm)),
                contractor_id=alarm.contractor_id,
                vehicle_id=alarm.subject_id if alarm.subject_kind == "vehicle" else None,
            )
            for alarm in page_of_alarms(connection, limit=NEWEST_ALARMS)
        )
        return self._differences.of(events)


class PlanSource:
    """`plan`: a plan's state changed, or its cost fell."""

    channels: ClassVar[tuple[str, ...]] = (PLAN_CHANGED, PLAN_PROGRESS)

    def __init__(self) -> None:
        self._differences = Differences()

    def changes(self, connection: Connection) -> Iterable[LiveEvent]:
        """Return the newest plans that changed; what the whole town's plan costs is not for everyone."""
        plans = load_newest_plans(connection, NEWEST_PLANS)
        events = (
            LiveEvent("plan", str(plan.plan_id), to_json(_plan(plan, audience)), audience=audience)
            for plan in plans
            for audience in (Audience.UNLIMITED, Audience.LIMITED)
        )
        return self._differences.of(events)


def _plan(plan: PlanState, audience: Audience) -> dict[str, Any]:
    figures = {
        "cost": plan.cost,
        "served": plan.served,
        "unserved": plan.unserved,
        "elapsed_s": plan.elapsed_s,
    }
    return {
        "id": plan.plan_id,
        "date": plan.service_date,
        "status": plan.status,
        "published": plan.published,
        **(figures if audience is Audience.UNLIMITED else dict.fromkeys(figures)),
    }


def all_sources() -> list[Source]:
    """Return a fresh source of each event.

    The visits are first: whoever has heard the clock may count on hearing every decision from then on.
    """
    return [VisitSource(), AlarmSource(), PlanSource(), PositionSource(), ClockSource()]
