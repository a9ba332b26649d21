"""Settings of the ingest: what it takes, and how it batches."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.broker.settings import SPOOL_MESSAGES
from services.store.settings import KeepingSettings


class AdmissionSettings(BaseSettings):
    """What is taken; each is a variable RIQING_INGEST_…."""

    model_config = SettingsConfigDict(env_prefix="RIQING_INGEST_")

    payload_bytes: int = Field(default=4 * 1024 * 1024, gt=0)
    """The largest message body that is taken."""
    retention_days: float = Field(default=400, gt=0)
    """Older readings are refused: each day of them would open a chunk of its own."""
    keeping: KeepingSettings = Field(default_factory=KeepingSettings)

    @property
    def retention(self) -> timedelta:
        """How old a reading may be: never so old that the readings around it are gone."""
        return min(timedelta(days=self.retention_days), self.keeping.admits)


class IngestSettings(AdmissionSettings):
    """How the ingest works; each is a variable RIQING_INGEST_…."""

    client_id: str = Field(default="", max_length=200)
    """Names the session at the broker, which is the spool: another id is another, empty session. Unless it is set,
    one that no device can guess: whoever connects with it takes the spool over, whatever account it has. With another
    id let the ingest run before the first device is enrolled: enrolling makes the usual session where none hears."""
    workers: int = Field(default=1, gt=0, le=64)
    """How many ingests share the work, here and on other machines; each has its own session. More of them stand by."""
    batch_messages: int = Field(default=5_000, gt=0)
    batch_bytes: int = Field(default=4 * 1024 * 1024, gt=0)
    linger_ms: float = Field(default=50, ge=0)
    """How long the first message of a batch waits for company."""
    held_messages: int = Field(default=20_000, gt=0)
    """Messages held here at most; beyond that we stop reading and the broker's session holds them."""
    held_bytes: int = Field(default=64 * 1024 * 1024, gt=0)
    metrics_port: int = Field(default=0, ge=0, le=65_535)
    """Port that answers with Prometheus text; 0 for none."""
    metrics_address: str = "127.0.0.1"

    @property
    def linger_s(self) -> float:
        """The linger in seconds."""
        return self.linger_ms / 1000


class ConductSettings(BaseSettings):
    """What a device may send before it is kept out for a moment; each is a variable RIQING_INGEST_…."""

    model_config = SettingsConfigDict(env_prefix="RIQING_INGEST_")

    device_messages_per_s: float = Field(default=1_000, gt=0)
    """For as long as it likes."""
    device_burst_messages: int = Field(default=1_000_000, gt=0)
    """So many more at once: what it held back while it was offline."""


class WatchSettings(BaseSettings):
    """How the broker is watched; each is a variable RIQING_WATCH_… but for the broker's folder."""

    model_config = SettingsConfigDict(env_prefix="RIQING_WATCH_")

    broker_dir: str = Field(default="", validation_alias="RIQING_BROKER_DIR")
    """The folder of our own broker; empty where it is somebody else's, whose log we do not have."""
    database_dir: str = Field(default="", validation_alias="RIQING_DATABASE_DIR")
    """The folder of our own database, for the room on its disk; empty where it is somebody else's."""
    log_bytes_per_s: float = Field(default=1_000_000, gt=0)
    """How much the broker may write of its packets; beyond it, it writes for a moment in every `log_pause_s`."""
    log_pause_s: float = Field(default=30, gt=0)
    quiet_s: float = Field(default=900, gt=0)
    """An alarm about a refused publish clears when there was none for so long."""
    suspended_s: float = Field(default=60, gt=0)
    """A device that sends too much is kept out for so long."""
    spool_messages: int = Field(default=SPOOL_MESSAGES, gt=0, validation_alias="RIQING_BROKER_SPOOL_MESSAGES")
    """What the broker holds for the ingest at most, as its own configuration has it."""
    metrics_port: int = Field(default=0, ge=0, le=65_535)
    """Port that answers with Prometheus text; 0 for none."""
    metrics_address: str = "127.0.0.1"
