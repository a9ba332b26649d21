"""Whether a toilet's counter counts, so that a silent one is told apart from an empty toilet."""

import numpy as np

from services.facilities.measures.toilet.use import ToiletUse


def counter(use: ToiletUse) -> str:
    """Return what the counter does.

    `counting`: it counted somebody. `quiet`: it said that nobody came. `silent`: nothing was heard of it, or
    nothing from its counter. `stuck`: it said that nobody came while stalls were taken.
    """
    told = use.sent_in_span & ~np.isnan(use.entries)
    if not told.any():
        return "silent"
    if use.entries[told].sum() > 0:
        return "counting"
    taken = use.told(use.occupied_stalls) & (use.occupied_stalls > 0)
    return "stuck" if taken.any() else "quiet"
