"""`riqing device`: give devices their credentials, list them, take the right to publish away."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.broker import credentials
from services.broker.credentials import DeviceCredential
from services.broker.settings import BrokerSettings, EnrolmentSettings
from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.domain.kinds import DeviceKind
from services.store import devices as store
from services.store.connection import Connection, connect
from services.store.devices import Device, NewDevice
from services.store.town import load_clock, load_town

Kind = Annotated[DeviceKind, typer.Argument(help="What the device is part of.")]
DeviceId = Annotated[str, typer.Argument(metavar="ID", help="The device's own id, a level of its topics.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    device = typer.Typer(help="Devices: who may publish telemetry.", no_args_is_help=True)
    device.command("add")(device_add)
    device.command("list")(device_list)
    device.command("revoke")(device_revoke)
    app.add_typer(device, name="device")


def enrol(connection: Connection, mqtt_url: str, devices: Sequence[NewDevice]) -> list[DeviceCredential]:
    """Enrol devices in the register and at the broker, both or neither; `connection` is in a transaction.

    Raises:
        NotFoundError: there is no town.
        BrokerError: the broker cannot be reached or refused; the caller's transaction must not commit.

    """
    town = load_town(connection)
    store.enrol_devices(connection, devices, load_clock(connection).now())
    names = [(device.kind, device.device_id) for device in devices]
    return credentials.enrol_devices(mqtt_url, town.name, names)


def device_add(
    kind: Kind,
    device_id: DeviceId,
    asset: Annotated[str, typer.Option(help="The vehicle, facility or point it speaks for.", show_default="ID")] = "",
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Enrol a device; its password is shown once. A device that is enrolled already gets a new password."""
    del data_dir  # its settings are in the environment by now
    device = NewDevice(kind, device_id, asset or device_id)
    with connect() as connection:
        credential = enrol(connection, BrokerSettings().url, [device])[0]
        unregistered = store.missing_assets(connection, [device])
    for missing in unregistered:
        print(
            f"riqing: the register has no {kind} {missing.asset_id!r} yet; import it, or name another with --asset.",
            file=sys.stderr,
        )
    fields = asdict(credentials.as_told(credential, EnrolmentSettings()))
    if as_json:
        print(json.dumps(fields, ensure_ascii=False))
    else:
        print(*(f"{name:<15}{value}" for name, value in fields.items() if value is not None), sep="\n")


def device_list(
    kind: Annotated[DeviceKind | None, typer.Argument(help="Only devices of this kind.")] = None,
    as_json: AsJson = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """List the devices with when they were last heard of."""
    del data_dir  # its settings are in the environment by now
    with connect() as connection:
        found = store.list_devices(connection, kind)
    if as_json:
        print(json.dumps([asdict(device) for device in found], ensure_ascii=False, default=str))
    else:
        _print_table(found)


def _print_table(found: list[Device]) -> None:
    table = Table("kind", "device", "speaks for", "state", "last heard of", "firmware")
    for device in found:
        state = {None: "never connected", True: "online", False: "offline"}[device.online]
        table.add_row(
            device.kind,
            device.device_id,
            device.asset_id,
            "revoked" if device.revoked_at else state,
            f"{device.last_observed_at:%Y-%m-%d %H:%M:%S}Z" if device.last_observed_at else "",
            device.firmware or "",
        )
    Console().print(table)


def device_revoke(kind: Kind, device_id: DeviceId, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Take a device's right to publish at once; what it has published stays."""
    del data_dir  # its settings are in the environment by now
    with connect() as connection:
        store.revoke_device(connection, kind, device_id, load_clock(connection).now())
        credentials.revoke_device(BrokerSettings().url, kind, device_id)
    print(f"The {kind} device {device_id} is revoked.")
