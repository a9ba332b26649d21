"""How full a toilet is."""

from services.facilities.measures.toilet.use import ToiletUse


def occupancy_ratio(use: ToiletUse) -> float | None:
    """Return the share of stalls taken, on average over the time of which it was told."""
    return use.sums.taken_stall_s / use.sums.stall_s if use.sums.stall_s > 0 else None


def minutes_without_free_stall(use: ToiletUse) -> float | None:
    """Return for how many minutes every stall was taken."""
    return use.sums.full_s / 60.0 if use.sums.stalls_told else None
