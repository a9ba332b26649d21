"""How much water a toilet uses."""

import numpy as np

from services.facilities.measures.toilet.use import ToiletUse


def water_l(use: ToiletUse) -> float | None:
    """Return the litres reported; none where no meter told."""
    metered = use.sent_in_span & ~np.isnan(use.water_l)
    return float(use.water_l[metered].sum()) if metered.any() else None
