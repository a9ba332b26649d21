"""How often a toilet is used."""

from services.facilities.measures.toilet.use import ToiletUse


def uses(use: ToiletUse) -> float | None:
    """Return how many persons entered; none where no counter told."""
    return use.sums.entries if use.sums.counts else None


def uses_per_stall_hour(use: ToiletUse) -> float | None:
    """Return uses per stall and hour, over the promised hours in which the device was heard."""
    persons = uses(use)
    stall_hours = use.sums.stall_promised_s / 3600.0
    return persons / stall_hours if persons is not None and stall_hours > 0 else None
