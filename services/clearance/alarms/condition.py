"""What an alarm is raised from: a condition of a subject, and the limits it was held against, which are data."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from services.domain.kinds import AlarmKind


class LimitRow(Protocol):
    """A row of the limits, as the store returns it."""

    @property
    def value_low(self) -> float | None:
        """Its lower end."""

    @property
    def value_high(self) -> float | None:
        """Its upper end."""


@dataclass(frozen=True, slots=True)
class Limit:
    """An alarm is raised above `raise_above`, and stays open as long as the value is above `keep_above`."""

    raise_above: float
    keep_above: float


Limits = Mapping[str, Limit]
"""The limits by identifier; what an office has taken out of its table raises nothing."""


def limits_of(rows: Mapping[str, LimitRow]) -> dict[str, Limit]:
    """Return the limits that have an upper end; without a lower one an alarm clears where it is raised."""
    return {
        name: Limit(row.value_high, row.value_high if row.value_low is None else row.value_low)
        for name, row in rows.items()
        if row.value_high is not None
    }


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that holds now and needs attention.

    Where it only `raises` no alarm it keeps one open that is there: it is past the limit that clears, but not past
    the one that raises. An alarm that is open takes the detail over where the condition `goes_on` to change.
    """

    kind: AlarmKind
    subject_kind: str
    subject_id: str
    detail: dict[str, object]
    raises: bool = True
    goes_on: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it the same alarm as one that is open."""
        return self.kind.value, self.subject_kind, self.subject_id
