"""Fetching what a bulletin says from the store."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from services.clearance.adherence import StopState
from services.clearance.bulletin import Bulletin, PeriodFigures, RouteSum, Target, make_bulletin
from services.clearance.driven import DrivenRoute, load_driven_routes
from services.domain.clearance import ClearanceBucket, ClearanceFigure, ClearanceGroup
from services.domain.period import Period, PeriodKind
from services.domain.registry import Zone
from services.domain.town import Town
from services.facilities.service import station_utilisation, toilet_utilisation
from services.facilities.spans import Bucket
from services.reports.facility_sums import sum_up
from services.reports.missed_map import read_streets
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
        routes=() if period.kind is PeriodKind.MONTH else _routes(connection, town, period.days),
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


def _routes(connection: Connection, town: Town, days: Iterable[date]) -> list[RouteSum]:
    by_vehicle: dict[str, list[DrivenRoute]] = defaultdict(list)
    for day in days:
        for driven in load_driven_routes(connection, town, day):
            by_vehicle[driven.vehicle_id].append(driven)
    return [_route_sum(vehicle_id, by_vehicle[vehicle_id]) for vehicle_id in sorted(by_vehicle)]


def _route_sum(vehicle_id: str, driven: list[DrivenRoute]) -> RouteSum:
    adherences = [route.adherence for route in driven]
    deviations_s = [value for adherence in adherences for value in adherence.deviations_s]
    pairs = [pair for adherence in adherences for pair in adherence.unloadings]
    single = driven[0].movement if len(driven) == 1 else None
    return RouteSum(
        vehicle_id=vehicle_id,
        stops=sum(len(adherence.stops) for adherence in adherences),
        done=sum(adherence.count(StopState.DONE) for adherence in adherences),
        skipped=sum(adherence.count(StopState.SKIPPED) for adherence in adherences),
        unknown=sum(adherence.count(StopState.UNKNOWN) for adherence in adherences),
        extra=sum(len(adherence.extra) for adherence in adherences),
        out_of_order=sum(adherence.out_of_order for adherence in adherences),
        mean_deviation_min=sum(deviations_s) / len(deviations_s) / 60.0 if deviations_s else None,
        planned_km=_kilometres(route.planned_distance_m for route in driven),
        driven_km=_kilometres(route.movement.distance_m for route in driven),
        unloadings_planned=sum(pair.planned is not None for pair in pairs),
        unloadings_made=sum(pair.made is not None for pair in pairs),
        first_moved_at=None if single is None else single.first_moved_at,
        last_moved_at=None if single is None else single.last_moved_at,
    )


def _kilometres(metres: Iterable[float | None]) -> float | None:
    told = [value for value in metres if value is not None]
    return sum(told) / 1000.0 if told else None
