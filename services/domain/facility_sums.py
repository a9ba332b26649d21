"""What stations and toilets did in a span of time, in sums: those of spans that follow each other can be added.

Each service day is told by its own messages, those of an hour before it and of an hour after it. So late readings
change the sums of their own days, and a month is the sum of its days whichever way it is come by. Sums are of whole
numbers, or of numbers that adding does not round: it does not matter in which order they are added.
"""

from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec.structs import astuple, replace


class StationSums(msgspec.Struct, frozen=True):
    """What was weighed at a station or disposal site, and for how long its device was heard.

    `heard_promised_s` counts opening hours only. `unknown_trucks` and `impossible_weights` count weighings,
    `turnarounds` those whose arrival was told: from there to the weighing `turnaround_us` microseconds passed, of
    which `waiting_us` were longer than tipping takes. `peak_g` grams came in in the local hour that begins at `peak_s`
    (seconds since 1970), the first of equal ones; an hour that two service days share counts on each for itself.
    """

    heard_s: float = 0.0
    heard_promised_s: float = 0.0
    weighings: int = 0
    weighings_in: int = 0
    in_g: int = 0
    out_g: int = 0
    unknown_trucks: int = 0
    impossible_weights: int = 0
    days_over_capacity: int = 0
    turnarounds: int = 0
    turnaround_us: int = 0
    waiting_us: int = 0
    tipping_us: int = 0
    peak_g: int = 0
    peak_s: float = 0.0


class ToiletSums(msgspec.Struct, frozen=True):
    """What the devices of a toilet, or of one side of it, told.

    `…_told` and `counts` are how many messages told of something: where none did, nothing is known of it.
    `stall_s` are seconds times stalls, of which `taken_stall_s` were taken; in `full_s` seconds every stall was.
    `…_promised_s` count opening hours only: stalls in them, seconds in which it was told whether it was open, and in
    which it was. In `odour_s` seconds the air was over the limit.
    """

    heard_s: float = 0.0
    heard_promised_s: float = 0.0
    counts: int = 0
    entries: float = 0.0
    stalls_told: int = 0
    stall_s: float = 0.0
    taken_stall_s: float = 0.0
    full_s: float = 0.0
    taken_told: int = 0
    stall_promised_s: float = 0.0
    openings_told: int = 0
    told_promised_s: float = 0.0
    open_promised_s: float = 0.0
    odours_told: int = 0
    odour_s: float = 0.0
    water_told: int = 0
    water_ml: int = 0


Sums = TypeVar("Sums", StationSums, ToiletSums)

STATION_SUMS, TOILET_SUMS = StationSums.__struct_fields__, ToiletSums.__struct_fields__
NO_WEIGHINGS, NO_USE = StationSums(), ToiletSums()


def add_stations(parts: Iterable[StationSums]) -> StationSums:
    """Return the sums of all parts together; the peak is the greatest of theirs."""
    every = [part for part in parts if part is not NO_WEIGHINGS]
    if len(every) < 2:
        return every[0] if every else NO_WEIGHINGS
    columns = list(zip(*map(astuple, every), strict=True))
    weighed = (part for part in every if part.weighings_in)
    peak = min(weighed, key=lambda part: (-part.peak_g, part.peak_s), default=NO_WEIGHINGS)
    return replace(StationSums(*map(sum, columns)), peak_g=peak.peak_g, peak_s=peak.peak_s)


def add_toilets(parts: Iterable[ToiletSums]) -> ToiletSums:
    """Return the sums of all parts together."""
    every = [part for part in parts if part is not NO_USE]
    if len(every) < 2:
        return every[0] if every else NO_USE
    return ToiletSums(*(sum(column) for column in zip(*map(astuple, every), strict=True)))
