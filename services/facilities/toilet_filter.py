"""Which toilets count for coverage: all in service, or those open at an hour, accessible ones, those of a class."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.domain.registry import Facility
from services.domain.toilet_class import class_of
from services.domain.town import Town


@dataclass(frozen=True, slots=True)
class ToiletFilter:
    """Which toilets count; what is none or false does not narrow them.

    `open_at` is an aware instant: toilets without hours are always open. `toilet_class` is 1, 2 or 3, however
    the register spells it.
    """

    accessible: bool = False
    open_at: datetime | None = None
    toilet_class: str | None = None

    def of(self, facilities: Iterable[Facility], town: Town) -> list[Facility]:
        """Return the facilities that count."""
        return [facility for facility in facilities if self._counts(facility, town)]

    def _counts(self, facility: Facility, town: Town) -> bool:
        if self.accessible and facility.stalls_accessible == 0:
            return False
        if self.toilet_class is not None and class_of(self.toilet_class) != class_of(facility.toilet_class):
            return False
        return self.open_at is None or is_open_at(facility, town, self.open_at)


ANY_TOILET = ToiletFilter()


def is_open_at(facility: Facility, town: Town, instant: datetime) -> bool:
    """Tell whether an instant is within a facility's hours; one without hours is always open."""
    hours = facility.open_hours
    if hours is None:
        return True
    spans = town.intervals_on(town.service_date(instant), hours.start_s, hours.end_s)
    return any(span.contains(instant) for span in spans)
