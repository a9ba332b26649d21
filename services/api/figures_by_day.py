"""Figures of clearance day by day: those of a day are written once, as long as nothing of it has changed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby

from services.api.memo import Memo
from services.api.shapes.clearance import clearance_json
from services.domain.clearance import ClearanceFigure, ClearanceGroup
from services.domain.town import Town
from services.store.clearance_figures import load_clearance
from services.store.clearance_sums import day_states
from services.store.connection import Connection
from services.store.register_pages import register_version

NOTHING_CHANGED = (0, 0)


def figures_by_day(
    connection: Connection,
    memo: Memo,
    town: Town,
    days: tuple[date, date],
    group_by: ClearanceGroup,
    contractor_id: str | None,
) -> bytes:
    """Return the figures of each service day from the first to the last of `days` as JSON, by day and key.

    `contractor_id` narrows them to what one contractor is responsible for.
    """
    first, last = days
    states = day_states(connection, first, last)
    asked = [first + timedelta(days=ahead) for ahead in range((last - first).days + 1)]
    # Which vehicles are a contractor's own, the register says.
    is_of_register = contractor_id is not None and group_by is ClearanceGroup.VEHICLE
    version = register_version(connection) if is_of_register else 0
    keys = {day: (town, day, group_by, contractor_id, version) for day in asked}
    written = {day: memo.get(keys[day], states.get(day, NOTHING_CHANGED)) for day in asked}
    for run in _runs(day for day, rows in written.items() if rows is None):
        figures: dict[date, list[ClearanceFigure]] = defaultdict(list)
        for figure in load_clearance(connection, run[0], run[-1], group_by, contractor_id):
            figures[figure.service_date].append(figure)
        for day in run:
            written[day] = rows = clearance_json(figures[day])[1:-1]
            memo.keep(keys[day], states.get(day, NOTHING_CHANGED), rows)
    return b"[" + b",".join(rows for rows in written.values() if rows) + b"]"


def _runs(days: Iterable[date]) -> Iterator[list[date]]:
    """Yield days in their order, those together that follow each other."""
    for _, run in groupby(enumerate(days), key=lambda numbered: numbered[1].toordinal() - numbered[0]):
        yield [day for _, day in run]
