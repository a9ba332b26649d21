"""Whether what the API depends on answers: the database, the broker, the roads."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

import httpx
import psycopg

from services.api.database import Database
from services.broker.address import BrokerAddress
from services.broker.errors import BrokerError
from services.broker.session import open_session
from services.broker.settings import BrokerSettings
from services.roads.datasets import Profile, find_current_dataset
from services.roads.settings import RoadServersSettings, RoadsSettings
from services.store.connection import StoreUnavailableError, require_writable

FRESH_FOR_S = 2.0
"""Answers are kept this long, so that whoever polls /readyz does not load what it asks about."""

ANSWERS_WITHIN_S = 3.0


class State(StrEnum):
    """How a dependency is; `no_dataset` and `not_set` mean that it is not there to be asked, which is no fault."""

    READY = "ready"
    UNAVAILABLE = "unavailable"
    NO_DATASET = "no_dataset"
    NOT_SET = "not_set"


@dataclass(frozen=True, slots=True)
class Dependency:
    """What the API depends on, how it is, and a sentence where something is wrong."""

    name: str
    state: State
    detail: str | None = None


class Readiness:
    """Asks the dependencies, all at once, at most every two seconds."""

    def __init__(self, database: Database, broker: BrokerSettings) -> None:
        self._database = database
        self._broker = broker
        self._lock = threading.Lock()
        self._asked_s = -FRESH_FOR_S
        self._answers: list[Dependency] = []

    def ask(self) -> list[Dependency]:
        """Return how each dependency is."""
        with self._lock:
            if time.monotonic() - self._asked_s >= FRESH_FOR_S:
                checks: list[Callable[[], Dependency]] = [self._ask_database, self._ask_broker, _ask_roads]
                with ThreadPoolExecutor(len(checks)) as threads:
                    self._answers = [answer.result() for answer in [threads.submit(check) for check in checks]]
                self._asked_s = time.monotonic()
            return self._answers

    def _ask_database(self) -> Dependency:
        try:
            with self._database.connection() as connection:
                connection.execute("SELECT FROM alarms LIMIT 1")
                require_writable(connection)
        except psycopg.errors.UndefinedTable:
            return Dependency("database", State.UNAVAILABLE, "The schema is not there yet; `riqing up` makes it.")
        except (psycopg.Error, StoreUnavailableError) as error:
            return Dependency("database", State.UNAVAILABLE, " ".join(str(error).split()))
        return Dependency("database", State.READY)

    def _ask_broker(self) -> Dependency:
        if not self._broker.url:
            return Dependency("broker", State.NOT_SET, "MQTT_URL is not set; no device can be enrolled.")
        try:
            with open_session(BrokerAddress.parse(self._broker.url), ANSWERS_WITHIN_S):
                return Dependency("broker", State.READY)
        except BrokerError as error:
            return Dependency("broker", State.UNAVAILABLE, str(error))


def _ask_roads() -> Dependency:
    dataset = find_current_dataset(RoadsSettings().directory, Profile.TRUCK)
    if dataset is None:
        return Dependency("roads", State.NO_DATASET, "No roads are imported yet; `riqing import roads FILE.osm.pbf`.")
    west, south, east, north = dataset.description.bounds
    url = f"{RoadServersSettings().truck_url}/nearest/v1/driving/{(west + east) / 2},{(south + north) / 2}"
    try:
        httpx.get(url, timeout=ANSWERS_WITHIN_S)
    except httpx.HTTPError as error:
        return Dependency("roads", State.UNAVAILABLE, f"The road engine does not answer: {error}")
    return Dependency("roads", State.READY)
