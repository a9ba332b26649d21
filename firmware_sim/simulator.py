"""A simulated day against a running system: enrol, connect, drive in the town's time, and leave no trace."""

import asyncio
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from firmware_sim.credentials import FILE_NAME, load_credentials, save_credentials
from firmware_sim.devices.device import DeviceKey
from firmware_sim.faults import Faults
from firmware_sim.fleet import BrokerUnreachableError, Fleet
from firmware_sim.pace import MOST_UNACKNOWLEDGED, Pace
from firmware_sim.progress import ProgressView
from firmware_sim.roster import RosterEntry
from firmware_sim.settings import SimulatorSettings
from firmware_sim.town_api import DeviceCredential, TownApi
from firmware_sim.truth import write_truth
from firmware_sim.world import DAY_LASTS_S, World
from services.domain.errors import InvalidRequestError
from services.domain.kinds import DeviceKind
from services.domain.telemetry import RouteMessage, decode_route
from services.domain.topics import ROOT

FASTEST = 3_600.0
_TICK_S = 0.05
_LARGEST_STEP_S = 0.25
_ROUTES_WITHIN_S = 20.0
_DRAIN_WITHIN_S = 30.0
_HEARD_WITHIN_S = 120.0
_LOOK_AGAIN_S = 0.5
_JUDGE_EVERY_S = 0.5
_BEFORE_DEPARTURE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class SimulationOrder:
    """What to simulate; `service_date` is the day that the town is in unless given.

    With `from_departure` the town's clock starts shortly before the first truck leaves; what the devices had to say
    until then comes at once, late, as after an outage.
    """

    service_date: date | None = None
    speed: float = 60.0
    seed: int = 1
    faults: Faults = field(default_factory=Faults)
    record: Path | None = None
    from_departure: bool = False

    def __post_init__(self) -> None:
        """Refuse speeds that are none."""
        if not 0.1 <= self.speed <= FASTEST:
            raise InvalidRequestError(f"Expected a speed from 0.1 to {FASTEST:g}, got {self.speed:g}.")


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """What came of it; `is_complete` is False where it was stopped before the day was over."""

    stops_served: int
    stops_planned: int
    messages_sent: int
    messages_acknowledged: int
    messages_refused: int
    is_complete: bool


async def simulate(order: SimulationOrder, settings: SimulatorSettings) -> SimulationResult:
    """Drive a day of the town whose API the settings name, and put everything back at the end.

    Raises:
        RiqingError: the API or the broker cannot be reached or refuses; the text says what to do.

    """
    if order.record is not None:
        _check_writable(order.record)
    async with TownApi(settings.api_url, settings.admin_password.get_secret_value()) as api:
        day = order.service_date or await api.today()
        world = World(await api.register(), day, order.seed, order.faults)
        run = _Run(order, api, world, settings.data_dir / FILE_NAME)
        try:
            return await run.through()
        finally:
            if order.record is not None:
                write_truth(order.record, world.truth)


