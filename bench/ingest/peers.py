"""The ways into the database that are compared, each a process: `python -m bench.ingest.peers NAME MESSAGES`."""

import sys
import time
from datetime import UTC, datetime
from typing import Any

import msgspec
import psycopg
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from services.broker.address import BrokerAddress
from services.broker.settings import BrokerSettings
from services.domain.kinds import DeviceKind
from services.domain.telemetry import PositionReading
from services.domain.topics import ROOT
from services.ingest.delivery import Delivery
from services.ingest.fast_client import choose_client
from services.ingest.intake import Intake
from services.ingest.measures import Measures
from services.ingest.service import run_until_signalled
from services.ingest.session import BrokerSession
from services.ingest.settings import IngestSettings
from services.ingest.writer import Writer
from services.store.connection import configured_url, connect
from services.store.devices import load_enrolled
from services.store.town import load_town

USUAL_SCRIPT, STOCK_PAHO, NODE_RED, BROKER_ALONE, RIQING = (
    *("usual-script", "stock-paho", "node-red", "broker-alone"),
    "riqing",
)


class _Discarding:
    """Stands where the intake does, acknowledges everything at once, and says when so many messages have come."""

    def __init__(self, messages: int) -> None:
        self.session: BrokerSession | None = None
        self.on_room: Any = None
        self._missing = messages

    def has_room(self) -> bool:
        return True

    def put(self, deliveries: Any) -> None:
        assert self.session is not None
        self.session.acknowledge(deliveries)
        self._missing -= len(deliveries)
        if self._missing <= 0:
            print(time.time(), flush=True)


def discard() -> None:
    """Take the broker alone: read as fast as we can, acknowledge, store nothing."""
    intake: Any = _Discarding(int(sys.argv[2]))
    client = choose_client(IngestSettings().client_id, BrokerAddress.parse(BrokerSettings().url))
    with connect() as connection:
        town = load_town(connection)
    intake.session = BrokerSession(client, town.name, intake)
    intake.session.run()


def usual_script() -> None:
    """Do as the usual script does: paho as it comes, one INSERT and commit for each message, acknowledged by paho."""
    address, decode = BrokerAddress.parse(BrokerSettings().url), msgspec.json.Decoder(PositionReading).decode
    connection = psycopg.connect(configured_url(), autocommit=True)
    keys = {device_id: device.device_key for (_, device_id), device in load_enrolled(connection).items()}
    town = load_town(connection)

    def on_message(client: Client, userdata: Any, message: MQTTMessage) -> None:
        del client, userdata
        fix = decode(message.payload)
        assert isinstance(fix.ts, int)
        connection.execute(
            "INSERT INTO positions (observed_at, received_at, seq, device_key, lat, lon, speed_kmh, heading_deg,"
            " accuracy_m, odometer_m, load_kg, fuel_l, ignition, cover_open) VALUES (to_timestamp(%s / 1000.0), %s, %s,"
            " %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (
                *(fix.ts, datetime.now(UTC), fix.seq, keys[message.topic.split("/")[4]], fix.lat, fix.lon),
                *(fix.speed_kmh, fix.heading_deg, fix.accuracy_m, fix.odometer_m, fix.load_kg, fix.fuel_l),
                *(fix.ignition, fix.cover_open),
            ),
        )

    def on_connect(client: Client, *_: Any) -> None:
        client.subscribe(f"riqing/v1/{town.name}/{DeviceKind.VEHICLE}/+/position", 1)

    client = Client(CallbackAPIVersion.VERSION2, client_id=IngestSettings().client_id, clean_session=False)
    client.username_pw_set(address.username, address.password)
    client.on_message = on_message
    client.on_connect = on_connect
    client.connect(address.host, address.port)
    client.loop_forever()


def stock_batches() -> None:
    """Our own intake, steps and writer behind paho as it comes: its loop, its callback, its acknowledgements."""
    settings, address = IngestSettings(), BrokerAddress.parse(BrokerSettings().url)
    with connect() as connection:
        town = load_town(connection)
    intake = Intake(settings.held_messages, settings.held_bytes)
    client = Client(CallbackAPIVersion.VERSION2, client_id=settings.client_id, clean_session=False, manual_ack=True)

    def acknowledge(deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            client.ack(delivery.packet_id, 1)

    def on_message(client: Client, userdata: Any, message: MQTTMessage) -> None:
        del client, userdata
        topic, now = message.topic.encode(), datetime.now(UTC)
        intake.put([Delivery(topic, bytes(message.payload), message.mid, 1, now, message.retain, message.dup)])

    def on_connect(client: Client, *_: Any) -> None:
        client.subscribe(f"{ROOT}/{town.name}/#", 1)

    client.username_pw_set(address.username, address.password)
    client.on_message = on_message
    client.on_connect = on_connect
    client.connect(address.host, address.port)
    client.loop_start()
    Writer(settings, configured_url(), town, intake, acknowledge, Measures()).run()


def ours() -> None:
    """Run the ingest as users get it."""
    run_until_signalled()


IN_PYTHON = {USUAL_SCRIPT: usual_script, STOCK_PAHO: stock_batches, BROKER_ALONE: discard, RIQING: ours}

if __name__ == "__main__":
    IN_PYTHON[sys.argv[1]]()
