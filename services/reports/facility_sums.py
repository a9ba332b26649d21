"""Measures of facilities over several days: the sum, the mean, or the greatest, as each is meant."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.clearance.bulletin import FacilityDay

SUMMED = frozenset({"throughput_t", "vehicles_weighed", "uses", "minutes_without_free_stall", "odour_hours_over_limit"})
GREATEST = frozenset({"peak_hour_t", "life_used_ratio"})
"""All other numbers are averaged over the time in which the facility was heard."""

Measure = float | str | None


@dataclass(frozen=True, slots=True)
class FacilitySum:
    """A facility's measures of some days."""

    facility_id: str
    name: str | None
    zone_id: str | None
    observed_ratio: float
    measures: Mapping[str, Measure]


def sum_up(days: Iterable[FacilityDay]) -> list[FacilitySum]:
    """Return one row for each facility, in the order in which they come; of one day it is that day's."""
    by_facility: dict[str, list[FacilityDay]] = defaultdict(list)
    for day in days:
        by_facility[day.facility_id].append(day)
    return [
        FacilitySum(
            facility_id=facility_id,
            name=own[-1].name,
            zone_id=own[-1].zone_id,
            observed_ratio=sum(day.observed_ratio for day in own) / len(own),
            measures=own[0].measures if len(own) == 1 else _measures(own),
        )
        for facility_id, own in by_facility.items()
    ]


def _measures(days: Sequence[FacilityDay]) -> dict[str, Measure]:
    names = list(dict.fromkeys(name for day in days for name in day.measures))
    return {name: _measure(name, days) for name in names}


def _measure(name: str, days: Sequence[FacilityDay]) -> Measure:
    told = [(day, value) for day in days if (value := day.measures.get(name)) is not None]
    if not told:
        return None
    if name == "peak_hour":
        return max(told, key=lambda item: _number(item[0].measures.get("peak_hour_t")))[1]
    if isinstance(told[-1][1], str):
        return told[-1][1]
    numbers = [_number(value) for _, value in told]
    if name in SUMMED:
        return sum(numbers)
    if name in GREATEST:
        return max(numbers)
    weights = [max(day.observed_ratio, 1e-9) for day, _ in told]
    return sum(number * weight for number, weight in zip(numbers, weights, strict=True)) / sum(weights)


def _number(value: Measure) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
