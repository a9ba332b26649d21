"""The audit log."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.api.asked_spans import check_span
from services.api.paging import BY_NUMBER, Page, PageOf
from services.api.parts import AppParts
from services.api.shapes.users import AuditEntryAnswer
from services.api.shapes.values import Code, Instant
from services.store.audit import AuditFilter, page_of_audit_entries

router = APIRouter(prefix="/api/v1/audit", tags=["users"])


@router.get("")
def read_audit_log(
    parts: AppParts,
    wanted: PageOf,
    user_name: Annotated[Code | None, Query(description="Who did it.")] = None,
    action: Annotated[Code | None, Query(examples=["publish"])] = None,
    subject: Annotated[Code | None, Query(description="What it was done to.", examples=["clock"])] = None,
    start: Annotated[Instant | None, Query(description="Recorded then or later, by the machine's clock.")] = None,
    end: Annotated[Instant | None, Query(description="Recorded before.")] = None,
) -> Page[AuditEntryAnswer]:
    """Return who changed what, the newest first; entries are only ever added."""
    check_span(start, end)
    asked = AuditFilter(user_name, action, subject, start, end)
    with parts.database.connection() as connection:
        rows = wanted.fetch(
            BY_NUMBER, lambda after, limit: page_of_audit_entries(connection, asked, after=after, limit=limit)
        )
    return wanted.page(rows, AuditEntryAnswer.of, key=lambda row: (row.audit_id,))
