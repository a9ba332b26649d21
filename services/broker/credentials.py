"""Each device's own credential at the broker: made, renewed and withdrawn while the broker runs."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.broker.accounts import rules
from services.broker.address import BrokerAddress
from services.broker.control import Command, require_success, send_commands, subscribe_to_responses
from services.broker.errors import BrokerError
from services.broker.session import Session, open_session
from services.broker.settings import EnrolmentSettings
from services.broker.spool import ensure_spool
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
    mqtts_url: str | None = None
    """The same broker with TLS, where it has a listener for both."""
    ca_certificate: str | None = None
    """PEM of the authority that signed the broker's certificate, where not everybody trusts it."""


def as_told(credential: DeviceCredential, enrolment: EnrolmentSettings) -> DeviceCredential:
    """Return a credential with the addresses at which devices reach the broker, and whom they must trust there.

    Raises:
        BrokerError: the authority's certificate is there and cannot be read.

    """
    file = enrolment.device_ca_file
    try:
        certificate = file.read_text(encoding="ascii") if file is not None and file.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        raise BrokerError(f"{file}, which devices must trust (RIQING_DEVICE_CA_FILE), cannot be read.") from error
    return replace(
        credential,
        mqtt_url=enrolment.device_mqtt_url or credential.mqtt_url,
        mqtts_url=enrolment.device_mqtts_url or None,
        ca_certificate=certificate,
    )


def device_username(kind: DeviceKind, device_id: str) -> str:
    """Return a device's name at the broker; ids are unique within their kind only."""
    return f"{kind}.{device_id}"


def device_of(username: str) -> tuple[DeviceKind, str] | None:
    """Return whose account a name at the broker is; None where it is no device's."""
    kind, dot, device_id = username.partition(".")
    return (DeviceKind(kind), device_id) if dot and kind in set(DeviceKind) else None


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
        ensure_spool(session, address, town_name)
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


def suspend_device(mqtt_url: str, kind: DeviceKind, device_id: str) -> bool:
    """Disconnect a device and keep it out until `resume_device`; return whether it has an account.

    Raises:
        BrokerError: the broker cannot be reached or refused.

    """
    return _command_account(mqtt_url, "disableClient", kind, device_id)


def resume_device(mqtt_url: str, kind: DeviceKind, device_id: str) -> bool:
    """Let a device in again; return whether it has an account.

    Raises:
        BrokerError: the broker cannot be reached or refused.

    """
    return _command_account(mqtt_url, "enableClient", kind, device_id)


def _command_account(mqtt_url: str, name: str, kind: DeviceKind, device_id: str) -> bool:
    command: Command = {"command": name, "username": device_username(DeviceKind(kind), device_id)}
    with open_session(BrokerAddress.parse(mqtt_url)) as session:
        subscribe_to_responses(session)
        outcomes = send_commands(session, [command])
    require_success([command], [None if error in NOT_THERE else error for error in outcomes])
    return outcomes[0] is None


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
