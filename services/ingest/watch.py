"""`python -m services.ingest.watch`: looks after the broker, and tells the office what it sees as alarms.

Devices that publish where they may not, devices that were told to have sent too much, a spool and disks that fill.
It holds nothing that would be missed: what it knows is in the alarms and in the broker.
"""

import logging
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from services.broker.address import BrokerAddress
from services.broker.credentials import device_of, device_username, resume_device, suspend_device
from services.broker.errors import BrokerError
from services.broker.packet_log import Attention, PacketLog, RefusedPublish
from services.broker.session import take_leave
from services.broker.settings import BrokerSettings
from services.domain.errors import RiqingError
from services.domain.kinds import ALARM_SUBJECTS, AlarmKind
from services.heartbeat import beat
from services.ingest.disk_alarms import judge_disks
from services.ingest.journal import log_as_json
from services.ingest.measures import WatchMeasures
from services.ingest.settings import WatchSettings
from services.ingest.spool_alarms import SpoolAlarms
from services.ingest.spool_figures import FIGURES, Spool, spool_of
from services.signals import stop_on_signals
from services.store.alarms import Alarm, clear_alarm, page_of_alarms, raise_alarm
from services.store.connection import Connection, StoreUnavailableError, configured_url, connect
from services.store.devices import find_assets
from services.store.town import load_clock

log = logging.getLogger("services.ingest.watch")

LOOKED_EVERY_S = 0.5
JUDGED_EVERY_S = 2.0
KEEPALIVE_S = 30
REMEMBERED_REFUSALS = 10_000
LOGGED_REFUSALS_PER_LOOK = 20

Subject = tuple[str, str]


