"""Settings of the broker: where it is and with which account the services come to it."""

from pydantic import Field
from pydantic_settings import BaseSettings


class BrokerSettings(BaseSettings):
    """How to reach the broker; `riqing up` provides it; empty where there is none."""

    url: str = Field(default="", validation_alias="MQTT_URL")
    """`mqtt://user:password@host:port`, `mqtts://` for TLS."""
