"""The truth table: decided visits held against the simulator's truth, over seeds and fault mixes."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import timedelta

from rich.console import Console
from rich.progress import track as with_bar
from rich.table import Table

from bench.clearance.day import Told, decide, drive
from bench.clearance.judge import Tally, judge
from bench.clearance.mixes import MIXES, Mix

TARGETS: Mapping[Told, float] = {Told.ALL: 0.995, Told.GPS_AND_LOAD: 0.98, Told.GPS_15_S: 0.97, Told.GPS_60_S: 0.90}
"""What precision and recall are to reach, by what the devices tell."""
MOST_FALSE_CLEARANCES = 0.002
Tallies = dict[str, dict[Told, Tally]]
"""By the name of the mix and by what the devices tell."""


@dataclass(frozen=True, slots=True)
class Order:
    """Which days to judge: some seeds and mixes, with so many compactors and a crane truck each."""

    seeds: tuple[int, ...]
    mixes: tuple[Mix, ...] = MIXES
    compactors: int = 4
    processes: int = 1


def tallies_of(seed: int, mix: Mix, compactors: int) -> dict[Told, Tally]:
    """Drive one day and judge what clearance finds of it, by what the devices tell."""
    day = drive(seed, mix, compactors)
    clock_error = timedelta(seconds=mix.faults.wrong_clock_s)
    return {told: judge(decide(day, told), day.truth, clock_error, day.passages) for told in Told}


def judge_days(order: Order) -> dict[int, Tallies]:
    """Judge every day of an order, in so many processes; a bar shows how far it is. Returns tallies by seed."""
    found: dict[int, Tallies] = {seed: {} for seed in order.seeds}
    with ProcessPoolExecutor(order.processes) as pool:
        place_of = {
            pool.submit(tallies_of, seed, mix, order.compactors): (seed, mix.name)
            for seed in order.seeds
            for mix in order.mixes
        }
        for job in with_bar(as_completed(place_of), "Driving", total=len(place_of), console=Console(stderr=True)):
            seed, name = place_of[job]
            found[seed][name] = job.result()
    # In the order of the mixes, not in that in which the processes were done.
    return {seed: {mix.name: found[seed][mix.name] for mix in order.mixes} for seed in order.seeds}


def pooled(by_seed: Mapping[int, Tallies], seeds: Iterable[int]) -> Tallies:
    """Return the sums over some seeds, by mix."""
    chosen = [by_seed[seed] for seed in seeds]
    return {name: {told: sum((one[name][told] for one in chosen), Tally()) for told in Told} for name in chosen[0]}


def total(tallies: Tallies) -> dict[Told, Tally]:
    """Return the sums over all mixes."""
    return {told: sum((row[told] for row in tallies.values()), Tally()) for told in Told}


def as_json(tallies: Tallies) -> dict[str, object]:
    """Return the table as plain values: by mix and by what is told."""
    return {
        name: {
            str(told): {
                "visits": tally.right + tally.overlooked,
                "precision": round(tally.precision, 5),
                "recall": round(tally.recall, 5),
                "passed": tally.passed,
                "passed_cleared": tally.passed_cleared,
                "waited": tally.waited,
                "waited_cleared": tally.waited_cleared,
                "came_by": tally.came_by,
                "came_by_cleared": tally.came_by_cleared,
                "stood_by": tally.stood_by,
                "stood_by_cleared": tally.stood_by_cleared,
                "made_up": tally.made_up,
            }
            for told, tally in row.items()
        }
        for name, row in {**tallies, "all": total(tallies)}.items()
    }


def show(tallies: Tallies, title: str, console: Console, held_out: Tallies | None = None) -> None:
    """Print precision and recall, what misses its target marked, and below it the false clearances.

    `held_out` are the tallies of the seeds that were not looked at while the decision was made better.
    """
    table = Table(title=title)
    table.add_column("mix", no_wrap=True)
    for name in ("visits", *map(str, Told)):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_row("target", "", *(f"{TARGETS[told]:.3f}" for told in Told), end_section=True)
    rows = {**tallies, "all mixes": total(tallies)}
    if held_out is not None:
        rows["… of the held-out seeds"] = total(held_out)
    for name, row in rows.items():
        visits = next(iter(row.values()))
        table.add_row(name, f"{visits.right + visits.overlooked}", *(_cell(told, row[told]) for told in Told))
    console.print(table)
    console.print("Each cell: precision / recall per visit; * misses its target.")
    console.print(_false_clearances(total(tallies)))


def _cell(told: Told, tally: Tally) -> str:
    figures = [f"{value:.3f}{' ' if value >= TARGETS[told] else '*'}" for value in (tally.precision, tally.recall)]
    return " / ".join(figures)


def _false_clearances(sums: Mapping[Told, Tally]) -> Table:
    table = Table(title=f"Not served, and became a visit (driven past: at most {MOST_FALSE_CLEARANCES:.1%})")
    table.add_column("told")
    for group, name in (
        ("planned:", "driven past or left out"),
        ("planned:", "waited 25 s and more"),
        ("any passage:", "driving by"),
        ("any passage:", "with a stand of 25 s and more"),
    ):
        table.add_column(f"{group}\n{name}", justify="right")
    for told, tally in sums.items():
        table.add_row(
            str(told),
            _share(tally.passed_cleared, tally.passed),
            _share(tally.waited_cleared, tally.waited),
            _share(tally.came_by_cleared, tally.came_by),
            _share(tally.stood_by_cleared, tally.stood_by),
        )
    return table


def _share(cleared: int, all_of_them: int) -> str:
    return f"{cleared} of {all_of_them}" + (f" ({cleared / all_of_them:.2%})" if all_of_them else "")


def seeds_of(text: str) -> tuple[int, ...]:
    """Return the seeds that a text such as `1-20` or `3,5,8-9` names.

    Raises:
        ValueError: it names none.

    """
    found: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    if not found:
        raise ValueError(f"Expected seeds such as 1-20 or 3,5,8-9, got {text!r}.")
    return tuple(found)


def mixes_of(names: Sequence[str]) -> tuple[Mix, ...]:
    """Return the mixes whose name contains one of `names`; all where none is given.

    Raises:
        ValueError: a name fits none.

    """
    for name in names:
        if not any(name in mix.name for mix in MIXES):
            raise ValueError(f"No mix has {name!r} in its name; there are: {', '.join(mix.name for mix in MIXES)}.")
    return tuple(mix for mix in MIXES if not names or any(name in mix.name for name in names))
