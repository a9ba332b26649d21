"""Bulletins written in the morning, from a real database into a folder."""

from datetime import time, timedelta
from pathlib import Path

from services.domain.kinds import DeviceKind, MessageKind
from services.reports.forms import Form
from services.reports.service import write_what_is_due
from services.reports.settings import ReportSettings
from services.reports.words import Language
from services.store.connection import connect
from tests.integration.clearance.stored_town import TOWN, build, run_round, set_clock, store_drive, store_rows
from tests.integration.clearance.test_rounds import DAY, POINTS, morning
from tests.unit.clearance.drives import LAT, LON, START


def test_yesterdays_bulletin_is_there_in_the_morning_once(fresh_database: str, tmp_path: Path) -> None:
    """Not before the time, not while readings wait, then once; what is there is left alone, what is gone comes back."""
    settings = ReportSettings(
        at=time(7, 30), dir=tmp_path / "bulletins", forms=(Form.HTML, Form.JSON), languages=(Language.ZH, Language.EN)
    )
    names = [f"riqing-{DAY}-en.html", f"riqing-{DAY}-zh.html", f"riqing-{DAY}.json"]
    at = TOWN.instant(DAY + timedelta(days=1), 7 * 3600 + 1800)
    with connect(fresh_database) as connection:
        build(connection, POINTS, [morning().vehicle], START)
        set_clock(connection, at - timedelta(minutes=1))
        store_drive(connection, morning().observe(POINTS, noise_m=8))
        run_round(connection)
        assert write_what_is_due(connection, settings) == []
        set_clock(connection, at + timedelta(minutes=1))
        fix = {"observed_at": START + timedelta(hours=9), "lon": LON, "lat": LAT}
        store_rows(connection, MessageKind.POSITION, DeviceKind.VEHICLE, "V1", [fix])
        assert write_what_is_due(connection, settings) == []
        run_round(connection)
        assert write_what_is_due(connection, settings) == [str(DAY)]
        assert sorted(path.name for path in settings.dir.iterdir()) == names
        written = (settings.dir / names[0]).read_bytes()
        (settings.dir / names[0]).write_bytes(b"signed")
        assert write_what_is_due(connection, settings) == []
        assert (settings.dir / names[0]).read_bytes() == b"signed"
        (settings.dir / names[0]).unlink()
        assert write_what_is_due(connection, settings) == [str(DAY)]
        assert (settings.dir / names[0]).read_bytes() == written
        assert write_what_is_due(connection, settings.model_copy(update={"at": None})) == []


def test_after_an_hour_it_is_written_all_the_same(fresh_database: str, tmp_path: Path) -> None:
    """Readings that nobody examines keep it back for an hour; then it comes and says that it is not final."""
    settings = ReportSettings(at=time(7, 30), dir=tmp_path, forms=(Form.HTML,))
    with connect(fresh_database) as connection:
        build(connection, POINTS, [morning().vehicle], START)
        run_round(connection)
        set_clock(connection, TOWN.instant(DAY + timedelta(days=1), 8 * 3600 + 1860))
        fix = {"observed_at": START + timedelta(hours=9), "lon": LON, "lat": LAT}
        store_rows(connection, MessageKind.POSITION, DeviceKind.VEHICLE, "V1", [fix])
        assert write_what_is_due(connection, settings) == [str(DAY)]
    assert "尚非最终数据" in (tmp_path / f"riqing-{DAY}.html").read_text()
