"""What is read from the broker's packet log, and when the broker is let to write it."""

import os
import signal
from pathlib import Path

import pytest

from services.broker import packet_log
from services.broker.configuration import BrokerPlace, prepare_broker
from services.broker.packet_log import Attention, PacketLog, RefusedPublish

AT = "2026-05-01T08:00:00"
CONNECTED = f"{AT}: New client connected from 127.0.0.1:5 as %s (p5, c1, k60, u'%s').\n"
DENIED = f"{AT}: Denied PUBLISH from %s (d0, q1, r0, m1, '%s', ... (2 bytes))\n"
NOISE = f"{AT}: Received PUBLISH from x (d0, q1, r0, m2, 'riqing/v1/T/vehicle/7/position', ... (2 bytes))\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A broker's folder."""
    place = BrokerPlace(("listener 1883",), "/plugins/security.so", "some where", None)
    prepare_broker(tmp_path, place, "services", "secret")
    return tmp_path


def write(folder: Path, *lines: str) -> None:
    """Let the broker have written more."""
    with (folder / "mosquitto.log").open("a", encoding="utf-8") as file:
        file.write("".join(lines))


CLIENTS = [
    ("x5", "vehicle.7", "riqing/v1/T/vehicle/8/position"),
    ("沪A 12345", "vehicle.沪A 12345", "别处/清城"),
    # ids and topics that look like the log itself
    ("x (p5, c1, k60, u'vehicle.9').", "vehicle.7", "a', ... (9 bytes))"),
    ("it's", "vehicle.it's", "it's"),
]


@pytest.mark.parametrize(("client_id", "username", "topic"), CLIENTS)
def test_a_refused_publish_is_read_with_its_account(folder: Path, client_id: str, username: str, topic: str) -> None:
    """The account is the one that the client connected with, whatever it calls itself."""
    log = PacketLog(folder)
    write(folder, CONNECTED % (client_id, username), NOISE, DENIED % (client_id, topic), NOISE)
    refused, read_bytes = log.read()
    assert refused == [RefusedPublish(client_id, username, topic)]
    assert read_bytes == (folder / "mosquitto.log").stat().st_size
    assert log.read() == ([], 0)


def test_lines_come_in_pieces(folder: Path) -> None:
    """A line that is cut off is read when its end has come; a client that came before we did has no account."""
    log, line = PacketLog(folder), DENIED % ("x", "elsewhere")
    write(folder, NOISE, line[:40])
    assert log.read()[0] == []
    write(folder, line[40:])
    assert log.read()[0] == [RefusedPublish("x", None, "elsewhere")]


def test_the_file_is_emptied_when_it_is_long(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It never fills the disk, and what comes afterwards is read."""
    monkeypatch.setattr(packet_log, "KEPT_BYTES", 1_000)
    log = PacketLog(folder)
    write(folder, *[NOISE] * 20)
    log.read()
    assert (folder / "mosquitto.log").stat().st_size == 0
    write(folder, DENIED % ("x", "elsewhere"))
    assert len(log.read()[0]) == 1


def test_news_are_kept_and_packets_are_not(folder: Path) -> None:
    """Who comes, goes and is turned away is worth a line of the log; packets are not."""
    log = PacketLog(folder)
    gone = f"{AT}: Client wrong [127.0.0.1:5] disconnected: not authorised.\n"
    write(folder, NOISE, CONNECTED % ("x", "vehicle.7"), NOISE, gone, f"{AT}: Warning: the disk is full\n")
    log.read()
    assert log.news == [(CONNECTED % ("x", "vehicle.7")).strip(), gone.strip(), f"{AT}: Warning: the disk is full"]


def test_the_broker_s_configuration_comes_back_as_it_was(folder: Path) -> None:
    """Letting it write and taking that back changes nothing else; the file lies where the broker's others do."""
    before = (folder / "mosquitto.conf").read_text()
    log = PacketLog(folder)
    assert not log.is_written
    log.write(True)
    log.write(True)
    assert log.is_written
    assert "log_type debug\nlog_dest file some where/mosquitto.log\n" in (folder / "mosquitto.conf").read_text()
    log.write(False)
    assert (folder / "mosquitto.conf").read_text() == before


def test_only_a_broker_is_signalled(folder: Path) -> None:
    """A pid file that is left over may name anybody: this very process, which would end."""
    (folder / "mosquitto.pid").write_text(str(os.getpid()))
    heard: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, _frame: heard.append(number))
    try:
        PacketLog(folder).write(True)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert heard == []


def test_attention_is_kept_while_it_is_cheap() -> None:
    """At a county's rate always; beyond it for one look in every pause."""
    cheap = Attention(1_000, 30)
    assert all(cheap.wants_to_look(second, 900) for second in range(100))
    dear = Attention(1_000, 30)
    looks = [second for second in range(120) if dear.wants_to_look(second, 50_000)]
    assert looks == [0, 31, 62, 93]
