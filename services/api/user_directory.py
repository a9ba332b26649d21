"""Who the signed-in people are now: the store's users, looked up at most every few seconds each."""

import time
from collections.abc import Callable

from services.api.database import Database
from services.store.users import User, load_user

FRESH_FOR_S = 5.0
"""How long a changed role or a disabled user may go unnoticed."""

REMEMBERED_USERS = 10_000


class UserDirectory:
    """Answers who a user name is, without asking the store for each request."""

    def __init__(self, database: Database, now_s: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._now_s = now_s
        self._known: dict[str, tuple[float, User | None]] = {}

    def remembered(self, user_name: str) -> tuple[bool, User | None]:
        """Return whether the user is freshly known, and who it is; none where there is no such user."""
        looked_up_s, user = self._known.get(user_name, (-FRESH_FOR_S, None))
        return self._now_s() - looked_up_s < FRESH_FOR_S, user

    def look_up(self, user_name: str) -> User | None:
        """Return the user as the store has it, and remember it; one that was disabled is none."""
        with self._database.connection() as connection:
            user = load_user(connection, user_name)
        if user is not None and user.disabled_at is not None:
            user = None
        if len(self._known) >= REMEMBERED_USERS:
            self._known.clear()
        self._known[user_name] = (self._now_s(), user)
        return user
