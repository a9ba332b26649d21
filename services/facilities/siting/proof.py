"""How good a choice of sites is known to be: what was found, and what no choice can exceed."""

from dataclasses import dataclass
from enum import StrEnum

from services.domain.errors import InvalidRequestError


class NotPossibleError(InvalidRequestError):
    """No choice of sites keeps every rule."""


class Found(StrEnum):
    """What is known of the choice."""

    OPTIMAL = "optimal"
    """No choice is better (by more than one part in 10,000, where it is a cost)."""
    WITHIN_GAP = "within_gap"
    """The time ran out; none is better than `bound`."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found beside what no choice can exceed, and beside what greedy choosing finds.

    The three are scores in residents (more is better) or costs in yuan a day (less is better).
    """

    found: Found
    value: float
    bound: float
    greedy_value: float
    seconds: float

    @property
    def gap_ratio(self) -> float:
        """How far the value may be from the best, as a share of the bound."""
        return abs(self.bound - self.value) / abs(self.bound) if self.bound else 0.0
