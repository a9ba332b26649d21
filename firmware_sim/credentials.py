"""The simulated devices' broker credentials, kept between runs in a file that only its owner may read."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from firmware_sim.devices.device import DeviceKey
from firmware_sim.town_api import DeviceCredential
from services.domain.kinds import DeviceKind

FILE_NAME = Path("simulator") / "credentials.json"


def load_credentials(path: Path) -> dict[DeviceKey, DeviceCredential]:
    """Return the credentials kept at `path`; none where the file is not there or cannot be used any more."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        found = [
            DeviceCredential(
                DeviceKey(DeviceKind(row["kind"]), row["device_id"]),
                row["username"],
                row["password"],
                row["mqtt_url"],
                row["topic_prefix"],
                row["ca_certificate"],
            )
            for row in rows
        ]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {}
    return {credential.key: credential for credential in found}


def save_credentials(path: Path, credentials: Iterable[DeviceCredential]) -> None:
    """Keep credentials at `path`, readable by nobody else."""
    rows = [
        {
            "kind": credential.key.kind,
            "device_id": credential.key.device_id,
            "username": credential.username,
            "password": credential.password,
            "mqtt_url": credential.mqtt_url,
            "topic_prefix": credential.topic_prefix,
            "ca_certificate": credential.ca_certificate,
        }
        for credential in credentials
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".part")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(rows, file, ensure_ascii=False)
    unfinished.replace(path)
