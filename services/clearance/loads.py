"""What a truck's own scale said before and after a span of time."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import hypot, inf, isnan, sqrt
from statistics import median

from services.clearance.stays import Stay
from services.clearance.track import Track

MOST_FIXES, FEWEST_FIXES = 6, 2
WITHIN_S = 300.0
LEAST_ERROR_KG = 5.0
MEDIAN_SPREAD = 1.25
"""The median of a few readings is so much less exact than their mean."""
TIPPED_BY_NOISE, LEAST_TIPPED_KG = 8.0, 10.0
"""A fall of the load by so many times the sensor's noise from one fix to the next is a tipping."""
TIPPED_KG, TIPPED_ERRORS = 300.0, 3.0
"""Who is lighter after a stay by so much, and so many times the error, tipped in it."""


@dataclass(frozen=True, slots=True)
class Rise:
    """What a truck weighed before and after, and how exactly the difference is known; `is_under_way` while it loads."""

    before_kg: float
    after_kg: float
    error_kg: float
    is_under_way: bool

    @property
    def kg(self) -> float:
        """By how much it got heavier."""
        return self.after_kg - self.before_kg

    @property
    def is_tipping(self) -> bool:
        """Tell whether it got so much lighter that it tipped its load."""
        return self.kg < -TIPPED_KG - TIPPED_ERRORS * self.error_kg


class LoadTrace:
    """The weights of a day in order of time, with the stays between which nothing is loaded."""

    def __init__(self, track: Track, stays: Sequence[Stay], noise_kg: float) -> None:
        """`noise_kg` is the spread of the sensor while nothing is loaded."""
        told = [
            (at_s, kg) for at_s, kg in zip(track.time_s.tolist(), track.load_kg.tolist(), strict=True) if not isnan(kg)
        ]
        self._noise_kg = noise_kg
        self._time_s = [at_s for at_s, _ in told]
        self._kg = [kg for _, kg in told]
        self._starts_s = sorted(stay.start_s for stay in stays)
        self._ends_s = sorted(stay.end_s for stay in stays)

    def rise(self, start_s: float, end_s: float) -> Rise | None:
        """Return by how much the truck got heavier from `start_s` to `end_s`; none where no weight tells."""
        before, after = self._before(start_s), self._after(end_s)
        under_way = not after
        if under_way:
            after = self._kg[bisect_left(self._time_s, start_s) : bisect_right(self._time_s, end_s)][-1:]
        if not before or not after:
            return None
        before, after = self._since_tipping(before), self._until_tipping(after)
        error_kg = MEDIAN_SPREAD * self._noise_kg * sqrt(1.0 / len(before) + 1.0 / len(after))
        return Rise(median(before), median(after), hypot(error_kg, LEAST_ERROR_KG), under_way)

    def _before(self, at_s: float) -> list[float]:
        """Return the last few weights before `at_s`.

        What was weighed before the end of the stay before is left aside where enough is left: more may have been
        loaded since.
        """
        place = bisect_left(self._ends_s, at_s)
        edge_s = self._ends_s[place - 1] if place else -inf
        first, last = bisect_left(self._time_s, at_s - WITHIN_S), bisect_left(self._time_s, at_s)
        near = self._kg[max(first, bisect_left(self._time_s, edge_s)) : last]
        return near[-MOST_FIXES:] if len(near) >= FEWEST_FIXES else self._kg[first:last][-FEWEST_FIXES:]

    def _after(self, at_s: float) -> list[float]:
        """Return the first few weights after `at_s`, of those before the next stay where enough are."""
        place = bisect_right(self._starts_s, at_s)
        edge_s = self._starts_s[place] if place < len(self._starts_s) else inf
        first, last = bisect_right(self._time_s, at_s), bisect_right(self._time_s, at_s + WITHIN_S)
        near = self._kg[first : min(last, bisect_right(self._time_s, edge_s))]
        return near[:MOST_FIXES] if len(near) >= FEWEST_FIXES else self._kg[first:last][:FEWEST_FIXES]

    def _since_tipping(self, kg: list[float]) -> list[float]:
        tipped = [number for number in range(1, len(kg)) if self._fell(kg[number - 1], kg[number])]
        return kg[tipped[-1] :] if tipped else kg

    def _until_tipping(self, kg: list[float]) -> list[float]:
        tipped = (number for number in range(1, len(kg)) if self._fell(kg[number - 1], kg[number]))
        return kg[: next(tipped, len(kg))]

    def _fell(self, before_kg: float, after_kg: float) -> bool:
        return before_kg - after_kg > max(TIPPED_BY_NOISE * self._noise_kg, LEAST_TIPPED_KG)
