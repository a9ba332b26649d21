"""The demand of a day, from a history in the real store: imported, collected, weighed and read off containers."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest

from services.domain.demand import DemandSource
from services.domain.kinds import DeviceKind, EvidenceKind
from services.domain.town import Interval
from services.domain.visit import Evidence, Visit
from services.routing.expecting import NOT_FORECAST, expect
from services.routing.selection import Register, Selection, select
from services.store import registry
from services.store.connection import Connection, connect
from services.store.devices import NewDevice, enrol_devices
from services.store.visits import AttributedWeight, insert_visits, replace_attributed_weights
from tests.integration.routing.conftest import DAY, TOWN, store_town

TODAY = TOWN.instant(DAY, 5 * 3600)
DAYS = [DAY - timedelta(days=number) for number in range(20, 0, -1)]
Known = dict[str, tuple[float, DemandSource]]


@pytest.fixture
def town(fresh_database: str) -> Iterator[Connection]:
    """The small town, in which nothing has happened yet."""
    with connect(fresh_database, autocommit=True) as connection:
        store_town(connection)
        yield connection


def selection(connection: Connection) -> Selection:
    """What is due on the day."""
    register = Register(
        registry.load_points(connection), registry.load_facilities(connection), registry.load_vehicles(connection), []
    )
    return select(TOWN, DAY, register)


def planned_on(connection: Connection, quantile: float | None = 0.5) -> Known:
    """What each point is planned on, and from what."""
    expected = expect(connection, selection(connection), quantile, TODAY)
    assert [visit.expected_kg for visit in expected.selection.visits] == [one.kg for one in expected.demands]
    return {one.point_id: (one.kg, one.source) for one in expected.demands}


def visit(connection: Connection, point_id: str, day: date, kg: float | None) -> None:
    """Store that V1 visited a point on a day at noon."""
    noon = TOWN.instant(day, 12 * 3600)
    span = Interval(noon, noon + timedelta(minutes=1))
    evidence = (Evidence(EvidenceKind.STAY, span, {}),)
    insert_visits(connection, day, [Visit(point_id, "V1", span, 1.0, evidence, kg)], noon)


def test_history_and_visits_are_forecast_and_weighbridges_shared(town: Connection) -> None:
    """P1 by its imported days, P2 by what was collected; P3 and P4 were not weighed, so they share the tonnes."""
    rows = [{"point_id": "P1", "service_date": day, "kg": 70.0} for day in DAYS]
    registry.upsert(town, registry.WEIGHTS, rows, update=())
    for day in DAYS:
        visit(town, "P2", day, 130.0)
        visit(town, "P3", day, None)
        visit(town, "P4", day, None)
        tipped = AttributedWeight(TOWN.instant(day, 13 * 3600), "V1", None, None, 430.0, 430.0)
        replace_attributed_weights(town, day, [tipped])
    known = planned_on(town)
    assert [known[name][0] for name in ("P1", "P2", "P3", "P4", "SEA")] == pytest.approx(
        [70, 130, 150, 150, 100], abs=5
    )
    assert {name for name, (_, source) in known.items() if source is DemandSource.FORECAST} == {"P1", "P2", "P3", "P4"}
    assert known["SEA"][1] is DemandSource.REGISTERED
    assert planned_on(town, None)["P1"] == (100.0, DemandSource.REGISTERED)


def test_what_a_year_ago_rose_is_taken_to_rise_now(town: Connection) -> None:
    """From this day on all points brought a third more a year ago; a steady point is forecast higher for it."""
    year_ago = DAY - timedelta(days=364)
    past = [(day, 90.0) for day in DAYS]
    past += [(year_ago + timedelta(days=number), 120.0 if number >= 0 else 90.0) for number in range(-60, 8)]
    rows = [{"point_id": point_id, "service_date": day, "kg": kg} for point_id in ("P1", "P2") for day, kg in past]
    registry.upsert(town, registry.WEIGHTS, rows, update=())
    kg, source = planned_on(town)["P1"]
    assert source is DemandSource.FORECAST
    assert kg == pytest.approx(90 * 105 / 90, rel=0.06)


def level(connection: Connection, at: datetime, fill_ratio: float) -> None:
    """Store what the container at P2 told, and that hour's rollup."""
    connection.execute(
        "INSERT INTO levels (observed_at, received_at, device_key, fill_ratio) "
        "SELECT %s, %s, device_key, %s FROM devices WHERE device_id = 'P2'",
        (at, at, fill_ratio),
    )
    connection.execute(
        "INSERT INTO level_hours (hour_start, service_date, device_key, readings, observed_s, fill_ratio_max) "
        "SELECT date_trunc('hour', %s), %s, device_key, 1, 3600, %s FROM devices WHERE device_id = 'P2'",
        (at, TOWN.service_date(at), fill_ratio),
    )


def test_a_container_s_level_goes_before_the_forecast(town: Connection) -> None:
    """Its visits tell that it holds 200 kg; at five it is three quarters full, and seven more hours are to come."""
    enrol_devices(town, [NewDevice(DeviceKind.CONTAINER, "P2", "P2")], TODAY)
    for day in DAYS:
        level(town, TOWN.instant(day, 12 * 3600), 0.5)
        visit(town, "P2", day, 100.0)
    assert planned_on(town)["P2"][1] is DemandSource.FORECAST
    level(town, TODAY - timedelta(minutes=10), 0.75)
    kg, source = planned_on(town)["P2"]
    assert source is DemandSource.READING
    assert kg == pytest.approx(150 + 100 * 7 / 24, abs=2)


def test_a_history_that_cannot_be_read_does_not_stop_the_plan(town: Connection) -> None:
    """The register's figures stand, the plan's notes say so, and the connection can be used on."""
    town.execute("ALTER TABLE collected_weights RENAME COLUMN kg TO kilograms")
    expected = expect(town, selection(town), 0.5, TODAY)
    assert {one.source for one in expected.demands} == {DemandSource.REGISTERED}
    assert expected.selection.notes[-1] == NOT_FORECAST
    assert town.execute("SELECT 1").fetchone() == (1,)
