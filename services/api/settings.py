"""Settings of the API, one class per concern."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

PROJECT_DIR = Path(__file__).resolve().parents[2]


class RunsAs(StrEnum):
    """What the stack is for: some doors are shut in production."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class ServerSettings(BaseSettings):
    """Where the API listens, what it serves at `/`, and what it is for.

    `trusted_proxies` are the addresses whose X-Forwarded-For is believed, comma-separated.
    """

    host: str = Field(default="127.0.0.1", validation_alias="RIQING_API_HOST")
    port: int = Field(default=8000, ge=0, le=65535, validation_alias="RIQING_API_PORT")
    trusted_proxies: str = Field(default="127.0.0.1", validation_alias="RIQING_TRUSTED_PROXIES")
    web_dir: Path = Field(default=PROJECT_DIR / "web" / "dist", validation_alias="RIQING_WEB_DIR")
    runs_as: RunsAs = Field(default=RunsAs.PRODUCTION, validation_alias="RIQING_ENVIRONMENT")


class MapCoordinates(StrEnum):
    """What a base map's places are given in: GCJ-02 is what Chinese maps are drawn in."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"


class BaseMapSettings(BaseSettings):
    """The map below our own: an archive of tiles (PMTiles) or the address of a server's tiles; neither unless set.

    `max_zoom` is the finest that the server has; an archive says it itself.
    """

    file: Path | None = Field(default=None, validation_alias="RIQING_BASE_MAP_FILE")
    url: str = Field(default="", max_length=500, validation_alias="RIQING_BASE_MAP_URL")
    crs: MapCoordinates = Field(default=MapCoordinates.WGS84, validation_alias="RIQING_BASE_MAP_CRS")
    attribution: str = Field(default="", max_length=200, validation_alias="RIQING_BASE_MAP_ATTRIBUTION")
    max_zoom: int = Field(default=18, ge=0, le=24, validation_alias="RIQING_BASE_MAP_MAX_ZOOM")

    @field_validator("file", mode="before")
    @classmethod
    def _none_when_empty(cls, value: object) -> object:
        return None if value == "" else value

    @property
    def is_gcj02(self) -> bool:
        """Whether its places must be shifted to lie where ours are."""
        return self.crs is MapCoordinates.GCJ02


class SignInSettings(BaseSettings):
    """How people sign in: the key that tokens are signed with, the first admin, and the lock after failures.

    An access token is good for `token_lifetime_s`; a session ends when it was not refreshed for `session_idle_s`,
    and in any case after `session_longest_s`.
    """

    secret_key: SecretStr = Field(
        default=SecretStr(""), min_length=32, validate_default=True, validation_alias="RIQING_SECRET_KEY"
    )
    admin_password: SecretStr | None = Field(default=None, validation_alias="RIQING_ADMIN_PASSWORD")
    token_lifetime_s: int = Field(default=3600, gt=0, validation_alias="RIQING_TOKEN_LIFETIME_S")
    session_idle_s: int = Field(default=12 * 3600, gt=0, validation_alias="RIQING_SESSION_IDLE_S")
    session_longest_s: int = Field(default=7 * 24 * 3600, gt=0, validation_alias="RIQING_SESSION_LONGEST_S")
    stream_token_lifetime_s: int = Field(default=60, gt=0, validation_alias="RIQING_STREAM_TOKEN_LIFETIME_S")
    failures_before_lock: int = Field(default=5, gt=0, validation_alias="RIQING_FAILURES_BEFORE_LOCK")
    lock_s: int = Field(default=900, gt=0, validation_alias="RIQING_SIGN_IN_LOCK_S")


class LimitSettings(BaseSettings):
    """How much one client may ask of us; rates are per client address, but `requests_per_min` per person signed in.

    A live stream that has more than `stream_backlog_bytes` waiting for its reader is ended.
    """

    body_bytes: int = Field(default=2_000_000, gt=0, validation_alias="RIQING_MAX_BODY_BYTES")
    requests_per_min: int = Field(default=6_000, gt=0, validation_alias="RIQING_REQUESTS_PER_MIN")
    sign_ins_per_min: int = Field(default=300, gt=0, validation_alias="RIQING_SIGN_INS_PER_MIN")
    public_reads_per_min: int = Field(default=120, gt=0, validation_alias="RIQING_PUBLIC_READS_PER_MIN")
    base_map_reads_per_min: int = Field(default=6_000, gt=0, validation_alias="RIQING_BASE_MAP_READS_PER_MIN")
    public_reports_per_min: int = Field(default=10, gt=0, validation_alias="RIQING_PUBLIC_REPORTS_PER_MIN")
    connections: int = Field(default=10, gt=0, validation_alias="RIQING_API_CONNECTIONS")
    statement_s: int = Field(default=30, gt=0, validation_alias="RIQING_API_STATEMENT_S")
    stream_backlog_bytes: int = Field(default=4_000_000, gt=0, validation_alias="RIQING_STREAM_BACKLOG_BYTES")
