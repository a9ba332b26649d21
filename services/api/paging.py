"""Lists in pages: a cursor says after which row the next page begins."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, TypeAdapter
from pydantic_core import to_json

from services.api.errors import wrong_field
from services.api.shapes.values import Code

DEFAULT_LIMIT = 1_000
MAX_LIMIT = 5_000

Item = TypeVar("Item", bound=BaseModel)
Row = TypeVar("Row")
Key = TypeVar("Key", bound=tuple[Any, ...])

BY_CODE: TypeAdapter[tuple[str]] = TypeAdapter(tuple[Code])
"""The key of lists in the order of their identifiers."""

LARGEST_NUMBER = 2**63 - 1
Number = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]
"""One of our own numbers."""

BY_NUMBER: TypeAdapter[tuple[int]] = TypeAdapter(tuple[Number])
"""The key of lists in the order of our own numbers."""


class Page(BaseModel, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next_cursor: str | None = Field(
        default=None, description="Send it as `cursor` for the next page; null on the last."
    )


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for: `limit` rows after the one that `cursor` names."""

    limit: int
    cursor: str | None

    def fetch(self, key: TypeAdapter[Key], load: Callable[[Key | None, int], Sequence[Row]]) -> list[Row]:
        """Return the page's rows and one more, where there is one, from `load(after, how many)`.

        `key` is the tuple that the rows are ordered by.

        Raises:
            RequestValidationError: the cursor is not one of this list.

        """
        return list(load(None if self.cursor is None else read_cursor(self.cursor, key), self.limit + 1))

    def fetch_from(self, key: TypeAdapter[Key], rows: Sequence[Row], of: Callable[[Row], tuple[Any, ...]]) -> list[Row]:
        """Return the page's rows and one more, where there is one, of a list that is at hand; `of` gives a row's key.

        Raises:
            RequestValidationError: the cursor names no row of this list.

        """
        if self.cursor is None:
            return list(rows[: self.limit + 1])
        after = read_cursor(self.cursor, key)
        found = next((number for number, row in enumerate(rows) if of(row) == after), None)
        if found is None:
            raise _wrong_cursor()
        return list(rows[found + 1 : found + self.limit + 2])

    def page(
        self, rows: Sequence[Row], make: Callable[[Row], Item], key: Callable[[Row], tuple[Any, ...]]
    ) -> Page[Item]:
        """Return the page of what `fetch` gave; `key` is what the rows are ordered by."""
        shown = rows[: self.limit]
        has_more = len(rows) > self.limit
        return Page(items=[make(row) for row in shown], next_cursor=_cursor(key(shown[-1])) if has_more else None)

    def written(
        self, rows: Sequence[Row], write: Callable[[Row], bytes], key: Callable[[Row], tuple[Any, ...]]
    ) -> bytes:
        """Return the page of what `fetch` gave as JSON, of items that `write` writes."""
        shown = rows[: self.limit]
        cursor = to_json(_cursor(key(shown[-1])) if len(rows) > self.limit else None)
        return b'{"items":[' + b",".join(map(write, shown)) + b'],"next_cursor":' + cursor + b"}"


def _cursor(key: tuple[Any, ...]) -> str:
    return base64.urlsafe_b64encode(to_json(key)).decode().rstrip("=")


def read_cursor(cursor: str, key: TypeAdapter[Key]) -> Key:
    """Return the key of the row that a cursor names.

    Raises:
        RequestValidationError: it is not one of this list.

    """
    try:
        return key.validate_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError as error:
        raise _wrong_cursor() from error


def _wrong_cursor() -> RequestValidationError:
    return wrong_field("query", "cursor", "Expected a `next_cursor` of this list as it was given.")


async def _page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows of a page.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2_000, description="The `next_cursor` of the page before.")] = None,
) -> PageRequest:
    return PageRequest(limit, cursor)


PageOf = Annotated[PageRequest, Depends(_page_request)]
