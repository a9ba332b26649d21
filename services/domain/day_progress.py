"""How far a service day has come: what was visited and tipped, and where the vehicles were last heard of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.domain.registry import Position
from services.domain.visit import Visit

VisitKey = tuple[str, int]
"""A due visit's point and occurrence."""


@dataclass(frozen=True, slots=True)
class Tipping:
    """A vehicle on a facility's weighbridge (倾倒); `arrived_at` is when it came, where that was told."""

    facility_id: str
    vehicle_id: str
    arrived_at: datetime | None
    tipped_at: datetime
    kg: float


@dataclass(frozen=True, slots=True)
class LastFix:
    """Where a vehicle was when it last told, and its load where it weighs it."""

    position: Position
    observed_at: datetime
    load_kg: float | None


@dataclass(frozen=True, slots=True)
class DayProgress:
    """All that is known of a service day up to `now`.

    `visits` and `tippings` are in order of time; `cleared` are the due visits that need nothing more, `cleared_by`
    tells by which vehicle, where that is known. `last_fixes` are by vehicle and of this day; a vehicle that is not
    there has said nothing.
    """

    now: datetime
    visits: Sequence[Visit] = ()
    cleared: frozenset[VisitKey] = frozenset()
    tippings: Sequence[Tipping] = ()
    last_fixes: Mapping[str, LastFix] = field(default_factory=dict)
    cleared_by: Mapping[VisitKey, str] = field(default_factory=dict)
