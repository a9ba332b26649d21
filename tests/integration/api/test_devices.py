"""Devices over HTTP, with the real broker: credentials that work, and are taken away."""

from collections.abc import Iterator

import httpx
import pytest

from services.api.app import create_app
from services.broker.address import BrokerAddress
from services.broker.errors import BrokerError
from services.broker.session import open_session
from services.domain.kinds import Role
from services.store.connection import connect
from tests.integration.api import seeded_town
from tests.integration.api.conftest import Api, serving, settings


@pytest.fixture(scope="module")
def broker_api(database_url: str, mqtt_url: str) -> Iterator[Api]:
    """The API over the seeded town, with the real broker."""
    with connect(database_url) as connection:
        seeded_town.build(connection)
    with serving(create_app(settings(mqtt_url), database_url), database_url) as running:
        yield running


@pytest.fixture(scope="module")
def client(broker_api: Api) -> httpx.Client:
    """A client that is signed in as admin."""
    return broker_api.as_role(Role.ADMIN)


def _may_connect(mqtt_url: str, username: str, password: str) -> bool:
    address = BrokerAddress.parse(mqtt_url)
    try:
        with open_session(BrokerAddress(address.host, address.port, username, password, tls=False)):
            return True
    except BrokerError:
        return False


def test_enrolled_devices_get_their_own_credentials(client: httpx.Client) -> None:
    """In the order asked for, each with a password that the broker takes, and its own topics."""
    asked = [{"kind": "vehicle", "device_id": "box-1", "asset_id": "V1"}, {"kind": "toilet", "device_id": "T4"}]
    answer = client.post("/api/v1/devices", json={"devices": asked})
    assert answer.status_code == 201
    first, second = answer.json()["items"]
    assert (first["username"], first["topic_prefix"]) == ("vehicle.box-1", "riqing/v1/清河县/vehicle/box-1")
    assert second["device_id"] == "T4"
    assert answer.json()["unregistered_assets"] == []
    assert _may_connect(first["mqtt_url"], first["username"], first["password"])
    assert not _may_connect(first["mqtt_url"], first["username"], second["password"])
    listed = {(row["kind"], row["device_id"]): row for row in client.get("/api/v1/devices").json()["items"]}
    assert listed["vehicle", "box-1"]["asset_id"] == "V1"


def test_a_device_again_gets_a_new_password(client: httpx.Client) -> None:
    """The password of before is worth nothing."""
    body = {"devices": [{"kind": "vehicle", "device_id": "V2"}]}
    before, after = (client.post("/api/v1/devices", json=body).json()["items"][0] for _ in range(2))
    assert not _may_connect(before["mqtt_url"], before["username"], before["password"])
    assert _may_connect(after["mqtt_url"], after["username"], after["password"])


def test_a_revoked_device_is_out(client: httpx.Client) -> None:
    """204, and the broker refuses it from then on; an unknown one is 404."""
    body = {"devices": [{"kind": "container", "device_id": "P1"}]}
    device = client.post("/api/v1/devices", json=body).json()["items"][0]
    assert client.delete("/api/v1/devices/container/P1").status_code == 204
    assert not _may_connect(device["mqtt_url"], device["username"], device["password"])
    listed = client.get("/api/v1/devices", params={"kind": "container"}).json()["items"]
    assert listed[0]["revoked_at"] is not None
    assert client.delete("/api/v1/devices/container/P2").status_code == 404


def test_devices_of_nothing_are_told(client: httpx.Client) -> None:
    """What the register does not have (yet) may be enrolled, and is named."""
    body = {"devices": [{"kind": "vehicle", "device_id": "V77"}]}
    assert client.post("/api/v1/devices", json=body).json()["unregistered_assets"] == ["V77"]


@pytest.mark.parametrize(
    "devices",
    [
        [],
        [{"kind": "boat", "device_id": "V1"}],
        [{"kind": "vehicle"}],
        [{"kind": "vehicle", "device_id": "a/b"}],
        [{"kind": "vehicle", "device_id": "a+"}],
        [{"kind": "vehicle", "device_id": "#"}],
        [{"kind": "vehicle", "device_id": "x" * 300}],
        [{"kind": "vehicle", "device_id": "V1"}, {"kind": "vehicle", "device_id": "V1"}],
        [{"kind": "vehicle", "device_id": f"V{number}"} for number in range(2_001)],
    ],
)
def test_devices_that_cannot_be_are_refused(client: httpx.Client, devices: list[dict[str, str]]) -> None:
    """422: an unknown kind, an id that is no level of a topic, one twice, too many at once."""
    assert client.post("/api/v1/devices", json={"devices": devices}).status_code == 422


def test_ready_with_a_broker(broker_api: Api) -> None:
    """Database and broker are ready; without roads that is no fault."""
    answer = broker_api.client().get("/readyz")
    assert answer.status_code == 200
    states = {row["name"]: row["state"] for row in answer.json()["dependencies"]}
    assert states == {"database": "ready", "broker": "ready", "roads": "no_dataset"}


def test_without_a_broker_nothing_is_enrolled(fresh_database: str) -> None:
    """503 with a sentence, and the store has not heard of the device."""
    with connect(fresh_database) as connection:
        seeded_town.build(connection)
    with serving(create_app(settings("mqtt://nobody:x@127.0.0.1:1"), fresh_database), fresh_database) as api:
        admin = api.as_role(Role.ADMIN)
        answer = admin.post("/api/v1/devices", json={"devices": [{"kind": "vehicle", "device_id": "box-9"}]})
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert "box-9" not in admin.get("/api/v1/devices").text
        assert admin.get("/readyz").status_code == 503
