"""`python -m bench.demand FILE`: the forecast beside naive ones, day by day over a history.

FILE is a history as `riqing import history` takes it (point_id, date, kg), with `--points points.csv` beside what is
registered; or `skip_fullness_m3.csv` of Blantyre (a date and one column a skip, m³, blank where nobody read). There
only days count that were read and whose day before was read too; where the level fell, the skip was emptied, and nobody
knows what fell in. A cubic metre is taken as it is, in place of kilograms.

With `--capacity-kg` it also fills trips with the points in their order, planned on several quantiles, and counts those
that would have been overloaded. `--scale N` makes a history of N points and 60 days up and says how long it takes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from services.routing.forecast import forecast
from services.routing.holidays import holidays_in

FIRST_DAYS = 60
FIGURES = ("mae", "rmse", "bias", "pinball", "within_quantile")
QUANTILES = (0.5, 0.6, 0.65, 0.7, 0.8, 0.9)
TRIP_EVERY_DAYS = 4

Forecast = Callable[[pd.DataFrame, pd.DataFrame, pd.Timestamp, float], "tuple[pd.Series[float], pd.Series[float]]"]


def read_history(path: Path) -> pd.DataFrame:
    """Return a file's rows of point_id, date and kg."""
    table = pd.read_csv(path, encoding="utf-8-sig")
    if "point_id" not in table.columns:
        return _inflow(table)
    table["date"] = pd.to_datetime(table["date"])
    return table


def _inflow(table: pd.DataFrame) -> pd.DataFrame:
    """Daily inflow of each skip, in m³, as a history."""
    table.index = pd.DatetimeIndex(pd.to_datetime(table.pop("date"), format="%d-%b-%y"))
    rows: list[dict[str, Any]] = []
    for skip, column in table.apply(pd.to_numeric, errors="coerce").items():
        readings = column.dropna()
        for (before, low), (after, high) in zip(readings.items(), list(readings.items())[1:], strict=False):
            if high >= low and after - before == pd.Timedelta(days=1):
                rows.append({"point_id": skip, "date": after, "kg": high - low})
    return pd.DataFrame(rows)


def forecasts(off: set[date], registered_kg: pd.Series[float] | None) -> dict[str, Forecast]:
    """Return how each forecast is made from the rows and the table of all days before; both its figures in one."""

    def ours(
        history: pd.DataFrame, _: pd.DataFrame, day: pd.Timestamp, quantile: float
    ) -> tuple[pd.Series[float], pd.Series[float]]:
        found = forecast(history, day.date(), quantile=quantile, holidays=off, registered_kg=registered_kg)
        return found["mean_kg"], found["quantile_kg"]

    def seasonal(past: pd.DataFrame, day: pd.Timestamp) -> pd.Series[float]:
        is_same = pd.DatetimeIndex(past.index).day_of_week == day.day_of_week
        filled = past.ffill().iloc[-1]
        return past[is_same].ffill().iloc[-1].fillna(filled) if is_same.any() else filled

    made: dict[str, Forecast] = {
        "Riqing": ours,
        "naive (the day before)": lambda _h, past, _d, _q: (past.ffill().iloc[-1],) * 2,
        "seasonal naive (the same weekday)": lambda _h, past, day, _q: (seasonal(past, day),) * 2,
        "mean of all days before": lambda _h, past, _d, _q: (past.mean(),) * 2,
        "median of all days before": lambda _h, past, _d, _q: (past.median(),) * 2,
    }
    if registered_kg is not None:
        made["registered"] = lambda _h, _p, _d, _q: (registered_kg,) * 2
    return made


def back_test(history: pd.DataFrame, made: dict[str, Forecast], quantile: float) -> dict[str, dict[str, float]]:
    """Return what each forecast, made from the days before only, was off by."""
    table = history.pivot_table(index="date", columns="point_id", values="kg").asfreq("D")
    off: dict[str, list[float]] = {name: [] for name in made}
    over: dict[str, list[float]] = {name: [] for name in made}
    for day in track(table.index[FIRST_DAYS:], "back-testing", console=Console(stderr=True), transient=True):
        past = table[table.index < day]
        known = past.columns[past.notna().any()]
        truth = table.loc[day].dropna()
        truth = truth[truth.index.isin(known)]
        if truth.empty:
            continue
        for name, make in made.items():
            mean, high = make(history, past, day, quantile)
            off[name] += (truth - mean[truth.index]).tolist()
            over[name] += (truth - high[truth.index]).tolist()
    return {name: _figures(np.array(off[name]), np.array(over[name]), quantile) for name in made}


