"""What comes in and goes out of a station, in tonnes and vehicles."""

from services.facilities.measures.station.use import G_PER_T, StationUse


def throughput_t(use: StationUse) -> float | None:
    """Return the tonnes that vehicles tipped there."""
    return use.sums.in_g / G_PER_T if use.is_told else None


def sent_on_t(use: StationUse) -> float | None:
    """Return the tonnes that left it for disposal."""
    return use.sums.out_g / G_PER_T if use.is_told else None


def vehicles_weighed(use: StationUse) -> float | None:
    """Return how many times a vehicle tipped there."""
    return float(use.sums.weighings_in) if use.is_told else None
