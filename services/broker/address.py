"""The broker's address as MQTT_URL writes it: `mqtt://user:password@host:port`, `mqtts://` for TLS."""

import hashlib
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from services.broker.errors import BrokerError

DEFAULT_PORTS = {"mqtt": 1883, "mqtts": 8883}


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who we are there."""

    host: str
    port: int
    username: str
    password: str
    tls: bool

    @classmethod
    def parse(cls, url: str) -> "BrokerAddress":
        """Take an address apart.

        Raises:
            BrokerError: it is not of the form `mqtt://user:password@host:port`.

        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if parts.scheme not in DEFAULT_PORTS or not parts.hostname:
            raise BrokerError("MQTT_URL must be mqtt://user:password@host:port, or mqtts:// for TLS.")
        return cls(
            host=parts.hostname,
            port=port or DEFAULT_PORTS[parts.scheme],
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=parts.scheme == "mqtts",
        )

    def secret_client_id(self, name: str) -> str:
        """Return a client id that stays the same from run to run but that no device can guess.

        Whoever connects with the client id of another takes over its session and its queue, whatever
        account it has: a service that keeps a session must not be found by its id.
        """
        digest = hashlib.sha256(f"{self.username}:{self.password}".encode()).hexdigest()
        return f"riqing-{name}-{digest[:20]}"

    def __str__(self) -> str:
        """Return the address without its secrets, as devices are told it."""
        return f"{'mqtts' if self.tls else 'mqtt'}://{self.host}:{self.port}"
