"""The real API over a real database, in a thread of the test's own process."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from services.api.__main__ import server_config
from services.api.app import create_app
from services.api.parts import Settings
from services.api.settings import LimitSettings, RunsAs, ServerSettings, SignInSettings
from services.broker.settings import BrokerSettings, EnrolmentSettings
from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api import seeded_town

SECRET = "a key for tests that is long enough"
FIRST_ADMIN_PASSWORD = "first admin"


def settings(mqtt_url: str = "", **limits: Any) -> Settings:
    """Return settings for a test: development, no page, a lock after three failures."""
    return Settings(
        server=server_settings(),
        sign_in=SignInSettings.model_validate(
            {
                "RIQING_SECRET_KEY": SECRET,
                "RIQING_ADMIN_PASSWORD": FIRST_ADMIN_PASSWORD,
                "RIQING_FAILURES_BEFORE_LOCK": 3,
            }
        ),
        limits=LimitSettings.model_validate(
            {"RIQING_PUBLIC_REPORTS_PER_MIN": 1_000, "RIQING_REQUESTS_PER_MIN": 1_000_000, **limits}
        ),
        enrolment=EnrolmentSettings(),
        broker=BrokerSettings.model_validate({"MQTT_URL": mqtt_url}),
    )


def server_settings(**changed: Any) -> ServerSettings:
    """Return settings of the server for a test: any free port, development, no page."""
    usual = {
        "RIQING_API_PORT": 0,
        "RIQING_ENVIRONMENT": RunsAs.DEVELOPMENT,
        "RIQING_WEB_DIR": Path("/nonexistent"),
    }
    return ServerSettings.model_validate({**usual, **changed})


@dataclass
class Api:
    """A running API and clients that are signed in to it."""

    url: str
    database_url: str
    app: FastAPI
    plan_id: UUID | None = None
    _clients: list[httpx.Client] = field(default_factory=list)

    def client(self, token: str | None = None) -> httpx.Client:
        """Return a client, with a token where one is given."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=20)
        self._clients.append(client)
        return client

    def token(self, user_name: str, password: str) -> str:
        """Sign in and return the token."""
        form = {"username": user_name, "password": password}
        return str(httpx.post(f"{self.url}/api/v1/auth/token", data=form).raise_for_status().json()["access_token"])

    def as_role(self, role: Role) -> httpx.Client:
        """Return a client that is signed in as the seeded town's person of this role."""
        return self.client(self.token(seeded_town.USERS[role].user_name, seeded_town.PASSWORD))

    def close(self) -> None:
        """Close the clients."""
        for client in self._clients:
            client.close()


@contextmanager
def serving(app: FastAPI, database_url: str) -> Iterator[Api]:
    """Serve an app on a free port."""
    server = uvicorn.Server(server_config(app, server_settings()))
    thread = threading.Thread(target=server.run, name="api under test")
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    api = Api(f"http://127.0.0.1:{port}", database_url, app)
    try:
        yield api
    finally:
        api.close()
        server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture(scope="module")
def api(database_url: str) -> Iterator[Api]:
    """The API over the seeded town, shared by the tests of a module."""
    with connect(database_url) as connection:
        plan_id = seeded_town.build(connection)
    with serving(create_app(settings(), database_url), database_url) as running:
        running.plan_id = plan_id
        yield running


@pytest.fixture(scope="module")
def sign_in(api: Api) -> Callable[[Role], httpx.Client]:
    """Give clients that are signed in, one a role."""
    clients: dict[Role, httpx.Client] = {}

    def signed_in(role: Role) -> httpx.Client:
        if role not in clients:
            clients[role] = api.as_role(role)
        return clients[role]

    return signed_in


@pytest.fixture
def admin(sign_in: Callable[[Role], httpx.Client]) -> httpx.Client:
    """A client that is signed in as admin."""
    return sign_in(Role.ADMIN)
