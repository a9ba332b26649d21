"""The alarms about the spool, in a real store, as the broker's figures change."""

from datetime import UTC, datetime

import psycopg

from services.domain.kinds import AlarmKind
from services.ingest.spool_alarms import SpoolAlarms
from services.ingest.spool_figures import Spool
from services.store.alarms import page_of_alarms

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)


def test_the_office_sees_the_spool_fill_and_overflow(database_url: str) -> None:
    """Each alarm is raised once, says how much, outlives the watch that raised it, and clears."""
    with psycopg.connect(database_url, autocommit=True) as connection:

        def alarms_after(alarms: SpoolAlarms, at_s: float, queued: int, dropped: int) -> list[tuple[str, object]]:
            alarms.judge(connection, Spool(queued, 0, 0, dropped, 0), NOW, at_s)
            return sorted((one.kind, one.detail) for one in page_of_alarms(connection, is_open=True))

        filling = (AlarmKind.SPOOL_FILLING, {"queued_messages": 300, "limit": 1_000})
        overflowed = (AlarmKind.SPOOL_OVERFLOWED, {"dropped_messages": 7})
        alarms = SpoolAlarms(limit=1_000, quiet_s=60)
        assert alarms_after(alarms, 0, 100, dropped=5) == []  # what was lost before we looked is not news
        assert alarms_after(alarms, 1, 300, dropped=5) == [filling]
        assert alarms_after(alarms, 2, 1_000, dropped=12) == [filling, overflowed]
        assert alarms_after(alarms, 3, 600, dropped=12) == [filling, overflowed]
        alarms = SpoolAlarms(limit=1_000, quiet_s=60)  # the watch was started again
        assert alarms_after(alarms, 100, 600, dropped=12) == [filling, overflowed]
        assert alarms_after(alarms, 159, 40, dropped=0) == [overflowed]  # and the broker
        assert alarms_after(alarms, 160, 0, dropped=0) == []
