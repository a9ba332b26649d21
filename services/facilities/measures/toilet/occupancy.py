"""How full a toilet is."""

from services.facilities.measures.toilet.use import ToiletUse


def occupancy_ratio(use: ToiletUse) -> float | None:
    """Return the share of stalls taken, on average over the time of which it was told."""
    told = use.told(use.occupied_stalls) & (use.stalls > 0)
    stall_s = float((use.stalls[told] * use.seconds[told]).sum())
    return float((use.occupied_stalls[told] * use.seconds[told]).sum()) / stall_s if stall_s > 0 else None


def minutes_without_free_stall(use: ToiletUse) -> float | None:
    """Return for how many minutes every stall was taken."""
    told = use.told(use.occupied_stalls) & (use.stalls > 0)
    if not told.any():
        return None
    full = told & (use.occupied_stalls >= use.stalls)
    return float(use.seconds[full].sum()) / 60.0
