"""`python -m bench.keeping`: what rolling up, dropping, backing up and restoring cost, on a database of its own."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from psycopg import sql
from rich.console import Console
from rich.table import Table

from services.domain.kinds import DeviceKind, MessageKind
from services.domain.town import Town
from services.keeping.backup import Source, make_backup
from services.keeping.restore import RestoreRequest, restore_backup
from services.keeping.rounds import drop_what_is_old, roll_up
from services.stack.lifecycle import Stack, StartRequest
from services.store.connection import Connection, connect
from services.store.devices import NewDevice, enrol_devices
from services.store.migrate import migrate
from services.store.rollups import note_stored_spans
from services.store.settings import KeepingSettings
from services.store.town import create_town, load_town

FIX_INTERVAL_S = 10
AGO = timedelta(days=20)
console = Console(stderr=True, highlight=False)

_FIXES = """
    INSERT INTO positions (observed_at, received_at, seq, lon, lat, odometer_m, device_key, speed_kmh, heading_deg,
        load_kg)
    SELECT %(start)s + n * make_interval(secs => %(interval)s), now(), n, 113 + (n / 30 %% 2) * (n %% 30) * 1e-4,
        28 + device_key * 1e-3, n * 10, device_key, 36 * (n / 30 %% 2), 90, 1000
    FROM devices, generate_series(0, %(count)s - 1) AS n"""


def timed(step: str, work: Callable[[], object]) -> float:
    """Do something and return how many seconds it took."""
    console.print(step)
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def fill(connection: Connection, devices: int, hours: int) -> datetime:
    """Store `hours` of fixes of each device; return when they begin, a service day some weeks ago."""
    create_town(connection, Town("bench"))
    now = datetime.now(UTC)
    enrol_devices(connection, [NewDevice(DeviceKind.VEHICLE, f"V{n}", f"V{n}") for n in range(devices)], now)
    town = load_town(connection)
    start = town.service_day(town.service_date(now - AGO)).start
    count = hours * 3600 // FIX_INTERVAL_S
    connection.execute(_FIXES, {"start": start, "interval": FIX_INTERVAL_S, "count": count})
    return start


def note(connection: Connection, start: datetime, hours: int, devices: int | None = None) -> None:
    """Leave word of the stored fixes, of some devices where asked."""
    rows = connection.execute("SELECT device_key FROM devices ORDER BY 1 LIMIT %s", (devices,)).fetchall()
    end = start + timedelta(hours=hours) - timedelta(seconds=FIX_INTERVAL_S)
    note_stored_spans(connection, MessageKind.POSITION, [(row[0], start, end) for row in rows])


def bytes_a_row(connection: Connection, table: str) -> float:
    """Return what a row takes on disk, indexes included."""
    query = sql.SQL(
        "SELECT coalesce((SELECT hypertable_size({name}::regclass) FROM timescaledb_information.hypertables "
        "WHERE hypertable_name = {name}), pg_total_relation_size({name}::regclass)) / greatest(count(*), 1)::float8 "
        "FROM {table}"
    ).format(name=sql.Literal(table), table=sql.Identifier(table))
    row = connection.execute(query).fetchone()
    return 0.0 if row is None else float(row[0])


def run(devices: int, hours: int, folder: Path) -> dict[str, float]:
    """Measure; `folder` takes the servers, the backup and the restored servers."""
    stack, second = Stack(folder / "stack"), Stack(folder / "second")
    found: dict[str, float] = {"devices": devices, "hours": hours}
    try:
        console.print("Starting a database")
        stack.start(StartRequest(services=()), migrate, lambda _: None)
        state = stack.remembered()
        with connect(state.database_url, autocommit=True) as connection:
            console.print("Storing fixes")
            start = fill(connection, devices, hours)
            found["fixes"] = devices * hours * 3600 // FIX_INTERVAL_S
            note(connection, start, hours)
            connection.execute("VACUUM ANALYZE positions")
            found["roll_up_s"] = timed("Rolling up", lambda: roll_up(connection, _nothing))
            note(connection, start, hours, devices=1)
            found["late_device_s"] = timed("Rolling up one late device", lambda: roll_up(connection, _nothing))
            for table in ("positions", "position_hours", "position_days"):
                found[f"{table}_bytes_a_row"] = bytes_a_row(connection, table)
            source = Source(state.database_url, stack.folder.broker, None, stack.folder.certificates, {})
            found["backup_s"] = timed("Backing up", lambda: make_backup(source, folder / "backup", _tell_nobody))
            found["backup_mb"] = sum(path.stat().st_size for path in (folder / "backup").rglob("*")) / 1e6
            settings, now = KeepingSettings(readings_days=10), datetime.now(UTC)
            found["drop_s"] = timed("Dropping", lambda: drop_what_is_old(connection, settings, now, _nothing))
        request = RestoreRequest(folder / "backup", replace=False)
        found["restore_s"] = timed("Restoring", lambda: restore_backup(second, request, lambda _: None, _tell_nobody))
    finally:
        stack.stop(lambda _: None)
        second.stop(lambda _: None)
    found["fixes_rolled_up_per_s"] = found["fixes"] / found["roll_up_s"]
    return found


def _nothing() -> None:
    """Stand in for a heartbeat."""


def _tell_nobody(step: str, done: int, total: int) -> None:
    del step, done, total


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=1_000)
    parser.add_argument("--hours", type=int, default=6, help="of a fix every ten seconds from each device")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="riqing-keeping-") as folder:
        found = run(arguments.devices, arguments.hours, Path(folder))
    if arguments.json:
        print(json.dumps(found))
        return 0
    table = Table("what", "figure")
    for name, figure in found.items():
        table.add_row(name, f"{figure:,.2f}" if figure % 1 else f"{figure:,.0f}")
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
