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
from services.domain.kinds import DeviceKind, DueVisitStatus, MessageKind
from services.reports.fonts import FONT_VARIABLE, NoFontError
from services.store.connection import Connection, connect
from services.store.corrections import NewCorrection, correct_due_visit, undo_correction
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
    report(str(DAY), "table", languages=language)
    told = capsys.readouterr().out
    assert all(word in told for word in words)


def test_files_are_written_where_asked(tmp_path: Path) -> None:
    """Several forms at once are files named after the day; the workbook has numbers, the page the names."""
    report(str(DAY), "json,xlsx,html", output=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"riqing-{DAY}.{form}" for form in ("html", "json", "xlsx")
    ]
    book = load_workbook(BytesIO((tmp_path / f"riqing-{DAY}.xlsx").read_bytes()))
    assert book.sheetnames[:3] == ["总体情况", "各保洁公司", "各片区"]
    zone = [cell.value for cell in book["各片区"][4]]
    assert zone[:6] == ["Z1", "东片区", 10, 8, 2, 0.8]
    page = (tmp_path / f"riqing-{DAY}.html").read_text()
    assert "<title>testtown 日清日通报 2026年3月3日</title>" in page
    assert "2026年第62期" in page
    assert "应清运 10 次，已清运 8 次，日产日清率 80.00%" in page
    assert page.count("<svg") == 1  # the map: a single day has no trend, a single contractor nobody beside it
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_each_language_has_its_file(tmp_path: Path) -> None:
    """Both at once: the files bear their language, JSON there is one of."""
    report(str(DAY), "json,html", languages="zh,en", output=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"riqing-{DAY}-en.html",
        f"riqing-{DAY}-zh.html",
        f"riqing-{DAY}.json",
    ]
    assert "8 of 10 due visits were cleared" in (tmp_path / f"riqing-{DAY}-en.html").read_text()


@pytest.mark.parametrize(
    ("name", "first", "last", "title"),
    [
        ("2026-W10", "2026-03-02", "2026-03-08", "日清周通报 2026年第10周（3月2日至3月8日）"),
        ("2026-03", "2026-03-01", "2026-03-31", "日清月考核通报 2026年3月"),
    ],
)
def test_a_week_and_a_month_sum_their_days(
    name: str, first: str, last: str, title: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The days' counts and weights are summed, the missed points are counted, and it is not over yet."""
    report(name, "json")
    told = json.loads(capsys.readouterr().out)
    assert (told["period"]["first"], told["period"]["last"], told["final"]) == (first, last, False)
    # The day, and the one after it that has begun.
    assert [told["totals"][count] for count in ("due", "cleared", "missed", "pending")] == [20, 8, 2, 10]
    assert told["totals"]["tipped_kg"] == 1200.0
    assert [(point["point_id"], point["missed"]) for point in told["missed_points"]] == [("P3", 1), ("P7", 1)]
    assert told["missed_points"][0]["reasons"] == {"not_planned": 1}
    assert "due_visits" not in told
    report(name, "html", output=tmp_path)
    page = (tmp_path / f"riqing-{name}.html").read_text()
    assert title in page
    assert f"本期 {7 if 'W' in name else 31} 天中 2 天有应清运任务" in page
    assert "漏清运收集点" in page


def test_what_was_corrected_is_shown_as_such(reported: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bulletin says how many, lists each with who and why, and marks it; undone it is gone."""
    place = (DAY, "P3", 1)
    with connect(reported) as connection:
        correct_due_visit(connection, place, NewCorrection(DueVisitStatus.CLEARED, "巡查确认已清", "li", START))
    report(str(DAY), "json")
    told = json.loads(capsys.readouterr().out)
    assert (told["totals"]["cleared"], told["totals"]["corrected"]) == (9, 1)
    assert [(row["point_id"], row["decided_status"], row["note"]) for row in told["corrections"]] == [
        ("P3", "missed", "巡查确认已清")
    ]
    (row,) = [row for row in told["due_visits"] if row["point_id"] == "P3"]
    assert (row["status"], row["correction"]["corrected_by"]) == ("cleared", "li")
    report(str(DAY), "html", output=tmp_path)
    page = (tmp_path / f"riqing-{DAY}.html").read_text()
    assert "其中 1 次由人工更正" in page
    assert "巡查确认已清" in page
    with connect(reported) as connection:
        undo_correction(connection, place, "li", START, "错了")
    report(str(DAY), "json")
    assert json.loads(capsys.readouterr().out)["corrections"] == []


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


@pytest.mark.parametrize(
    ("day", "formats", "languages"),
    [
        ("yesterday", "table", "zh"),
        ("2026-W60", "table", "zh"),
        (str(DAY), "docx", "zh"),
        (str(DAY), "", "zh"),
        (str(DAY), "table", "fr"),
    ],
)
def test_what_cannot_be_meant_is_refused(day: str, formats: str, languages: str) -> None:
    """A wrong date, form or language is one sentence."""
    with pytest.raises(RiqingError):
        report(day, formats, languages)


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
