"""How long dead letters are kept, by the process that drops them."""

import threading
from datetime import UTC, datetime, timedelta

from services.keeping.service import Keeping
from services.store.connection import connect
from services.store.dead_letters import NewDeadLetter, drop_dead_letters, keep_dead_letters, list_dead_letters
from services.store.settings import KeepingSettings
from tests.integration.ingest.conftest import new_town, wait_until

AGES_DAYS = (0, 1, 2, 4, 40, 400)


def test_letters_go_after_their_time(fresh_database: str) -> None:
    """The oldest go first, in bounded steps; what is younger stays."""
    new_town(fresh_database)
    now = datetime.now(UTC)
    with connect(fresh_database, autocommit=True) as connection:
        letters = [
            NewDeadLetter(now - timedelta(days=age), f"riqing/v1/{age}", b"{", "not_json", "It is not JSON.", None)
            for age in AGES_DAYS
        ]
        keep_dead_letters(connection, letters)

        def left() -> list[str]:
            return [letter.topic.rpartition("/")[2] for letter in reversed(list_dead_letters(connection))]

        assert drop_dead_letters(connection, now - timedelta(days=3), at_most=1) == 1
        assert left() == ["0", "1", "2", "4", "40"]
        keeping = Keeping(fresh_database, KeepingSettings(letters_days=3))
        process = threading.Thread(target=keeping.run)
        process.start()
        try:
            wait_until(lambda: left() == ["0", "1", "2"])
        finally:
            keeping.stop()
            process.join()
