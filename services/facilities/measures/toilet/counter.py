"""Whether a toilet's counter counts, so that a silent one is told apart from an empty toilet."""

from services.facilities.measures.toilet.missing import hours_missing
from services.facilities.measures.toilet.use import ToiletUse

GAP_H = 1.0
"""Somebody may have come in an hour of which nothing is known."""


def counter(use: ToiletUse) -> str:
    """Return what the counter does.

    `counting`: it counted somebody. `quiet`: it said that nobody came. `silent`: nothing was heard of it, or
    nothing from its counter. `stuck`: it said that nobody came while stalls were taken. `gap`: nobody came as far
    as is known, but of an hour or more of the promised ones nothing is.
    """
    if not use.sums.counts:
        return "silent"
    if use.sums.entries > 0:
        return "counting"
    if use.sums.taken_told:
        return "stuck"
    return "gap" if hours_missing(use) >= GAP_H else "quiet"
