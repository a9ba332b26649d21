"""The broker's first accounts, and what happens to those that are there when the stack starts again."""

import base64
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from services.broker.accounts import SERVICES_ROLE, hashed_password, initial_accounts, password_matches
from services.broker.address import BrokerAddress
from services.broker.configuration import BrokerPlace, broker_configuration, prepare_broker
from services.broker.errors import BrokerError

PLACE = BrokerPlace(("listener 1883 127.0.0.1",), "/plugins/security.so", "broker", "/plugins/persist.so")


def test_everybody_is_refused_what_no_role_allows() -> None:
    """By default nobody may publish, receive or subscribe."""
    access = initial_accounts("services", "secret")["defaultACLAccess"]
    assert [access[name] for name in ("publishClientSend", "publishClientReceive", "subscribe")] == [False] * 3


def test_passwords_are_kept_as_mosquitto_hashes_them() -> None:
    """PBKDF2 with SHA-512 over 12 bytes of salt, and never the password itself."""
    fields = hashed_password("日清")
    salt = base64.b64decode(fields["salt"])
    assert len(salt) == 12
    expected = hashlib.pbkdf2_hmac("sha512", "日清".encode(), salt, fields["iterations"])
    assert base64.b64decode(fields["password"]) == expected
    assert password_matches("日清", fields)
    assert not password_matches("日", fields)


def test_known_accounts_are_kept() -> None:
    """Devices that were enrolled before keep their accounts and roles; the services' role follows the code."""
    known = initial_accounts("services", "secret")
    known["clients"].append({"username": "vehicle.7", "password": "x", "salt": "x", "iterations": 1, "roles": []})
    known["roles"][0]["acls"] = []
    known["roles"].append({"rolename": "device vehicle.7", "acls": []})
    renewed = initial_accounts("services", "secret", known)
    assert [account["username"] for account in renewed["clients"]] == ["services", "vehicle.7"]
    assert [role["rolename"] for role in renewed["roles"]] == [SERVICES_ROLE, "device vehicle.7"]
    assert renewed["roles"][0]["acls"]
    assert renewed["clients"][0]["password"] == known["clients"][0]["password"]


def test_a_changed_password_of_the_services_takes_hold() -> None:
    """The services' account follows the settings."""
    known = initial_accounts("services", "old")
    assert password_matches("new", initial_accounts("services", "new", known)["clients"][0])


def test_the_configuration_is_complete(tmp_path: Path) -> None:
    """No placeholder is left, and what the architecture demands is in it."""
    text = broker_configuration(PLACE)
    assert "${" not in text
    settings = dict(line.split(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    assert settings["listener"] == "1883 127.0.0.1"
    assert settings["allow_anonymous"] == "false"
    assert settings["allow_zero_length_clientid"] == "false"
    assert settings["plugin_opt_flush_period"] == "0"
    assert settings["max_inflight_messages"] == "10000"
    assert settings["max_queued_messages"] == "3500000"
    assert settings["set_tcp_nodelay"] == "true"
    assert settings["plugin_opt_config_file"] == "broker/dynamic-security.json"
    del tmp_path


def test_preparing_twice_changes_no_account(tmp_path: Path) -> None:
    """A second start finds the accounts as the first one left them, readable by their owner alone."""
    for _ in range(2):
        prepare_broker(tmp_path, PLACE, "services", "secret")
        accounts = tmp_path / "dynamic-security.json"
        assert accounts.stat().st_mode & 0o777 == 0o600
        assert password_matches("secret", json.loads(accounts.read_text())["clients"][0])
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["dynamic-security.json", "mosquitto.conf"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mqtt://user:pass@host:1234", BrokerAddress("host", 1234, "user", "pass", False)),
        ("mqtt://host", BrokerAddress("host", 1883, "", "", False)),
        ("mqtts://u:p@host", BrokerAddress("host", 8883, "u", "p", True)),
        ("mqtt://u%40x:p%2F%3A@[::1]:1", BrokerAddress("::1", 1, "u@x", "p/:", False)),
    ],
)
def test_addresses_are_read(url: str, expected: BrokerAddress) -> None:
    """MQTT_URL in its forms, with characters that a URL must escape."""
    assert BrokerAddress.parse(url) == expected


@pytest.mark.parametrize("url", ["", "host:1883", "http://host", "mqtt://", "mqtt://host:99999", "mqtt://host:x"])
def test_other_addresses_are_refused(url: str) -> None:
    """What is no broker's address is told with the form that is."""
    with pytest.raises(BrokerError, match="mqtt://user:password@host:port"):
        BrokerAddress.parse(url)


def test_an_address_is_shown_without_secrets() -> None:
    """Devices are told where the broker is and nothing of the services' account."""
    assert str(BrokerAddress.parse("mqtts://user:pass@host")) == "mqtts://host:8883"


def test_a_client_id_cannot_be_guessed_without_the_password() -> None:
    """The id is stable for one account and different for another password."""
    first = BrokerAddress.parse("mqtt://u:one@host").secret_client_id("ingest")
    assert first == BrokerAddress.parse("mqtt://u:one@elsewhere").secret_client_id("ingest")
    assert first != BrokerAddress.parse("mqtt://u:two@host").secret_client_id("ingest")
    assert first.startswith("riqing-ingest-")


def test_an_older_broker_keeps_its_queue_in_its_own_file() -> None:
    """Mosquitto 2.0 has no plugin that writes each message down."""
    text = broker_configuration(replace(PLACE, persistence_plugin=None))
    assert "persistence true\nautosave_on_changes true\nautosave_interval 100" in text
    assert "persist.so" not in text


def test_whoever_wants_speed_chooses_it_by_one_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """RIQING_BROKER_PERSISTENCE and RIQING_BROKER_SPOOL_MESSAGES are what the broker is told."""
    monkeypatch.setenv("RIQING_BROKER_PERSISTENCE", "at-intervals")
    monkeypatch.setenv("RIQING_BROKER_SPOOL_MESSAGES", "3000000")
    prepare_broker(tmp_path, PLACE, "services", "secret")
    text = (tmp_path / "mosquitto.conf").read_text()
    assert "\npersistence true\nautosave_interval 60\n" in text
    assert "\nmax_queued_messages 3000000\n" in text
    assert "persist.so" not in text


@pytest.mark.parametrize(("password", "matches"), [("right", True), ("wrong", False)])
def test_an_account_that_the_broker_wrote_itself_is_understood(password: str, matches: bool) -> None:
    """Mosquitto 2.1 turns the three fields of a password into one; a restart must still know its own account."""
    fields = hashed_password("right")
    written = {"encoded_password": f"$7${fields['iterations']}${fields['salt']}${fields['password']}"}
    assert password_matches(password, written) is matches
    assert not password_matches(password, {"encoded_password": "$6$abc"})
