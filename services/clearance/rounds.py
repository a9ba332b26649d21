"""One round of clearance: what is to be decided again since the last one, and the town's day going on."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from services.clearance import redecide
from services.clearance.alarms import watch
from services.clearance.evidence import LEVEL_WITHIN_S, LONGEST_BRACKET_S
from services.clearance.register import Register, load_register
from services.domain.clock import TownClock
from services.domain.kinds import DeviceKind, MessageKind
from services.domain.town import Interval
from services.store.connection import Connection
from services.store.evidence import StoredBatch, take_stored_batches
from services.store.town import load_clock
from services.store.visits import last_due_day, pass_deadlines, published_plans

log = logging.getLogger(__name__)

BATCHES_A_ROUND = 2_000
LOOK_BACK = timedelta(days=3)
"""How far back plans may change and clocks be set back."""
MOST_DAYS_MADE_UP = 31
"""After a longer standstill the days between have no due visits; a month nobody noticed is nobody's figure."""
LEVEL_REACH = timedelta(seconds=LEVEL_WITHIN_S + LONGEST_BRACKET_S)


@dataclass(slots=True)
class Work:
    """What is to be decided again: vehicles and points by service day, and days whose weights changed."""

    vehicles: dict[date, set[str]] = field(default_factory=lambda: defaultdict(set))
    points: dict[date, set[str]] = field(default_factory=lambda: defaultdict(set))
    weighed: set[date] = field(default_factory=set)

    @property
    def days(self) -> list[date]:
        """All days with something to decide, in order."""
        return sorted(self.vehicles.keys() | self.points.keys() | self.weighed)


class Rounds:
    """Keeps the due visits of the town's days decided; holds nothing that the database does not."""

    def __init__(self) -> None:
        self._register: Register | None = None
        self._opened: set[date] = set()
        self._plans: dict[date, tuple[int, datetime]] = {}

    def forget_register(self) -> None:
        """Read the register again in the next round, because it changed."""
        self._register = None

    def watch(self, connection: Connection) -> None:
        """Raise and clear alarms, in a transaction of its own."""
        with connection.transaction():
            if self._register is not None:
                watch(connection, self._register.town, load_clock(connection))

    def run(self, connection: Connection) -> int:
        """Do one round in a transaction of its own; return how many batches of readings it took.

        Raises:
            NotFoundError: there is no town yet.

        """
        with connection.transaction():
            clock = load_clock(connection)
            now = clock.now()
            register, is_new = self._current_register(connection)
            today = register.town.service_date(now)
            if is_new:
                self._opened.clear()
            work = Work()
            batches = take_stored_batches(connection, BATCHES_A_ROUND)
            self._collect(connection, register, batches, work)
            self._open_days(connection, register, clock, today, now, work)
            if is_new:
                work.vehicles[today] |= set(register.vehicles)
            self._notice_plans(connection, today, now)
            _decide(connection, register, work, now)
            pass_deadlines(connection, now, today - LOOK_BACK)
        return len(batches)

    def _current_register(self, connection: Connection) -> tuple[Register, bool]:
        if self._register is not None:
            return self._register, False
        self._register = load_register(connection)
        return self._register, True

    def _collect(self, connection: Connection, register: Register, batches: Iterable[StoredBatch], work: Work) -> None:
        """Note what the stored readings speak of."""
        for batch in batches:
            assets = [register.assets[key] for key in batch.device_keys if key in register.assets]
            if len(assets) < len(batch.device_keys):
                # A device that was enrolled since; its announcement is under way.
                register = self._register = load_register(connection)
                assets = [register.assets[key] for key in batch.device_keys if key in register.assets]
            ids = {asset.asset_id for asset in assets}
            if batch.message in (MessageKind.POSITION, MessageKind.SERVICE):
                for day in _days_of(register, batch.observed):
                    work.vehicles[day] |= ids
            elif batch.message is MessageKind.WEIGHING:
                work.weighed.update(_days_of(register, batch.observed))
            elif batch.message is MessageKind.LEVEL:
                points = {asset.asset_id for asset in assets if asset.kind is DeviceKind.CONTAINER}
                self._collect_levels(connection, register, points, batch.observed, work)

    def _collect_levels(
        self, connection: Connection, register: Register, points: set[str], observed: Interval, work: Work
    ) -> None:
        """Note the vehicles for which a container's level may be evidence."""
        if not points:
            return
        span = Interval(observed.start - LEVEL_REACH, observed.end + LEVEL_REACH)
        near = redecide.vehicles_near(connection, register, points, span)
        for day in _days_of(register, observed):
            work.vehicles[day] |= near

    def _open_days(
        self,
        connection: Connection,
        register: Register,
        clock: TownClock,
        today: date,
        now: datetime,
        work: Work,
    ) -> None:
        """Make the due visits of today, of days that readings speak of, and of days we slept through."""
        wanted = {today, *work.days}
        last = last_due_day(connection)
        if last is not None and not clock.simulated and (today - last).days <= MOST_DAYS_MADE_UP:
            wanted |= {last + timedelta(days=ahead) for ahead in range(1, (today - last).days)}
        for day in sorted(wanted - self._opened):
            if day >= today or not redecide.has_due_visits(connection, day):
                redecide.open_day(connection, register, day, now)
                log.info("opened the service day %s", day)
            self._opened.add(day)

    def _notice_plans(self, connection: Connection, today: date, now: datetime) -> None:
        """Decide a day's due visits again when a plan of it was published."""
        plans = published_plans(connection, today - LOOK_BACK)
        for day, published in plans.items():
            if self._plans.get(day) != published and day in self._opened:
                redecide.decide_points(connection, day, None, now)
        self._plans = {day: published for day, published in plans.items() if day in self._opened}


def _days_of(register: Register, observed: Interval) -> list[date]:
    """Return the service days whose decisions readings of this span may touch."""
    first = register.town.service_date(observed.start - redecide.MARGIN)
    last = register.town.service_date(observed.end + redecide.MARGIN)
    return [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]


def _decide(connection: Connection, register: Register, work: Work, now: datetime) -> None:
    for day in work.days:
        points = work.points[day] | redecide.decide_vehicles(connection, register, day, work.vehicles[day], now)
        if points:
            redecide.decide_points(connection, day, points, now)
        if points or day in work.weighed:
            redecide.share_day_weights(connection, register, day)
