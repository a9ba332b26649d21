"""The bulletin as tables on a terminal."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from services.reports.sections import Section, Style, written


def print_table(console: Console, heading: str, standing: str, parts: Iterable[Section], nothing: str) -> None:
    """Print each section as a table."""
    console.print(f"[bold]{heading}[/bold]")
    console.print(standing)
    for section in parts:
        console.print()
        if not section.rows:
            console.print(f"{section.heading}: {nothing}")
            continue
        table = Table(title=section.heading, title_justify="left", show_edge=False, header_style="bold")
        for column in section.columns:
            table.add_column(column.heading, justify="left" if column.style is Style.TEXT else "right")
        for row in section.rows:
            cells = zip(row, section.columns, strict=True)
            table.add_row(*(written(value, column.style) for value, column in cells))
        console.print(table)
