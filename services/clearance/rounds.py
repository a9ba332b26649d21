"""One round of clearance: what is to be decided again since the last one, and the town's day going on."""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from services.clearance import redecide
from services.clearance.alarms.watching import Watch
from services.clearance.evidence import LEVEL_WITHIN_S, LONGEST_BRACKET_S
from services.clearance.register import Register, load_register
from services.domain.clock import TownClock
from services.domain.kinds import DeviceKind, MessageKind
from services.domain.town import Interval
from services.store.connection import Connection
from services.store.evidence import StoredBatch, has_readings, take_stored_batches
from services.store.kept_routes import outdate_routes
from services.store.town import load_clock
from services.store.visits import deadlines_passed, has_due_visits, last_due_day, published_plans

log = logging.getLogger(__name__)

BATCHES_A_ROUND = 2_000
LOOK_BACK = timedelta(days=3)
"""How far back plans may change and clocks be set back."""
MOST_DAYS_MADE_UP = 31
"""After a longer standstill the days between have no due visits; a month nobody noticed is nobody's figure."""
LEVEL_REACH = timedelta(seconds=LEVEL_WITHIN_S + LONGEST_BRACKET_S)


@dataclass(slots=True)
class Work:
    """What is to be decided again: vehicles by service day, and days whose weights changed.

    `told` are the days that readings are of. Readings shortly before or after a day may touch its decisions
    too, but make no day of it.
    """

    vehicles: dict[date, set[str]] = field(default_factory=lambda: defaultdict(set))
    weighed: set[date] = field(default_factory=set)
    told: set[date] = field(default_factory=set)

    @property
    def days(self) -> list[date]:
        """All days with something to decide, in order."""
        return sorted(self.vehicles.keys() | self.weighed)


class Rounds:
    """Keeps the due visits of the town's days decided; holds nothing that the database does not."""

    def __init__(self) -> None:
        self._register: Register | None = None
        self._watch = Watch()
        self._opened: set[date] = set()
        self._plans: dict[date, tuple[int, datetime]] = {}

    def forget_register(self) -> None:
        """Read the register again in the next round, because it changed."""
        self._register = None

    def watch(self, connection: Connection) -> None:
        """Raise and clear alarms, in a transaction of its own."""
        with connection.transaction():
            if self._register is not None:
                self._watch.look(connection, self._register, load_clock(connection))

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
            register = self._collect(connection, register, batches, work)
            if is_new:
                work.vehicles[today] |= set(register.vehicles)
            _leave_what_stands(connection, register, work)
            opened = self._open_days(connection, register, clock, today, now, work)
            planned = self._notice_plans(connection, today, now)
            self._decide(connection, register, work, now)
            over = deadlines_passed(connection, now, today - LOOK_BACK)
            for day, points in sorted(over.items()):
                redecide.decide_points(connection, day, points, now)
            outdate_routes(connection, {*opened, *planned, *work.days, *over})
        return len(batches)

    def _current_register(self, connection: Connection) -> tuple[Register, bool]:
        if self._register is not None:
            return self._register, False
        self._register = load_register(connection)
        return self._register, True

    def _collect(
        self, connection: Connection, register: Register, batches: Iterable[StoredBatch], work: Work
    ) -> Register:
        """Note what the stored readings speak of; return the register, read anew where a device is new."""
        for batch in batches:
            assets = [register.assets[key] for key in batch.device_keys if key in register.assets]
            if len(assets) < len(batch.device_keys):
                # A device that was enrolled since; its announcement is under way.
                register = self._register = load_register(connection)
                assets = [register.assets[key] for key in batch.device_keys if key in register.assets]
            told = _days_told(connection, register, batch)
            near = _days_near(register, batch.observed, told)
            work.told |= told
            if batch.message in (MessageKind.POSITION, MessageKind.SERVICE):
                for day in near:
                    work.vehicles[day] |= {asset.asset_id for asset in assets}
            elif batch.message is MessageKind.WEIGHING:
                # What left a station late in a day may reach the landfill on the next.
                work.weighed |= told | {day + timedelta(days=1) for day in told}
            elif batch.message is MessageKind.LEVEL:
                points = {asset.asset_id for asset in assets if asset.kind is DeviceKind.CONTAINER}
                vehicles = _vehicles_at(connection, register, points, batch.observed, told)
                for day in near:
                    work.vehicles[day] |= vehicles
        return register

    def _open_days(
        self,
        connection: Connection,
        register: Register,
        clock: TownClock,
        today: date,
        now: datetime,
        work: Work,
    ) -> list[date]:
        """Make the due visits of today, of days that readings speak of, and of days we slept through; return them."""
        wanted = {today} | work.told
        last = last_due_day(connection)
        if last is not None and not clock.simulated and (today - last).days <= MOST_DAYS_MADE_UP:
            wanted |= {last + timedelta(days=ahead) for ahead in range(1, (today - last).days)}
        opened = sorted(wanted - self._opened)
        for day in opened:
            if not redecide.readings_are_kept(connection, register, day):
                continue
            is_new = not has_due_visits(connection, day)
            if is_new or day >= today:
                redecide.open_day(connection, register, day, now)
            if is_new:
                log.info("opened the service day %s", day)
            self._opened.add(day)
        return opened

    def _notice_plans(self, connection: Connection, today: date, now: datetime) -> list[date]:
        """Decide a day's due visits again when a plan of it was published; return the days."""
        plans = published_plans(connection, today - LOOK_BACK)
        noticed = [day for day, at in plans.items() if self._plans.get(day) != at and day in self._opened]
        for day in noticed:
            redecide.decide_points(connection, day, None, now)
        self._plans = {day: published for day, published in plans.items() if day in self._opened}
        return noticed

    def _decide(self, connection: Connection, register: Register, work: Work, now: datetime) -> None:
        for day in work.days:
            if day not in self._opened and not has_due_visits(connection, day):
                continue
            points = redecide.decide_vehicles(connection, register, day, work.vehicles.get(day, ()), now)
            if points:
                redecide.decide_points(connection, day, points, now)
            if points or day in work.weighed:
                redecide.share_day_weights(connection, register, day)


