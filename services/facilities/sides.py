"""The sides of a toilet: devices that speak for the women's or the men's stalls alone, and what they say together.

A device whose id ends in `-women` or `-men` speaks for that side, any other for the whole toilet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

import numpy as np

from services.domain.registry import Facility
from services.facilities.areas import FloatArray
from services.facilities.spans import heard_until_s

Columns = Mapping[str, FloatArray]
"""What devices said, as columns in order of time: `time_s` and the values, NaN where not told."""

STATES = ("occupied_stalls", "total_stalls", "open", "nh3_ppm", "h2s_ppm")
"""What holds until the next message; the rest is of the time since the message before."""


class Side(StrEnum):
    """What a device speaks for."""

    WHOLE = "whole"
    WOMEN = "women"
    MEN = "men"


def side_of(device_id: str) -> Side:
    """Return which side a device speaks for, by the end of its id."""
    return next((side for side in (Side.WOMEN, Side.MEN) if device_id.endswith(f"-{side}")), Side.WHOLE)


def part_of(facility: Facility, side: Side) -> Facility:
    """Return a toilet with the stalls of one side only; an accessible stall is of neither."""
    if side is Side.WOMEN:
        return replace(facility, stalls_male=0, stalls_accessible=0)
    if side is Side.MEN:
        return replace(facility, stalls_female=0, stalls_accessible=0)
    return facility


def together(facility: Facility, parts: Mapping[Side, Columns], silence_s: float) -> Columns:
    """Return what the sides say of the whole toilet: their stalls and entries summed, the worse of their air.

    It is open while one side is. While one side is silent (for `silence_s`, as gaps are told) nothing is known of
    the stalls of the whole. Stalls and entries are the sides' alone where they have devices, for one of the whole
    would count them twice.
    """
    if list(parts) == [Side.WHOLE]:
        return parts[Side.WHOLE]
    time_s = np.unique(np.concatenate([columns["time_s"] for columns in parts.values()]))
    held = {side: _held(part_of(facility, side), columns, time_s, silence_s) for side, columns in parts.items()}
    sides = [side for side in parts if side is not Side.WHOLE]
    found: dict[str, FloatArray] = {"time_s": time_s}
    for name in ("occupied_stalls", "total_stalls"):
        found[name] = np.sum([held[side][name] for side in sides], axis=0)
    for name in ("open", "nh3_ppm", "h2s_ppm"):
        found[name] = _largest([one[name] for one in held.values()])
    for name, counted in (("entries", sides), ("water_l", list(parts))):
        found[name] = _summed(time_s, [(parts[side]["time_s"], parts[side][name]) for side in counted])
    return found


def _held(facility: Facility, columns: Columns, time_s: FloatArray, silence_s: float) -> dict[str, FloatArray]:
    """Return what a device's last message said at each of the times, NaN where it is silent."""
    own_s = columns["time_s"]
    last = np.searchsorted(own_s, time_s, side="right") - 1
    is_held = (last >= 0) & (time_s < heard_until_s(own_s, silence_s)[np.maximum(last, 0)])
    found = {name: np.where(is_held, columns[name][np.maximum(last, 0)], np.nan) for name in STATES}
    unsaid = is_held & np.isnan(found["total_stalls"])
    found["total_stalls"] = np.where(unsaid, float(facility.stalls), found["total_stalls"])
    return found


def _largest(values: Sequence[FloatArray]) -> FloatArray:
    return np.asarray(np.fmax.reduce(list(values)))


def _summed(time_s: FloatArray, parts: Sequence[tuple[FloatArray, FloatArray]]) -> FloatArray:
    """Return the values at the times at which they were told, summed where several were; NaN where none was."""
    total, told = np.zeros(len(time_s)), np.zeros(len(time_s), dtype=np.bool_)
    for own_s, values in parts:
        known = ~np.isnan(values)
        at = np.searchsorted(time_s, own_s[known])
        np.add.at(total, at, values[known])
        told[at] = True
    return np.where(told, total, np.nan)
