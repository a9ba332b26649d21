"""The alarm about disks on which nothing more will soon be written down.

Mosquitto whose disk is full acknowledges on from its memory and says nothing, and PostgreSQL refuses or dies:
what is to be done has to be done before.
"""

import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from services.domain.kinds import AlarmKind
from services.store.alarm_signs import open_alarms
from services.store.alarms import clear_alarm, raise_alarm
from services.store.connection import Connection

SHORT_RATIO, SHORT_BYTES = 0.1, 5_000_000_000
"""A disk is short of room with a tenth of it free, or 5 GB where a tenth is more than that."""
ENOUGH_AGAIN = 1.5
"""So many times that must be free before the alarm clears."""


def is_short(free_bytes: int, total_bytes: int, was_short: bool) -> bool:
    """Tell whether a disk needs attention; once it does, until half as much again is free."""
    limit_bytes = min(total_bytes * SHORT_RATIO, SHORT_BYTES)
    return free_bytes < limit_bytes * (ENOUGH_AGAIN if was_short else 1)


def judge_disks(connection: Connection, folders: Mapping[str, Path], now: datetime) -> None:
    """Raise and clear the alarm of each disk, at the town's `now`.

    Args:
        connection: where alarms are; in autocommit mode.
        folders: the folder of each server, `broker` or `database`; this is the alarm's subject as well.
        now: the town's instant.

    Raises:
        OSError: a folder cannot be asked about.

    """
    present = {server for _, server, _ in open_alarms(connection, [AlarmKind.DISK_FILLING])}
    for server, folder in folders.items():
        usage = shutil.disk_usage(folder)
        short = is_short(usage.free, usage.total, server in present)
        if short and server not in present:
            detail = {"free_bytes": usage.free, "total_bytes": usage.total}
            raise_alarm(connection, AlarmKind.DISK_FILLING, server, server, now, detail)
        elif server in present and not short:
            clear_alarm(connection, AlarmKind.DISK_FILLING, server, server, now)
