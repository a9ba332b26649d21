"""Settings of the store: where the database is."""

from pydantic import Field
from pydantic_settings import BaseSettings


class DatabaseSettings(BaseSettings):
    """How to reach the database; `riqing up` provides it for the local stack; empty where there is none."""

    url: str = Field(default="", validation_alias="DATABASE_URL")
