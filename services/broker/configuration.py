"""Writing the broker's configuration and its first accounts, for the local stack and for compose alike."""

import json
from dataclasses import dataclass
from pathlib import Path
from string import Template

from services.broker.accounts import initial_accounts

ACCOUNTS_FILE = "dynamic-security.json"
CONFIGURATION_FILE = "mosquitto.conf"


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """Where a broker listens and where it finds what it needs, in its own file system."""

    listeners: tuple[str, ...]
    """Lines of Mosquitto's configuration, such as `listener 1883 127.0.0.1`."""
    plugin: str
    """The dynamic-security plugin's path."""
    data_folder: str
    """Where accounts and queues are kept; relative paths are relative to where the broker is started."""


def broker_configuration(place: BrokerPlace) -> str:
    """Return the text of `mosquitto.conf` for a broker at this place."""
    template = Template(Path(__file__).with_name("mosquitto.conf").read_text(encoding="utf-8"))
    return template.substitute(
        listeners="\n".join(place.listeners),
        plugin=place.plugin,
        data_folder=place.data_folder,
        accounts_file=f"{place.data_folder}/{ACCOUNTS_FILE}",
    )


def prepare_broker(folder: Path, place: BrokerPlace, service_username: str, service_password: str) -> None:
    """Write configuration and, where there are none yet, the first accounts into `folder`.

    Accounts that exist are kept but for the services' own password, which follows the settings.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / CONFIGURATION_FILE).write_text(broker_configuration(place), encoding="utf-8")
    accounts_file = folder / ACCOUNTS_FILE
    known = json.loads(accounts_file.read_text(encoding="utf-8")) if accounts_file.exists() else None
    unfinished = accounts_file.with_suffix(".part")
    unfinished.touch(mode=0o600)
    accounts = initial_accounts(service_username, service_password, known)
    unfinished.write_text(json.dumps(accounts, ensure_ascii=False, indent=1), encoding="utf-8")
    unfinished.rename(accounts_file)
