"""What every device has: its own clock, a counter, and a radio that may lose the network for a while."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from services.domain.kinds import DeviceKind, MessageKind
from services.domain.telemetry import encode

LARGEST_BATCH = 200
"""Readings that a device puts into one message when it sends what it held back."""


class DeviceKey(NamedTuple):
    """A device's kind and identifier, unique together."""

    kind: DeviceKind
    device_id: str


@dataclass(frozen=True, slots=True)
class Publication:
    """A message on its way to the broker."""

    device: DeviceKey
    message: MessageKind
    payload: bytes
    readings: int = 1


@dataclass(frozen=True, slots=True)
class LinkChange:
    """A device that loses the network, without a word, or finds it again."""

    device: DeviceKey
    is_up: bool


Outgoing = Publication | LinkChange
Emit = Callable[[Outgoing], None]


@dataclass(slots=True)
class Device:
    """A device that stamps readings by its own clock and holds them back while it has no network.

    `day_start` is the instant of simulated second 0; `clock_error_s` is how far its clock is ahead. Half of the
    devices write `ts` as epoch milliseconds, the others as RFC 3339. A silent device measures and never speaks.
    """

    key: DeviceKey
    day_start: datetime
    emit: Emit
    boot: int = 0
    clock_error_s: float = 0.0
    writes_epoch_ms: bool = False
    is_silent: bool = False
    is_connected: bool = True
    _count: int = 0
    _held: dict[MessageKind, list[msgspec.Struct]] = field(default_factory=dict)

    def stamp(self, now_s: float) -> str | int:
        """Return the `ts` of a reading taken at simulated second `now_s`, by the device's clock."""
        instant = self.day_start + timedelta(seconds=round(now_s + self.clock_error_s, 3))
        return round(instant.timestamp() * 1000) if self.writes_epoch_ms else instant.isoformat(timespec="milliseconds")

    def next_seq(self) -> int:
        """Return the number of the next reading; `boot` sets apart the readings of different runs of one day."""
        self._count += 1
        return (self.boot << 20) + self._count

    def publish(self, message: MessageKind, reading: msgspec.Struct) -> None:
        """Send a reading, or hold it back until the network returns."""
        if self.is_silent:
            return
        if self.is_connected:
            self.emit(Publication(self.key, message, encode(reading)))
        else:
            self._held.setdefault(message, []).append(reading)

    def lose_network(self) -> None:
        """Hold back everything from now on."""
        if self.is_connected and not self.is_silent:
            self.is_connected = False
            self.emit(LinkChange(self.key, is_up=False))

    def find_network(self) -> None:
        """Connect again and send what was held back, as arrays."""
        if self.is_connected or self.is_silent:
            return
        self.is_connected = True
        self.emit(LinkChange(self.key, is_up=True))
        for message, readings in self._held.items():
            for start in range(0, len(readings), LARGEST_BATCH):
                batch = readings[start : start + LARGEST_BATCH]
                self.emit(Publication(self.key, message, encode(batch), readings=len(batch)))
        self._held.clear()
