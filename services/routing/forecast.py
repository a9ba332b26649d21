"""How much will wait at each point on a day, from its history: a level that follows the point, times the weekday.

The level is an exponentially weighted mean, so that seasons and growth are followed with a delay; points with little
history lean on the mean point. Weekdays and holidays are learned from all points together and drawn towards 1 where
there are few of them. The quantile adds what the same forecast has missed by before.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

COLUMNS = ("point_id", "date", "kg")
DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Model:
    """What the forecast assumes.

    `half_life_days`: after so many days a reading counts half. `own_days`: so many readings of a point count as much as
    the mean point. `prior_days`: so many point-days of a weekday (or holiday) count as much as knowing nothing of it.
    """

    half_life_days: float = 30.0
    own_days: float = 5.0
    prior_days: float = 50.0

    def __post_init__(self) -> None:
        for name in ("half_life_days", "own_days", "prior_days"):
            if getattr(self, name) <= 0:
                raise ValueError(f"A forecast's {name} must be above 0, not {getattr(self, name)}.")


def forecast(
    history: pd.DataFrame,
    day: date,
    *,
    quantile: float = 0.8,
    holidays: Collection[date] = (),
    model: Model | None = None,
) -> pd.DataFrame:
    """For each point of the history the expected kg of `day`, and the kg that are not exceeded with this chance.

    `history` has the columns point_id, date and kg, a row for each day that is known; days after `day` are not looked
    at, nor is it. The answer is indexed by point_id, with the columns mean_kg and quantile_kg. Raises ValueError where
    a column is missing, a quantity negative or the quantile not within 0 and 1.
    """
    model = model or Model()
    _check(history, quantile)
    table = history.assign(date=pd.to_datetime(history["date"])).pivot_table(
        index="date", columns="point_id", values="kg", aggfunc="sum"
    )
    table = table[table.index < pd.Timestamp(day)]
    if table.empty:
        return pd.DataFrame({"mean_kg": [], "quantile_kg": []}, dtype=float)
    table = table.asfreq("D")
    kinds = _kinds(pd.DatetimeIndex(table.index), holidays)
    factors = _factors(table, kinds, model)
    scales = kinds.map(factors).to_numpy()
    levels = _levels(table.div(scales, axis=0), model)
    factor = factors[_kinds(pd.DatetimeIndex([pd.Timestamp(day)]), holidays).iloc[0]]
    mean_kg = levels.iloc[-1] * factor
    missed = table - levels.shift(1).mul(scales, axis=0)
    spare_kg = missed.quantile(quantile).fillna(
        float(np.nanquantile(missed, quantile)) if missed.notna().any(axis=None) else 0
    )
    return pd.DataFrame({"mean_kg": mean_kg, "quantile_kg": (mean_kg + spare_kg).clip(lower=0)})


def _check(history: pd.DataFrame, quantile: float) -> None:
    missing = [name for name in COLUMNS if name not in history.columns]
    if missing:
        raise ValueError(f"The history needs the columns {', '.join(COLUMNS)}; {', '.join(missing)} is missing.")
    if (history["kg"] < 0).any():
        raise ValueError("A quantity in the history must be 0 kg or more.")
    if not 0 < quantile < 1:
        raise ValueError(f"The quantile must be within 0 and 1, not {quantile}.")


def _kinds(days: pd.DatetimeIndex, holidays: Collection[date]) -> pd.Series[int]:
    """The weekday of each day, 7 for a holiday."""
    off = {pd.Timestamp(day) for day in holidays}
    return pd.Series([DAYS_A_WEEK if day in off else day.weekday() for day in days], index=days)


def _factors(table: pd.DataFrame, kinds: pd.Series[int], model: Model) -> dict[int, float]:
    """What each kind of day brings, as a multiple of the mean day, over all points."""
    shares = table.div(table.mean().replace(0, np.nan), axis=1)
    sums = shares.sum(axis=1).groupby(kinds).sum()
    counts = shares.notna().sum(axis=1).groupby(kinds).sum()
    return {
        kind: float((sums.get(kind, 0.0) + model.prior_days) / (counts.get(kind, 0) + model.prior_days))
        for kind in range(DAYS_A_WEEK + 1)
    }


def _levels(table: pd.DataFrame, model: Model) -> pd.DataFrame:
    """Each point's level after each day, drawn towards the mean point while it has few readings."""
    own = table.ewm(halflife=model.half_life_days, ignore_na=False).mean().ffill()
    counts = table.notna().cumsum()
    everybody = own.mean(axis=1)
    return (own.fillna(0).mul(counts) + np.outer(everybody, np.full(table.shape[1], model.own_days))) / (
        counts + model.own_days
    )
