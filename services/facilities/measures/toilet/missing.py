"""For how long a toilet was not heard."""

from services.facilities.measures.toilet.use import ToiletUse
from services.facilities.spans import length_s


def hours_missing(use: ToiletUse) -> float:
    """Return the promised hours in which nothing was heard: what is told is short of them."""
    return round(max(0.0, length_s(use.promised) - float(use.promised_s.sum())) / 3600.0, 2)
