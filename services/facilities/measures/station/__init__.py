"""The measures of a transfer station or disposal site in a span of time, by name."""

from collections.abc import Callable, Mapping

from services.facilities.measures.station.age import age_years, life_used_ratio
from services.facilities.measures.station.balance import balance_t
from services.facilities.measures.station.capacity import days_over_capacity, design_share
from services.facilities.measures.station.doubtful import impossible_weights, unknown_trucks
from services.facilities.measures.station.missing import hours_missing
from services.facilities.measures.station.peak import peak_factor, peak_hour, peak_hour_t
from services.facilities.measures.station.throughput import sent_on_t, throughput_t, vehicles_weighed
from services.facilities.measures.station.turnaround import (
    mean_turnaround_min,
    mean_waiting_min,
    truck_tipping_min,
    truck_waiting_min,
)
from services.facilities.measures.station.use import StationUse

StationMeasure = Callable[[StationUse], float | str | None]

STATION_MEASURES: Mapping[str, StationMeasure] = {
    measure.__name__: measure
    for measure in (
        throughput_t,
        sent_on_t,
        balance_t,
        vehicles_weighed,
        design_share,
        peak_hour,
        peak_hour_t,
        peak_factor,
        mean_turnaround_min,
        mean_waiting_min,
        truck_waiting_min,
        truck_tipping_min,
        days_over_capacity,
        unknown_trucks,
        impossible_weights,
        hours_missing,
        age_years,
        life_used_ratio,
    )
}
