"""The tokens of a session: signed ones that open doors for a short while, and the random one that gets new ones."""

import hashlib
import secrets
import time
from enum import StrEnum
from uuid import UUID

import jwt

from services.api.errors import NotSignedInError
from services.api.settings import SignInSettings
from services.store.sessions import Session

ALGORITHM = "HS256"
ISSUER = "riqing"
REMEMBERED_TOKENS = 10_000


class TokenUse(StrEnum):
    """What a token opens; one for streams is short-lived because it stands in an address."""

    ACCESS = "access"
    STREAM = "stream"


class Tokens:
    """Issues and reads signed tokens.

    Their times are the machine's, not the town's clock: a simulated day must not end anybody's sign-in.
    """

    def __init__(self, settings: SignInSettings) -> None:
        self._key = settings.secret_key.get_secret_value()
        self._read: dict[tuple[str, TokenUse], tuple[UUID, float]] = {}
        """Of tokens that were found to be ours: their session, and until when they are good."""
        self.lifetime_s = {
            TokenUse.ACCESS: settings.token_lifetime_s,
            TokenUse.STREAM: settings.stream_token_lifetime_s,
        }

    def issue(self, session_id: UUID, use: TokenUse) -> str:
        """Return a token of a session, good for `lifetime_s[use]` seconds as long as the session lasts."""
        now_s = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": use,
            "sid": str(session_id),
            "iat": now_s,
            "exp": now_s + self.lifetime_s[use],
        }
        return jwt.encode(claims, self._key, ALGORITHM)

    def read(self, token: str, use: TokenUse) -> UUID:
        """Return of which session a token is; it is worked out once, and only its time is looked at again.

        Raises:
            NotSignedInError: it is not ours, is for another use, or its time is over.

        """
        session_id, expires_s = self._read.get((token, use), (None, 0.0))
        if session_id is not None and time.time() < expires_s:
            return session_id
        session_id, expires_s = self._decode(token, use)
        if len(self._read) >= REMEMBERED_TOKENS:
            self._read.clear()
        self._read[token, use] = (session_id, expires_s)
        return session_id

    def _decode(self, token: str, use: TokenUse) -> tuple[UUID, float]:
        try:
            claims = jwt.decode(
                token,
                self._key,
                [ALGORITHM],
                audience=use,
                issuer=ISSUER,
                options={"require": ["exp", "sid", "aud"]},
            )
            return UUID(claims["sid"]), float(claims["exp"])
        except jwt.ExpiredSignatureError as error:
            raise NotSignedInError("The token has expired; refresh it, or sign in again.") from error
        except (jwt.InvalidTokenError, ValueError, AttributeError) as error:
            raise NotSignedInError("The token is not valid here; sign in again.") from error


def new_refresh_token() -> str:
    """Return a random token of 256 bits."""
    return secrets.token_urlsafe(32)


def refresh_token_hash(token: str) -> bytes:
    """Return what the store keeps of a refresh token; random as it is, it needs no slow hash."""
    return hashlib.sha256(token.encode()).digest()


def seconds_left(session: Session) -> int:
    """Return for how many seconds the session may still be refreshed, by the machine's clock."""
    return max(0, int(session.expires_at.timestamp() - time.time()))
