"""Spans that are asked for by `start` and `end`: in their order, and no longer than what is asked for allows."""

from datetime import date, datetime, timedelta
from typing import TypeVar

from services.api.errors import wrong_field

Moment = TypeVar("Moment", date, datetime)


def check_span(start: Moment | None, end: Moment | None, longest: timedelta | None = None) -> None:
    """Refuse a span that ends before it starts, or is longer than `longest`; without one of its ends it is right.

    Raises:
        RequestValidationError: it is wrong; the error names the parameter.

    """
    if start is None or end is None:
        return
    if start > end:
        raise wrong_field("query", "start", "Expected start not after end.")
    if longest is not None and end - start > longest:
        raise wrong_field("query", "end", f"Expected at most {longest.days} days from start to end.")
