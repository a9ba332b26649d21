"""How much water a toilet uses."""

from services.facilities.measures.toilet.use import ToiletUse


def water_l(use: ToiletUse) -> float | None:
    """Return the litres reported, to the millilitre; none where no meter told."""
    return use.sums.water_ml / 1_000 if use.sums.water_told else None
