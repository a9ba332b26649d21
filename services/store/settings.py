"""Settings of the store: where the database is, and how long it keeps what."""

from datetime import timedelta

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class DatabaseSettings(BaseSettings):
    """How to reach the database; `riqing up` provides it for the local stack; empty where there is none."""

    url: str = Field(default="", validation_alias="DATABASE_URL")


class KeepingSettings(BaseSettings):
    """How long readings and hours are kept; each is a variable RIQING_KEEPING_….

    Days by service day, visits, decisions and measures of facilities are kept for ever.
    """

    model_config = SettingsConfigDict(env_prefix="RIQING_KEEPING_")

    readings_days: int = Field(default=400, ge=2, le=36_500)
    """Readings as devices sent them: a year and a month, so that a month can be held against last year's."""
    hours_days: int = Field(default=1_830, ge=2, le=36_500)
    """Rollups by hour: five years."""
    letters_days: int = Field(default=90, ge=1, le=36_500)
    """Dead letters: a season to find out why something was refused, and to retry it."""
    columnstore_after_days: int = Field(default=7, ge=1, le=36_500)
    """Readings older than this are compressed, where TimescaleDB is the community edition."""

    @model_validator(mode="after")
    def _hours_outlive_readings(self) -> "KeepingSettings":
        if self.hours_days < self.readings_days:
            raise ValueError(
                f"RIQING_KEEPING_HOURS_DAYS ({self.hours_days}) must not be less than "
                f"RIQING_KEEPING_READINGS_DAYS ({self.readings_days}): hours are made anew from readings."
            )
        return self

    @property
    def admits(self) -> timedelta:
        """How old a reading may be that is still taken: a day less, so that all around it is there."""
        return timedelta(days=self.readings_days - 1)

    @property
    def letters(self) -> timedelta:
        """How old a dead letter becomes."""
        return timedelta(days=self.letters_days)

    @property
    def columnstore_after(self) -> timedelta:
        """The age from which readings are compressed."""
        return timedelta(days=self.columnstore_after_days)
