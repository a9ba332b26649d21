"""Signed tokens: who somebody is, for a while, and for which use."""

import time
from enum import StrEnum

import jwt

from services.api.errors import NotSignedInError
from services.api.settings import SignInSettings

ALGORITHM = "HS256"
ISSUER = "riqing"


class TokenUse(StrEnum):
    """What a token opens; one for streams is short-lived because it stands in an address."""

    ACCESS = "access"
    STREAM = "stream"


class Tokens:
    """Issues and reads tokens.

    Their times are the machine's, not the town's clock: a simulated day must not end anybody's sign-in.
    """

    def __init__(self, settings: SignInSettings) -> None:
        self._key = settings.secret_key.get_secret_value()
        self.lifetime_s = {
            TokenUse.ACCESS: settings.token_lifetime_s,
            TokenUse.STREAM: settings.stream_token_lifetime_s,
        }

    def issue(self, user_name: str, use: TokenUse) -> str:
        """Return a token that says it is `user_name`'s, good for `lifetime_s[use]` seconds."""
        now_s = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": use,
            "sub": user_name,
            "iat": now_s,
            "exp": now_s + self.lifetime_s[use],
        }
        return jwt.encode(claims, self._key, ALGORITHM)

    def read(self, token: str, use: TokenUse) -> str:
        """Return whose token it is.

        Raises:
            NotSignedInError: it is not ours, is for another use, or its time is over.

        """
        try:
            claims = jwt.decode(
                token,
                self._key,
                [ALGORITHM],
                audience=use,
                issuer=ISSUER,
                options={"require": ["exp", "sub", "aud"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise NotSignedInError("The sign-in has expired; sign in again.") from error
        except jwt.InvalidTokenError as error:
            raise NotSignedInError("The token is not valid here; sign in again.") from error
        return str(claims["sub"])
