"""The broker's log of packets: the only place where Mosquitto says which publish it refused, and to whom.

It writes `Denied PUBLISH` at its debug level, four lines for every message beside it, which costs it more than
the messages do. So it is let to for as long as that is little: at a county's rate always, beyond it for a moment
every now and then, in which a device that goes on publishing elsewhere is seen. Nothing of this holds the broker
up: it writes to a file of its own, which is emptied here, and takes up its configuration on a signal.
"""

import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from services.broker.configuration import CONFIGURATION_FILE

LOG_FILE = "mosquitto.log"
PID_FILE = "mosquitto.pid"
KEPT_BYTES = 4 * 1024 * 1024
"""The file is emptied when it is longer."""
REMEMBERED_CLIENTS = 50_000

_QUIET = "log_dest stderr"
_CONNECTED = re.compile(rb": New client connected from .* as (.*) \(p\d+, c\d, k\d+, u'(.*)'\)\.$")
_DENIED = re.compile(rb": Denied PUBLISH from (.*) \(d\d, q\d, r\d, m\d+, '(.*)', \.\.\. \(\d+ bytes\)\)$")
_INTERESTING = re.compile(rb"^[^\n]*: (?:New client connected from|Denied PUBLISH from) [^\n]*$", re.MULTILINE)
_NEWS = re.compile(rb"^[^\n]*: (?:New client |Client |Warning|Error|OpenSSL|TLS|Rejected )[^\n]*$", re.MULTILINE)
"""What the broker would say without packets too: who comes and goes, and what is wrong."""


@dataclass(frozen=True, slots=True)
class RefusedPublish:
    """A message that the broker did not take because of where it was published."""

    client_id: str
    username: str | None
    """The account, where the log told when it connected."""
    topic: str


class PacketLog:
    """The log of one broker, in its own folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / LOG_FILE
        self._position = 0
        self._cut_off = b""
        self._usernames: dict[bytes, bytes] = {}
        self.news: list[str] = []
        """What was read last besides packets: who came and went, warnings, errors."""

    @property
    def is_written(self) -> bool:
        """Whether the broker was last told to write it."""
        return _QUIET not in self._configuration().read_text(encoding="utf-8")

    def _configuration(self) -> Path:
        return self._folder / CONFIGURATION_FILE

    def write(self, wanted: bool) -> None:
        """Have the broker write packets to the file, or its usual log to standard error again.

        The broker must have answered somebody since it started: before that the signal would end it.

        Raises:
            OSError: the broker's folder or process is not ours to touch.

        """
        text = self._configuration().read_text(encoding="utf-8")
        place = _pid_file_of(text).with_name(LOG_FILE)
        loud = f"log_type debug\nlog_dest file {place}"
        changed = text.replace(_QUIET, loud) if wanted else text.replace(loud, _QUIET)
        if changed == text:
            return
        unfinished = self._configuration().with_suffix(".part")
        unfinished.write_text(changed, encoding="utf-8")
        unfinished.chmod(0o644)
        unfinished.replace(self._configuration())
        self._signal()

    def _signal(self) -> None:
        try:
            process_id = int((self._folder / PID_FILE).read_text())
            if Path(f"/proc/{process_id}/comm").read_text().strip() == "mosquitto":
                os.kill(process_id, signal.SIGHUP)
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return  # it is not running, and will find its configuration when it starts

    def read(self) -> tuple[list[RefusedPublish], int]:
        """Return what was refused since the last time, and how many bytes were read for that.

        Raises:
            OSError: the file is not ours to read.

        """
        self.news = []
        try:
            size = self._log.stat().st_size
        except FileNotFoundError:
            return [], 0
        if size < self._position:
            self._position, self._cut_off = 0, b""
        with self._log.open("rb") as file:
            file.seek(self._position)
            data = file.read()
        self._position += len(data)
        if self._position > KEPT_BYTES:
            os.truncate(self._log, 0)  # the broker appends, wherever the end is
            self._position = 0
        whole, _, self._cut_off = (self._cut_off + data).rpartition(b"\n")
        refused = [found for line in _INTERESTING.findall(whole) if (found := self._understand(line)) is not None]
        self.news = [line.decode(errors="replace") for line in _NEWS.findall(whole)]
        return refused, len(data)

    def _understand(self, line: bytes) -> RefusedPublish | None:
        if connected := _CONNECTED.search(line):
            if len(self._usernames) >= REMEMBERED_CLIENTS:
                self._usernames.clear()
            self._usernames[connected[1]] = connected[2]
            return None
        denied = _DENIED.search(line)
        if denied is None:
            return None
        username = self._usernames.get(denied[1])
        return RefusedPublish(
            client_id=denied[1].decode(errors="replace"),
            username=None if username is None else username.decode(errors="replace"),
            topic=denied[2].decode(errors="replace"),
        )


def _pid_file_of(configuration: str) -> Path:
    """Return the pid file as the configuration names it, relative where the broker's own paths are."""
    lines = [line for line in configuration.splitlines() if line.startswith("pid_file ")]
    return Path(lines[-1].removeprefix("pid_file "))


class Attention:
    """When to let the broker write: always while it has little to say, else for a moment now and then."""

    def __init__(self, bytes_per_s: float, pause_s: float) -> None:
        """Allow so many bytes of log a second; beyond that look away for `pause_s` seconds at a time."""
        self._bytes_per_s, self._pause_s = bytes_per_s, pause_s
        self._looked_at_s: float | None = None
        self._look_again_s = -float("inf")

    def wants_to_look(self, now_s: float, read_bytes: int) -> bool:
        """Tell whether the broker shall write from now on; `read_bytes` came since the last call."""
        if now_s < self._look_again_s:
            self._looked_at_s = None
            return False
        since_s = 0.0 if self._looked_at_s is None else now_s - self._looked_at_s
        self._looked_at_s = now_s
        if since_s > 0 and read_bytes > self._bytes_per_s * since_s:
            self._look_again_s, self._looked_at_s = now_s + self._pause_s, None
            return False
        return True
