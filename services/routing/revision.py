"""The plan before, as a new plan for the rest of the day has to know it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.routing.timetable import Visit


@dataclass(frozen=True, slots=True)
class Revision:
    """What each truck still had ahead, and whose routes may not be touched."""

    previous: Mapping[int, Sequence[Visit]]
    locked: frozenset[int] = frozenset()
