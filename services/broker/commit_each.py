"""Having Mosquitto's persistence plugin write each message down before the broker acknowledges it.

The plugin of Mosquitto 2.1 keeps one transaction open and, with a flush period of 0, commits it once in every
turn of the broker's loop: behind the acknowledgements that were sent in that turn. A broker that is killed in
between has acknowledged what nobody has; and where the ingest dies with it, or has no room, it is lost. Without
the statement that opens the transaction, SQLite commits each statement by itself, before the broker goes on to
acknowledge. The plugin offers no option for that, but the statement is a text in it.
"""

import sys
from pathlib import Path

from services.broker.errors import BrokerError

_OPENING = b"BEGIN;\0"
_NOTHING = b"      \0"


def committing_each(plugin: bytes) -> bytes:
    """Return the plugin's program without the statement that opens a transaction.

    Raises:
        BrokerError: it has not exactly one such statement, so it is not the plugin that this was tried with.

    """
    if plugin.count(_OPENING) != 1:
        raise BrokerError(
            "This version of Mosquitto's persistence plugin is not the one that can be made to commit each message: "
            "set RIQING_BROKER_PERSISTENCE=each-message to use it as it is."
        )
    return plugin.replace(_OPENING, _NOTHING)


def write_committing_each(plugin: Path, folder: Path) -> Path:
    """Write the changed plugin into `folder`, which is made where it is missing; return its path.

    Raises:
        BrokerError: it is not the plugin that this was tried with.

    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    changed = folder / f"{plugin.stem}_each{plugin.suffix}"
    changed.write_bytes(committing_each(plugin.read_bytes()))
    changed.chmod(0o755)
    return changed


if __name__ == "__main__":  # the compose file's build of the broker
    write_committing_each(Path(sys.argv[1]), Path(sys.argv[2]))
