"""Which visit is which: a visit that is decided again keeps its number."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from services.domain.town import Interval
from services.domain.visit import Visit
from services.store.visits import StoredVisit

ONE_VISIT_WITHIN = timedelta(minutes=10)
"""Two spans this near each other are one visit seen twice (visits.ONE_PASS_S keeps true ones farther apart)."""

Kept = list[tuple[StoredVisit, StoredVisit]]


def same_visits(present: Sequence[StoredVisit], found: Iterable[Visit]) -> tuple[Kept, list[Visit], list[StoredVisit]]:
    """Compare a vehicle's visits of a day with those now found.

    Returns the pairs of before and after that are the same visit, the visits that are new, and those that
    are no more. Of several that could be the same the nearest in time is.
    """
    left = {stored.visit_id: stored for stored in present}
    kept: Kept = []
    added = []
    for visit in found:
        near = [
            stored
            for stored in left.values()
            if stored.visit.point_id == visit.point_id and _near(stored.visit.interval, visit.interval)
        ]
        if not near:
            added.append(visit)
            continue
        start = visit.interval.start
        before = min(near, key=lambda stored: (abs(stored.visit.interval.start - start), stored.visit_id))
        del left[before.visit_id]
        kept.append((before, StoredVisit(before.visit_id, visit)))
    return kept, added, list(left.values())


def _near(one: Interval, two: Interval) -> bool:
    return one.start <= two.end + ONE_VISIT_WITHIN and two.start <= one.end + ONE_VISIT_WITHIN
