"""The MQTT topics of the telemetry contract: `riqing/v1/<town>/<kind>/<device_id>/<message>`."""

from dataclasses import dataclass

from services.domain.errors import InvalidRequestError
from services.domain.kinds import DeviceKind, MessageKind

ROOT = "riqing/v1"

MESSAGES_BY_DEVICE_KIND: dict[DeviceKind, frozenset[MessageKind]] = {
    DeviceKind.VEHICLE: frozenset({MessageKind.POSITION, MessageKind.SERVICE, MessageKind.STATUS}),
    DeviceKind.STATION: frozenset({MessageKind.LEVEL, MessageKind.WEIGHING, MessageKind.STATUS}),
    DeviceKind.TOILET: frozenset({MessageKind.USAGE, MessageKind.STATUS}),
    DeviceKind.CONTAINER: frozenset({MessageKind.LEVEL, MessageKind.STATUS}),
}
"""Which device publishes which message (domain.md, Telemetry contract)."""

_DEVICE_KINDS = {str(kind): kind for kind in DeviceKind}


class TopicError(InvalidRequestError):
    """A topic, or a part of one, that the contract does not know."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A telemetry topic in its parts."""

    town_name: str
    kind: DeviceKind
    device_id: str
    message: MessageKind

    def __str__(self) -> str:
        """Return the topic as it goes over the wire."""
        return f"{device_prefix(self.town_name, self.kind, self.device_id)}/{self.message}"


def device_prefix(town_name: str, kind: DeviceKind, device_id: str) -> str:
    """Return the topic below which a device publishes, without a slash at its end."""
    return f"{ROOT}/{town_name}/{kind}/{device_id}"


def is_topic_level(text: str) -> bool:
    """Tell whether `text` can be one level of a topic, and of an access rule of the broker.

    Mosquitto puts a client's user name or id in place of %u and %c in its rules.
    """
    return (
        bool(text)
        and not any(character in "/+#" or _is_refused_by_mqtt(ord(character)) for character in text)
        and not any(placeholder in text for placeholder in ("%u", "%c"))
    )


def _is_refused_by_mqtt(code: int) -> bool:
    """Tell whether a broker may refuse a character: a control or non-character (MQTT 3.1.1, section 1.5.3)."""
    return code < 32 or 127 <= code < 160 or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


def check_device_id(device_id: str) -> None:
    """Refuse an identifier that cannot be one level of a topic.

    Raises:
        TopicError: it is empty, longer than 128 characters, or contains /, +, #, %u, %c or a control character.

    """
    if len(device_id) > 128 or not is_topic_level(device_id):
        raise TopicError(
            f"The device id {device_id!r} must have 1 to 128 characters and no /, +, #, %u, %c or control "
            "characters, because it is a level of its MQTT topics."
        )


def parse_topic(text: str) -> Topic:
    """Take a topic apart.

    Raises:
        TopicError: it is not of the contract's form, with what was expected instead.

    """
    parts = text.split("/")
    if len(parts) != 6 or parts[0] != "riqing" or parts[1] != "v1":
        raise TopicError(f"Expected {ROOT}/<town>/<kind>/<device_id>/<message>, got {text[:200]!r}.")
    _, _, town_name, kind_text, device_id, message_text = parts
    kind = _DEVICE_KINDS.get(kind_text)
    if kind is None:
        expected = ", ".join(_DEVICE_KINDS)
        raise TopicError(f"Expected one of {expected} as the kind of device, got {kind_text[:50]!r}.")
    if message_text not in MESSAGES_BY_DEVICE_KIND[kind]:
        expected = ", ".join(sorted(MESSAGES_BY_DEVICE_KIND[kind]))
        raise TopicError(f"A {kind} publishes {expected}, not {message_text[:50]!r}.")
    if not town_name or not device_id:
        raise TopicError(f"The town and the device id of {text[:200]!r} must not be empty.")
    return Topic(town_name, kind, device_id, MessageKind(message_text))
