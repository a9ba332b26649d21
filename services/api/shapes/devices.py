"""Devices and their credentials."""

from datetime import datetime

from pydantic import Field

from services.api.shapes.values import Answer, Asked, Code
from services.domain.kinds import DeviceKind

MOST_AT_ONCE = 2_000


class DeviceAsked(Asked):
    """A device to enrol."""

    kind: DeviceKind
    device_id: Code = Field(examples=["V01"], description="A level of its MQTT topics: no /, + or #.")
    asset_id: Code | None = Field(
        default=None,
        examples=["V01"],
        description="The vehicle, facility or point it speaks for; the same as `device_id` unless given.",
    )


class DevicesAsked(Asked):
    """Devices to enrol, all or none."""

    devices: list[DeviceAsked] = Field(min_length=1, max_length=MOST_AT_ONCE)


class CredentialAnswer(Answer):
    """A device's own account at the broker; its password is shown this once."""

    kind: DeviceKind
    device_id: str
    username: str = Field(examples=["vehicle.V01"])
    password: str
    mqtt_url: str = Field(examples=["mqtt://127.0.0.1:1883"])
    mqtts_url: str | None = Field(
        examples=["mqtts://127.0.0.1:8883"], description="The same broker with TLS, where it has both; prefer it."
    )
    ca_certificate: str | None = Field(
        description="PEM of the authority that signed the broker's certificate, where not everybody trusts it."
    )
    topic_prefix: str = Field(examples=["riqing/v1/清河县/vehicle/V01"])


class CredentialsAnswer(Answer):
    """The accounts of the devices, in the order asked for."""

    items: list[CredentialAnswer]
    unregistered_assets: list[str] = Field(
        description="What some of the devices speak for that the register does not have (yet)."
    )


class DeviceAnswer(Answer):
    """An enrolled device and what was last heard of it."""

    kind: DeviceKind
    device_id: str
    asset_id: str
    enrolled_at: datetime
    revoked_at: datetime | None
    online: bool | None
    status_changed_at: datetime | None
    firmware: str | None
    last_observed_at: datetime | None
