"""Bulletins written in the morning, from a real database into a folder."""

from datetime import time, timedelta
from pathlib import Path

from services.clearance.bulletin import RouteSum
from services.domain.kinds import DeviceKind, DueVisitStatus, MessageKind
from services.domain.period import Period
from services.reports.fetch import fetch_bulletin
from services.reports.forms import Form
from services.reports.service import keep_past_routes, write_what_is_due
from services.reports.settings import ReportSettings
from services.reports.words import Language
from services.store.connection import connect
from services.store.corrections import NewCorrection, correct_due_visit
from services.store.retention import Kept, drop
from tests.integration.clearance.stored_town import TOWN, build, run_round, set_clock, store_drive, store_rows
from tests.integration.clearance.test_alarms import publish_plan
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


def test_a_months_routes_are_kept_beyond_their_readings(fresh_database: str) -> None:
    """Planned against driven is in the month too; kept once the day is over, anew after late readings."""
    month, drive = Period.month_of(DAY), morning()
    with connect(fresh_database) as connection:
        build(connection, POINTS, [drive.vehicle], START)
        publish_plan(connection, minutes_apart=2)
        set_clock(connection, TOWN.service_day(DAY).end - timedelta(hours=1))
        store_drive(connection, drive.observe(POINTS, noise_m=8))
        run_round(connection)
        assert keep_past_routes(connection) == 0  # the day is not over
        set_clock(connection, TOWN.service_day(DAY).end + timedelta(hours=8))
        run_round(connection)

        def told() -> RouteSum:
            [route] = fetch_bulletin(connection, month).routes
            assert fetch_bulletin(connection, Period.day(DAY)).routes == (route,)
            return route

        compared = told()
        assert (compared.stops, compared.done, compared.skipped, compared.unloadings_made) == (10, 8, 2, 0)
        assert (keep_past_routes(connection), keep_past_routes(connection)) == (1, 0)
        assert told() == compared
        weighing = {"observed_at": START + timedelta(hours=3), "vehicle_id": "V1", "net_kg": 900.0, "direction": "in"}
        store_rows(connection, MessageKind.WEIGHING, DeviceKind.STATION, "S1", [weighing])
        run_round(connection)
        tipped = told()
        assert tipped.unloadings_made == 1
        assert keep_past_routes(connection) == 1
        drop(connection, Kept.READINGS, TOWN.service_day(DAY))
        connection.execute("DELETE FROM positions")  # a chunk of a whole week is not dropped for a day
        connection.execute("DELETE FROM weighings")
        place = (DAY, "P3", 1)
        correct_due_visit(connection, place, NewCorrection(DueVisitStatus.CLEARED, "巡查确认已清", "li", START))
        assert keep_past_routes(connection) == 0
        assert told() == tipped
