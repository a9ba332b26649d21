"""The settings of a stack as environment variables, kept in its `stack.env`."""

import os
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from services.stack.errors import StackError
from services.stack.state import StackFolder, StackState, write_private

DEFAULT_DATA_DIR = Path(".riqing")


def given_settings() -> dict[str, str]:
    """Return what the person set: the environment, and below it `.env` in the working folder."""
    from_file = {name: value for name, value in dotenv_values(".env", interpolate=False).items() if value is not None}
    return from_file | dict(os.environ)


def load_environment(data_dir: Path) -> None:
    """Put a stack's settings into the environment, without overriding what is set there or in `.env`.

    Raises:
        StackError: the folder's settings cannot be read.

    """
    try:
        from_stack = dotenv_values(data_dir / "stack.env", interpolate=False)
    except OSError as error:
        raise StackError(f"{data_dir / 'stack.env'} cannot be read ({error.strerror}).") from error
    settings = {name: value for name, value in from_stack.items() if value is not None} | given_settings()
    os.environ.update(settings)
    os.environ.setdefault("RIQING_DATA_DIR", str(data_dir.absolute()))


def stack_settings(folder: StackFolder, state: StackState, given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that the stack's processes and commands are told."""
    ports = state.ports
    api_url = f"http://127.0.0.1:{ports['api']}"
    return {
        "DATABASE_URL": state.database_url,
        "MQTT_URL": state.mqtt_url,
        "RIQING_BROKER_DIR": str(folder.broker) if state.own_broker else "",
        "RIQING_DATABASE_DIR": str(folder.database) if state.own_database else "",
        "RIQING_DATA_DIR": str(folder.folder),
        "RIQING_DEVICE_CA_FILE": str(folder.certificates / "ca.crt") if state.own_broker else "",
        "RIQING_DEVICE_MQTTS_URL": f"mqtts://127.0.0.1:{ports['mqtts']}" if state.own_broker else "",
        "RIQING_API_PORT": str(ports["api"]),
        "RIQING_API_URL": api_url,
        "RIQING_ROADS_TRUCK_URL": f"http://127.0.0.1:{ports['roads_truck']}",
        "RIQING_ROADS_FOOT_URL": f"http://127.0.0.1:{ports['roads_foot']}",
        "RIQING_ROADS_DIR": str(folder.roads),
        "RIQING_SECRET_KEY": given.get("RIQING_SECRET_KEY") or state.secret_key,
        "RIQING_ADMIN_PASSWORD": given.get("RIQING_ADMIN_PASSWORD") or state.admin_password,
        "RIQING_ENVIRONMENT": given.get("RIQING_ENVIRONMENT") or "development",
    }


def write_environment(folder: StackFolder, settings: Mapping[str, str]) -> None:
    """Write `stack.env`, readable by its owner alone."""
    lines = [f"{name}='{_escaped(value)}'\n" for name, value in settings.items()]
    write_private(folder.environment_file, "".join(lines))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "\\'")
