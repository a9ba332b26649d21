"""The bulletins that may be had."""

from datetime import date

from pydantic import Field

from services.api.shapes.values import Answer
from services.domain.period import Period, PeriodKind


class BulletinAnswer(Answer):
    """A period that a bulletin can be drawn up of."""

    id: str = Field(examples=["2026-W47"], description="The date, the week (ISO 8601), or the month.")
    kind: PeriodKind
    first: date
    last: date
    over: bool = Field(description="Whether its last service day is over; until then its bulletin is not final.")

    @classmethod
    def of(cls, period: Period, today: date) -> "BulletinAnswer":
        """Return the answer made of a period, on the service day `today`."""
        return cls(id=period.name, kind=period.kind, first=period.first, last=period.last, over=period.last < today)
