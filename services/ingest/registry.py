"""The enrolled devices, kept in memory so that a message costs no query."""

import time
from collections.abc import Iterable, Mapping

from services.domain.kinds import DeviceKind
from services.store.connection import Connection
from services.store.devices import DeviceName, EnrolledDevice, find_enrolled, load_enrolled

REFRESHED_AT_MOST_EVERY_S = 1.0


class DeviceRegistry:
    """What the store knows of each device, by its kind and id.

    A device that is not here is looked for in the store before it is refused, so that one enrolled a moment
    ago is known; NOTIFY devices_changed tells of those whose standing has changed.
    """

    def __init__(self, devices: Mapping[DeviceName, EnrolledDevice] | None = None) -> None:
        self._devices: dict[DeviceName, EnrolledDevice] = dict(devices or {})
        self._connection: Connection | None = None
        self._stale = True
        self._refreshed_s = -REFRESHED_AT_MOST_EVERY_S

    def use(self, connection: Connection) -> None:
        """Read from this connection from now on, and begin by reading all."""
        connection.add_notify_handler(lambda note: self._mark_stale(note.channel))
        connection.execute("LISTEN devices_changed")
        self._connection = connection
        self._stale, self._refreshed_s = True, -REFRESHED_AT_MOST_EVERY_S

    def _mark_stale(self, channel: str) -> None:
        self._stale = self._stale or channel == "devices_changed"

    def refresh(self) -> None:
        """Read all devices anew when something has changed, but not for each one of a fleet being enrolled."""
        now_s = time.monotonic()
        if self._stale and self._connection is not None and now_s - self._refreshed_s >= REFRESHED_AT_MOST_EVERY_S:
            self._stale, self._refreshed_s = False, now_s
            self._devices = load_enrolled(self._connection)

    def find(self, kind: DeviceKind, device_id: str) -> EnrolledDevice | None:
        """Return a device from memory."""
        return self._devices.get((kind, device_id))

    def look_up(self, names: Iterable[DeviceName]) -> None:
        """Ask the store for devices that memory does not have; all of them in one query."""
        missing = {name for name in names if name not in self._devices}
        if missing and self._connection is not None:
            self._devices |= find_enrolled(self._connection, missing)
