"""For how long a toilet was not heard."""

from services.facilities.measures.toilet.use import ToiletUse


def hours_missing(use: ToiletUse) -> float:
    """Return the promised hours in which nothing was heard: what is told is short of them."""
    return round(max(0.0, use.promised_s - use.sums.heard_promised_s) / 3600.0, 2)
