"""Photos as they are sent: JPEG, PNG or WebP, of a bounded size, told by their first bytes and not by their header."""

from typing import Annotated, Any

from fastapi import Depends, Request, Response

from services.domain.errors import InvalidRequestError
from services.store.photos import Photo

PHOTO_BYTES = 1_500_000
"""The page sends about 200 kB: it makes its photos smaller before."""

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
PHOTO_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (JPEG, PNG, WEBP)},
    }
}
"""What a route that takes a photo adds to its description."""
PHOTO_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (JPEG, PNG, WEBP)}}
}


async def _sent_photo(request: Request) -> Photo:
    content = await request.body()
    return Photo(media_type_of(content), content)


SentPhoto = Annotated[Photo, Depends(_sent_photo)]


def media_type_of(content: bytes) -> str:
    """Return the media type that the first bytes of a picture tell.

    Raises:
        InvalidRequestError: it is no JPEG, PNG or WebP.

    """
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return WEBP
    raise InvalidRequestError("Expected a photo as JPEG, PNG or WebP.")


def photo_response(photo: Photo) -> Response:
    """Return the response that carries a photo; it may run nothing, whatever it pretends to be."""
    headers = {"Content-Security-Policy": "default-src 'none'; sandbox", "Content-Disposition": "inline"}
    return Response(photo.content, media_type=photo.media_type, headers=headers)
