"""Settings of the bulletins that are written each morning; each is a variable RIQING_REPORTS_…."""

import os
from datetime import time
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from services.domain.errors import InvalidRequestError
from services.reports.forms import Form
from services.reports.words import Language


def _default_directory() -> Path:
    return Path(os.environ.get("RIQING_DATA_DIR", ".riqing")) / "reports"


class ReportSettings(BaseSettings):
    """When and where bulletins are written, in which forms and languages."""

    model_config = SettingsConfigDict(env_prefix="RIQING_REPORTS_")

    at: time | None = time(7, 30)
    """Local time at which yesterday's bulletin is written, on Mondays the week's, on the first the month's; or
    `never`."""
    dir: Path = Field(default_factory=_default_directory)
    forms: Annotated[tuple[Form, ...], NoDecode] = (Form.PDF, Form.XLSX, Form.HTML, Form.JSON)
    languages: Annotated[tuple[Language, ...], NoDecode] = (Language.ZH,)

    @field_validator("at", mode="before")
    @classmethod
    def _never(cls, text: object) -> object:
        return None if isinstance(text, str) and text.strip() in ("", "never") else text

    @field_validator("forms", "languages", mode="before")
    @classmethod
    def _split(cls, text: object) -> object:
        return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text


def read_report_settings() -> ReportSettings:
    """Return the settings.

    Raises:
        InvalidRequestError: one of them cannot be meant.

    """
    try:
        return ReportSettings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(("RIQING_REPORTS", *(str(part).upper() for part in first["loc"][:1])))
        raise InvalidRequestError(f"{name}: {first['msg']}") from error
