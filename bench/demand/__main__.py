"""`python -m bench.demand FILE`: the forecast beside naive ones, day by day over a real history.

Reads `skip_fullness_m3.csv` of Blantyre (a date and one column a skip, m³, blank where nobody read). Only days count
that were read and whose day before was read too; where the level fell, the skip was emptied, and nobody knows what fell
in. A cubic metre is taken as it is, in place of kilograms.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import typer
from rich.console import Console
from rich.table import Table

from services.routing.forecast import forecast

FIRST_DAYS = 60
FIGURES = ("mae", "rmse", "pinball", "within_quantile")
NAMES = ("riqing", "naive", "seasonal naive", "mean of all")


def read_fullness(path: Path) -> pd.DataFrame:
    """Daily inflow of each skip, in m³, as a history."""
    table = pd.read_csv(path, encoding="utf-8-sig")
    table.index = pd.DatetimeIndex(pd.to_datetime(table.pop("date"), format="%d-%b-%y"))
    rows: list[dict[str, Any]] = []
    for skip, column in table.apply(pd.to_numeric, errors="coerce").items():
        readings = column.dropna()
        for (before, low), (after, high) in zip(readings.items(), list(readings.items())[1:], strict=False):
            if high >= low and after - before == pd.Timedelta(days=1):
                rows.append({"point_id": skip, "date": after, "kg": high - low})
    return pd.DataFrame(rows)


def back_test(history: pd.DataFrame, quantile: float) -> dict[str, dict[str, float]]:
    """Mean absolute and root mean square error and pinball loss of each forecast, made from the days before only."""
    table = history.pivot_table(index="date", columns="point_id", values="kg").asfreq("D")
    errors: dict[str, list[float]] = {name: [] for name in NAMES}
    pinball: dict[str, list[float]] = {name: [] for name in NAMES}
    within = []
    for day in table.index[FIRST_DAYS:]:
        truth, past = table.loc[day].dropna(), table[table.index < day]
        known = past.columns[past.notna().any()]
        truth = truth[truth.index.isin(known)]
        if truth.empty:
            continue
        ours = forecast(history, day.date(), quantile=quantile)
        same = past[past.index.weekday == day.weekday()].ffill().iloc[-1:].squeeze()
        last = past.ffill().iloc[-1]
        guesses = {"naive": last, "seasonal naive": same.fillna(last), "mean of all": past.mean()}
        pairs = {"riqing": (ours["mean_kg"], ours["quantile_kg"])}
        pairs |= {name: (guess, guess) for name, guess in guesses.items()}
        for name, (mean, high) in pairs.items():
            errors[name] += (truth - mean[truth.index]).abs().tolist()
            gap = truth - high[truth.index]
            pinball[name] += np.maximum(quantile * gap, (quantile - 1) * gap).tolist()
        within += (truth <= ours["quantile_kg"][truth.index] + 1e-9).tolist()
    result = {
        name: {
            "mae": float(np.mean(errors[name])),
            "rmse": float(np.sqrt(np.mean(np.square(errors[name])))),
            "pinball": float(np.mean(pinball[name])),
        }
        for name in NAMES
    }
    result["riqing"] |= {"within_quantile": float(np.mean(within)), "point_days": float(len(within))}
    return result


def main(
    file: Annotated[Path, typer.Argument(help="skip_fullness_m3.csv")],
    quantile: Annotated[float, typer.Option(help="the chance with which the upper forecast is not exceeded")] = 0.8,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead of the table")] = False,
) -> None:
    """Forecast each day from those before and print how far off it was, beside naive forecasts."""
    result = back_test(read_fullness(file), quantile)
    if as_json:
        print(json.dumps({"quantile": quantile, "results": result}))
        return
    table = Table(title=f"a day ahead, m³ a day; pinball loss at {quantile:g}")
    for name in ("forecast", *FIGURES, "point_days"):
        table.add_column(name, justify="left" if name == "forecast" else "right")
    for name, row in result.items():
        table.add_row(name, *[f"{row[key]:.3f}" if key in row else "" for key in FIGURES],
                      f"{row['point_days']:.0f}" if "point_days" in row else "")  # fmt: skip
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
