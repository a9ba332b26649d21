"""Telling the office, as alarms, what devices' messages tell of the devices (services/ingest/conduct.py)."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import psycopg

from services.broker.credentials import device_username
from services.domain.kinds import ALARM_SUBJECTS, AlarmKind, DeviceKind, MessageKind
from services.domain.topics import TopicError, parse_topic
from services.ingest.candidate import Candidate
from services.ingest.conduct import ClockFinding, ClockJudge, Shares
from services.ingest.delivery import Delivery
from services.ingest.settings import ConductSettings
from services.store.alarms import clear_alarm, page_of_alarms, raise_alarm
from services.store.connection import Connection
from services.store.devices import Device, find_assets, load_devices
from services.store.town import load_clock

log = logging.getLogger(__name__)

LARGE_BATCH = 200
LARGE_BATCHES_LOOKED_AT_EVERY_S = 1.0
"""In a large batch every device speaks all the time: looking at one in a while is enough, and costs nothing."""


class Teller:
    """Looks at each batch that is stored, and raises and clears the alarms about devices that follow from it."""

    def __init__(self, settings: ConductSettings) -> None:
        self._clocks = ClockJudge()
        self._limit_messages_per_s = settings.device_messages_per_s
        self._shares = Shares(settings.device_messages_per_s, settings.device_burst_messages)
        self._looked_s = -LARGE_BATCHES_LOOKED_AT_EVERY_S

    def use(self, connection: Connection) -> None:
        """Read which devices the office knows to have a wrong clock."""
        alarms = page_of_alarms(connection, is_open=True)
        wrong = (alarm.detail.get("device_key") for alarm in alarms if alarm.kind == AlarmKind.DEVICE_CLOCK_WRONG)
        self._clocks.remember(key for key in wrong if isinstance(key, int))

    def note(
        self,
        connection: Connection,
        deliveries: Sequence[Delivery],
        accepted: Sequence[Candidate],
        ahead: Mapping[int, timedelta],
        *,
        keeping_up: bool,
    ) -> None:
        """Look at a batch that is stored.

        Args:
            connection: where alarms are raised; in autocommit mode.
            deliveries: what came.
            accepted: the readings that it held.
            ahead: by how much clocks are ahead, by device key (`Batch.ahead`).
            keeping_up: whether messages are stored as they are published. While we catch up after an outage,
                how many of a device come at once says nothing of the device.

        """
        try:
            if keeping_up:
                spent = self._shares.charge(Counter(delivery.topic for delivery in deliveries), time.monotonic())
                self._tell_of_too_fast(connection, spent)
            findings = [found for key, by in ahead.items() if (found := self._clocks.ahead(key, by)) is not None]
            self._tell_of_clocks(connection, [*findings, *self._look_at_clocks(accepted)])
        except psycopg.Error as error:
            # Readings come first: an alarm that cannot be raised now holds nothing up.
            log.warning("An alarm could not be raised: %s", " ".join(str(error).split()))

    def _look_at_clocks(self, accepted: Sequence[Candidate]) -> list[ClockFinding]:
        now_s = time.monotonic()
        if len(accepted) > LARGE_BATCH and now_s - self._looked_s < LARGE_BATCHES_LOOKED_AT_EVERY_S:
            return []
        self._looked_s = now_s
        newest = _newest(accepted)
        found = (self._clocks.newest(key, observed, received) for key, (observed, received) in newest.items())
        return [finding for finding in found if finding is not None]

    def _tell_of_clocks(self, connection: Connection, findings: Sequence[ClockFinding]) -> None:
        if not findings:
            return
        untold = list(findings)
        try:
            now = load_clock(connection).now()
            keys = [finding.device_key for finding in findings]
            devices = {device.device_key: device for device in load_devices(connection, keys)}
            while untold:
                device = devices.get(untold[0].device_key)
                if device is not None:
                    self._tell_of_clock(connection, untold[0], device, now)
                untold.pop(0)
        finally:
            for finding in untold:
                self._clocks.forget(finding)

    def _tell_of_clock(self, connection: Connection, finding: ClockFinding, device: Device, now: datetime) -> None:
        kind = DeviceKind(device.kind)
        subject = (ALARM_SUBJECTS[kind], device.asset_id)
        if finding.wrong_by is None:
            clear_alarm(connection, AlarmKind.DEVICE_CLOCK_WRONG, *subject, now)
            return
        detail = {
            "username": device_username(kind, device.device_id),
            "device_key": device.device_key,
            "wrong_by_s": round(finding.wrong_by.total_seconds()),
            "likely": finding.likely,
        }
        raise_alarm(connection, AlarmKind.DEVICE_CLOCK_WRONG, *subject, now, detail)
        log.warning("The clock of %(username)s is wrong by %(wrong_by_s)d s (%(likely)s).", detail)

    def _tell_of_too_fast(self, connection: Connection, prefixes: Iterable[bytes]) -> None:
        for prefix in prefixes:
            try:
                topic = parse_topic(f"{prefix.decode(errors='replace')}/{MessageKind.STATUS}")
            except TopicError:
                continue
            asset_id = find_assets(connection, [(topic.kind, topic.device_id)]).get((topic.kind, topic.device_id))
            if asset_id is not None:
                username = device_username(topic.kind, topic.device_id)
                subject = (ALARM_SUBJECTS[topic.kind], asset_id)
                now = load_clock(connection).now()
                detail = {"username": username, "limit_messages_per_s": self._limit_messages_per_s}
                raise_alarm(connection, AlarmKind.DEVICE_TOO_FAST, *subject, now, detail)
                log.warning("%s sends more than its share.", username)


def _newest(accepted: Sequence[Candidate]) -> dict[int, tuple[datetime, datetime]]:
    """Return when each device's newest reading was taken and received; a status need not say when it was."""
    newest: dict[int, tuple[datetime, datetime]] = {}
    for candidate in accepted:
        observed_at, received_at = candidate.observed_at, candidate.received_at
        assert candidate.topic is not None
        if observed_at is None or received_at is None or candidate.topic.message is MessageKind.STATUS:
            continue
        known = newest.get(candidate.device_key)
        if known is None or observed_at > known[0]:
            newest[candidate.device_key] = (observed_at, received_at)
    return newest