def _leave_what_stands(connection: Connection, register: Register, work: Work) -> None:
    """Take out the days whose readings are no longer all kept: what was decided of them stands."""
    days = {*work.days, *work.told}
    standing = {day for day in days if not redecide.readings_are_kept(connection, register, day)}
    for day in sorted(standing & work.told):
        log.warning("Readings of %s came after the others of that day were dropped; its decisions stand.", day)
    work.told -= standing
    work.weighed -= standing
    for day in standing:
        work.vehicles.pop(day, None)


def _days_of(register: Register, observed: Interval, margin: timedelta = timedelta(0)) -> list[date]:
    """Return the service days that readings of this span may lie in, or lie within `margin` of."""
    first = register.town.service_date(observed.start - margin)
    last = register.town.service_date(observed.end + margin)
    return [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]


def _days_told(connection: Connection, register: Register, batch: StoredBatch) -> set[date]:
    """Return the service days that the batch's devices have readings of, within its span.

    One reading that comes weeks late makes a batch span weeks, of which most days have nothing to say.
    """
    days = _days_of(register, batch.observed)
    if len(days) <= 2:  # its ends are readings
        return set(days)
    return {
        day
        for day in days
        if has_readings(connection, batch.message, batch.device_keys, register.town.service_day(day))
    }


def _days_near(register: Register, observed: Interval, told: set[date]) -> set[date]:
    """Return the days whose decisions readings of the days `told` may touch."""
    one = timedelta(days=1)
    within = _days_of(register, observed, redecide.MARGIN)
    return {day for day in within if told & {day - one, day, day + one}}


def _vehicles_at(
    connection: Connection, register: Register, points: set[str], observed: Interval, told: set[date]
) -> set[str]:
    """Return the vehicles for whose visits the levels of containers may be evidence."""
    found: set[str] = set()
    for day in told if points else ():
        service_day = register.town.service_day(day)
        start, end = max(observed.start, service_day.start), min(observed.end, service_day.end)
        span = Interval(start - LEVEL_REACH, end + LEVEL_REACH)
        found |= redecide.vehicles_near(connection, register, points, span)
    return found
