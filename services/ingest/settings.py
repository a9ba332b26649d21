"""Settings of the ingest: what it takes, and how it batches."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AdmissionSettings(BaseSettings):
    """What is taken; each is a variable RIQING_INGEST_…."""

    model_config = SettingsConfigDict(env_prefix="RIQING_INGEST_")

    payload_bytes: int = Field(default=4 * 1024 * 1024, gt=0)
    """The largest message body that is taken."""
    retention_days: float = Field(default=400, gt=0)
    """Older readings are refused: each day of them would open a chunk of its own."""

    @property
    def retention(self) -> timedelta:
        """How old a reading may be."""
        return timedelta(days=self.retention_days)


class IngestSettings(AdmissionSettings):
    """How the ingest works; each is a variable RIQING_INGEST_…."""

    client_id: str = Field(default="riqing-ingest", min_length=1, max_length=200)
    """Names the session at the broker, which is the spool: another id is another, empty session."""
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
