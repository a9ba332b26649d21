"""Which bulletins are due on a morning, and the settings that say when."""

from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from services.domain.errors import InvalidRequestError
from services.domain.town import Town
from services.reports.forms import Form
from services.reports.schedule import periods_by
from services.reports.settings import ReportSettings, read_report_settings
from services.reports.words import Language

TOWN = Town("清河县")
AT = time(7, 30)


def local(day: str, clock: str) -> datetime:
    """Return an instant of the town's local time."""
    return datetime.fromisoformat(f"{day}T{clock}:00+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "clock", "newest"),
    [
        ("2026-11-25", "07:29", ["2026-11-23"]),  # a Wednesday, too early: yesterday morning's was Monday
        ("2026-11-25", "07:30", ["2026-11-24"]),
        ("2026-11-23", "08:00", ["2026-11-22", "2026-W47"]),  # a Monday
        ("2026-12-01", "08:00", ["2026-11-30", "2026-11"]),  # the first
        ("2027-02-01", "23:00", ["2027-01-31", "2027-W04", "2027-01"]),  # both
    ],
)
def test_what_a_morning_brings(day: str, clock: str, newest: list[str]) -> None:
    """The day before, on Mondays the week, on the first the month."""
    found = periods_by(TOWN, local(day, clock), AT)
    last = max(due_at for _, due_at in found)
    assert [period.name for period, due_at in found if due_at == last] == newest


def test_three_mornings_are_made_up_for() -> None:
    """What nothing wrote on the mornings before is still to be written, the oldest first."""
    names = [period.name for period, _ in periods_by(TOWN, local("2026-11-27", "12:00"), AT)]
    assert names == ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"]


def test_before_the_service_day_ends_it_is_not_over() -> None:
    """At three in the morning yesterday still goes on, so the bulletin is of the day before it."""
    found = periods_by(TOWN, local("2026-11-25", "03:30"), time(3, 0))
    assert found[-1][0].name == "2026-11-23"


def test_the_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Time, folder, forms and languages; by default below the data folder."""
    monkeypatch.setenv("RIQING_DATA_DIR", str(tmp_path))
    usual = ReportSettings()
    assert (usual.at, usual.dir, usual.languages) == (AT, tmp_path / "reports", (Language.ZH,))
    monkeypatch.setenv("RIQING_REPORTS_AT", "06:15")
    monkeypatch.setenv("RIQING_REPORTS_FORMS", "html, json")
    monkeypatch.setenv("RIQING_REPORTS_LANGUAGES", "en,zh")
    chosen = read_report_settings()
    assert (chosen.at, chosen.forms) == (time(6, 15), (Form.HTML, Form.JSON))
    assert chosen.languages == (Language.EN, Language.ZH)
    monkeypatch.setenv("RIQING_REPORTS_AT", "never")
    assert read_report_settings().at is None


@pytest.mark.parametrize(("name", "value"), [("AT", "noon"), ("FORMS", "docx"), ("LANGUAGES", "fr")])
def test_a_setting_that_cannot_be_meant_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """With the variable's name."""
    monkeypatch.setenv(f"RIQING_REPORTS_{name}", value)
    with pytest.raises(InvalidRequestError, match=f"RIQING_REPORTS_{name}"):
        read_report_settings()