def _figures(off: np.ndarray[Any, Any], over: np.ndarray[Any, Any], quantile: float) -> dict[str, float]:
    return {
        "mae": float(np.abs(off).mean()),
        "rmse": float(np.sqrt(np.square(off).mean())),
        "bias": float(-off.mean()),
        "pinball": float(np.maximum(quantile * over, (quantile - 1) * over).mean()),
        "within_quantile": float((over <= 1e-9).mean()),
        "point_days": float(len(off)),
    }


def trips(history: pd.DataFrame, off: set[date], capacity_kg: float) -> list[dict[str, float]]:
    """Fill trips with points in their order by what is planned for them; return what came of it by quantile."""
    table = history.pivot_table(index="date", columns="point_id", values="kg").asfreq("D")
    rows = []
    for quantile in QUANTILES:
        loads: list[float] = []
        for day in table.index[FIRST_DAYS::TRIP_EVERY_DAYS]:
            planned = forecast(history, day.date(), quantile=quantile, holidays=off)["quantile_kg"]
            truth = table.loc[day, planned.index].fillna(0.0)
            numbers = _trip_of(planned.to_numpy(), capacity_kg)
            loads += np.bincount(numbers, weights=truth.to_numpy()).tolist()[:-1]
        rows.append(
            {
                "quantile": quantile,
                "trips": float(len(loads)),
                "overloaded": float(np.mean([load > capacity_kg for load in loads])),
                "mean_fill": float(np.mean(loads) / capacity_kg),
            }
        )
    return rows


def _trip_of(planned_kg: np.ndarray[Any, Any], capacity_kg: float) -> list[int]:
    """The number of each point's trip; a new one begins where the next point does not fit any more."""
    trip, on_board_kg, numbers = 0, 0.0, []
    for kg in planned_kg:
        if on_board_kg + kg > capacity_kg:
            trip, on_board_kg = trip + 1, 0.0
        on_board_kg += kg
        numbers.append(trip)
    return numbers


def timed(points: int, days: int = 60) -> float:
    """Return how many seconds a forecast of so many points takes."""
    random = np.random.default_rng(1)
    names = np.repeat(np.array([f"P{number}" for number in range(points)], dtype=object), days)
    dates = np.tile(pd.date_range("2026-03-01", periods=days).to_numpy(), points)
    table = pd.DataFrame({"point_id": names, "date": dates, "kg": random.gamma(4.0, 20.0, points * days)})
    began = time.perf_counter()
    forecast(table, date(2026, 4, 30))
    return time.perf_counter() - began


def main(
    file: Annotated[Path | None, typer.Argument(help="history.csv, or skip_fullness_m3.csv")] = None,
    points: Annotated[Path | None, typer.Option(help="points.csv with the expected_kg that are registered")] = None,
    quantile: Annotated[float, typer.Option(help="the chance with which the upper forecast is not exceeded")] = 0.8,
    timezone: Annotated[str, typer.Option(help="whose country's holidays count")] = "Asia/Shanghai",
    capacity_kg: Annotated[float | None, typer.Option(help="fill trips of this size as well")] = None,
    scale: Annotated[int | None, typer.Option(help="time a forecast of so many made-up points")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of tables")] = False,
) -> None:
    """Forecast each day from those before and print how far off it was, beside naive forecasts."""
    answer: dict[str, Any] = {"quantile": quantile}
    if file is not None:
        history = read_history(file)
        years = range(history["date"].min().year, history["date"].max().year + 1)
        off = holidays_in(timezone, years)
        registered_kg = None if points is None else pd.read_csv(points).set_index("id")["expected_kg"].astype(float)
        answer["results"] = back_test(history, forecasts(off, registered_kg), quantile)
        answer["trips"] = [] if capacity_kg is None else trips(history, off, capacity_kg)
    if scale is not None:
        answer["scale"] = {"points": scale, "days": 60, "seconds": timed(scale)}
    print(json.dumps(answer)) if as_json else _print(answer)


def _print(answer: dict[str, Any]) -> None:
    console = Console()
    if "results" in answer:
        table = Table(title=f"a day ahead; pinball loss at {answer['quantile']:g}")
        for name in ("forecast", *FIGURES, "point_days"):
            table.add_column(name, justify="left" if name == "forecast" else "right")
        for name, row in answer["results"].items():
            table.add_row(name, *[f"{row[key]:.3f}" for key in FIGURES], f"{row['point_days']:.0f}")
        console.print(table)
    if answer.get("trips"):
        table = Table("quantile", "trips", "overloaded", "mean fill", title="trips filled by what is planned")
        for row in answer["trips"]:
            figures = (f"{row['trips']:.0f}", f"{row['overloaded']:.1%}", f"{row['mean_fill']:.1%}")
            table.add_row(f"{row['quantile']:g}", *figures)
        console.print(table)
    if "scale" in answer:
        console.print("{points:,} points, {days} days: {seconds:.1f} s".format(**answer["scale"]))


if __name__ == "__main__":
    typer.run(main)
