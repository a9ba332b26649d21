"""Where the simulator finds the town's API, and how it signs in."""

from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SimulatorSettings(BaseSettings):
    """Read from RIQING_API_URL, RIQING_ADMIN_PASSWORD and RIQING_DATA_DIR, which `riqing up` writes."""

    model_config = SettingsConfigDict(env_prefix="RIQING_", extra="ignore")

    api_url: str = "http://127.0.0.1:8080"
    admin_password: SecretStr = SecretStr("")
    data_dir: Path = Path(".riqing")
