"""The sessions of all simulated devices: opened together, fed in order, drained at the end."""

import asyncio
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import datetime

from paho.mqtt.enums import MQTTProtocolVersion

from firmware_sim.devices.device import DeviceKey, LinkChange, Outgoing
from firmware_sim.session import CredentialRefusedError, DeviceSession, Tally
from firmware_sim.town_api import DeviceCredential
from services.domain.errors import RiqingError
from services.domain.kinds import DeviceKind
from services.domain.telemetry import StatusReading, encode

FIRMWARE = "riqing-sim 1"
_AT_ONCE = 24
_LOOK_EVERY_S = 0.05


class BrokerUnreachableError(RiqingError):
    """The broker does not answer, or refuses devices that were enrolled a moment ago."""


class Fleet:
    """All devices at the broker; use `open` first and `close` last."""

    def __init__(
        self, now: Callable[[], datetime], on_route: Callable[[str, bytes], None], silent: Container[DeviceKey]
    ) -> None:
        """`now` gives simulated time, `on_route` takes a vehicle's device id and a route message.

        Of the `silent` devices the trucks connect, to be sent their route, and say nothing.
        """
        self.tally = Tally()
        self._now, self._on_route, self._silent = now, on_route, silent
        self._sessions: dict[DeviceKey, DeviceSession] = {}
        self._upkeep: list[asyncio.Task[None]] = []

    async def open(self, credentials: Mapping[DeviceKey, DeviceCredential]) -> set[DeviceKey]:
        """Connect devices, a few at a time, and return those whose credentials the broker refuses.

        Raises:
            BrokerUnreachableError: the broker does not answer.

        """
        gate = asyncio.Semaphore(_AT_ONCE)
        refused: set[DeviceKey] = set()

        async def connect(credential: DeviceCredential) -> None:
            session = self._make_session(credential)
            async with gate:
                try:
                    await session.connect()
                except CredentialRefusedError:
                    refused.add(credential.key)
                    return
            self._sessions[credential.key] = session
            self._upkeep.append(asyncio.create_task(session.keep_connected()))

        try:
            async with asyncio.TaskGroup() as group:
                for credential in credentials.values():
                    if credential.key.kind is DeviceKind.VEHICLE or credential.key not in self._silent:
                        group.create_task(connect(credential))
        except* (OSError, TimeoutError) as errors:
            url = next(iter(credentials.values())).mqtt_url
            raise BrokerUnreachableError(
                f"The broker at {url} does not answer ({_first(errors)}); is the stack up (`riqing status`)?"
            ) from errors
        if not any(task.get_name() == "keep alive" for task in self._upkeep):
            self._upkeep.append(asyncio.create_task(self._keep_alive(), name="keep alive"))
        return refused

    def deliver(self, outgoing: Iterable[Outgoing]) -> None:
        """Hand what the devices sent to their sessions, and let links go down and up."""
        for one in outgoing:
            session = self._sessions.get(one.device)
            if session is None:
                continue
            if not isinstance(one, LinkChange):
                session.publish(one.message, one.payload)
            elif one.is_up:
                session.restore()
            else:
                session.cut()

    @property
    def speaking(self) -> frozenset[DeviceKey]:
        """The devices that connected and say so."""
        return frozenset(key for key in self._sessions if key not in self._silent)

    @property
    def unacknowledged(self) -> int:
        """Messages under way on connections that stand."""
        return sum(session.unacknowledged for session in self._sessions.values())

    @property
    def undelivered(self) -> int:
        """Messages that the broker has not acknowledged, also those of devices without a connection."""
        return sum(session.undelivered for session in self._sessions.values())

    async def drain(self, within_s: float) -> None:
        """Wait until everything is acknowledged, or the time is over."""
        for session in self._sessions.values():
            session.restore()
        deadline_s = asyncio.get_running_loop().time() + within_s
        while self.undelivered and asyncio.get_running_loop().time() < deadline_s:
            await asyncio.sleep(_LOOK_EVERY_S)

    async def close(self, within_s: float) -> None:
        """Say that every device goes offline, wait for the rest to be acknowledged, and disconnect."""
        for session in self._sessions.values():
            session.say_offline()
        await self.drain(within_s)
        for task in self._upkeep:
            task.cancel()
        for session in self._sessions.values():
            session.leave()
        await asyncio.gather(*self._upkeep, return_exceptions=True)

    def _make_session(self, credential: DeviceCredential) -> DeviceSession:
        """Prepare a session; trucks and stations speak MQTT 5, the smaller devices 3.1.1, as in the field."""
        kind, device_id = credential.key
        is_large = kind in (DeviceKind.VEHICLE, DeviceKind.STATION)
        listens = kind is DeviceKind.VEHICLE
        return DeviceSession(
            credential,
            self.tally,
            None if credential.key in self._silent else self._status,
            (lambda payload: self._on_route(device_id, payload)) if listens else None,
            MQTTProtocolVersion.MQTTv5 if is_large else MQTTProtocolVersion.MQTTv311,
        )

    def _status(self, online: bool) -> bytes:
        return encode(
            StatusReading(online=online, ts=self._now().isoformat(timespec="milliseconds"), firmware=FIRMWARE)
        )

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            for session in self._sessions.values():
                session.keep_alive()


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