class BrokerWatch:
    """Watches one broker."""

    def __init__(self, settings: WatchSettings, broker: BrokerAddress, mqtt_url: str, database_url: str) -> None:
        self._settings = settings
        self._mqtt_url, self._database_url = mqtt_url, database_url
        self._username = broker.username
        self._stopping = threading.Event()
        self._is_connected = threading.Event()
        self._payloads: dict[str, bytes] = {}
        self._client = self._make_client(broker)
        self._packets = PacketLog(Path(settings.broker_dir)) if settings.broker_dir else None
        self._attention = Attention(settings.log_bytes_per_s, settings.log_pause_s)
        self._refused: dict[str, RefusedPublish] = {}
        """The last refused publish of each client since alarms were last judged."""
        self._refused_at_s: dict[Subject, float] = {}
        self._suspended_at_s: dict[Subject, float] = {}
        self._started_s = time.monotonic()
        self._has_failed = False
        self._spool_alarms = SpoolAlarms(settings.spool_messages, settings.quiet_s)
        folders = {"broker": settings.broker_dir, "database": settings.database_dir}
        self._disks = {server: Path(folder) for server, folder in folders.items() if folder}
        self.measures = WatchMeasures()

    def stop(self) -> None:
        """Let `run` return. Any thread."""
        self._stopping.set()

    def run(self) -> None:
        """Watch until `stop`, through any absence of broker and database."""
        self.measures.serve(self._settings.metrics_port, self._settings.metrics_address)
        self._client.loop_start()
        judged_s = -JUDGED_EVERY_S
        try:
            while not self._stopping.wait(LOOKED_EVERY_S):
                beat()
                self._look()
                now_s = time.monotonic()
                if now_s - judged_s >= JUDGED_EVERY_S or (self._refused and now_s - judged_s >= 1.0):
                    judged_s = now_s
                    self._judge_if_possible()
        finally:
            self._let_packets_be_written(False)
            take_leave(self._client)

    def _make_client(self, broker: BrokerAddress) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=broker.secret_client_id("watch"),
            protocol=MQTTProtocolVersion.MQTTv5,
        )
        client.username_pw_set(broker.username, broker.password)
        if broker.tls:
            client.tls_set()
        client.reconnect_delay_set(1, 5)

        def on_connect(client: Client, _data: object, _flags: object, reason: Any, _properties: object) -> None:
            if reason.is_failure:
                log.error("The broker refuses us: %s. Are user and password in MQTT_URL right?", reason)
                return
            client.subscribe([(topic, 0) for topic in FIGURES.values()])
            self._is_connected.set()

        def on_disconnect(*_: object) -> None:
            self._is_connected.clear()
            self._payloads = {}

        def on_message(_client: Client, _data: object, message: MQTTMessage) -> None:
            self._payloads[message.topic] = bytes(message.payload)

        client.on_connect, client.on_disconnect, client.on_message = on_connect, on_disconnect, on_message
        client.connect_async(broker.host, broker.port, KEEPALIVE_S)
        return client

    def _look(self) -> None:
        """Read what the broker has written since the last look."""
        if self._packets is None:
            return
        try:
            refused, read_bytes = self._packets.read()
        except OSError as error:
            log.error("The broker's packet log cannot be read (%s); refused publishes go unseen.", error)
            self._packets = None
            return
        for line in self._packets.news:
            if not _is_our_own_coming_and_going(line, self._username):
                log.info("mosquitto: %s", line)
        for one in refused[:LOGGED_REFUSALS_PER_LOOK]:
            log.warning("Refused: %r (%s) published to %r.", one.client_id, one.username or "unknown", one.topic)
        self.measures.publishes_refused.inc(len(refused))
        for one in refused:
            if len(self._refused) < REMEMBERED_REFUSALS or one.client_id in self._refused:
                self._refused[one.client_id] = one
        if self._is_connected.is_set():
            self._let_packets_be_written(self._attention.wants_to_look(time.monotonic(), read_bytes))

    def _let_packets_be_written(self, wanted: bool) -> None:
        if self._packets is None:
            return
        try:
            self._packets.write(wanted)
            self.measures.log_watched.set(wanted)
        except OSError as error:
            log.error("The broker cannot be told to log (%s); refused publishes go unseen.", error)
            self._packets = None

    def _judge_if_possible(self) -> None:
        spool = spool_of(self._payloads)
        if spool is not None:
            self.measures.note(spool)
        try:
            with connect(self._database_url, autocommit=True) as connection:
                self._judge(connection, spool)
        except (StoreUnavailableError, psycopg.Error, BrokerError, OSError) as error:
            if not self._has_failed:
                log.warning("Alarms wait: %s", " ".join(str(error).split()))
            self._has_failed = True
        else:
            self._has_failed = False

    def _judge(self, connection: Connection, spool: Spool | None) -> None:
        """Raise what holds now, and clear what does no more."""
        alarms = page_of_alarms(connection, is_open=True)
        by_kind: dict[str, dict[Subject, Alarm]] = {}
        for alarm in alarms:
            by_kind.setdefault(alarm.kind, {})[alarm.subject_kind, alarm.subject_id] = alarm
        self._judge_refused(connection, by_kind.get(AlarmKind.PUBLISH_REFUSED, {}))
        self._judge_too_fast(connection, by_kind.get(AlarmKind.DEVICE_TOO_FAST, {}))
        now = load_clock(connection).now()
        if spool is not None:
            self._spool_alarms.judge(connection, spool, now, time.monotonic())
        judge_disks(connection, self._disks, now)

    def _judge_refused(self, connection: Connection, present: dict[Subject, Alarm]) -> None:
        refused, self._refused = self._refused, {}
        try:
            self._raise_refused(connection, refused)
        except psycopg.Error:
            self._refused = refused | self._refused
            raise
        self._clear_after(
            connection,
            AlarmKind.PUBLISH_REFUSED,
            present,
            lambda subject: self._refused_at_s.get(subject, self._started_s) + self._settings.quiet_s,
        )

    def _raise_refused(self, connection: Connection, refused: dict[str, RefusedPublish]) -> None:
        devices = {client_id: device_of(one.username or client_id) for client_id, one in refused.items()}
        assets = find_assets(connection, {device for device in devices.values() if device is not None})
        now = load_clock(connection).now() if refused else None
        for client_id, one in refused.items():
            device = devices[client_id]
            known = device is not None and device in assets
            subject = (ALARM_SUBJECTS[device[0]], assets[device]) if device and known else ("broker", client_id[:200])
            detail = {"username": one.username, "client_id": one.client_id, "topic": one.topic}
            self._refused_at_s[subject] = time.monotonic()
            assert now is not None
            raise_alarm(connection, AlarmKind.PUBLISH_REFUSED, *subject, now, detail)

    def _judge_too_fast(self, connection: Connection, present: dict[Subject, Alarm]) -> None:
        """Keep the devices out about which the ingest has raised an alarm, and let them in again in time."""
        for subject, alarm in present.items():
            device = device_of(str(alarm.detail.get("username", "")))
            if device is None:
                continue
            suspended_s = self._suspended_at_s.get(subject)
            if suspended_s is None:
                suspend_device(self._mqtt_url, *device)
                self._suspended_at_s[subject] = time.monotonic()
                username = device_username(*device)
                log.warning("%s sends too much and is kept out for %.0f s.", username, self._settings.suspended_s)
            elif time.monotonic() - suspended_s >= self._settings.suspended_s:
                resume_device(self._mqtt_url, *device)
                clear_alarm(connection, AlarmKind.DEVICE_TOO_FAST, *subject, load_clock(connection).now())
                del self._suspended_at_s[subject]

    def _clear_after(
        self, connection: Connection, kind: AlarmKind, present: dict[Subject, Alarm], ends_s: Callable[[Subject], float]
    ) -> None:
        for subject in present:
            if time.monotonic() >= ends_s(subject):
                clear_alarm(connection, kind, *subject, load_clock(connection).now())


def _is_our_own_coming_and_going(line: str, username: str) -> bool:
    """Tell whether a line is about one of the services' short sessions, of which there are many, and no fault."""
    return f" {username}-" in line and (": New client connected" in line or line.endswith(" disconnected."))


def main() -> int:
    """Watch until told to stop; return the exit status."""
    log_as_json()
    try:
        mqtt_url = BrokerSettings().url
        watch = BrokerWatch(WatchSettings(), BrokerAddress.parse(mqtt_url), mqtt_url, configured_url())
    except RiqingError as error:
        print(f"riqing: {error}", file=sys.stderr)
        return 1

    stop_on_signals(watch.stop)
    watch.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
