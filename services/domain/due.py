"""Which visits are due on a service day: the one definition that plans and clearance share."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from zlib import crc32

from services.domain.registry import CollectionPoint
from services.domain.town import Interval, Town


@dataclass(frozen=True, slots=True)
class DueVisit:
    """One visit that a point requires on a service day.

    `occurrence` counts from 1. `windows` are the spans in which a visit clears it, in order of time and
    never empty: a point without windows has the whole service day. `expected_kg` is what waits at this visit.
    """

    point_id: str
    service_date: date
    occurrence: int
    windows: tuple[Interval, ...]
    expected_kg: float

    @property
    def due_from(self) -> Interval:
        """The span from the first window's start to the last one's end."""
        return Interval(self.windows[0].start, self.windows[-1].end)

    def in_window(self, interval: Interval) -> bool:
        """Tell whether a visit over `interval` falls in a window: some of it lies inside."""
        return any(interval.start < window.end and interval.end >= window.start for window in self.windows)


def visits_due(point: CollectionPoint, day: date) -> int:
    """Return how many visits `point` requires on `day`.

    Fewer than one visit a day means one in every round(1 / visits_per_day) days; which of those days is
    spread over the points by their identifier, so that not all rare points fall due together. A fraction
    above one (1.5) adds its extra visit in the same way.
    """
    whole, fraction = divmod(point.visits_per_day, 1.0)
    if fraction < 1e-9:
        return int(whole)
    every_days = max(1, round(1.0 / fraction))
    phase = crc32(point.point_id.encode()) % every_days
    return int(whole) + ((day.toordinal() + phase) % every_days == 0)


def due_visits(town: Town, points: Iterable[CollectionPoint], day: date) -> list[DueVisit]:
    """Return every visit due on the service day `day`, by point and occurrence.

    With as many windows as visits, or fewer, visits take the windows in turn; a single visit may use any of
    its point's windows.
    """
    whole_day = (town.service_day(day),)
    found = []
    for point in points:
        count = visits_due(point, day)
        spans = sorted(
            (part for window in point.windows for part in town.intervals_on(day, window.start_s, window.end_s)),
            key=lambda span: span.start,
        )
        for index in range(count):
            windows = tuple(spans) if count == 1 or not spans else (spans[index % len(spans)],)
            found.append(
                DueVisit(
                    point_id=point.point_id,
                    service_date=day,
                    occurrence=index + 1,
                    windows=windows or whole_day,
                    expected_kg=_expected_kg(point, count),
                )
            )
    return found


def _expected_kg(point: CollectionPoint, visits_today: int) -> float:
    """Return what waits at one of today's visits: with one a day or more, today's refuse in equal parts."""
    return point.expected_kg / visits_today if point.visits_per_day >= 1 else point.expected_kg_per_visit
