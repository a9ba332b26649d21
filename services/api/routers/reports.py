"""Bulletins: which there are, and each as JSON, a workbook, a page or a PDF."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import TypeAdapter

from services.api.errors import wrong_field
from services.api.identity import SignedIn
from services.api.paging import Page, PageOf
from services.api.parts import AppParts
from services.api.shapes.reports import BulletinAnswer
from services.api.shapes.values import EARLIEST, LATEST, Code
from services.api.today import load_today
from services.api.turns import Turns
from services.domain.errors import NotFoundError
from services.domain.period import Period, PeriodKind
from services.reports.fetch import fetch_bulletin, fetch_ground
from services.reports.forms import MEDIA_TYPES, Form, make_form, name_of
from services.reports.words import Language
from services.store.bulletin_figures import days_with_due_visits

router = APIRouter(prefix="/api/v1/reports", tags=["figures"])

BY_PERIOD: TypeAdapter[tuple[str]] = TypeAdapter(tuple[Code])
BACK = timedelta(days=3 * 366)
SHOWN_IN_A_BROWSER = frozenset({Form.HTML, Form.PDF})

drawing = Turns(1, waiting=4, why="Several bulletins are being drawn up", retry_after_s=5)
"""Making a PDF takes a processor for a second: who asks for many takes neither all of them nor all threads."""


@router.get("")
def list_reports(
    user: SignedIn,
    parts: AppParts,
    wanted: PageOf,
    kind: Annotated[PeriodKind, Query(description="How long the periods are.")] = PeriodKind.DAY,
) -> Page[BulletinAnswer]:
    """Return the periods of the last three years in which anything was due, the newest first."""
    del user
    with parts.database.connection() as connection:
        today = load_today(connection).service_date
        days = days_with_due_visits(connection, today - BACK, today)
    periods = list(dict.fromkeys(Period.of(kind, day) for day in days))
    rows = wanted.fetch_from(BY_PERIOD, periods, lambda period: (period.name,))
    return wanted.page(rows, lambda period: BulletinAnswer.of(period, today), key=lambda period: (period.name,))


@router.get(
    "/{period}",
    response_class=Response,
    responses={200: {"content": {media: {} for media in MEDIA_TYPES.values()}}},
)
def read_report(
    period: Annotated[Code, Path(description="2026-11-22, 2026-W47 or 2026-11.", examples=["2026-W47"])],
    user: SignedIn,
    parts: AppParts,
    form: Annotated[Form, Query(alias="format")] = Form.PDF,
    language: Annotated[Language, Query()] = Language.ZH,
) -> Response:
    """Return the bulletin of a day, a week or a month as a file, drawn up as of now."""
    del user
    asked = Period.parse(period)
    if not EARLIEST <= asked.first < LATEST:
        raise wrong_field("path", "period", f"Expected a period from {EARLIEST} to before {LATEST}.")
    with drawing.taken(), parts.database.connection() as connection:
        town = load_today(connection).town
        if not days_with_due_visits(connection, asked.first, asked.last):
            raise NotFoundError(f"Nothing was due in {asked.name}, so there is no bulletin of it.")
        bulletin = fetch_bulletin(connection, asked)
        content = make_form(form, bulletin, town.zone_info, fetch_ground(connection), language)
    shown = "inline" if form in SHOWN_IN_A_BROWSER else "attachment"
    name = name_of(asked, form, language, several_languages=True)
    return Response(
        content, media_type=MEDIA_TYPES[form], headers={"Content-Disposition": f'{shown}; filename="{name}"'}
    )
