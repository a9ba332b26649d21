"""The ingest as a process: where its parts are wired and its life is watched."""

import logging
import threading
from collections.abc import Callable
from itertools import count

import psycopg

from services.broker.address import BrokerAddress
from services.broker.errors import BrokerError
from services.broker.settings import BrokerSettings
from services.broker.spool import FIRST_WORKER, forget_spool, has_spool, spool_client_id
from services.domain.errors import NotFoundError
from services.domain.town import Town
from services.heartbeat import beat
from services.ingest.client import TelemetryClient
from services.ingest.fast_client import choose_client
from services.ingest.intake import Intake
from services.ingest.lease import WorkerLease
from services.ingest.measures import Measures
from services.ingest.session import BrokerSession
from services.ingest.settings import IngestSettings
from services.ingest.writer import Writer
from services.signals import stop_on_signals
from services.store.connection import Connection, StoreUnavailableError, configured_url, connect
from services.store.town import load_town

log = logging.getLogger(__name__)

WATCHED_EVERY_S = 1.0
TOWN_LOOKED_FOR_EVERY_S = 0.1
DRY_AFTER_LOOKS = 3
"""So often in succession nothing must have come from a session for it to be empty."""
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
        lease = WorkerLease(self._database_url, self._settings.workers)
        # To stand by is nothing wrong.
        if not lease.take(self._stopping, stand_by=beat):
            return
        try:
            if lease.worker == FIRST_WORKER:
                self._empty_surplus(town, measures)
            self._work(town, lease, measures)
        finally:
            lease.give_back()

    def _empty_surplus(self, town: Town, measures: Measures) -> None:
        """Let the sessions of workers that there are no more run dry, and have the broker forget them."""
        for worker in count(self._settings.workers + 1):
            lease, client_id = WorkerLease(self._database_url, worker), self._client_id(worker)
            try:
                if not lease.take_number(worker):
                    log.warning("Worker %d is still at work, though there are to be %d.", worker, worker - 1)
                    return
                if self._stopping.is_set() or not has_spool(self._broker, client_id):
                    return
                log.info("There is no worker %d any more; its session is emptied.", worker)
                if not self._work(town, lease, measures):
                    return
                forget_spool(self._broker, client_id)
            except (BrokerError, StoreUnavailableError, psycopg.Error) as error:
                log.warning("Sessions of former workers are looked for at the next start: %s", error)
                return
            finally:
                lease.give_back()

    def _work(self, town: Town, lease: WorkerLease, measures: Measures) -> bool:
        """Work under a number of our own until `stop`, or until another has the number.

        Under a number beyond the number of workers, work until no more comes; return whether that was the end.
        """
        settings, worker = self._settings, lease.worker
        log.info("This is worker %d of %d.", worker, settings.workers)
        intake = Intake(settings.held_messages, settings.held_bytes)
        client = self._make_client(self._client_id(worker), self._broker)
        session = BrokerSession(client, town.name, intake, worker, settings.workers)
        writer = Writer(
            settings,
            self._database_url,
            town,
            intake,
            session.acknowledge,
            measures,
            keeps_status=worker == FIRST_WORKER,
        )
        threads = [
            threading.Thread(target=session.run, name="network", daemon=True),
            threading.Thread(target=writer.run, name="writer", daemon=True),
        ]
        for thread in threads:
            thread.start()
        ran_dry = self._watch(session, writer, intake, measures, threads, lease)
        writer.stop()
        threads[1].join()
        session.stop()
        threads[0].join()
        return ran_dry

    def _client_id(self, worker: int) -> str:
        """Return the name of a worker's session, which is made from the one in the settings where that is set."""
        chosen = self._settings.client_id
        if not chosen:
            return spool_client_id(self._broker, worker)
        return chosen if worker == FIRST_WORKER else f"{chosen}-{worker}"

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
            try:
                return load_town(connection)
            except NotFoundError as error:
                beat()  # without a town nothing is wrong with us
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
        lease: WorkerLease,
    ) -> bool:
        """Show that we are ready while messages arrive and can be stored; end when a thread or the lease is gone.

        Returns whether we worked for a session that is to run dry, and it has.
        """
        is_surplus, quiet = lease.worker > self._settings.workers, 0
        while not self._stopping.wait(WATCHED_EVERY_S):
            dead = [thread.name for thread in threads if not thread.is_alive()]
            if dead:
                raise RuntimeError(f"The {dead[0]} thread has ended; its reason stands above.")
            if not lease.is_ours():
                log.warning("Another ingest has become worker %d while the database was away.", lease.worker)
                return False
            ready = session.is_subscribed and writer.answered_within(READY_WITHIN_S)
            measures.note_ready(ready, len(intake))
            if ready:
                beat()
            quiet = quiet + 1 if ready and not len(intake) and writer.is_idle else 0
            if is_surplus and quiet >= DRY_AFTER_LOOKS:
                return True
        return False


def run_until_signalled(make_client: Callable[[str, BrokerAddress], TelemetryClient] = choose_client) -> None:
    """Run an ingest by the environment's settings until SIGTERM or SIGINT."""
    broker = BrokerAddress.parse(BrokerSettings().url)
    ingest = Ingest(IngestSettings(), broker, configured_url(), make_client)
    stop_on_signals(ingest.stop)
    ingest.run()
