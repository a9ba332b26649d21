"""The bulletin by `riqing report`, in all its forms and both languages, from a real database."""

import json
import subprocess
import sys
import threading
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from services.cli.report import report
from services.domain.errors import RiqingError
from services.domain.kinds import DeviceKind, MessageKind
from services.reports.fonts import FONT_VARIABLE, NoFontError
from services.reports.words import Language
from services.store.connection import Connection, connect
from services.store.evidence import take_turn
from tests.integration.clearance.stored_town import TOWN, build, run_round, set_clock, store_drive, store_rows
from tests.integration.clearance.test_rounds import DAY, POINTS, morning
from tests.unit.clearance.drives import START, Drive


@pytest.fixture(scope="module")
def reported(database_url: str) -> str:
    """The address of a database with a day that is over: eight points of ten served, 1.2 t tipped."""
    with connect(database_url) as connection:
        build(connection, POINTS, [Drive().vehicle], START)
        set_clock(connection, TOWN.service_day(DAY).end)
        store_drive(connection, morning().observe(POINTS, noise_m=8))
        weighing = {"observed_at": START, "vehicle_id": "V1", "net_kg": 1200.0, "direction": "in"}
        store_rows(connection, MessageKind.WEIGHING, DeviceKind.STATION, "S1", [weighing])
        run_round(connection)
    return database_url


@pytest.fixture(autouse=True)
def _settings(reported: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", reported)


def test_json_lets_a_checker_compare(capsys: pytest.CaptureFixture[str]) -> None:
    """Totals and every due visit with what became of it are on standard output, and nothing else."""
    report(str(DAY), "json")
    told = json.loads(capsys.readouterr().out)
    assert (told["town"], told["date"], told["final"]) == ("testtown", str(DAY), True)
    assert (told["totals"]["due"], told["totals"]["cleared"], told["totals"]["missed"]) == (10, 8, 2)
    assert told["totals"]["clearance_rate"] == 0.8
    assert told["totals"]["collection_rate"] == pytest.approx(0.6)
    statuses = {row["point_id"]: (row["status"], row["reason"]) for row in told["due_visits"]}
    assert statuses["P3"] == statuses["P7"] == ("missed", "not_planned")
    assert [row["throughput_t"] for row in told["stations"] if row["facility_id"] == "S1"] == [1.2]


def store_late_fix(url: str, second: int) -> None:
    """Store a fix of the day that clearance has not examined."""
    fix = {"observed_at": START + timedelta(hours=12, seconds=second), "lon": 120.0, "lat": 30.0, "speed_kmh": 30.0}
    with connect(url) as connection:
        store_rows(connection, MessageKind.POSITION, DeviceKind.VEHICLE, "V1", [fix])


def test_a_report_waits_for_readings_that_are_being_examined(reported: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is stored when the report is asked for is examined before it is drawn up."""
    store_late_fix(reported, 1)

    def examine(connection: Connection) -> None:
        run_round(connection)
        connection.commit()

    with connect(reported) as connection:
        assert take_turn(connection)
        clearance = threading.Timer(0.5, examine, [connection])
        clearance.start()
        report(str(DAY), "json")
        clearance.join()
    told = capsys.readouterr()
    assert json.loads(told.out)["final"] is True
    assert told.err == ""


def test_a_report_without_clearance_says_that_it_is_not_final(
    reported: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nobody examines the readings the bulletin comes all the same, and says what it lacks."""
    store_late_fix(reported, 2)
    report(str(DAY), "json")
    told = capsys.readouterr()
    assert json.loads(told.out)["final"] is False
    assert "1 batches of readings" in told.err
    with connect(reported) as connection:
        run_round(connection)


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh", ["日通报", "日产日清率", "80.00%", "未列入计划"]), ("en", ["Daily clearance", "80.00%", "not planned"])],
)
def test_the_table_speaks_both_languages(language: str, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The terminal's table has the rate and the reasons in words."""
    report(str(DAY), "table", language=Language(language))
    told = capsys.readouterr().out
    assert all(word in told for word in words)


def test_files_are_written_where_asked(tmp_path: Path) -> None:
    """Several forms at once are files named after the day; the workbook has numbers, the page the names."""
    report(str(DAY), "json,xlsx,html", output=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"riqing-{DAY}.{form}" for form in ("html", "json", "xlsx")
    ]
    book = load_workbook(BytesIO((tmp_path / f"riqing-{DAY}.xlsx").read_bytes()))
    assert book.sheetnames[:3] == ["总体情况", "各片区", "各保洁公司"]
    zone = [cell.value for cell in book["各片区"][4]]
    assert zone[:6] == ["Z1", 10, 8, 0, 2, 0.8]
    page = (tmp_path / f"riqing-{DAY}.html").read_text()
    assert "testtown 日清日通报 2026年3月3日" in page
    assert "<script" not in page


def test_a_pdf_embeds_its_font(tmp_path: Path, chromium: Path) -> None:
    """With a Chinese font on the machine (it comes with the browser) the PDF carries it."""
    del chromium
    report(str(DAY), "pdf", output=tmp_path)
    content = (tmp_path / f"riqing-{DAY}.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert b"/FontFile2" in content


def test_a_pdf_without_a_font_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a font gets a sentence that names the package and the variable."""
    monkeypatch.setenv(FONT_VARIABLE, str(tmp_path / "none.ttf"))
    with pytest.raises(NoFontError, match=FONT_VARIABLE):
        report(str(DAY), "pdf", output=tmp_path)


@pytest.mark.parametrize(("day", "formats"), [("yesterday", "table"), (str(DAY), "docx"), (str(DAY), "")])
def test_what_cannot_be_meant_is_refused(day: str, formats: str) -> None:
    """A wrong date or form is one sentence."""
    with pytest.raises(RiqingError):
        report(day, formats)


def test_a_day_with_nothing_due_is_reported_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    """A day before there was a town has no rates and no mishaps."""
    report("2020-01-01", "json")
    told = json.loads(capsys.readouterr().out)
    assert (told["totals"]["due"], told["totals"]["clearance_rate"], told["due_visits"]) == (0, None, [])


def test_the_command_line_prints_one_line_on_a_mistake(reported: str) -> None:
    """As a command a mistake is one line on standard error and status 1."""
    done = subprocess.run(
        [sys.executable, "-m", "services.cli", "report", "not-a-date"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert reported not in done.stderr
