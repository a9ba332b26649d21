"""Fetching what a bulletin says from the store."""

from dataclasses import dataclass
from datetime import date, timedelta

from services.clearance.bulletin import Bulletin, PeriodFigures, Target, make_bulletin
from services.domain.clearance import ClearanceBucket, ClearanceFigure, ClearanceGroup
from services.domain.period import Period, PeriodKind
from services.domain.registry import Zone
from services.domain.town import Town
from services.facilities.spans import Bucket
from services.facilities.utilisation_service import station_utilisation, toilet_utilisation
from services.reports.facility_sums import sum_up
from services.reports.missed_map import read_streets
from services.reports.route_days import load_route_days, sum_routes
from services.roads.settings import RoadsSettings
from services.roads.street_map import find_street_map
from services.store.bulletin_figures import load_alarm_counts, load_point_counts, load_standing_corrections
from services.store.clearance_figures import load_clearance, load_due_visits
from services.store.connection import Connection
from services.store.evidence import batches_to_examine
from services.store.registry import load_contractors, load_vehicles, load_zones
from services.store.standards import load_standard_limits
from services.store.town import load_clock, load_town

TARGETS = {"target_collection_rate": "collection_rate", "target_treatment_rate": "treatment_rate"}
"""Which limit of the office's is the target of which figure."""

TREND_DAYS = {PeriodKind.DAY: 14, PeriodKind.WEEK: 28, PeriodKind.MONTH: 31}
"""How many days a trend has, up to the period's end; a month's has the month's own."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the map of a bulletin is drawn on: the town's zones and streets."""

    zones: tuple[Zone, ...]
    streets: tuple[tuple[str, list[tuple[float, float]]], ...]


def fetch_bulletin(connection: Connection, period: Period) -> Bulletin:
    """Return the bulletin of `period` as of the town's now.

    Raises:
        NotFoundError: there is no town yet.

    """
    town, now = load_town(connection), load_clock(connection).now()
    limits = load_standard_limits(connection)
    span = period.span(town)
    return make_bulletin(
        town_name=town.name,
        period=period,
        now=now,
        is_final=now >= span.end and not batches_to_examine(connection, span),
        figures=PeriodFigures(
            _figures(connection, town, period), _figures(connection, town, period.before), _trend(connection, period)
        ),
        names=_names(connection),
        due_visits=load_due_visits(connection, period.first) if period.kind is PeriodKind.DAY else (),
        points=load_point_counts(connection, period.first, period.last),
        corrections=load_standing_corrections(connection, period.first, period.last),
        alarms=load_alarm_counts(connection, span),
        routes=sum_routes(load_route_days(connection, town, _begun(period, town.service_date(now)))),
        stations=sum_up(station_utilisation(connection, span.start, span.end, Bucket.DAY)),
        toilets=sum_up(toilet_utilisation(connection, span.start, span.end, Bucket.DAY)),
        targets=[
            Target(figure, low)
            for limit_id, figure in TARGETS.items()
            if limit_id in limits and (low := limits[limit_id].value_low) is not None
        ],
    )


def fetch_ground(connection: Connection) -> Ground:
    """Return what the map is drawn on; a town without imported roads has its zones only."""
    streets = read_streets(find_street_map(RoadsSettings().directory))
    return Ground(tuple(load_zones(connection)), tuple(streets))


def _figures(connection: Connection, town: Town, period: Period) -> dict[str, list[ClearanceFigure]]:
    figures = {
        str(group): load_clearance(connection, period.first, period.last, group, bucket=ClearanceBucket.WHOLE)
        for group in ClearanceGroup
    }
    # Hours in the order of the service day, which does not begin at midnight.
    figures[str(ClearanceGroup.HOUR)].sort(key=lambda figure: (int(figure.key[:2]) - town.day_start.hour) % 24)
    return figures


def _trend(connection: Connection, period: Period) -> list[ClearanceFigure]:
    days = TREND_DAYS[period.kind]
    first = period.first if period.kind is PeriodKind.MONTH else period.last - timedelta(days=days - 1)
    return load_clearance(connection, first, period.last)


def _names(connection: Connection) -> dict[str, dict[str, str]]:
    return {
        "zones": {zone.zone_id: zone.name for zone in load_zones(connection) if zone.name},
        "contractors": {contractor.contractor_id: contractor.name for contractor in load_contractors(connection)},
        "vehicles": {vehicle.vehicle_id: vehicle.plate for vehicle in load_vehicles(connection) if vehicle.plate},
    }


def _begun(period: Period, today: date) -> list[date]:
    """Return the days of a period that have begun, and its first one in any case."""
    return [day for day in period.days if day <= today] or [period.first]
