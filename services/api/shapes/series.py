"""Series of figures as JSON: thousands of rows of one shape, made and written without a check of each."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from services.api.shapes.values import Answer

Row = TypeVar("Row")
SeriesWriter = Callable[[Iterable[Row]], bytes]

write_json = msgspec.json.Encoder().encode
"""Writes structs and dataclasses as JSON, as their own shapes would."""


def series_of(shape: type[Answer], values_of: Callable[[Row], Iterable[Any]]) -> SeriesWriter[Row]:
    """Return what writes rows as a list of `shape`; `values_of` gives a row's values in the order of its fields.

    The JSON is what the shape itself would write (a test compares), in a tenth of the time.
    """
    struct = msgspec.defstruct(shape.__name__, [*shape.model_fields])

    def write(rows: Iterable[Row]) -> bytes:
        return write_json([struct(*values_of(row)) for row in rows])

    return write
