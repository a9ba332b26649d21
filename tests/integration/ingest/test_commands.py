"""`riqing device` and `riqing dead-letters`, as a person types them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from services.broker.credentials import DeviceCredential
from services.cli.main import main
from services.domain.kinds import DeviceKind
from tests.integration.ingest.conftest import Device, ServedTown, now_text, wait_until


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command printed and its exit status."""

    status: int
    stdout: str
    stderr: str


Riqing = Callable[..., Answer]


@pytest.fixture
def riqing(town: ServedTown, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Riqing:
    """Run a command on the town's servers, in this process, since starting one for each takes seconds."""
    for name, value in {"DATABASE_URL": town.database_url, "MQTT_URL": town.mqtt_url, "COLUMNS": "200"}.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> Answer:
        monkeypatch.setattr("sys.argv", ["riqing", *arguments])
        capsys.readouterr()
        status = 0
        try:
            main()
        except SystemExit as leave:
            status = int(leave.code or 0)
        printed = capsys.readouterr()
        return Answer(status, printed.out, printed.err)

    return run


def added(answer: Answer, town: ServedTown) -> Device:
    """Return the device that a `device add --json` has made."""
    assert answer.status == 0, answer.stderr
    fields: dict[str, Any] = json.loads(answer.stdout)
    return Device(DeviceCredential(**fields | {"kind": DeviceKind(fields["kind"])}), town.name)


def test_device_from_enrolment_to_revocation(town: ServedTown, riqing: Riqing) -> None:
    """A new device's credential lets it publish; it is in the list; revoked, it is thrown out and refused."""
    result = riqing("device", "add", "vehicle", "沪A7", "--json")
    assert "the register has no vehicle '沪A7'" in result.stderr
    truck = added(result, town).connect()
    truck.tell("position", {"ts": now_text(), "lat": 1, "lon": 2})
    wait_until(lambda: town.rows("SELECT FROM positions WHERE device_key = %s", town.key(truck)))
    [listed] = [one for one in json.loads(riqing("device", "list", "--json").stdout) if one["device_id"] == "沪A7"]
    assert (listed["asset_id"], listed["revoked_at"]) == ("沪A7", None)
    assert "沪A7" in riqing("device", "list", "vehicle").stdout
    assert riqing("device", "revoke", "vehicle", "沪A7").status == 0
    wait_until(lambda: not truck.is_connected)
    truck.disconnect()
    assert "revoked" in riqing("device", "list").stdout


def test_device_that_speaks_for_another_asset(town: ServedTown, riqing: Riqing) -> None:
    """A terminal that is moved to another truck keeps its id; its old password ends."""
    assert riqing("device", "add", "vehicle", "terminal-1", "--asset", "truck-1").status == 0
    assert riqing("device", "add", "vehicle", "terminal-1", "--asset", "truck-2").status == 0
    assert town.rows("SELECT asset_id FROM devices WHERE device_id = 'terminal-1'") == [("truck-2",)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("device", "add", "vehicle", "a/b"), "no /, +, #"),
        (("device", "add", "bicycle", "7"), "bicycle"),
        (("device", "revoke", "toilet", "nowhere"), "no toilet device 'nowhere'"),
        (("dead-letters", "show", "999999"), "no dead letter 999999"),
        (("dead-letters", "retry"), "Say which"),
        (("dead-letters", "list", "--reason", "mood"), "mood"),
    ],
)
def test_wrong_requests_are_told(riqing: Riqing, arguments: tuple[str, ...], words: str) -> None:
    """A clear sentence on standard error, an exit status, no traceback, nothing on standard output."""
    result = riqing(*arguments)
    assert result.status != 0
    assert words in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_letters_are_listed_shown_and_retried(town: ServedTown, riqing: Riqing) -> None:
    """What was refused is found again with its bytes; put right, it is stored by a retry."""
    toilet = town.device(DeviceKind.TOILET)
    prefix = toilet.credential.topic_prefix
    toilet.tell("usage", b"{\xff", {"ts": now_text(310), "entries": 3})
    wait_until(lambda: len(town.letters(toilet)) == 2)
    listed = json.loads(riqing("dead-letters", "list", "--topic", prefix, "--json").stdout)
    assert [letter["reason"] for letter in listed] == ["future", "not_utf8"]
    assert bytes.fromhex(listed[1]["payload_hex"]) == b"{\xff"
    assert "future" in riqing("dead-letters", "list").stdout
    number = str(listed[0]["dead_letter_id"])
    shown = riqing("dead-letters", "show", number).stdout
    assert "the device's clock" in shown
    assert '"entries": 3' in shown
    with_fault = str(listed[1]["dead_letter_id"])

    def is_stored() -> bool:
        return "1 stored, 1 refused" in riqing("dead-letters", "retry", number, with_fault).stdout

    wait_until(is_stored)  # ten seconds later it is no more than five minutes ahead
    assert town.rows("SELECT entries FROM usages WHERE device_key = %s", town.key(toilet)) == [(3,)]
    assert [reason for reason, _ in town.letters(toilet) if reason != "future"] == ["not_utf8"]
    assert "0 stored" in riqing("dead-letters", "retry", "--all").stdout
