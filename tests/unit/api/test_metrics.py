"""Metrics: what waits in the store is not counted for each scrape."""

from services.api.metrics import FRESH_FOR_S, Metrics
from services.store.backlog import Backlog


def test_the_store_is_asked_for_all_who_scrape_at_a_time() -> None:
    """A hundred scrapes are one question; once its answer is old, or there was none, it is asked anew."""
    asked: list[int] = []
    now_s = [100.0]

    def load() -> Backlog | None:
        asked.append(len(asked))
        return None if len(asked) == 2 else Backlog(len(asked), 0, 0, 0)

    metrics = Metrics(load, lambda: now_s[0])
    scrapes = {metrics.render() for _ in range(100)}
    assert len(asked) == 1
    assert all(b"riqing_stored_batches 1.0" in scrape for scrape in scrapes)
    now_s[0] += FRESH_FOR_S
    assert b"riqing_stored_batches" not in metrics.render()
    now_s[0] += FRESH_FOR_S
    assert b"riqing_stored_batches 3.0" in metrics.render()
