"""Settings of the broker: where it is, with which account the services come to it, and how it keeps its queue."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class BrokerSettings(BaseSettings):
    """How to reach the broker; `riqing up` provides it; empty where there is none."""

    url: str = Field(default="", validation_alias="MQTT_URL")
    """`mqtt://user:password@host:port`, `mqtts://` for TLS."""


class EnrolmentSettings(BaseSettings):
    """What enrolled devices are told: how they reach the broker, where that differs from how the services do."""

    device_mqtt_url: str = Field(default="", validation_alias="RIQING_DEVICE_MQTT_URL")
    device_mqtts_url: str = Field(default="", validation_alias="RIQING_DEVICE_MQTTS_URL")
    """The same with TLS, where the broker listens for both."""
    device_ca_file: Path | None = Field(default=None, validation_alias="RIQING_DEVICE_CA_FILE")
    """The certificate of the authority that devices must trust; none where it is one that everybody trusts."""


class Persistence(StrEnum):
    """When the broker writes down what it has acknowledged and not yet passed on."""

    BEFORE_ACKNOWLEDGING = "before-acknowledging"
    """Each message by itself (services/broker/commit_each.py): nothing is lost, whatever dies with the broker."""
    EACH_MESSAGE = "each-message"
    """Each message, those of a few milliseconds together, as they are acknowledged: four times as fast; what was
    acknowledged in the last turn of the broker's loop is lost where the ingest dies with it or has no room."""
    AT_INTERVALS = "at-intervals"
    """Faster; a broker that is killed loses what it holds since the last interval."""


SPOOL_MESSAGES = 3_500_000
"""Ten minutes without a database at 5,000 messages a second, or 19 hours at 50; 2.6 GB where it is ever full."""


class PersistenceSettings(BaseSettings):
    """How our own broker keeps its queue; for compose and the local stack alike."""

    model_config = SettingsConfigDict(env_prefix="RIQING_BROKER_")

    persistence: Persistence = Persistence.BEFORE_ACKNOWLEDGING
    spool_messages: int = Field(default=SPOOL_MESSAGES, gt=0)
    """What is held for the ingest at most; beyond it the broker drops what it has acknowledged."""
