"""What came in against what went out: refuse does not vanish in a station."""

from services.facilities.measures.station.throughput import sent_on_t, throughput_t
from services.facilities.measures.station.use import StationUse


def balance_t(use: StationUse) -> float | None:
    """Return the tonnes that came in and did not go out; none where nothing was weighed out.

    Less than 0 means that more went out. Over a day some stays in the station; over a month it has to be near 0.
    """
    came, went = throughput_t(use), sent_on_t(use)
    return None if came is None or not went else round(came - went, 3)
