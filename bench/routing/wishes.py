"""`python -m bench.routing.wishes`: what balance and compactness give and cost, for several weights.

Each made-up town is planned by steps, so that the machine's load does not decide; the weights are shares of the mean
truck's price, as in services/routing/wishes.py.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import product
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from bench.routing.growth import TABLE_WIDTH, made_up_town
from bench.routing.measure import LONG_S
from services.routing.planner import solve
from services.routing.problem import Problem, Weights
from services.routing.solution import Route, Solution, StopKind
from services.routing.warm_up import warm_up

COLUMNS = ("points", "balance", "compactness", "routes", "unserved", "cost", "km_to_middle", "mean_h", "spread_h")


def planned(points: int, balance: float, compactness: float, steps: int, seed: int) -> tuple[Problem, Solution]:
    """A town and its plan under weights that are such shares of an hour's and a kilometre's price."""
    problem = made_up_town(points, seed)
    truck = problem.trucks[0]
    weights = Weights(round(balance * truck.cost_per_h), round(compactness * truck.cost_per_km))
    problem = replace(problem, weights=weights)
    return problem, solve(problem, time_limit_s=LONG_S, steps=steps, seed=seed, workers=1)


def km_to_middle(problem: Problem, route: Route) -> list[float]:
    """The way from each task of a route to its middle one, in kilometres."""
    places = [problem.tasks[task].location for task in route.tasks]
    middle = places[len(places) // 2]
    return [problem.travel[0].distance_m[middle, place] / 1000 for place in places]


def work_h(route: Route) -> float:
    """Driving, serving and tipping of a route, in hours."""
    standing_s = sum(stop.depart_s - stop.start_s for stop in route.stops if stop.kind is not StopKind.BREAK)
    return (route.drive_s + standing_s) / 3600


def main(
    sizes: Annotated[str, typer.Option(help="numbers of points, with commas")] = "500,1000",
    balances: Annotated[str, typer.Option(help="shares of an hour's price, with commas")] = "0,0.1,0.3",
    compactnesses: Annotated[str, typer.Option(help="shares of a kilometre's price, with commas")] = "0,0.01,0.02",
    steps: Annotated[int, typer.Option(help="steps of each search")] = 60_000,
    seeds: Annotated[int, typer.Option(help="towns of each size; the figures are means")] = 1,
) -> None:
    """Plan each town under each pair of weights and print what came of it."""
    console = Console(width=None if sys.stdout.isatty() else TABLE_WIDTH)
    warm_up()
    table = Table(title=f"{steps:,} steps each, means of {seeds} towns")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for points in (int(size) for size in sizes.split(",")):
        plain = 0.0
        for balance, compactness in product(map(float, balances.split(",")), map(float, compactnesses.split(","))):
            runs = [planned(points, balance, compactness, steps, seed) for seed in range(seeds)]
            cost = float(np.mean([solution.cost for _, solution in runs]))
            plain = plain or cost
            away = [km for problem, plan in runs for route in plan.routes for km in km_to_middle(problem, route)]
            hours = [[work_h(route) for route in plan.routes] for _, plan in runs]
            table.add_row(
                *(str(points), f"{balance:g}", f"{compactness:g}"),
                f"{np.mean([len(plan.routes) for _, plan in runs]):.1f}",
                f"{np.mean([len(plan.unserved) for _, plan in runs]):.1f}",
                f"{cost:,.0f} ({cost / plain - 1:+.1%})",
                f"{np.mean(away):.2f}",
                f"{np.mean([np.mean(own) for own in hours]):.2f}",
                f"{np.mean([np.std(own) for own in hours]):.2f}",
            )
    console.print(table)


if __name__ == "__main__":
    typer.run(main)