class _Run:
    """One simulation under way."""

    def __init__(self, order: SimulationOrder, api: TownApi, world: World, credentials_file: Path) -> None:
        self._order, self._api, self._world = order, api, world
        self._credentials_file = credentials_file
        self._vehicle_ids = {
            entry.key.device_id: entry.asset_id for entry in world.roster if entry.key.kind is DeviceKind.VEHICLE
        }
        self._routes: dict[str, RouteMessage] = {}
        self._has_begun = False
        self._stop = asyncio.Event()
        self._fleet = Fleet(lambda: world.now, self._take_route, world.silent)
        self._view = ProgressView(world.register.town.zone_info, world.day_start, timedelta(seconds=DAY_LASTS_S))

    async def through(self) -> SimulationResult:
        """Run the day until it is over or a signal stops it."""
        with self._view, _called_on_signal(self._stop.set):
            await self._warn_of_earlier_run()
            await self._api.set_clock(self._world.day_start, 1.0)
            try:
                await self._open_fleet()
                await self._wait_for_routes()
                self._world.begin(self._routes)
                self._has_begun = True
                await self._drive()
            finally:
                await self._put_back()
        tally = self._fleet.tally
        return SimulationResult(
            stops_served=self._world.stops_served,
            stops_planned=self._world.stops_planned,
            messages_sent=tally.sent,
            messages_acknowledged=tally.acknowledged,
            messages_refused=tally.refused,
            is_complete=self._world.is_over,
        )

    async def _warn_of_earlier_run(self) -> None:
        """Say where a day is driven again: the store keeps what other runs sent, and counts both."""
        day = self._world.service_date
        if await self._api.was_driven(self._world.register.town.service_day(day)):
            self._view.say(
                f"Vehicles have been heard of on {day} or later: what they sent stays, beside what comes now "
                "(the same plan, seed and faults send the same readings, which are stored once)."
            )

    async def _open_fleet(self) -> None:
        """Connect every device, enrolling those that have no credential or whose credential is refused."""
        entries = {entry.key: entry for entry in self._world.roster}
        credentials = await self._usable_credentials(entries)
        await self._enrol([entries[key] for key in entries if key not in credentials], credentials)
        refused = await self._fleet.open({key: credentials[key] for key in entries})
        if refused:
            await self._enrol([entries[key] for key in entries if key in refused], credentials)
            refused = await self._fleet.open({key: credentials[key] for key in entries if key in refused})
        if refused:
            raise BrokerUnreachableError(
                f"The broker refuses {len(refused)} devices that were enrolled a moment ago, "
                f"{min(refused).device_id} among them; look into its log."
            )

    async def _usable_credentials(self, entries: Mapping[DeviceKey, RosterEntry]) -> dict[DeviceKey, DeviceCredential]:
        """Return the kept credentials of devices that are still enrolled, at a broker that still answers."""
        kept = load_credentials(self._credentials_file)
        prefix = f"{ROOT}/{self._world.register.town.name}/"
        enrolled = await self._api.enrolled()
        answers = {url: await _answers(url) for url in sorted({one.mqtt_url for one in kept.values()})}
        return {
            key: one
            for key, one in kept.items()
            if key in entries and key in enrolled and one.topic_prefix.startswith(prefix) and answers[one.mqtt_url]
        }

    async def _enrol(self, entries: list[RosterEntry], credentials: dict[DeviceKey, DeviceCredential]) -> None:
        """Enrol devices, and keep their credentials for the next run."""
        if entries:
            self._view.say(f"Enrolling {len(entries)} devices …")
            credentials.update({one.key: one for one in await self._api.enrol(entries)})
            save_credentials(self._credentials_file, credentials.values())

    def _take_route(self, device_id: str, payload: bytes) -> None:
        """Take a route message of today: before the day begins to start with, later as a revision."""
        vehicle_id = self._vehicle_ids[device_id]
        if not payload:
            return
        try:
            route = decode_route(payload)
        except msgspec.ValidationError as error:
            self._view.say(f"{vehicle_id} was sent a route that it cannot read: {error}")
            return
        if route.service_date != self._world.service_date.isoformat():
            return
        if not self._has_begun:
            self._routes[vehicle_id] = route
        elif self._world.take_route(vehicle_id, route):
            self._view.say(f"{vehicle_id} follows revision {route.revision} of its route.")

    async def _wait_for_routes(self) -> None:
        """Wait until every truck of the published plan has its route."""
        day = self._world.service_date
        sent_out = await self._api.vehicles_with_route(day) & set(self._vehicle_ids.values())
        if not sent_out:
            self._view.say(
                f"No plan is published for {day}: the trucks stand until one is (riqing plan {day} --publish)."
            )
        deadline_s = time.monotonic() + _ROUTES_WITHIN_S
        while (missing := sent_out - self._routes.keys()) and not self._stop.is_set():
            if time.monotonic() > deadline_s:
                self._view.say(f"{len(missing)} trucks have not been sent their route yet, {min(missing)} among them.")
                return
            await asyncio.sleep(_TICK_S)

    async def _drive(self) -> None:
        """Let the day pass at the pace of the town's clock."""
        if self._order.from_departure:
            await self._pass_the_night()
        pace = await self._set_pace(None, self._order.speed)
        judge_at_s = time.monotonic() + _JUDGE_EVERY_S
        while not self._world.is_over and not self._stop.is_set():
            waiting = self._fleet.unacknowledged
            if waiting <= MOST_UNACKNOWLEDGED:
                furthest = self._world.now + timedelta(seconds=_LARGEST_STEP_S * pace.speed)
                self._fleet.deliver(self._world.advance(min(pace.target(time.monotonic()), furthest)))
            self._show(pace)
            if time.monotonic() >= judge_at_s:
                judge_at_s = time.monotonic() + _JUDGE_EVERY_S
                speed = pace.better_speed(time.monotonic(), self._world.now, waiting)
                if speed is not None:
                    pace = await self._set_pace(pace, speed)
            await asyncio.sleep(_TICK_S)
        self._show(pace)

    async def _pass_the_night(self) -> None:
        """Go to shortly before the first departure, and wait until all that was said until then has arrived."""
        departures = [route.stops[0].depart_at for route in self._routes.values() if route.stops]
        start = max(min(departures, default=self._world.now) - _BEFORE_DEPARTURE, self._world.now)
        held = self._world.advance(start)
        await self._api.set_clock(self._world.now, 1.0)
        self._fleet.deliver(held)
        while self._fleet.unacknowledged and not self._stop.is_set():
            await asyncio.sleep(_TICK_S)

    async def _set_pace(self, pace: Pace | None, speed: float) -> Pace:
        """Set the town's clock to where the devices are, at a speed, and go by it."""
        await self._api.set_clock(self._world.now, speed)
        if pace is None:
            return Pace.from_now(speed, time.monotonic(), self._world.now)
        why = "cannot keep up" if speed < pace.speed else "keeps up again"
        self._view.say(f"This machine {why} at ×{pace.speed:.3g}: the town's clock now runs at ×{speed:.3g}.")
        pace.re_anchor(speed, time.monotonic(), self._world.now)
        return pace

    def _show(self, pace: Pace) -> None:
        world = self._world
        self._view.show(world.now, pace.speed, self._fleet.tally, world.stops_served, world.stops_planned)

    async def _put_back(self) -> None:
        """Let the last messages go, disconnect every device, and give the town its real clock back."""
        try:
            await self._fleet.close(_DRAIN_WITHIN_S)
            if self._world.is_over:
                await self._wait_until_heard()
        finally:
            await self._api.reset_clock()

    async def _wait_until_heard(self) -> None:
        """Wait until the town has stored and examined what was sent, so that a bulletin drawn up next has it all.

        The broker acknowledges before that: it holds what the ingest has not stored yet, in the order of its
        arrival, and the last word of each device is that it goes offline.
        """
        keys = self._fleet.speaking
        seen: object = None
        give_up_s = time.monotonic() + _HEARD_WITHIN_S
        while not self._stop.is_set():
            heard = await self._api.last_heard(keys)
            online = sum(one.online for one in heard.values())
            to_examine = await self._api.batches_to_examine()
            if not online and not to_examine:
                return
            if (heard, to_examine) != seen:
                seen, give_up_s = (heard, to_examine), time.monotonic() + _HEARD_WITHIN_S
            elif time.monotonic() > give_up_s:
                self._view.say(
                    f"The town has not stored the last word of {online} devices, or not examined {to_examine} batches "
                    f"of readings, and made no headway for {_HEARD_WITHIN_S:g} s; look at `riqing status`."
                )
                return
            await asyncio.sleep(_LOOK_AGAIN_S)


@contextmanager
def _called_on_signal(call: Callable[[], object]) -> Iterator[None]:
    """Let Ctrl-C and a polite kill call something instead of ending the process."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGINT, signal.SIGTERM)
    for number in numbers:
        loop.add_signal_handler(number, call)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def _answers(mqtt_url: str) -> bool:
    """Tell whether anything listens where a broker was; a local stack may come back on another port."""
    address = urlsplit(mqtt_url)
    try:
        _, writer = await asyncio.open_connection(address.hostname, address.port or 1883)
    except OSError:
        return False
    writer.close()
    return True


def _check_writable(path: Path) -> None:
    """Refuse a place for the truth that cannot be written, before the day and not after it."""
    try:
        write_truth(path, [])
    except OSError as error:
        raise InvalidRequestError(f"The truth cannot be written to {path}: {error.strerror}.") from error
