"""How long a toilet smells: ammonia or hydrogen sulphide over the limit of its class."""

from services.facilities.measures.toilet.use import ToiletUse


def odour_hours_over_limit(use: ToiletUse) -> float | None:
    """Return the hours in which either gas was over its limit; none where no sensor told or no limit is set."""
    return use.sums.odour_s / 3600.0 if use.sums.odours_told else None
