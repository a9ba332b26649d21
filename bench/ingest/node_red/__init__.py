"""Node-RED as a peer: its own MQTT node, and a function node that batches by hand and writes with `pg`."""

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from bench.ingest.servers import TOWN, Servers, console
from services.stack.tools import Tools

_HERE = Path(__file__).parent


class NodeRedMissingError(Exception):
    """It cannot be run here; the text says why."""


def provide() -> Path:
    """Return the folder with Node-RED, fetched with npm at the versions of its lock file when it is not there yet.

    Raises:
        NodeRedMissingError: this machine has no Node.js, or its packages cannot be fetched.

    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NodeRedMissingError("Node-RED is left out: this machine has no Node.js with npm.")
    lock = (_HERE / "package-lock.json").read_bytes()
    folder = Tools.here().folder / f"node-red-{hashlib.sha256(lock).hexdigest()[:12]}"
    if folder.exists():
        return folder
    console.print("Fetching Node-RED, for this measurement only")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(_HERE / name, unfinished)
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--no-update-notifier"]
        done = subprocess.run(command, cwd=unfinished, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it did not say why"])[-1]
            raise NodeRedMissingError(f"Node-RED is left out: its packages cannot be fetched ({last}).")
        Path(unfinished).rename(folder)
        Path(unfinished).mkdir()  # for its end, which removes it
    return folder


def command(servers: Servers, client_id: str, folder: Path) -> list[str]:
    """Return the command that runs the flow; its files are written into `folder`."""
    installed = provide()
    with psycopg.connect(servers.database_url) as connection:
        rows = connection.execute("SELECT device_id, device_key FROM devices").fetchall()
    keys: dict[str, int] = dict(rows)
    orders = {"folder": str(folder), "flow": "flow.json", "database": servers.database_url, "keys": keys}
    (folder / "flow.json").write_text(json.dumps(_flow(servers, client_id)))
    credentials = {"broker": {"user": servers.broker.username, "password": servers.broker.password}}
    (folder / "flow_cred.json").write_text(json.dumps(credentials))
    shutil.copy(_HERE / "settings.js", installed / "settings.js")
    environment = ["env", f"BENCH_SETTINGS={json.dumps(orders)}", f"PATH={os.environ['PATH']}"]
    return [*environment, "node", str(installed / "node_modules/node-red/red.js"), "-s", str(installed / "settings.js")]


def _flow(servers: Servers, client_id: str) -> list[dict[str, object]]:
    """Return broker, subscription and function as Node-RED's editor would save them."""
    broker: dict[str, object] = {
        **{"id": "broker", "type": "mqtt-broker", "broker": servers.broker.host, "port": servers.broker.port},
        **{"clientid": client_id, "autoConnect": True, "usetls": False, "protocolVersion": "4", "keepalive": "60"},
        **{"cleansession": False},
    }
    source: dict[str, object] = {
        **{"id": "in", "type": "mqtt in", "z": "flow", "topic": f"riqing/v1/{TOWN}/vehicle/+/position", "qos": "1"},
        **{"datatype": "json", "broker": "broker", "wires": [["batch"]]},
    }
    batch: dict[str, object] = {
        **{"id": "batch", "type": "function", "z": "flow", "func": (_HERE / "batch.js").read_text(), "outputs": 0},
        **{"wires": []},
    }
    return [{"id": "flow", "type": "tab", "label": "bench"}, broker, source, batch]
