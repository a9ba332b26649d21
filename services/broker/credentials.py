"""Each device's own credential at the broker: made, renewed and withdrawn while the broker runs."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from services.broker.accounts import rules
from services.broker.address import BrokerAddress
from services.broker.control import Command, require_success, send_commands, subscribe_to_responses
from services.broker.session import Session, open_session
from services.domain.kinds import DeviceKind, MessageKind
from services.domain.topics import TopicError, check_device_id, device_prefix

ALREADY_THERE = frozenset({"Client already exists", "Role already exists"})
NOT_THERE = frozenset({"Client not found", "Role not found", "Role does not exist"})


@dataclass(frozen=True, slots=True)
class DeviceCredential:
    """What a device is given, once, to publish its telemetry."""

    username: str
    password: str
    kind: DeviceKind
    device_id: str
    mqtt_url: str
    """The broker's address, without secrets."""
    topic_prefix: str
    """The device publishes below this topic and nowhere else."""


def device_username(kind: DeviceKind, device_id: str) -> str:
    """Return a device's name at the broker; ids are unique within their kind only."""
    return f"{kind}.{device_id}"


def _role_name(kind: DeviceKind, device_id: str) -> str:
    return f"device {device_username(kind, device_id)}"


def _device_rules(kind: DeviceKind, prefix: str) -> list[dict[str, object]]:
    """Return what a device may do: publish below its own topic and, a vehicle, hear its own route."""
    allowed = [("publishClientSend", f"{prefix}/#")]
    if kind is DeviceKind.VEHICLE:
        route = f"{prefix}/{MessageKind.ROUTE}"
        allowed += [("subscribeLiteral", route), ("publishClientReceive", route)]
    return rules(tuple(allowed))


def enrol_devices(mqtt_url: str, town_name: str, devices: Sequence[tuple[DeviceKind, str]]) -> list[DeviceCredential]:
    """Give each device an account with a fresh password and its own topics; one it had before is replaced.

    A device that is connected with its earlier password is disconnected by the broker.

    Args:
        mqtt_url: the broker's address with the services' own account (MQTT_URL).
        town_name: the town's name, the third level of every topic.
        devices: kind and id of each; every one at most once.

    Raises:
        TopicError: an id cannot be a level of a topic.
        BrokerError: the broker cannot be reached or refused; devices before the refused one may be enrolled.

    """
    if not devices:
        return []
    address = BrokerAddress.parse(mqtt_url)
    credentials = [_new_credential(address, town_name, DeviceKind(kind), device_id) for kind, device_id in devices]
    with open_session(address) as session:
        subscribe_to_responses(session)
        _create_or_change(session, [_role_command(credential) for credential in credentials], "modifyRole")
        _create_or_change(session, [_account_command(credential) for credential in credentials], "setClientPassword")
    return credentials


def _new_credential(address: BrokerAddress, town_name: str, kind: DeviceKind, device_id: str) -> DeviceCredential:
    check_device_id(device_id)
    _check_town_name(town_name)
    return DeviceCredential(
        username=device_username(kind, device_id),
        password=secrets.token_urlsafe(18),
        kind=kind,
        device_id=device_id,
        mqtt_url=str(address),
        topic_prefix=device_prefix(town_name, kind, device_id),
    )


def _check_town_name(town_name: str) -> None:
    """Refuse a name that is no level of a topic; with a wildcard in it a device's rule would cover others' topics."""
    if not town_name or any(character in "/+#" or ord(character) < 32 for character in town_name):
        raise TopicError(
            f"The town's name {town_name!r} must have no /, +, # or control characters: it is in its topics."
        )


def _role_command(credential: DeviceCredential) -> Command:
    return {
        "command": "createRole",
        "rolename": _role_name(credential.kind, credential.device_id),
        "acls": _device_rules(credential.kind, credential.topic_prefix),
    }


def _account_command(credential: DeviceCredential) -> Command:
    return {
        "command": "createClient",
        "username": credential.username,
        "password": credential.password,
        "roles": [{"rolename": _role_name(credential.kind, credential.device_id)}],
    }


def _create_or_change(session: Session, creations: Sequence[Command], change: str) -> None:
    """Carry out the creations, and for those that were there already the change with the same fields."""
    outcomes = send_commands(session, creations)
    there = [command for command, error in zip(creations, outcomes, strict=True) if error in ALREADY_THERE]
    require_success(creations, [None if error in ALREADY_THERE else error for error in outcomes])
    changes = [{**command, "command": change} for command in there]
    require_success(changes, send_commands(session, changes))


def revoke_device(mqtt_url: str, kind: DeviceKind, device_id: str) -> bool:
    """Take a device's credential away and disconnect it; return whether it had one.

    Raises:
        BrokerError: the broker cannot be reached or refused.

    """
    kind = DeviceKind(kind)
    commands: list[Command] = [
        {"command": "deleteClient", "username": device_username(kind, device_id)},
        {"command": "deleteRole", "rolename": _role_name(kind, device_id)},
    ]
    with open_session(BrokerAddress.parse(mqtt_url)) as session:
        subscribe_to_responses(session)
        outcomes = send_commands(session, commands)
    require_success(commands, [None if error in NOT_THERE else error for error in outcomes])
    return outcomes[0] is None
