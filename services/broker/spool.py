"""The sessions of the ingest at the broker, which are the spool: their names, what they hear, and that there is one.

One worker alone subscribes to the whole town. Several have a session each and share a subscription, so that each
message goes to one of them. Words on being connected go to the first worker besides: which of two was the last is
known only where they arrive in order, and a shared subscription hands no retained message to who is new.
"""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from paho.mqtt.client import Client, ConnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from services.broker.address import BrokerAddress
from services.broker.errors import BrokerError
from services.broker.session import CONNECTED_WITHIN_S, Session, take_leave
from services.domain.kinds import DeviceKind, MessageKind
from services.domain.topics import ROOT, device_prefix

FIRST_WORKER = 1
SHARE = "riqing-ingest"
"""The name under which the workers share their subscription."""
QUALITY_OF_SERVICE = 1
NOBODY = "nobody"
"""A device that there is not; whether anybody hears its route tells whether anybody hears the town."""


def spool_client_id(address: BrokerAddress, worker: int) -> str:
    """Return the name of a worker's session: the same from run to run, and one that no device can guess."""
    return address.secret_client_id("ingest" if worker == FIRST_WORKER else f"ingest-{worker}")


def everything(town_name: str) -> str:
    """Return the filter of all that is published in a town."""
    return f"{ROOT}/{town_name}/#"


def spool_filters(town_name: str, worker: int, workers: int) -> tuple[list[str], list[str]]:
    """Return what one of so many workers subscribes to, and what it must not be subscribed to any more.

    A worker beyond the number of workers has a session that is to run dry.
    """
    shared = f"$share/{SHARE}/{everything(town_name)}"
    status = f"{ROOT}/{town_name}/+/+/{MessageKind.STATUS}"
    if worker == workers == FIRST_WORKER:
        return [everything(town_name)], [shared, status]
    if worker == FIRST_WORKER:
        return [shared, status], [everything(town_name)]
    return ([shared], []) if worker <= workers else ([], [shared])


def ensure_spool(session: Session, address: BrokerAddress, town_name: str) -> None:
    """Make the first worker's session where nobody hears the town yet.

    Called before a device is let in: what the broker acknowledges while there is no session is kept by nobody.
    A session that there is is left alone, because connecting with its name would take it from the ingest.

    Raises:
        BrokerError: the broker cannot be reached or refuses.

    """
    if not session.is_heard(f"{device_prefix(town_name, DeviceKind.VEHICLE, NOBODY)}/{MessageKind.ROUTE}"):
        _make_session(address, town_name)


def has_spool(address: BrokerAddress, client_id: str) -> bool:
    """Tell whether the broker has a session of this name; to be asked only by who may take it.

    Raises:
        BrokerError: the broker cannot be reached or refuses.

    """
    with _connected(address, client_id, clean_session=False) as (_, is_there):
        pass
    if not is_there:
        forget_spool(address, client_id)  # asking has made one
    return is_there


def forget_spool(address: BrokerAddress, client_id: str) -> None:
    """Have the broker drop a session with all that is in it.

    Raises:
        BrokerError: the broker cannot be reached or refuses.

    """
    with _connected(address, client_id, clean_session=True):
        pass


def _make_session(address: BrokerAddress, town_name: str) -> None:
    granted = threading.Event()

    def on_subscribe(_client: Client, _data: object, _id: int, reasons: list[ReasonCode], _: Properties | None) -> None:
        if not any(reason.is_failure for reason in reasons):
            granted.set()

    with _connected(address, spool_client_id(address, FIRST_WORKER), clean_session=False) as (client, _):
        client.on_subscribe = on_subscribe
        client.subscribe(everything(town_name), QUALITY_OF_SERVICE)
        if not granted.wait(CONNECTED_WITHIN_S):
            raise BrokerError(f"The broker at {address} does not let {address.username} read {everything(town_name)}.")


@contextmanager
def _connected(address: BrokerAddress, client_id: str, *, clean_session: bool) -> Iterator[tuple[Client, bool]]:
    """Connect under a session's name; yields the client and whether the broker had the session."""
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=clean_session,
        protocol=MQTTProtocolVersion.MQTTv311,
        manual_ack=True,  # what comes meanwhile is the ingest's
    )
    client.username_pw_set(address.username, address.password)
    if address.tls:
        client.tls_set()
    outcomes: queue.SimpleQueue[tuple[ReasonCode, bool]] = queue.SimpleQueue()

    def on_connect(_: Client, __: object, flags: ConnectFlags, reason: ReasonCode, ___: Properties | None) -> None:
        outcomes.put((reason, flags.session_present))

    client.on_connect = on_connect
    try:
        client.connect(address.host, address.port, keepalive=30)
        client.loop_start()
        reason, is_there = outcomes.get(timeout=CONNECTED_WITHIN_S)
        if reason.is_failure:
            raise BrokerError(f"The broker at {address} refuses {address.username!r}: {reason}.")
        yield client, is_there
    except OSError as error:
        raise BrokerError(f"The broker at {address} cannot be reached ({error.strerror or error}).") from error
    except queue.Empty:
        raise BrokerError(f"The broker at {address} did not answer within {CONNECTED_WITHIN_S:.0f} s.") from None
    finally:
        take_leave(client)
