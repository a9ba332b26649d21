"""How much of its promised hours a toilet is open."""

from services.facilities.measures.toilet.use import ToiletUse


def hours_open(use: ToiletUse) -> float | None:
    """Return the promised hours in which it said it was open; none where it never said."""
    return use.sums.open_promised_s / 3600.0 if use.sums.openings_told else None


def open_ratio(use: ToiletUse) -> float | None:
    """Return the share of the promised time, as far as it was told of, in which it was open."""
    return use.sums.open_promised_s / use.sums.told_promised_s if use.sums.told_promised_s > 0 else None
