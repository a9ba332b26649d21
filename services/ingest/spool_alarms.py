"""The alarms about the broker's spool: that it fills, and that it had no room for messages."""

from datetime import datetime

from services.domain.kinds import AlarmKind
from services.ingest.spool_figures import Spool, is_filling
from services.store.alarm_signs import open_alarms
from services.store.alarms import clear_alarm, raise_alarm
from services.store.connection import Connection

BROKER = ("broker", "broker")
"""The alarms' subject."""


class SpoolAlarms:
    """Raises and clears the alarms of one broker by its figures."""

    def __init__(self, limit: int, quiet_s: float) -> None:
        """Take `limit` messages for a full spool; what was dropped stays an alarm for `quiet_s` seconds."""
        self._limit, self._quiet_s = limit, quiet_s
        self._dropped: int | None = None
        self._overflowed_at_s: float | None = None

    def judge(self, connection: Connection, spool: Spool, now: datetime, now_s: float) -> None:
        """Raise what holds, and clear what does no more, at the town's `now` and the monotonic `now_s`."""
        present = {kind for kind, *_ in open_alarms(connection, [AlarmKind.SPOOL_FILLING, AlarmKind.SPOOL_OVERFLOWED])}
        was_filling = AlarmKind.SPOOL_FILLING in present
        filling = is_filling(spool, self._limit, was_filling)
        if filling and not was_filling:
            detail = {"queued_messages": spool.queued, "limit": self._limit}
            raise_alarm(connection, AlarmKind.SPOOL_FILLING, *BROKER, now, detail)
        elif was_filling and not filling:
            clear_alarm(connection, AlarmKind.SPOOL_FILLING, *BROKER, now)
        self._judge_overflow(connection, spool, now, now_s, AlarmKind.SPOOL_OVERFLOWED in present)

    def _judge_overflow(
        self, connection: Connection, spool: Spool, now: datetime, now_s: float, was_overflowing: bool
    ) -> None:
        # Before the first figures nothing is known to be new; a broker that has started again counts from 0.
        before = spool.dropped if self._dropped is None else min(self._dropped, spool.dropped)
        self._dropped = spool.dropped
        if spool.dropped > before:
            self._overflowed_at_s = now_s
            detail = {"dropped_messages": spool.dropped - before}
            raise_alarm(connection, AlarmKind.SPOOL_OVERFLOWED, *BROKER, now, detail)
            return
        if self._overflowed_at_s is None:
            self._overflowed_at_s = now_s
        if was_overflowing and now_s - self._overflowed_at_s >= self._quiet_s:
            clear_alarm(connection, AlarmKind.SPOOL_OVERFLOWED, *BROKER, now)
