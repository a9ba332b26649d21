"""A drawn town of a few streets, and the real routing engine serving it, for tests."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from services.roads.network import RoadNetwork

TOWN_NODES = {
    # a ring of four streets of 600 m
    1: (0, 0), 2: (600, 0), 3: (600, 600), 4: (0, 600),
    # the short cut under the low bridge, from the middle of the west side to the middle of the east side
    5: (0, 300), 6: (600, 300),
    # a private yard's road across the north-west corner, from the west side to the north side
    7: (0, 500), 8: (100, 600),
    # an island without a bridge
    9: (3000, 3000), 10: (3400, 3000),
    # a ferry and a street behind it
    11: (600, 1600), 12: (900, 1600),
}  # fmt: skip
TOWN_WAYS = [
    ([1, 2], {"highway": "secondary", "name": "南环路"}),
    ([2, 6, 3], {"highway": "secondary", "name": "东环路"}),
    # one-way from east to west
    ([3, 8, 4], {"highway": "secondary", "oneway": "yes", "name": "北环路"}),
    ([4, 7, 5, 1], {"highway": "secondary", "name": "西环路"}),
    ([5, 6], {"highway": "residential", "maxheight": "2.6", "name": "铁桥下"}),
    ([7, 8], {"highway": "service", "access": "private"}),
    ([9, 10], {"highway": "residential"}),
    ([3, 11], {"route": "ferry"}),
    ([11, 12], {"highway": "residential"}),
]


@dataclass(frozen=True)
class Served:
    """A running server process, its folder of datasets and a client."""

    roads_dir: Path
    process: subprocess.Popen[bytes]
    network: RoadNetwork
    url: str

    def engine_pids(self) -> list[int]:
        """Return the process ids of the server's children."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]


def wait_until(condition: Callable[[], bool], limit_s: float = 20.0) -> None:
    """Wait until `condition` holds; fail when it does not in time."""
    give_up_at = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < give_up_at, f"still not so after {limit_s} s"
        time.sleep(0.05)


def answers(url: str) -> bool:
    """Tell whether a road server answers at `url`."""
    try:
        return httpx.get(f"{url}/nearest/v1/driving/0,0").is_success
    except httpx.TransportError:
        return False


@contextmanager
def serving(roads_dir: Path, profile: str = "truck") -> Iterator[Served]:
    """Run `python -m services.roads.serve` on a free port."""
    url = f"http://127.0.0.1:{free_port()}"
    environment = os.environ | {
        "RIQING_ROADS_DIR": str(roads_dir), "RIQING_ROADS_TRUCK_URL": url, "RIQING_ROADS_FOOT_URL": url
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-m", "services.roads.serve", profile], env=environment)
    try:
        with RoadNetwork(url) as network:
            yield Served(roads_dir, process, network, url)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
