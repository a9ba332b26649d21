"""The live stream."""

from typing import Annotated

from fastapi import APIRouter, Header
from sse_starlette import EventSourceResponse

from services.api.identity import CurrentSession, SignedIn, StreamToken
from services.api.live.streams import live_stream
from services.api.parts import AppParts

router = APIRouter(prefix="/api/v1/live", tags=["live"])


@router.get("", response_class=EventSourceResponse)
async def stream_live(
    user: SignedIn,
    session_id: CurrentSession,
    parts: AppParts,
    stream_token: StreamToken = None,
    last_event_id: Annotated[str | None, Header(description="To get what was missed since that event.")] = None,
) -> EventSourceResponse:
    """Stream what happens: `position`, `visit`, `alarm`, `plan` and `clock`.

    A new stream begins with the clock and each vehicle's last position. The data of each event is one JSON
    object. Comments keep the connection alive; a reader that is too slow is cut off and may take up again with
    Last-Event-ID. The stream ends with the session.
    """
    del stream_token  # read where the request is let in
    return live_stream(parts.hub.listen(user.visibility, last_event_id), parts, session_id, user.user_name)
