"""The servers of a measurement: a database, the API on one core of its own, and an empty route beside it."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

API_CORE = 0
"""The core that the API has for itself; database and clients have the others."""


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def leave_core() -> None:
    """Keep this process, and what it starts from now on, off the API's core."""
    os.sched_setaffinity(0, os.sched_getaffinity(0) - {API_CORE} or {API_CORE})


@contextmanager
def on_one_core(module: str, port: int, settings: Mapping[str, str], path: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server on the API's core until the block is left; wait until it answers at `path`."""
    process = subprocess.Popen(
        [sys.executable, "-m", module],
        env=os.environ | {"RIQING_API_PORT": str(port), **settings},
        preexec_fn=lambda: os.sched_setaffinity(0, {API_CORE}),
    )
    try:
        while process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{port}{path}").is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        if process.poll() is not None:
            raise SystemExit(f"{module} ended with {process.returncode} before it answered.")
        yield process
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def running_api(database_url: str, more: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run the API as the stack does, over a database and with more settings where given; give its port."""
    port = free_port()
    settings = {
        "DATABASE_URL": database_url,
        "MQTT_URL": "",
        "RIQING_SECRET_KEY": secrets.token_urlsafe(40),
        "RIQING_ROADS_DIR": str(Path("/nonexistent")),
        "RIQING_ENVIRONMENT": "development",
        **(more or {}),
    }
    with on_one_core("services.api", port, settings, "/healthz"):
        yield port


@contextmanager
def empty_route() -> Iterator[int]:
    """Run a FastAPI app with one route that does nothing, served alike, and give its port."""
    port = free_port()
    with on_one_core("bench.api.empty", port, {}, "/"):
        yield port
