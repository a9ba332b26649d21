"""Holding a figure against a limit of the standards; the limits are data and are passed in."""

from collections.abc import Mapping
from typing import Protocol

from services.facilities.coverage import StandardCheck


class Limit(Protocol):
    """A limit: at least `value_low`, at most `value_high`, with where it is from."""

    @property
    def value_low(self) -> float | None:
        """The least that meets it."""

    @property
    def value_high(self) -> float | None:
        """The most that meets it."""

    @property
    def unit(self) -> str:
        """The unit of both."""

    @property
    def standard(self) -> str:
        """The standard and its edition."""

    @property
    def clause(self) -> str:
        """Where in it."""

    @property
    def source_status(self) -> str:
        """How far the source was checked."""


Limits = Mapping[str, Limit]
"""Limits by identifier."""


def check_at_least(limits: Limits, limit_id: str, value: float | None) -> list[StandardCheck]:
    """Hold `value` against the lower end of a limit; nothing where the office has no such limit."""
    limit = limits.get(limit_id)
    if limit is None:
        return []
    meets = None if value is None or limit.value_low is None else value >= limit.value_low
    return [_check(limit_id, limit, value, meets)]


def check_at_most(limits: Limits, limit_id: str, value: float | None) -> list[StandardCheck]:
    """Hold `value` against the upper end of a limit; nothing where the office has no such limit."""
    limit = limits.get(limit_id)
    if limit is None:
        return []
    meets = None if value is None or limit.value_high is None else value <= limit.value_high
    return [_check(limit_id, limit, value, meets)]


def _check(limit_id: str, limit: Limit, value: float | None, meets: bool | None) -> StandardCheck:
    return StandardCheck(
        limit_id=limit_id,
        value=value,
        value_low=limit.value_low,
        value_high=limit.value_high,
        unit=limit.unit,
        standard=limit.standard,
        clause=limit.clause,
        source_status=limit.source_status,
        meets=meets,
    )
