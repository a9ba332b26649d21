"""Writing the broker's configuration and its first accounts, for the local stack and for compose alike."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from string import Template

from services.broker.accounts import initial_accounts
from services.broker.address import BrokerAddress
from services.broker.settings import SPOOL_MESSAGES, BrokerSettings, Persistence, PersistenceSettings

ACCOUNTS_FILE = "dynamic-security.json"
CONFIGURATION_FILE = "mosquitto.conf"

AUTOSAVE_CHANGES = 100
"""Mosquitto 2.0 keeps what is queued in memory and writes all of it at once after so many changes: what it has
acknowledged since is lost when it is killed, and the longer the queue the slower it gets."""

AUTOSAVE_S = 60
"""The interval of `Persistence.AT_INTERVALS`: writing the queue holds the broker up, the longer the queue is."""


@dataclass(frozen=True, slots=True)
class BrokerPlace:
    """Where a broker listens and where it finds what it needs, in its own file system."""

    listeners: tuple[str, ...]
    """Lines of Mosquitto's configuration, such as `listener 1883 127.0.0.1`."""
    plugin: str
    """The dynamic-security plugin's path."""
    data_folder: str
    """Where accounts and queues are kept; relative paths are relative to where the broker is started."""
    persistence_plugin: str | None
    """The path of the plugin that writes each message down; Mosquitto 2.0 has none."""
    committing_plugin: str | None = None
    """The path of the same plugin as services/broker/commit_each.py makes it."""


def broker_configuration(
    place: BrokerPlace,
    persistence: Persistence = Persistence.BEFORE_ACKNOWLEDGING,
    spool_messages: int = SPOOL_MESSAGES,
) -> str:
    """Return the text of `mosquitto.conf` for a broker at this place."""
    template = Template(Path(__file__).with_name("mosquitto.conf").read_text(encoding="utf-8"))
    return template.substitute(
        listeners="\n".join(place.listeners),
        plugin=place.plugin,
        data_folder=place.data_folder,
        persistence=_persistence(place, persistence),
        spool_messages=spool_messages,
        accounts_file=f"{place.data_folder}/{ACCOUNTS_FILE}",
    )


def _persistence(place: BrokerPlace, persistence: Persistence) -> str:
    """Return how the broker keeps what it has acknowledged."""
    if persistence is Persistence.AT_INTERVALS:
        lines = ["persistence true", f"autosave_interval {AUTOSAVE_S}"]
    elif place.persistence_plugin is None:
        lines = ["persistence true", "autosave_on_changes true", f"autosave_interval {AUTOSAVE_CHANGES}"]
    else:
        before = persistence is Persistence.BEFORE_ACKNOWLEDGING and place.committing_plugin is not None
        plugin = place.committing_plugin if before else place.persistence_plugin
        lines = ["persistence false", f"plugin {plugin}", "plugin_opt_flush_period 0"]
    return "\n".join((f"persistence_location {place.data_folder}/", *lines))


def prepare_broker(folder: Path, place: BrokerPlace, service_username: str, service_password: str) -> None:
    """Write configuration and, where there are none yet, the first accounts into `folder`.

    Accounts that exist are kept but for the services' own password, which follows the settings.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    settings = PersistenceSettings()
    text = broker_configuration(place, settings.persistence, settings.spool_messages)
    (folder / CONFIGURATION_FILE).write_text(text, encoding="utf-8")
    accounts_file = folder / ACCOUNTS_FILE
    known = json.loads(accounts_file.read_text(encoding="utf-8")) if accounts_file.exists() else None
    unfinished = accounts_file.with_suffix(".part")
    unfinished.touch(mode=0o600)
    accounts = initial_accounts(service_username, service_password, known)
    unfinished.write_text(json.dumps(accounts, ensure_ascii=False, indent=1), encoding="utf-8")
    unfinished.rename(accounts_file)


def tls_lines(folder: str) -> tuple[str, ...]:
    """Return what makes the listener of the line before one with TLS, with the certificate in `folder`."""
    return (f"certfile {folder}/server.crt", f"keyfile {folder}/server.key", "tls_version tlsv1.2")


CONTAINER_PLUGIN = "/usr/lib/mosquitto_dynamic_security.so"
CONTAINER_PERSISTENCE_PLUGIN = "/usr/lib/mosquitto_persist_sqlite.so"
"""Where the image eclipse-mosquitto has its plugins."""
CONTAINER_COMMITTING_PLUGIN = "/usr/lib/mosquitto_persist_sqlite_each.so"
"""Where the compose file's build of that image puts the changed one."""


def container_place(data_folder: str, certificates: Path) -> BrokerPlace:
    """Return the place of a broker in a container: plain inside the stack's own network, TLS for devices.

    `certificates` holds `server.crt` and `server.key`; without them no device from outside gets in.
    """
    listeners = ["listener 1883"]
    if (certificates / "server.crt").is_file():
        listeners += ["listener 8883", *tls_lines(str(certificates))]
    plugins = (CONTAINER_PLUGIN, data_folder, CONTAINER_PERSISTENCE_PLUGIN, CONTAINER_COMMITTING_PLUGIN)
    return BrokerPlace(tuple(listeners), *plugins)


def main() -> None:
    """Prepare the folder of the compose file's broker; the services' account is the one in MQTT_URL."""
    parser = argparse.ArgumentParser(description="Write the broker's configuration and first accounts.")
    parser.add_argument("folder", type=Path, help="the broker's data folder, as the broker sees it too")
    parser.add_argument("--certificates", type=Path, default=Path("/certificates"))
    arguments = parser.parse_args()
    address = BrokerAddress.parse(BrokerSettings().url)
    place = container_place(str(arguments.folder), arguments.certificates)
    prepare_broker(arguments.folder, place, address.username, address.password)


if __name__ == "__main__":
    main()
