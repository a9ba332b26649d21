"""`riqing alarm`: the limits of alarms from the command line, against a real database."""

import json
from collections.abc import Sequence

import pytest
import typer
from typer.testing import CliRunner

from services.cli.alarm import register
from services.domain.errors import InvalidRequestError, NotFoundError, RiqingError
from services.store.connection import connect
from tests.integration.api.seeded_town import build


def told(app: typer.Typer, *arguments: str) -> str:
    """Run a command that succeeds, and return what it prints."""
    result = CliRunner().invoke(app, ["alarm", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_limits_are_listed_and_set(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set is listed, with who did it in the audit log; what cannot be is refused."""
    monkeypatch.setenv("DATABASE_URL", fresh_database)
    with connect(fresh_database) as connection:
        build(connection)
    app = typer.Typer()
    register(app)
    assert "alarm_vehicle_standing_min" in told(app, "limits")
    said = told(app, "set-limit", "alarm_vehicle_silent_min", "--raises-above", "15", "--clears-at", "12")
    assert said == (
        "alarm_vehicle_silent_min: raises above 10 min, clears at 10 before, raises above 15 min, clears at 12 now.\n"
    )
    assert told(app, "set-limit", "alarm_load_lost_kg", "--off", "--note", "无秤").endswith("off now.\n")
    limits = {limit["limit_id"]: limit for limit in json.loads(told(app, "limits", "--json"))}
    ends = [limits["alarm_vehicle_silent_min"][name] for name in ("value_low", "value_high", "source_status")]
    assert ends == [12, 15, "own"]
    assert (limits["alarm_load_lost_kg"]["value_high"], limits["alarm_load_lost_kg"]["note"]) == (None, "无秤")
    with connect(fresh_database) as connection:
        audited = connection.execute(
            "SELECT user_name, subject FROM audit_log WHERE action = 'set' ORDER BY audit_id"
        ).fetchall()
    assert audited == [
        ("command line", "limit alarm_vehicle_silent_min"),
        ("command line", "limit alarm_load_lost_kg"),
    ]
    wrong: Sequence[tuple[tuple[str, ...], type[RiqingError]]] = (
        (("alarm_nothing", "--off"), NotFoundError),
        (("alarm_load_lost_kg",), InvalidRequestError),
        (("alarm_load_lost_kg", "--off", "--raises-above", "3"), InvalidRequestError),
        (("alarm_load_lost_kg", "--raises-above", "nan"), InvalidRequestError),
        (("alarm_load_lost_kg", "--raises-above", "3", "--clears-at", "4"), InvalidRequestError),
    )
    for arguments, error in wrong:
        assert isinstance(CliRunner().invoke(app, ["alarm", "set-limit", *arguments]).exception, error)
