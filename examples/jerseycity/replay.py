"""Publishes Jersey City's fixes over MQTT as the trucks' devices would, then asks for every track and counts.

`python replay.py SOURCE [--speed 1800] [--reset-clock]`, on the running stack that RIQING_DATA_DIR names. It knows the
system as devices and people do: by MQTT and HTTP.
"""

import argparse
import csv
import json
import math
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import httpx
from dotenv import dotenv_values
from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion
from rich.progress import track as with_bar

TIME_ZONE = ZoneInfo("America/New_York")
LONGEST_WAIT_S = 120.0


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a truck was; `seq` is its number among the truck's fixes, because two may be of one instant."""

    vehicle_id: str
    at: datetime
    lon: float
    lat: float
    seq: int


def read_fixes(source: Path) -> list[Fix]:
    """Return the fixes in order of time."""
    counts: dict[str, int] = {}
    fixes = []
    with source.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            vehicle_id = row["vehicle"]
            counts[vehicle_id] = counts.get(vehicle_id, 0) + 1
            at = datetime.fromisoformat(row["ts_local"]).replace(tzinfo=TIME_ZONE).astimezone(UTC)
            fixes.append(Fix(vehicle_id, at, float(row["lon"]), float(row["lat"]), counts[vehicle_id]))
    return sorted(fixes, key=lambda fix: fix.at)


@contextmanager
def town_api(api_url: str, password: str) -> Iterator[httpx.Client]:
    """Sign in as the admin."""
    with httpx.Client(base_url=f"{api_url}/api/v1", timeout=60) as client:
        answer = client.post("/auth/token", data={"username": "admin", "password": password}).raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


def enrol(api: httpx.Client, vehicle_ids: list[str]) -> dict[str, dict[str, str]]:
    """Give each truck's device a credential of its own."""
    devices = [{"kind": "vehicle", "device_id": vehicle_id} for vehicle_id in vehicle_ids]
    answer = api.post("/devices", json={"devices": devices}).raise_for_status()
    return {item["device_id"]: item for item in answer.json()["items"]}


@contextmanager
def connected(credentials: dict[str, dict[str, str]]) -> Iterator[dict[str, Client]]:
    """Connect each device to the broker, and disconnect them in the end."""
    clients = {}
    for vehicle_id, credential in credentials.items():
        address = urlsplit(credential["mqtt_url"])
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"replay-{vehicle_id}")
        client.username_pw_set(credential["username"], credential["password"])
        client.connect(address.hostname or "127.0.0.1", address.port or 1883)
        client.loop_start()
        clients[vehicle_id] = client
    try:
        yield clients
    finally:
        for client in clients.values():
            client.disconnect()
            client.loop_stop()


def publish(api: httpx.Client, fixes: list[Fix], credentials: dict[str, dict[str, str]], speed: float) -> int:
    """Publish each fix when the town's clock has come to it; return how many the broker acknowledged.

    A speed of 0 sets the clock to the end and publishes all at once, as devices do that were offline.
    """
    start, evening = fixes[0].at, {"now": (fixes[-1].at + timedelta(minutes=5)).isoformat(), "speed": 1}
    clock = {"now": start.isoformat(), "speed": speed} if speed else evening
    api.put("/clock", json=clock).raise_for_status()
    began_s = time.monotonic()
    sent: list[MQTTMessageInfo] = []
    with connected(credentials) as clients:
        for fix in with_bar(fixes, description="Driving the day", disable=not sys.stderr.isatty()):
            if speed:
                due_s = began_s + (fix.at - start).total_seconds() / speed
                time.sleep(max(0.0, due_s - time.monotonic()))
            body = {"ts": fix.at.isoformat(), "lon": fix.lon, "lat": fix.lat, "seq": fix.seq}
            topic = f"{credentials[fix.vehicle_id]['topic_prefix']}/position"
            sent.append(clients[fix.vehicle_id].publish(topic, json.dumps(body), qos=1))
        for message in sent:
            message.wait_for_publish(LONGEST_WAIT_S)
    # The evening of the day, in real time, for whoever looks at the page.
    api.put("/clock", json=evening).raise_for_status()
    return sum(message.is_published() for message in sent)


def tracks(api: httpx.Client, fixes: list[Fix]) -> dict[str, dict[str, Any]]:
    """Return each truck's track once all that was published is stored, or nothing has come for a while."""
    span = {"start": fixes[0].at.isoformat(), "end": (fixes[-1].at + timedelta(seconds=1)).isoformat()}
    deadline, known = time.monotonic() + LONGEST_WAIT_S, -1
    while True:
        found = {
            vehicle_id: api.get(f"/vehicles/{vehicle_id}/track", params=span).raise_for_status().json()
            for vehicle_id in sorted({fix.vehicle_id for fix in fixes})
        }
        stored = sum(one["fixes"] for one in found.values())
        if stored >= len(fixes) or (stored == known and time.monotonic() > deadline):
            return found
        known = stored
        time.sleep(1)


def metres(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Return how far two fixes are apart."""
    east = (other["lon"] - one["lon"]) * math.cos(math.radians(one["lat"]))
    return math.hypot(east, other["lat"] - one["lat"]) * 111_320


def summary(fixes: list[Fix], acknowledged: int, found: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Return what is printed: counts, and the longest line that is drawn between two fixes."""
    lines = [[fix for fix in segment if not fix["outlier"]] for one in found.values() for segment in one["segments"]]
    legs = [
        (metres(a, b), datetime.fromisoformat(b["observed_at"]) - datetime.fromisoformat(a["observed_at"]))
        for line in lines
        for a, b in pairwise(line)
    ]
    return {
        "readings in": len(fixes),
        "acknowledged": acknowledged,
        "stored": sum(one["fixes"] for one in found.values()),
        "trucks": len(found),
        "marked as outliers": sum(one["outliers"] for one in found.values()),
        "gaps": sum(len(one["segments"]) - 1 for one in found.values()),
        "lines drawn": sum(len(line) > 1 for line in lines),
        "longest leg m": round(max(leg_m for leg_m, _ in legs)),
        "longest leg s": round(max(leg.total_seconds() for _, leg in legs)),
    }


def main() -> None:
    """Replay the day on the stack that the environment names."""
    parser = argparse.ArgumentParser(description="Replay Jersey City's trucks on a running stack.")
    parser.add_argument("source", type=Path, help="truck_gps_2015-12.csv")
    parser.add_argument(
        "--speed", type=float, default=1800.0, help="how many seconds of the day pass in a real one; 0: all at once"
    )
    parser.add_argument("--reset-clock", action="store_true", help="give the town its real time back at the end")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    settings = {**dotenv_values(Path(os.environ.get("RIQING_DATA_DIR", ".riqing")) / "stack.env"), **os.environ}
    if not (api_url := settings.get("RIQING_API_URL")) or not (password := settings.get("RIQING_ADMIN_PASSWORD")):
        sys.exit("No stack is known here: start one with `riqing up`, and name its folder in RIQING_DATA_DIR.")
    fixes = read_fixes(arguments.source)
    with town_api(api_url, password) as api:
        credentials = enrol(api, sorted({fix.vehicle_id for fix in fixes}))
        acknowledged = publish(api, fixes, credentials, arguments.speed)
        counts = summary(fixes, acknowledged, tracks(api, fixes))
        if arguments.reset_clock:
            api.delete("/clock").raise_for_status()
    if arguments.json:
        print(json.dumps(counts))
    else:
        print("\n".join(f"{name:<20} {count:>5}" for name, count in counts.items()))


if __name__ == "__main__":
    main()
