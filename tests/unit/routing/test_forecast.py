"""The forecast finds what was put into made-up histories, and looks at nothing from the day on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from services.routing.forecast import Model, forecast

MONDAY = date(2026, 6, 1)


def of(table: pd.DataFrame, point: str, day: date = MONDAY, column: str = "mean_kg", **options: Any) -> float:
    """One figure of one point's forecast."""
    return float(forecast(table, day, **options)[column].to_dict()[point])


def history(kg: list[float], point: str = "a", start: date = date(2026, 3, 2)) -> pd.DataFrame:
    """A point's daily quantities from a Monday on."""
    days = [start + timedelta(days=number) for number in range(len(kg))]
    return pd.DataFrame({"point_id": point, "date": days, "kg": kg})


def test_a_steady_point_is_forecast_as_it_is() -> None:
    """The same every day means the same tomorrow, and nothing to spare."""
    assert of(history([40.0] * 90), "a") == pytest.approx(40)
    assert of(history([40.0] * 90), "a", column="quantile_kg") == pytest.approx(40)


def test_the_weekday_is_learned() -> None:
    """Double on Mondays, over two years: a Monday is forecast about twice as high as a Tuesday."""
    table = history([80.0, 40, 40, 40, 40, 40, 40] * 104, start=date(2024, 6, 3))
    monday, tuesday = (of(table, "a", MONDAY + timedelta(days=day)) for day in (0, 1))
    assert monday > 1.6 * tuesday


def test_growth_is_followed() -> None:
    """A point that doubled two months ago is forecast nearer to the new level than to the old."""
    assert of(history([20.0] * 30 + [40.0] * 60), "a") > 34


def test_a_holiday_is_learned_from_the_holidays_before() -> None:
    """Days that bring three times as much lift the next such day, and no other day."""
    table = history([90.0 if number % 10 == 9 else 30.0 for number in range(400)], start=date(2025, 4, 20))
    off = [day for day, kg in zip(table["date"], table["kg"], strict=True) if kg == 90]
    ordinary = of(table, "a", date(2026, 5, 26), holidays=off)
    festive = of(table, "a", date(2026, 5, 26), holidays=[*off, date(2026, 5, 26)])
    assert festive > 1.4 * ordinary


def test_a_new_point_leans_on_the_others() -> None:
    """One odd reading is not taken for the point's habit."""
    table = pd.concat([history([50.0] * 90), history([50.0] * 90, "b"), history([500.0], "new", date(2026, 5, 30))])
    assert of(table, "new") < 300


def test_a_new_point_leans_on_the_register() -> None:
    """What is registered of it counts by what the others yield of theirs: half, here."""
    table = pd.concat([history([50.0] * 90), history([50.0] * 90, "b"), history([100.0], "new", date(2026, 5, 30))])
    registered = pd.Series({"a": 100.0, "b": 100.0, "new": 400.0})
    assert 140 < of(table, "new", registered_kg=registered) < 200
    assert of(table, "a", registered_kg=registered) == pytest.approx(50, abs=0.5)


def test_points_have_weeks_of_their_own() -> None:
    """One is busy on Mondays, another on Fridays; each is forecast by its own week."""
    monday = history([80.0, 40, 40, 40, 40, 40, 40] * 16, "a", start=date(2026, 2, 9))
    friday = history([40.0, 40, 40, 40, 80, 40, 40] * 16, "b", start=date(2026, 2, 9))
    table = pd.concat([monday, friday])
    assert of(table, "a") > 1.4 * of(table, "b")
    assert of(table, "b", MONDAY + timedelta(days=4)) > 1.4 * of(table, "a", MONDAY + timedelta(days=4))


def test_the_season_of_a_year_ago_moves_the_level_on() -> None:
    """It rose by a half at this time last year, so it is taken to rise now; without a year ago nothing is assumed."""
    table = history([40.0] * 90)
    days = pd.date_range(MONDAY - timedelta(days=364 + 90), MONDAY - timedelta(days=357), freq="D")
    before = pd.Series([1.0 if day < pd.Timestamp(MONDAY) - pd.Timedelta(days=364 + 7) else 1.3 for day in days], days)
    assert 46 < of(table, "a", town_kg=before) <= 52
    assert of(table, "a", town_kg=before[:0]) == pytest.approx(40)


@pytest.mark.parametrize("model", [Model(judged_days=1000), Model(), Model(half_lives_days=(30.0,))])
@pytest.mark.parametrize("known", [1, 2, 3, 4, 5, 8, 20])
def test_a_short_history_is_no_trouble(model: Model, known: int) -> None:
    """However few days are known, there is a figure, and nothing warns."""
    table = pd.concat([history([40.0, 0.0] * known), history([0.0] * known, "none"), history([5.0], "one")])
    found = forecast(table, MONDAY, model=model)
    assert np.isfinite(found.to_numpy()).all()
    assert (found["mean_kg"] >= 0).all()


def test_the_quantile_covers_its_share_of_days() -> None:
    """Random days: about eight of ten lie below the upper forecast."""
    random = np.random.default_rng(1)
    table = history(random.gamma(2.0, 20.0, 400).tolist(), start=date(2025, 4, 20))
    upper = [of(table, "a", date(2026, 2, 1) + timedelta(days=day), "quantile_kg") for day in range(60)]
    truth = dict(zip(table["date"], table["kg"], strict=True))
    below = np.mean([truth[date(2026, 2, 1) + timedelta(days=day)] <= upper[day] for day in range(60)])
    assert 0.68 < below < 0.92


def test_nothing_from_the_day_on_is_looked_at() -> None:
    """The forecast of a day is the same whatever comes then."""
    calm, wild = history([40.0] * 120), history([40.0] * 91 + [900.0] * 29)
    assert forecast(calm, MONDAY).equals(forecast(wild, MONDAY))


@pytest.mark.parametrize(
    ("table", "quantile", "sentence"),
    [
        (history([1.0]).drop(columns="kg"), 0.8, "kg is missing"),
        (history([-1.0]), 0.8, "must be 0 kg or more"),
        (history([1.0]), 1.0, "within 0 and 1"),
    ],
)
def test_a_wrong_history_is_refused_in_a_sentence(table: pd.DataFrame, quantile: float, sentence: str) -> None:
    """The message says what was expected."""
    with pytest.raises(ValueError, match=sentence):
        forecast(table, MONDAY, quantile=quantile)


def test_no_history_no_forecast_and_a_model_defends_itself() -> None:
    """An empty table gives an empty answer; a half-life of nothing is refused."""
    assert forecast(history([]), MONDAY).empty
    with pytest.raises(ValueError, match="half_lives_days must be above 0"):
        Model(half_lives_days=(30, 0))
