"""How full the spool is: what the broker says of itself on its $SYS topics."""

from collections.abc import Mapping
from dataclasses import dataclass

FIGURES = {
    "stored": "$SYS/broker/store/messages/count",
    "stored_bytes": "$SYS/broker/store/messages/bytes",
    "retained": "$SYS/broker/retained messages/count",
    "received": "$SYS/broker/publish/messages/received",
    "dropped": "$SYS/broker/publish/messages/dropped",
    "connected": "$SYS/broker/clients/connected",
}
"""Each figure by our name, and the topic on which Mosquitto publishes it (its manual, mosquitto(8))."""

FILLING_RATIO, EMPTY_AGAIN_RATIO = 0.2, 0.05


@dataclass(frozen=True, slots=True)
class Spool:
    """The broker's figures at one moment."""

    queued: int
    """Messages that wait for the ingest."""
    stored_bytes: int
    received: int
    """Messages that devices and services have published since the broker started."""
    dropped: int
    """Of these, messages it had no room for; each was acknowledged and is lost."""
    connected: int


def spool_of(payloads: Mapping[str, bytes]) -> Spool | None:
    """Return the figures from the last message of each topic; None before all of them have come.

    What is stored counts retained messages, which wait for nobody.
    """
    try:
        found = {name: int(payloads[topic]) for name, topic in FIGURES.items()}
    except (KeyError, ValueError):
        return None
    queued = max(found["stored"] - found["retained"], 0)
    return Spool(queued, found["stored_bytes"], found["received"], found["dropped"], found["connected"])


def is_filling(spool: Spool, limit: int, was_filling: bool) -> bool:
    """Tell whether the spool needs attention; once it does, until it is nearly empty again."""
    return spool.queued > limit * (EMPTY_AGAIN_RATIO if was_filling else FILLING_RATIO)
