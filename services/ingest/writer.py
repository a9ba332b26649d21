"""The writer thread: takes batches, stores them, and only then has them acknowledged."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg

from services.domain.town import Town
from services.ingest.candidate import Batch, Candidate
from services.ingest.clocks import ClockHistory
from services.ingest.delivery import Delivery
from services.ingest.intake import Intake
from services.ingest.measures import Measures
from services.ingest.pipeline import admit
from services.ingest.refusal import RefusalReason
from services.ingest.registry import DeviceRegistry
from services.ingest.settings import ConductSettings, IngestSettings
from services.ingest.storing import BatchStore, Outcome
from services.ingest.telling import Teller
from services.store.connection import Connection, StoreUnavailableError, connect, require_writable
from services.store.town import load_clock

log = logging.getLogger(__name__)

IDLE_S = 1.0
"""Without messages the database is asked this often, which notices its end and a change of the clock."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 5.0

SESSION_SETTINGS = "SET synchronous_commit = on; SET statement_timeout = '120s'; SET lock_timeout = '30s'"
"""What is acknowledged must be on disk, whatever the server's default; a hung statement is tried again."""


class Writer:
    """Stores what the intake holds; a batch is held and tried again until the database takes it."""

    def __init__(
        self,
        settings: IngestSettings,
        database_url: str,
        town: Town,
        intake: Intake,
        acknowledge: Callable[[list[Delivery]], None],
        measures: Measures,
        *,
        keeps_status: bool = True,
    ) -> None:
        self._settings = settings
        self._database_url = database_url
        self._town = town
        self._intake = intake
        self._acknowledge = acknowledge
        self._measures = measures
        self._stopping = threading.Event()
        self._clocks = ClockHistory()
        self._registry = DeviceRegistry()
        self._store = BatchStore(town, keeps_status=keeps_status)
        self._teller = Teller(ConductSettings())
        self._in_hand: deque[list[Delivery]] = deque()
        """The batches that are not stored yet, the oldest first; they outlive the connection that fails."""
        self._failures = 0
        self._answered_s = -float("inf")

    def answered_within(self, seconds: float) -> bool:
        """Tell whether the database has answered lately, and not failed since."""
        return not self._failures and time.monotonic() - self._answered_s < seconds

    @property
    def is_idle(self) -> bool:
        """Whether no message is in hand."""
        return not any(self._in_hand.copy())

    def stop(self) -> None:
        """Let `run` return after the batch in hand, at once while the database is away. Any thread."""
        self._stopping.set()
        self._intake.close()

    def run(self) -> None:
        """Store batches until `stop`."""
        while not self._stopping.is_set():
            try:
                with (
                    connect(self._database_url, autocommit=True) as asking,
                    connect(self._database_url, autocommit=True) as storing,
                    ThreadPoolExecutor(1, "storing") as storer,
                ):
                    self._serve(asking, storing, storer)
            except (psycopg.Error, StoreUnavailableError) as error:
                self._failures += 1
                self._measures.failures.inc()
                waiting = sum(map(len, self._in_hand)) + len(self._intake)
                log.warning("%d messages wait for the database: %s", waiting, " ".join(str(error).split()))
                self._stopping.wait(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self._failures, 10)))

    def _serve(self, asking: Connection, storing: Connection, storer: Executor) -> None:
        """Store batches until a connection fails or we are stopped.

        While one batch is being stored the next is taken and admitted, for which there is a second connection;
        they are stored one after the other, in the order of their arrival.
        """
        for connection in (asking, storing):
            connection.execute(SESSION_SETTINGS)
        self._registry.use(asking)
        self._teller.use(storing)
        once_more = deque(self._in_hand)
        under_way: Future[None] | None = None
        while not self._stopping.is_set():
            deliveries = once_more.popleft() if once_more else self._take()
            taken_s = time.monotonic()
            # Asked for each batch, after its messages came in: whoever sets the clock and then publishes is understood.
            self._clocks.observe(load_clock(asking), datetime.now(UTC))
            self._registry.refresh()
            admitted = self._admit(deliveries)
            if under_way is not None:
                under_way.result()
            under_way = storer.submit(self._store_batch, storing, taken_s, deliveries, *admitted)
        if under_way is not None:
            under_way.result()

    def _take(self) -> list[Delivery]:
        """Take the next batch in hand; it may be empty."""
        settings = self._settings
        deliveries = self._intake.take(settings.batch_messages, settings.batch_bytes, settings.linger_s, wait_s=IDLE_S)
        self._in_hand.append(deliveries)
        return deliveries

    def _store_batch(
        self,
        connection: Connection,
        taken_s: float,
        deliveries: list[Delivery],
        accepted: list[Candidate],
        batch: Batch,
    ) -> None:
        """Store the first batch in hand, then have it acknowledged; an empty one only asks whether all is well."""
        if deliveries:
            outcome = self._store.store(connection, accepted, batch.refusals)
            self._acknowledge(deliveries)
            # From here on it must not be stored again, whatever fails: its letters would be kept twice.
            self._in_hand.popleft()
            keeping_up = len(deliveries) < self._settings.batch_messages
            self._teller.note(connection, deliveries, accepted, batch.ahead, keeping_up=keeping_up)
            self._note(deliveries, outcome, time.monotonic() - taken_s)
        else:
            require_writable(connection)
            self._in_hand.popleft()
        self._answered_s = time.monotonic()
        if self._failures:
            log.info("The database takes messages again.")
            self._failures = 0

    def _admit(self, deliveries: list[Delivery]) -> tuple[list[Candidate], Batch]:
        """Take a batch through the steps; should they fail on a message, that one alone is put aside."""
        batch = self._new_batch()
        try:
            return admit(deliveries, batch), batch
        except Exception as error:
            if _is_the_databases_state(error):
                raise
            log.exception("A message made a step fail; the batch goes through them one message at a time.")
        batch = self._new_batch()
        accepted: list[Candidate] = []
        for delivery in deliveries:
            alone = self._new_batch()
            try:
                accepted += admit([delivery], alone)
            except Exception as error:  # whatever it is: poison must not stop the rest, and it is kept with its reason
                if _is_the_databases_state(error):
                    raise
                alone.refusals.clear()
                detail = f"A step of the ingest failed on it ({type(error).__name__}); please report this."
                alone.refuse(Candidate(delivery, delivery.payload), RefusalReason.INTERNAL_ERROR, detail)
            batch.refusals += alone.refusals
            batch.ahead |= alone.ahead
        return accepted, batch

    def _new_batch(self) -> Batch:
        return Batch(
            town_name=self._town.name,
            registry=self._registry,
            clocks=self._clocks,
            retention=self._settings.retention,
            payload_bytes=self._settings.payload_bytes,
        )

    def _note(self, deliveries: list[Delivery], outcome: Outcome, commit_s: float) -> None:
        self._measures.note_batch(deliveries, outcome, commit_s)
        if outcome.refused:
            reasons = ", ".join(f"{count} {reason.value}" for reason, count in sorted(outcome.refused.items()))
            log.warning("Refused: %s; `riqing dead-letters list` shows them.", reasons)


def _is_the_databases_state(error: Exception) -> bool:
    """Tell whether an error will pass with the database's state, and is not the fault of what it was asked."""
    return isinstance(error, psycopg.Error) and not isinstance(error, psycopg.DataError)
