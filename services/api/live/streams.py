"""Server-sent events as a response: kept alive, counted, given up where nobody reads, ended with the session."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse

from services.api.errors import TooManyRequestsError
from services.api.parts import Parts
from services.api.sessions import Sessions

KEEP_ALIVE_S = 15
SEND_TIMEOUT_S = 30
"""A reader that takes nothing for so long is given up."""

LOOKS_AGAIN_S = 60.0
"""Where nothing was announced for so long, it is asked all the same whether the session lasts."""


MOST_OF_ONE_PERSON = 250
"""Open at once: up to 4 MB wait for each (RIQING_STREAM_BACKLOG_BYTES), which are for all people together."""
RETRY_AFTER_S = 60


def live_stream(portions: AsyncGenerator[bytes], parts: Parts, session_id: UUID, user_name: str) -> EventSourceResponse:
    """Return the response that sends these portions, each of them whole events, as long as the session lasts.

    Raises:
        TooManyRequestsError: the person has as many streams open as one may.

    """
    if parts.open_streams[user_name] >= MOST_OF_ONE_PERSON:
        message = f"You have {MOST_OF_ONE_PERSON} streams open; close one of them."
        raise TooManyRequestsError(message, RETRY_AFTER_S)
    return EventSourceResponse(
        _while_signed_in(portions, parts, session_id, user_name),
        ping=KEEP_ALIVE_S,
        send_timeout=SEND_TIMEOUT_S,
        sep="\n",
    )


@contextmanager
def _counted(parts: Parts, user_name: str) -> Iterator[None]:
    parts.open_streams[user_name] += 1
    try:
        with parts.metrics.streams.track_inprogress():
            yield
    finally:
        parts.open_streams[user_name] -= 1


async def _while_signed_in(
    portions: AsyncGenerator[bytes], parts: Parts, session_id: UUID, user_name: str
) -> AsyncGenerator[bytes]:
    with _counted(parts, user_name), parts.sessions.watching() as changed:
        following = asyncio.ensure_future(anext(portions))
        change = asyncio.ensure_future(changed.wait())
        try:
            while True:
                done, _ = await asyncio.wait({following, change}, timeout=LOOKS_AGAIN_S, return_when="FIRST_COMPLETED")
                if following not in done:
                    if change.done():
                        changed.clear()
                        change = asyncio.ensure_future(changed.wait())
                    if not await _lasts(parts.sessions, session_id):
                        return
                    continue
                try:
                    yield following.result()
                except StopAsyncIteration:
                    return
                following = asyncio.ensure_future(anext(portions))
        finally:
            following.cancel()
            change.cancel()
            await asyncio.wait({following, change})
            await portions.aclose()


async def _lasts(sessions: Sessions, session_id: UUID) -> bool:
    try:
        return await run_in_threadpool(sessions.look_up, session_id) is not None
    except psycopg.OperationalError:
        return True  # the database is away: what it says of the session is asked later
