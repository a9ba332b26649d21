"""The forms that a bulletin comes in as a file, each made of the same paper."""

import json
from enum import StrEnum
from zoneinfo import ZoneInfo

from services.clearance.bulletin import Bulletin
from services.domain.period import Period
from services.reports.fetch import Ground
from services.reports.page import make_page
from services.reports.paper import make_paper
from services.reports.print_out import make_pdf
from services.reports.words import Language, Words
from services.reports.workbook import make_workbook


class Form(StrEnum):
    """What a bulletin's file is."""

    JSON = "json"
    XLSX = "xlsx"
    HTML = "html"
    PDF = "pdf"


MEDIA_TYPES = {
    Form.JSON: "application/json",
    Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Form.HTML: "text/html; charset=utf-8",
    Form.PDF: "application/pdf",
}


def name_of(period: Period, form: Form, language: Language, *, several_languages: bool = False) -> str:
    """Return what the file of a period's bulletin is called; with its language where there is one in each."""
    tag = f"-{language}" if several_languages and form is not Form.JSON else ""
    return f"riqing-{period.name}{tag}.{form}"


def make_form(form: Form, bulletin: Bulletin, zone_info: ZoneInfo, ground: Ground, language: Language) -> bytes:
    """Return a bulletin's file.

    Raises:
        NoFontError: it is a PDF, and this machine has no font to embed.

    """
    if form is Form.JSON:
        return (json.dumps(bulletin.as_json(), ensure_ascii=False, indent=2) + "\n").encode()
    paper = make_paper(bulletin, Words(language), zone_info, ground)
    if form is Form.XLSX:
        return make_workbook(paper)
    return make_page(paper).encode() if form is Form.HTML else make_pdf(paper)
