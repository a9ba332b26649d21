"""The ways into the database that are compared, each a process: `python -m bench.ingest.peers NAME`."""

import sys
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
from services.ingest.client import TelemetryClient
from services.ingest.fast_client import choose_client
from services.ingest.service import run_until_signalled
from services.ingest.session import BrokerSession
from services.ingest.settings import IngestSettings
from services.store.connection import configured_url, connect
from services.store.devices import load_enrolled
from services.store.town import load_town


class _Discarding:
    """Stands where the intake does and acknowledges everything at once."""

    def __init__(self) -> None:
        self.session: BrokerSession | None = None
        self.on_room: Any = None

    def has_room(self) -> bool:
        return True

    def put(self, deliveries: Any) -> None:
        assert self.session is not None
        self.session.acknowledge(deliveries)


def discard() -> None:
    """Take the broker alone: read as fast as we can, acknowledge, store nothing."""
    intake: Any = _Discarding()
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
    """Our own pipeline with paho as it comes: what the fast client adds is the difference to `ours`."""
    run_until_signalled(TelemetryClient)


def ours() -> None:
    """Run the ingest as users get it."""
    run_until_signalled()


PEERS = {"usual-script": usual_script, "stock-paho": stock_batches, "broker-alone": discard, "riqing": ours}

if __name__ == "__main__":
    PEERS[sys.argv[1]]()
