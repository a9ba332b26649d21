"""Contractors."""

from fastapi import APIRouter

from services.api.identity import SignedIn
from services.api.paging import BY_CODE, Page, PageOf
from services.api.parts import AppParts
from services.api.shapes.register import ContractorAnswer
from services.store.register_pages import page_of_contractors

router = APIRouter(prefix="/api/v1/contractors", tags=["register"])


@router.get("")
def list_contractors(user: SignedIn, parts: AppParts, wanted: PageOf) -> Page[ContractorAnswer]:
    """Return the contractors by id; a contractor's people see their own."""
    with parts.database.connection() as connection:
        rows = wanted.fetch(
            BY_CODE,
            lambda after, limit: page_of_contractors(connection, after=after, limit=limit, visible=user.visibility),
        )
    return wanted.page(rows, ContractorAnswer.of, key=lambda row: (row.contractor_id,))
