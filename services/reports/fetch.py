"""Fetching what a bulletin says from the store."""

from datetime import date

from services.clearance.bulletin import Bulletin, Target, make_bulletin
from services.domain.clearance import ClearanceGroup
from services.facilities.service import station_utilisation, toilet_utilisation
from services.facilities.spans import Bucket
from services.store.clearance_figures import load_clearance, load_due_visits
from services.store.connection import Connection
from services.store.evidence import batches_to_examine
from services.store.standards import load_standard_limits
from services.store.town import load_clock, load_town

TARGETS = {"target_collection_rate": "collection_rate", "target_treatment_rate": "treatment_rate"}
"""Which limit of the office's is the target of which figure."""


def fetch_bulletin(connection: Connection, day: date) -> Bulletin:
    """Return the bulletin of `day` as of the town's now.

    Raises:
        NotFoundError: there is no town yet.

    """
    town, now = load_town(connection), load_clock(connection).now()
    limits = load_standard_limits(connection)
    span = town.service_day(day)
    return make_bulletin(
        town_name=town.name,
        day=day,
        now=now,
        is_final=now >= span.end and not batches_to_examine(connection, span),
        figures={str(group): load_clearance(connection, day, day, group) for group in ClearanceGroup},
        due_visits=load_due_visits(connection, day),
        stations=station_utilisation(connection, span.start, span.end, Bucket.DAY),
        toilets=toilet_utilisation(connection, span.start, span.end, Bucket.DAY),
        targets=[
            Target(figure, low)
            for limit_id, figure in TARGETS.items()
            if limit_id in limits and (low := limits[limit_id].value_low) is not None
        ],
    )
