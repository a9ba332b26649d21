"""`riqing scenario`: changes to toilets and stations that were kept: seen, compared, planned, forgotten."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.api.shapes.scenarios import CoveredAnswer
from services.cli.options import DEFAULT_DATA_DIR, DataDir, read_day
from services.facilities.coverage import StationCoverage, ToiletCoverage
from services.facilities.scenario_service import Effect, Schedule, adopt_scenario, changes_of, effect_of
from services.store.audit import record_action
from services.store.connection import connect
from services.store.scenarios import delete_scenario, find_scenario, load_scenarios
from services.store.town import load_clock

Name = Annotated[str, typer.Argument(help="The scenario's name.")]
WHO = "command line"


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    scenario = typer.Typer(help="Scenarios: what was thought through for toilets and stations.", no_args_is_help=True)
    scenario.command("list")(list_all)
    scenario.command("show")(show)
    scenario.command("compare")(compare)
    scenario.command("adopt")(adopt)
    scenario.command("delete")(delete)
    app.add_typer(scenario, name="scenario")


def list_all(data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """List the scenarios, the newest first."""
    del data_dir
    with connect() as connection:
        rows = load_scenarios(connection)
    table = Table()
    for name in ("name", "changes", "yuan", "made", "by", "adopted"):
        table.add_column(name)
    for row in rows:
        price = sum(change.get("price", 0.0) for change in row.changes)
        adopted = "" if row.adopted_at is None else f"{row.adopted_at:%Y-%m-%d}"
        made = f"{row.created_at:%Y-%m-%d}"
        table.add_row(row.name, str(len(row.changes)), f"{price:,.0f}", made, row.created_by, adopted)
    Console().print(table)


def show(name: Name, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Print what a scenario changes, and coverage before and after."""
    del data_dir
    with connect() as connection:
        row = find_scenario(connection, name)
        effect = effect_of(connection, changes_of(row))
    table = Table(title=f"{row.name} ({row.created_by}, {row.created_at:%Y-%m-%d})")
    for column in ("what", "facility", "kind", "yuan"):
        table.add_column(column)
    for change in changes_of(row):
        price = "" if change.price is None else f"{change.price:,.0f}"
        table.add_row(change.kind, f"{change.facility_id} {change.name or ''}", change.facility_kind or "", price)
    Console().print(table)
    _show_effects([(row.name, effect)])


def compare(
    name: Name, other: Annotated[str, typer.Argument(help="The other's name.")], data_dir: DataDir = DEFAULT_DATA_DIR
) -> None:
    """Put two scenarios side by side."""
    del data_dir
    with connect() as connection:
        effects = [(one, effect_of(connection, changes_of(find_scenario(connection, one)))) for one in (name, other)]
    _show_effects(effects)


def adopt(
    name: Name,
    begins: Annotated[str | None, typer.Option(help="The day, YYYY-MM-DD, on which the works begin.")] = None,
    done: Annotated[str | None, typer.Option(help="The day from which all is in service.")] = None,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Take what a scenario builds into the register as planned facilities; with days, date all its works."""
    del data_dir
    with connect() as connection:
        row, now = find_scenario(connection, name), load_clock(connection).now()
        schedule = Schedule(read_day(begins), read_day(done))
        planned = adopt_scenario(connection, row.scenario_id, WHO, now, schedule)
        record_action(connection, now, WHO, "adopt", f"scenario {name}", {"planned": planned})
    print(f"Planned: {', '.join(planned)}.")


def delete(name: Name, data_dir: DataDir = DEFAULT_DATA_DIR) -> None:
    """Forget a scenario."""
    del data_dir
    with connect() as connection:
        delete_scenario(connection, find_scenario(connection, name).scenario_id)
        record_action(connection, load_clock(connection).now(), WHO, "delete", f"scenario {name}")


def _show_effects(effects: list[tuple[str, Effect]]) -> None:
    table = Table(title="Coverage")
    for column in ("scenario", "of", "before", "after", "facilities", "yuan"):
        table.add_column(column, justify="left" if column in ("scenario", "of") else "right")
    for name, effect in effects:
        for of, before, after in (
            ("toilets", effect.toilets_before, effect.toilets_after),
            ("stations", effect.stations_before, effect.stations_after),
        ):
            if after is not None:
                table.add_row(name, of, _ratio(before), _ratio(after), _count(after), f"{effect.price:,.0f}")
    Console().print(table)


def _ratio(coverage: ToiletCoverage | StationCoverage | None) -> str:
    covered = CoveredAnswer.of(coverage)
    return "-" if covered is None or covered.covered_ratio is None else f"{covered.covered_ratio:.2%}"


def _count(coverage: ToiletCoverage | StationCoverage) -> str:
    covered = CoveredAnswer.of(coverage)
    return "" if covered is None else str(covered.facilities)
