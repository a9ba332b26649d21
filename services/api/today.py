"""Which service day it is by the town's clock."""

from dataclasses import dataclass
from datetime import date, datetime

from services.domain.town import Interval, Town
from services.store.connection import Connection
from services.store.town import load_town_and_clock


@dataclass(frozen=True, slots=True)
class Today:
    """The town, the instant that its clock shows, and the service day that this belongs to."""

    town: Town
    now: datetime

    @property
    def service_date(self) -> date:
        """The date of the service day."""
        return self.town.service_date(self.now)

    @property
    def service_day(self) -> Interval:
        """The span of the service day."""
        return self.town.service_day(self.service_date)


def load_today(connection: Connection) -> Today:
    """Return the town and what it calls now.

    Raises:
        NotFoundError: there is no town yet.

    """
    town, clock = load_town_and_clock(connection)
    return Today(town, clock.now())
