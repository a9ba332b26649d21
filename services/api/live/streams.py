"""Server-sent events as a response: kept alive, counted, and given up where nobody reads."""

from collections.abc import AsyncIterator

from prometheus_client import Gauge
from sse_starlette import EventSourceResponse

KEEP_ALIVE_S = 15
SEND_TIMEOUT_S = 30
"""A reader that takes nothing for so long is given up."""


def live_stream(portions: AsyncIterator[bytes], open_streams: Gauge) -> EventSourceResponse:
    """Return the response that sends these portions, each of them whole events."""
    return EventSourceResponse(
        _counted(portions, open_streams), ping=KEEP_ALIVE_S, send_timeout=SEND_TIMEOUT_S, sep="\n"
    )


async def _counted(portions: AsyncIterator[bytes], open_streams: Gauge) -> AsyncIterator[bytes]:
    with open_streams.track_inprogress():
        async for portion in portions:
            yield portion
