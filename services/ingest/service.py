"""The ingest as a process: where its parts are wired and its life is watched."""

import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType

import psycopg

from services.broker.address import BrokerAddress
from services.broker.settings import BrokerSettings
from services.domain.errors import NotFoundError
from services.domain.town import Town
from services.heartbeat import beat
from services.ingest.client import TelemetryClient
from services.ingest.fast_client import choose_client
from services.ingest.intake import Intake
from services.ingest.measures import Measures
from services.ingest.session import BrokerSession
from services.ingest.settings import IngestSettings
from services.ingest.writer import Writer
from services.store.connection import Connection, StoreUnavailableError, configured_url, connect
from services.store.town import load_town

log = logging.getLogger(__name__)

WATCHED_EVERY_S = 1.0
TOWN_LOOKED_FOR_EVERY_S = 0.1
READY_WITHIN_S = 10.0
"""The database must have answered within this time for us to call ourselves ready."""


class Ingest:
    """Everything from the broker's session to the database."""

    def __init__(
        self,
        settings: IngestSettings,
        broker: BrokerAddress,
        database_url: str,
        make_client: Callable[[str, BrokerAddress], TelemetryClient] = choose_client,
    ) -> None:
        self._settings = settings
        self._make_client = make_client
        self._broker = broker
        self._database_url = database_url
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Let `run` finish the batch in hand and return. Any thread."""
        self._stopping.set()

    def run(self) -> None:
        """Work until `stop`, through any absence of broker and database."""
        measures = Measures()
        measures.serve(self._settings.metrics_port, self._settings.metrics_address)
        town = self._wait_for_town()
        if town is None:
            return
        intake = Intake(self._settings.held_messages, self._settings.held_bytes)
        session = BrokerSession(self._make_client(self._settings.client_id, self._broker), town.name, intake)
        writer = Writer(self._settings, self._database_url, town.name, intake, session.acknowledge, measures)
        threads = [
            threading.Thread(target=session.run, name="network", daemon=True),
            threading.Thread(target=writer.run, name="writer", daemon=True),
        ]
        for thread in threads:
            thread.start()
        self._watch(session, writer, intake, measures, threads)
        writer.stop()
        threads[1].join()
        session.stop()
        threads[0].join()

    def _wait_for_town(self) -> Town | None:
        """Return the town once there is one; None when we are stopped before."""
        while not self._stopping.is_set():
            try:
                with connect(self._database_url, autocommit=True) as connection:
                    return self._watch_for_town(connection)
            except (StoreUnavailableError, psycopg.Error) as error:
                log.warning("Waiting for the database: %s", " ".join(str(error).split()))
            self._stopping.wait(WATCHED_EVERY_S)
        return None

    def _watch_for_town(self, connection: Connection) -> Town | None:
        said = False
        while not self._stopping.is_set():
            beat()  # without a town nothing is wrong with us
            try:
                return load_town(connection)
            except NotFoundError as error:
                if not said:
                    log.info("%s", error)
                    said = True
            # Soon enough to be subscribed before the first device of a new town is enrolled.
            self._stopping.wait(TOWN_LOOKED_FOR_EVERY_S)
        return None

    def _watch(
        self,
        session: BrokerSession,
        writer: Writer,
        intake: Intake,
        measures: Measures,
        threads: list[threading.Thread],
    ) -> None:
        """Show that we are ready while messages arrive and can be stored; end when a thread has died."""
        while not self._stopping.wait(WATCHED_EVERY_S):
            dead = [thread.name for thread in threads if not thread.is_alive()]
            if dead:
                raise RuntimeError(f"The {dead[0]} thread has ended; its reason stands above.")
            ready = session.is_subscribed and writer.answered_within(READY_WITHIN_S)
            measures.ready.set(ready)
            measures.held.set(len(intake))
            if ready:
                beat()


def run_until_signalled(make_client: Callable[[str, BrokerAddress], TelemetryClient] = choose_client) -> None:
    """Run an ingest by the environment's settings until SIGTERM or SIGINT."""
    broker = BrokerAddress.parse(BrokerSettings().url)
    ingest = Ingest(IngestSettings(), broker, configured_url(), make_client)

    def on_signal(number: int, frame: FrameType | None) -> None:
        del number, frame
        ingest.stop()

    signal.signal(signal.SIGTERM, on_signal)
    signal.signal(signal.SIGINT, on_signal)
    ingest.run()
