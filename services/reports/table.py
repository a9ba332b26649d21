"""The bulletin as tables on a terminal."""

from rich.console import Console
from rich.table import Table

from services.reports.paper import Paper
from services.reports.sections import Style, written


def print_table(console: Console, paper: Paper) -> None:
    """Print what it says first, and each section that has a table."""
    console.print(f"[bold]{paper.heading}[/bold]")
    console.print(paper.standing)
    console.print()
    for sentence in paper.lead:
        console.print(sentence, highlight=False)
    for section in paper.sections:
        if not section.columns:
            continue
        console.print()
        if not section.rows:
            console.print(f"{section.heading}: {paper.words['nothing']}")
            continue
        table = Table(title=section.heading, title_justify="left", show_edge=False, header_style="bold")
        for column in section.columns:
            table.add_column(column.heading, justify="left" if column.style is Style.TEXT else "right")
        for row in section.rows:
            cells = zip(row, section.columns, strict=True)
            table.add_row(*(written(value, column.style) for value, column in cells))
        console.print(table)
