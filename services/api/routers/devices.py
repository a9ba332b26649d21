"""Devices: enrolling them at the broker, and what was last heard of them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response, status
from pydantic import TypeAdapter

from services.api.errors import wrong_field
from services.api.identity import SignedIn
from services.api.paging import Page, PageOf
from services.api.parts import AppParts, Parts
from services.api.shapes.devices import CredentialAnswer, CredentialsAnswer, DeviceAnswer, DevicesAsked
from services.api.shapes.values import Code
from services.api.today import load_today
from services.broker.credentials import DeviceCredential, as_told
from services.broker.credentials import enrol_devices as enrol_at_broker
from services.broker.credentials import revoke_device as revoke_at_broker
from services.broker.errors import BrokerError
from services.domain.kinds import DeviceKind
from services.store.audit import record_action
from services.store.devices import Device, NewDevice, enrol_devices, list_devices, missing_assets, revoke_device

router = APIRouter(prefix="/api/v1/devices", tags=["devices"])

BY_KIND_AND_ID: TypeAdapter[tuple[str, str]] = TypeAdapter(tuple[Code, Code])


@router.get("")
def read_devices(
    parts: AppParts, wanted: PageOf, kind: Annotated[DeviceKind | None, Query()] = None
) -> Page[DeviceAnswer]:
    """Return the enrolled devices by kind and id, those revoked among them."""
    with parts.database.connection() as connection:
        devices = list_devices(connection, kind)

    def after_key(after: tuple[str, str] | None, limit: int) -> list[Device]:
        return [one for one in devices if after is None or (one.kind, one.device_id) > after][:limit]

    rows = wanted.fetch(BY_KIND_AND_ID, after_key)
    return wanted.page(rows, DeviceAnswer.model_validate, key=lambda row: (row.kind, row.device_id))


@router.post("", status_code=status.HTTP_201_CREATED)
def create_devices(asked: DevicesAsked, user: SignedIn, parts: AppParts) -> CredentialsAnswer:
    """Give devices their own accounts at the broker; the passwords are shown this once.

    A device that is there already gets a new password.
    """
    new = [NewDevice(one.kind, one.device_id, one.asset_id or one.device_id) for one in asked.devices]
    _check_different(new)
    mqtt_url = _mqtt_url(parts)
    with parts.database.connection() as connection:
        today = load_today(connection)
        enrol_devices(connection, new, today.now)
        detail = {"devices": len(new), "first": f"{new[0].kind}/{new[0].device_id}"}
        record_action(connection, today.now, user.user_name, "enrol", "devices", detail)
        missing = missing_assets(connection, new)
        # Last, so that the store forgets the devices where the broker refuses them.
        credentials = enrol_at_broker(mqtt_url, today.town.name, [(one.kind, one.device_id) for one in new])
    return CredentialsAnswer(
        items=[_credential(parts, credential) for credential in credentials],
        unregistered_assets=[one.asset_id for one in missing],
    )


@router.delete("/{kind}/{device_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_device(
    kind: DeviceKind,
    device_id: Annotated[Code, Path(examples=["V01"])],
    user: SignedIn,
    parts: AppParts,
) -> Response:
    """Take a device's account away; what it has published stays."""
    mqtt_url = _mqtt_url(parts)
    with parts.database.connection() as connection:
        now = load_today(connection).now
        revoke_device(connection, kind, device_id, now)
        record_action(connection, now, user.user_name, "revoke", f"device {kind}/{device_id}")
        revoke_at_broker(mqtt_url, kind, device_id)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _check_different(devices: list[NewDevice]) -> None:
    seen: set[tuple[str, str]] = set()
    for device in devices:
        name = (device.kind, device.device_id)
        if name in seen:
            message = f"The {device.kind} {device.device_id!r} is named twice."
            raise wrong_field("body", "devices", message)
        seen.add(name)


def _mqtt_url(parts: Parts) -> str:
    if not parts.settings.broker.url:
        raise BrokerError("No broker is set (MQTT_URL), so no device can be enrolled.")
    return parts.settings.broker.url


def _credential(parts: Parts, credential: DeviceCredential) -> CredentialAnswer:
    return CredentialAnswer.model_validate(as_told(credential, parts.settings.enrolment))
