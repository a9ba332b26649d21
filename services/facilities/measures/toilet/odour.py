"""How long a toilet smells: ammonia or hydrogen sulphide over the limit of its class."""

import numpy as np

from services.domain.gases import H2S_MG_M3_PER_PPM, NH3_MG_M3_PER_PPM
from services.facilities.measures.toilet.use import ToiletUse


def odour_hours_over_limit(use: ToiletUse) -> float | None:
    """Return the hours in which either gas was over its limit; none where no sensor told or no limit is set."""
    over = np.zeros(len(use.seconds), dtype=np.bool_)
    any_told = False
    for ppm, factor, limit_mg_m3 in (
        (use.nh3_ppm, NH3_MG_M3_PER_PPM, use.limit_nh3_mg_m3),
        (use.h2s_ppm, H2S_MG_M3_PER_PPM, use.limit_h2s_mg_m3),
    ):
        told = use.told(ppm)
        if limit_mg_m3 is not None and told.any():
            any_told = True
            over |= told & (ppm * factor > limit_mg_m3)
    return float(use.seconds[over].sum()) / 3600.0 if any_told else None
