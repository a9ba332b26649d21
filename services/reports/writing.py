"""Writing bulletins into a folder, whole or not at all, and finding what has been written."""

import logging
import os
from pathlib import Path

from services.clearance.bulletin import Bulletin
from services.domain.errors import RiqingError
from services.domain.period import Period
from services.domain.town import Town
from services.reports.fetch import Ground
from services.reports.fonts import NoFontError
from services.reports.forms import Form, make_form, name_of
from services.reports.settings import ReportSettings
from services.reports.words import Language

log = logging.getLogger(__name__)


def files_of(period: Period, settings: ReportSettings) -> list[tuple[Form, Language, Path]]:
    """Return the files that a period's bulletin is written to, by the settings; of JSON there is one."""
    several = len(settings.languages) > 1
    return [
        (form, language, settings.dir / name_of(period, form, language, several_languages=several))
        for form in settings.forms
        for language in (settings.languages[:1] if form is Form.JSON else settings.languages)
    ]


def is_written(period: Period, settings: ReportSettings) -> bool:
    """Tell whether a period's bulletin is there; a PDF that no font was there for does not count."""
    return all(path.is_file() for form, _, path in files_of(period, settings) if form is not Form.PDF) and any(
        path.is_file() for *_, path in files_of(period, settings)
    )


def write_bulletin(bulletin: Bulletin, town: Town, ground: Ground, settings: ReportSettings) -> list[Path]:
    """Write a bulletin's files and return them; without a font to embed it goes without its PDF.

    Raises:
        RiqingError: the folder cannot be written to.

    """
    written = []
    for form, language, path in files_of(bulletin.period, settings):
        try:
            content = make_form(form, bulletin, town.zone_info, ground, language)
        except NoFontError as error:
            log.warning("The bulletin of %s goes without its PDF: %s", bulletin.period.name, error)
            continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_name(f"{path.name}.part")
            unfinished.write_bytes(content)
            os.replace(unfinished, path)
        except OSError as error:
            raise RiqingError(f"{path} cannot be written: {error.strerror}.") from error
        written.append(path)
    return written
