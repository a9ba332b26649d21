"""How much of its promised hours a toilet is open."""

from services.facilities.measures.toilet.use import ToiletUse


def hours_open(use: ToiletUse) -> float | None:
    """Return the promised hours in which it said it was open; none where it never said."""
    told = use.told(use.is_open)
    return float(use.promised_s[told & (use.is_open > 0)].sum()) / 3600.0 if told.any() else None


def open_ratio(use: ToiletUse) -> float | None:
    """Return the share of the promised time, as far as it was told of, in which it was open."""
    told = use.told(use.is_open)
    told_s = float(use.promised_s[told].sum())
    return float(use.promised_s[told & (use.is_open > 0)].sum()) / told_s if told_s > 0 else None
