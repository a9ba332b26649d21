"""Settings of the local stack itself; those of its processes are in their own rooms."""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class StackSettings(BaseSettings):
    """What `riqing up` runs; each is a variable RIQING_…."""

    model_config = SettingsConfigDict(env_prefix="RIQING_", env_file=".env", extra="ignore")

    processes: Annotated[tuple[str, ...] | None, NoDecode] = None
    """Names of those of our processes to run here, with commas between; all unless set.

    Several machines can share the work on one database and broker: say, planners on a second one.
    """

    ingest_workers: int = Field(default=1, gt=0, le=64)
    """How many ingests share the work, on all machines together; so many are run here unless `processes` says which."""

    @field_validator("processes", mode="before")
    @classmethod
    def _split(cls, text: object) -> object:
        return tuple(name.strip() for name in text.split(",") if name.strip()) if isinstance(text, str) else text
