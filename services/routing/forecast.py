"""How much arises at each point on a day, from its history: a level that follows the point, times what the day brings.

The level is an exponentially weighted mean; how fast it forgets, and whether points have a week of their own, is
chosen by what would have been closest on the last days of the history. Points with little history lean on what the
register expects of them, else on the mean point. Weekdays and holidays are learned from all points together and drawn
towards 1 where there are few of them. What the time of year brought a year ago moves the level on. The quantile adds
what the same forecast has missed by before.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

COLUMNS = ("point_id", "date", "kg")
HOLIDAY = 7
"""The kind of a day: 0 for Monday to 6 for Sunday, and this for any holiday."""

KINDS = 8
YEAR_DAYS = 364
"""A year in whole weeks, so that a day is compared with the same weekday."""

SEASON_SPAN = pd.Timedelta(days=7)
"""The season is read off so many days before and after the same day a year ago."""

MOST_SEASON = (0.7, 1.4)
"""More than this in some weeks is no season but something that happened a year ago."""

POOLED_DAYS = 20.0
"""So many days of a point count as much as what was missed at all points, where the quantile is set."""

Floats = NDArray[np.float64]
Kinds = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Model:
    """What the forecast assumes.

    `half_lives_days`: after so many days a reading counts half; the best one is taken. `own_days`: so many readings of
    a point count as much as what is expected of it without any. `prior_days`: so many point-days of a weekday (or
    holiday) count as much as knowing nothing of it. `own_week_days`: so many Mondays of a point count as much as
    everybody's Mondays, where points have weeks of their own. `judged_days`: the last days of the history on which
    the choice is made.
    """

    half_lives_days: tuple[float, ...] = (7.0, 15.0, 30.0, 60.0, 3650.0)
    own_days: float = 2.0
    prior_days: float = 50.0
    own_week_days: float = 8.0
    judged_days: int = 28

    def __post_init__(self) -> None:
        for name in ("own_days", "prior_days", "own_week_days", "judged_days"):
            if getattr(self, name) <= 0:
                raise ValueError(f"A forecast's {name} must be above 0, not {getattr(self, name)}.")
        if not self.half_lives_days or min(self.half_lives_days) <= 0:
            raise ValueError(f"A forecast's half_lives_days must be above 0, not {self.half_lives_days}.")


def forecast(
    history: pd.DataFrame,
    day: date,
    *,
    quantile: float = 0.8,
    holidays: Collection[date] = (),
    registered_kg: pd.Series[float] | None = None,
    town_kg: pd.Series[float] | None = None,
    model: Model | None = None,
) -> pd.DataFrame:
    """For each point of the history the expected kg of `day`, and the kg that are not exceeded with this chance.

    `history` has the columns point_id, date and kg, a row for each day that is known; days after `day` are not looked
    at, nor is it. `registered_kg` is what the register expects a day, by point. `town_kg` is what the mean point
    yielded by date, a year ago and before. The answer is indexed by point_id, with the columns mean_kg, quantile_kg
    and days, the number of days known. Raises ValueError where a column is missing, a quantity negative or the
    quantile not within 0 and 1.
    """
    model = model or Model()
    _check(history, quantile)
    grid = _Grid.of(history, day, holidays)
    if grid is None:
        return pd.DataFrame({"mean_kg": [], "quantile_kg": [], "days": []}, dtype=float)
    registered = None if registered_kg is None else _floats(registered_kg.reindex(grid.points))
    kind = _kinds(pd.DatetimeIndex([pd.Timestamp(day)]), holidays)[0]
    chosen = _chosen(grid, registered, model)
    mean_kg, before = np.zeros(len(grid.points)), np.zeros((len(grid.kg) - 1, len(grid.points)))
    for half_life_days, own_week in chosen:
        factors = _factors(grid.kg, grid.kinds, model, own_week=own_week)
        levels = _levels(grid.kg / factors[:, grid.kinds].T, half_life_days, registered, model.own_days)
        season = 1.0 if town_kg is None else _season(town_kg, pd.Timestamp(day), grid, half_life_days)
        mean_kg += levels[-1] * factors[:, kind] * season / len(chosen)
        before += levels[:-1] * factors[:, grid.kinds[1:]].T / len(chosen)
    spare_kg = _spare(grid.kg[1:] - before, mean_kg, quantile)
    return pd.DataFrame(
        {
            "mean_kg": mean_kg,
            "quantile_kg": np.maximum(mean_kg + spare_kg, 0.0),
            "days": np.isfinite(grid.kg).sum(axis=0),
        },
        index=pd.Index(grid.points, name="point_id"),
    )


def _check(history: pd.DataFrame, quantile: float) -> None:
    missing = [name for name in COLUMNS if name not in history.columns]
    if missing:
        raise ValueError(f"The history needs the columns {', '.join(COLUMNS)}; {', '.join(missing)} is missing.")
    if (history["kg"] < 0).any():
        raise ValueError("A quantity in the history must be 0 kg or more.")
    if not 0 < quantile < 1:
        raise ValueError(f"The quantile must be within 0 and 1, not {quantile}.")


@dataclass(frozen=True, slots=True)
class _Grid:
    """The history as a table of days (rows, none left out up to the day before) and points; unknown is NaN."""

    kg: Floats
    days: pd.DatetimeIndex
    points: pd.Index[Any]
    kinds: Kinds

    @classmethod
    def of(cls, history: pd.DataFrame, day: date, holidays: Collection[date]) -> _Grid | None:
        dates = pd.to_datetime(history["date"])
        is_past = (dates < pd.Timestamp(day)).to_numpy() & history["kg"].notna().to_numpy()
        if not is_past.any():
            return None
        dates = dates[is_past]
        numbers, points = pd.factorize(history["point_id"][is_past], sort=True)
        first = dates.min()
        days = pd.date_range(first, pd.Timestamp(day) - pd.Timedelta(days=1), freq="D")
        cells = (dates - first).dt.days.to_numpy() * len(points) + numbers
        size = len(days) * len(points)
        sums: Floats = np.bincount(cells, weights=_floats(history["kg"][is_past]), minlength=size).astype(np.float64)
        sums[np.bincount(cells, minlength=size) == 0] = np.nan
        return cls(sums.reshape(len(days), len(points)), days, pd.Index(points), _kinds(days, holidays))

    def until(self, row: int) -> _Grid:
        """The first rows only."""
        return _Grid(self.kg[:row], self.days[:row], self.points, self.kinds[:row])


def _floats(values: pd.Series[float]) -> Floats:
    return np.asarray(values.to_numpy(), dtype=np.float64)


def _kinds(days: pd.DatetimeIndex, holidays: Collection[date]) -> Kinds:
    """The kind of each day."""
    off = pd.DatetimeIndex([pd.Timestamp(day) for day in holidays])
    return np.where(days.isin(off), HOLIDAY, days.day_of_week.to_numpy()).astype(np.int64)


def _factors(kg: Floats, kinds: Kinds, model: Model, *, own_week: bool) -> Floats:
    """What each kind of day brings each point, as a multiple of its mean day: by point and kind."""
    counts_all = np.isfinite(kg).sum(axis=0)
    means = np.nansum(kg, axis=0) / np.maximum(counts_all, 1)
    shares = np.divide(kg, means, out=np.full_like(kg, np.nan), where=means > 0)
    sums, counts = np.zeros((KINDS, kg.shape[1])), np.zeros((KINDS, kg.shape[1]))
    for kind in np.unique(kinds):
        rows = shares[kinds == kind]
        sums[kind], counts[kind] = np.nansum(rows, axis=0), np.isfinite(rows).sum(axis=0)
    everybody = (sums.sum(axis=1) + model.prior_days) / (counts.sum(axis=1) + model.prior_days)
    if not own_week:
        return np.tile(everybody, (kg.shape[1], 1))
    own: Floats = (sums + model.own_week_days * everybody[:, None]) / (counts + model.own_week_days)
    return own.T


def _levels(kg: Floats, half_life_days: float, registered: Floats | None, own_days: float) -> Floats:
    """Each point's level after each day, drawn towards what is expected of it while it has few readings."""
    fading = 0.5 ** (1.0 / half_life_days)
    known = np.isfinite(kg)
    filled = np.where(known, kg, 0.0)
    sums, weights, counts = (np.zeros(kg.shape[1]) for _ in range(3))
    levels = np.empty_like(kg)
    for row in range(len(kg)):
        sums, weights = sums * fading + filled[row], weights * fading + known[row]
        counts = counts + known[row]
        own = np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0)
        levels[row] = (own * counts + _expected(own, counts, registered) * own_days) / (counts + own_days)
    return levels


