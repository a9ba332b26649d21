"""The measures of a public toilet in a span of time, by name."""

from collections.abc import Callable, Mapping

from services.facilities.measures.toilet.counter import counter
from services.facilities.measures.toilet.missing import hours_missing
from services.facilities.measures.toilet.occupancy import minutes_without_free_stall, occupancy_ratio
from services.facilities.measures.toilet.odour import odour_hours_over_limit
from services.facilities.measures.toilet.opening import hours_open, open_ratio
from services.facilities.measures.toilet.use import ToiletUse
from services.facilities.measures.toilet.uses import uses, uses_per_stall_hour
from services.facilities.measures.toilet.water import water_l

ToiletMeasure = Callable[[ToiletUse], float | str | None]

TOILET_MEASURES: Mapping[str, ToiletMeasure] = {
    measure.__name__: measure
    for measure in (
        uses,
        uses_per_stall_hour,
        occupancy_ratio,
        minutes_without_free_stall,
        odour_hours_over_limit,
        hours_open,
        open_ratio,
        water_l,
        hours_missing,
        counter,
    )
}

SIDE_MEASURES: Mapping[str, ToiletMeasure] = {
    measure.__name__: measure for measure in (uses, occupancy_ratio, minutes_without_free_stall)
}
"""What is told of the women's and the men's stalls apart, where a device speaks for one side."""
