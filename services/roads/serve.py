"""Running the routing engine on the newest dataset: `python -m services.roads.serve truck|foot`."""

import argparse
import ctypes
import logging
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from services.domain.errors import RiqingError
from services.heartbeat import beat
from services.roads.datasets import Dataset, Profile, find_current_dataset
from services.roads.engine import Engine, server_arguments
from services.roads.settings import EngineSettings, RoadServersSettings, RoadsSettings

log = logging.getLogger(__name__)

LOOK_INTERVAL_S = 0.5
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
SETTLED_AFTER_S = 10.0
"""A server that has run this long is taken to be well: its next fall is paused for as a first one."""
STOP_LIMIT_S = 5.0

_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Ask the kernel, in the child, to end it when its parent is gone however that ended (Linux only)."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class RoadServer:
    """Keeps `osrm-routed` running on whatever dataset is current; calling `look` often does the work."""

    def __init__(self, profile: Profile, roads_dir: Path, engine: Engine, host: str, port: int) -> None:
        """Prepare to serve `profile` at `host`:`port`; nothing starts before the first `look`."""
        self._profile = profile
        self._roads_dir = roads_dir
        self._engine = engine
        self._host = host
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._serving: Dataset | None = None
        self._started_at = 0.0
        self._falls = 0
        self._not_before = 0.0

    def look(self) -> bool:
        """Start the server, swap its dataset or start it again after a fall, whichever is due.

        Return whether all is well: it runs, or there is nothing to serve yet.
        """
        wanted = find_current_dataset(self._roads_dir, self._profile)
        if self._process is not None and self._process.poll() is not None:
            self._note_fall(self._process.returncode)
        if wanted != self._serving:
            self.stop()
            self._falls, self._not_before = 0, 0.0
        if wanted is not None and self._process is None and time.monotonic() >= self._not_before:
            self._start(wanted)
        return wanted is None or self._process is not None

    def stop(self) -> None:
        """End the server, if one runs, and wait until it is gone."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = self._serving = None

    def _start(self, dataset: Dataset) -> None:
        arguments = server_arguments(dataset, self._host, self._port)
        self._process = subprocess.Popen(
            [self._engine.program("osrm-routed"), *arguments],
            stdin=subprocess.DEVNULL,
            # This process has one thread, so nothing can be amiss between fork and exec.
            preexec_fn=_die_with_parent,
        )
        self._serving = dataset
        self._started_at = time.monotonic()
        log.info("serving %s roads %s on port %d", self._profile, dataset.folder.name, self._port)

    def _note_fall(self, return_code: int) -> None:
        now = time.monotonic()
        self._falls = 1 if now - self._started_at > SETTLED_AFTER_S else self._falls + 1
        pause_s = min(FIRST_PAUSE_S * 2 ** (self._falls - 1), LONGEST_PAUSE_S)
        self._not_before = now + pause_s
        self._process = None
        log.warning("osrm-routed for %s ended with %d; again in %.1f s", self._profile, return_code, pause_s)


def _stop_requested(signal_number: int, frame: FrameType | None) -> None:
    del signal_number, frame
    raise SystemExit(0)


def main() -> int:
    """Serve the profile named on the command line until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(description="Serve the newest road dataset of a profile.")
    parser.add_argument("profile", choices=list(Profile), type=Profile)
    profile: Profile = parser.parse_args().profile
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    addresses = RoadServersSettings()
    server = RoadServer(
        profile,
        RoadsSettings().directory,
        Engine(EngineSettings().directory),
        addresses.listen,
        urlsplit(addresses.url_of(profile)).port or 80,
    )
    signal.signal(signal.SIGTERM, _stop_requested)
    try:
        while True:
            if server.look():
                beat()
            time.sleep(LOOK_INTERVAL_S)
    except KeyboardInterrupt:
        return 0
    except RiqingError as error:
        print(f"riqing: {error}", file=sys.stderr)
        return 1
    finally:
        server.stop()


if __name__ == "__main__":
    sys.exit(main())
