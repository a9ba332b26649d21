"""`riqing import`: what a person without a terminal gets to read."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from services.cli.importing import register


def test_standard_error_has_the_bad_rows_and_nothing_else(
    fresh_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In a file or a pipe no progress bar leaves an empty line among the errors."""
    monkeypatch.setenv("DATABASE_URL", fresh_database)
    app = typer.Typer()
    register(app)
    file = tmp_path / "contractors.csv"
    file.write_text("id,name\nC1,\n")
    assert CliRunner().invoke(app, ["contractors", str(file)]).stderr == "line 2, name: is required\n"
    file.write_text("id,name\nC1,甲\n")
    assert CliRunner().invoke(app, ["contractors", str(file)]).stderr == ""