def _expected(own: Floats, counts: Floats, registered: Floats | None) -> Floats | float:
    """What to expect of a point without readings: the register's figure by what the others yield of theirs."""
    known = counts > 0
    everybody = float(np.average(own, weights=counts)) if known.any() else 0.0
    if registered is None:
        return everybody
    both = known & (registered > 0)
    ratio = (own * counts)[both].sum() / (registered * counts)[both].sum() if both.any() else 1.0
    return np.where(registered > 0, registered * ratio, everybody)


def _chosen(grid: _Grid, registered: Floats | None, model: Model) -> list[tuple[float, bool]]:
    """The half-lives, with and without weeks of the points' own, whose mean is the forecast.

    They are the one that was closest on the last days, and those that were not clearly further off: by more than the
    standard error of the difference from day to day. What a kind of day brings is learned from the days before those.
    """
    candidates = [(half_life_days, own_week) for own_week in (False, True) for half_life_days in model.half_lives_days]
    judged = min(model.judged_days, len(grid.kg) // 3)
    if judged < 2:
        return candidates
    first = len(grid.kg) - judged
    known, truth = grid.kg[:first], grid.kg[first:]
    scale = np.nansum(known, axis=0) / np.maximum(np.isfinite(known).sum(axis=0), 1)
    scale[scale <= 0] = np.nan
    off = []
    for half_life_days, own_week in candidates:
        factors = _factors(known, grid.kinds[:first], model, own_week=own_week)
        levels = _levels(grid.kg / factors[:, grid.kinds].T, half_life_days, registered, model.own_days)
        missed = (truth - levels[first - 1 : -1] * factors[:, grid.kinds[first:]].T) / scale
        counts = np.isfinite(missed).sum(axis=1)
        off.append(np.nansum(np.square(missed), axis=1)[counts > 0] / counts[counts > 0])
    errors = np.array(off)
    if errors.shape[1] < 2:
        return candidates
    further = errors - errors[errors.mean(axis=1).argmin()]
    doubt = further.std(axis=1, ddof=1) / np.sqrt(errors.shape[1])
    return [one for one, more, doubts in zip(candidates, further.mean(axis=1), doubt, strict=True) if more <= doubts]


def _season(town_kg: pd.Series[float], day: pd.Timestamp, grid: _Grid, half_life_days: float) -> float:
    """By what the time of year moves the level on: what it did a year ago, from then to the days about `day`."""
    then = town_kg.copy()
    then.index = pd.DatetimeIndex(then.index) + pd.Timedelta(days=YEAR_DAYS)
    about = then[(then.index >= day - SEASON_SPAN) & (then.index < day + SEASON_SPAN)].dropna()
    since = _floats(then.reindex(grid.days))
    weights = 0.5 ** (np.arange(len(since))[::-1] / half_life_days) * np.isfinite(since)
    if len(about) < SEASON_SPAN.days or np.isfinite(since).sum() < SEASON_SPAN.days or not weights.sum() > 0:
        return 1.0
    level = float(np.nansum(np.where(np.isfinite(since), since, 0.0) * weights) / weights.sum())
    return float(np.clip(about.mean() / level, *MOST_SEASON)) if level > 0 else 1.0


def _spare(missed: Floats, mean_kg: Floats, quantile: float) -> Floats:
    """What to add for the quantile: that of what was missed at the point, and at all points where it has few days."""
    ordered = np.sort(missed, axis=0)  # what is not known comes last
    counts = np.isfinite(missed).sum(axis=0)
    place = quantile * np.maximum(counts - 1, 0)
    low = np.floor(place).astype(np.int64)
    columns = np.arange(missed.shape[1])
    below, above = ordered[low, columns], ordered[np.minimum(low + 1, np.maximum(counts - 1, 0)), columns]
    own = np.where(counts > 0, below + (above - below) * (place - low), 0.0)
    relative = missed / np.where(mean_kg > 0, mean_kg, np.nan)
    known = relative[np.isfinite(relative)]
    pooled = float(np.quantile(known, quantile)) if known.size else 0.0
    spare: Floats = (own * counts + pooled * mean_kg * POOLED_DAYS) / (counts + POOLED_DAYS)
    return spare
