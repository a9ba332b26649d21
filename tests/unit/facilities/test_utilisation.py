"""Utilisation of stations and toilets from made-up days: event strings, gaps, and limits."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from services.domain.kinds import FacilityKind, WeighingDirection
from services.domain.registry import DailyWindow, Facility
from services.domain.town import Interval, Town
from services.facilities.areas import FloatArray
from services.facilities.sides import Side, side_of
from services.facilities.spans import Bucket, buckets_of, open_spans
from services.facilities.utilisation import Utilisation, use_of_station, use_of_toilet
from services.store.standards import StandardLimit

TOWN = Town("testtown")
DAY = date(2026, 3, 2)
SPAN = TOWN.service_day(DAY)
MUCH_LATER = SPAN.end + timedelta(days=400)
LIMITS = {"toilet_nh3_class_2_mg_m3": StandardLimit("toilet_nh3_class_2_mg_m3", None, 1, "mg/m³", "GB", "", "seen", "")}
NAMES = ("time_s", "entries", "occupied_stalls", "total_stalls", "nh3_ppm", "h2s_ppm", "water_l", "open")


@dataclass(frozen=True, slots=True)
class Weighed:
    """A vehicle on a weighbridge."""

    observed_at: datetime
    net_kg: float
    direction: WeighingDirection = WeighingDirection.IN
    arrived_at: datetime | None = None
    vehicle_id: str = "V1"


CAPACITIES_KG = {"V1": 10_000.0, "H1": 200_000.0}


def station(**fields: object) -> Facility:
    """Return a station that is designed for 10 t a day and tips in five minutes."""
    usual: dict[str, object] = {"design_t_per_day": 10.0, "tip_s": 300, "bays": 1}
    return Facility("S1", FacilityKind.TRANSFER_STATION, 113.0, 28.0, **(usual | fields))  # type: ignore[arg-type]


def station_day(
    weighings: list[Weighed],
    facility: Facility | None = None,
    bucket: Bucket = Bucket.DAY,
    heard: FloatArray | None = None,
) -> list[Utilisation]:
    """Return a station's day; by default it is heard every quarter of an hour."""
    start_s = SPAN.start.timestamp()
    if heard is None:
        heard = start_s + np.arange(0, 86_400, 900.0)
    buckets = buckets_of(TOWN, SPAN.start, SPAN.end, bucket)
    return use_of_station(facility or station(), TOWN, buckets, MUCH_LATER, weighings, heard, CAPACITIES_KG)


def at(hours: float) -> datetime:
    """Return an instant so many hours into the service day."""
    return SPAN.start + timedelta(hours=hours)


def test_a_station_s_day_is_what_can_be_reckoned_by_hand() -> None:
    """Tonnes, share of design, peak hour and minutes of waiting and tipping."""
    weighings = [
        Weighed(at(2.2), 3000, arrived_at=at(2.2) - timedelta(minutes=5)),
        Weighed(at(2.5), 5000, arrived_at=at(2.5) - timedelta(minutes=25)),
        Weighed(at(9), 4000),
        Weighed(at(10), 9000, WeighingDirection.OUT),
    ]
    (day,) = station_day(weighings, station(opened_on=date(2006, 3, 2), design_life_years=15))
    measures = day.measures
    assert (measures["throughput_t"], measures["sent_on_t"], measures["vehicles_weighed"]) == (12.0, 9.0, 3)
    assert measures["design_share"] == pytest.approx(1.2)
    assert measures["days_over_capacity"] == 1
    assert (measures["peak_hour"], measures["peak_hour_t"]) == ("2026-03-02T06:00", 8.0)
    assert measures["peak_factor"] == pytest.approx(8 / (12 / 24))
    assert measures["mean_turnaround_min"] == pytest.approx(15)
    assert measures["truck_waiting_min"] == pytest.approx(20)
    assert measures["truck_tipping_min"] == pytest.approx(10)
    assert measures["life_used_ratio"] == pytest.approx(20 / 15, rel=0.01)
    assert day.observed_ratio == pytest.approx(1.0, abs=0.02)


def test_hours_add_up_to_the_day() -> None:
    """Throughput by the hour has the day's sum, and an hour is held against its share of the design."""
    weighings = [Weighed(at(hour + 0.5), 1000.0 * hour) for hour in range(24)]
    hours = station_day(weighings, bucket=Bucket.HOUR)
    (day,) = station_day(weighings)
    assert len(hours) == 24
    assert sum(float(hour.measures["throughput_t"] or 0) for hour in hours) == day.measures["throughput_t"]
    assert hours[5].measures["design_share"] == pytest.approx(5.0 / (10 / 24))


def test_a_silent_station_is_no_quiet_one() -> None:
    """Without any message there is no throughput, not a throughput of nothing; with three hours missing it says so."""
    (silent,) = station_day([], heard=np.empty(0))
    assert (silent.measures["throughput_t"], silent.observed_ratio) == (None, 0.0)
    (quiet,) = station_day([])
    assert quiet.measures["throughput_t"] == 0.0
    times = SPAN.start.timestamp() + np.arange(0, 86_400, 900.0)
    (gap,) = station_day([], heard=times[(times < times[0] + 36_000) | (times > times[0] + 46_800)])
    assert gap.observed_ratio == pytest.approx(21 / 24, abs=0.02)
    assert gap.measures["hours_missing"] == pytest.approx(3, abs=0.3)
    assert quiet.measures["hours_missing"] == pytest.approx(0, abs=0.3)


def test_what_comes_in_goes_out_again() -> None:
    """The balance is what has not gone out; nothing is said of it where nothing is weighed out."""
    came, went = Weighed(at(2), 6000), Weighed(at(20), 5500, WeighingDirection.OUT)
    assert station_day([came, went])[0].measures["balance_t"] == 0.5
    assert station_day([came])[0].measures["balance_t"] is None


@pytest.mark.parametrize(
    ("net_kg", "vehicle_id", "unknown", "impossible"),
    [
        (9_000, "V1", 0, 0),
        (12_400, "V1", 0, 0),  # overloaded, but not by more than a quarter
        (12_600, "V1", 0, 1),
        (0, "V1", 0, 1),  # a truck that tips nothing was not weighed
        (60_000, "X9", 1, 0),  # of one that nobody knows nobody knows what it carries
    ],
)
def test_weighings_that_cannot_be_right(net_kg: float, vehicle_id: str, unknown: int, impossible: int) -> None:
    """Trucks that the register does not have, and weights that no truck carries, are counted."""
    (day,) = station_day([Weighed(at(2), net_kg, vehicle_id=vehicle_id)])
    assert (day.measures["unknown_trucks"], day.measures["impossible_weights"]) == (unknown, impossible)


@dataclass
class Truth:
    """What really happened on a service day, and what the data can know of it."""

    tonnes: float = 0.0
    out_t: float = 0.0
    trucks: int = 0
    unknown: int = 0
    impossible: int = 0
    silent_h: float = 0.0
    wait_min: float = 0.0


def a_year(first: date, days: int) -> tuple[dict[date, Truth], list[Weighed], FloatArray]:
    """Return a year of a station by chance: its truth day by day, its weighings, and when its device was heard.

    On every tenth day the device is silent for three hours; trucks of these hours are in no data.
    """
    chance = np.random.default_rng(11)
    truth: dict[date, Truth] = {}
    weighings: list[Weighed] = []
    heard: list[float] = []
    for number in range(days):
        day = TOWN.service_day(first + timedelta(days=number))
        known = truth.setdefault(first + timedelta(days=number), Truth())
        is_silent = number % 10 == 3
        silent = (day.start + timedelta(hours=8), day.start + timedelta(hours=11))
        known.silent_h = 3.0 if is_silent else 0.0
        heard += [
            (day.start + timedelta(minutes=10 * step)).timestamp()
            for step in range(144)
            if not (is_silent and silent[0] <= day.start + timedelta(minutes=10 * step) < silent[1])
        ]
        for _ in range(int(chance.integers(0, 9))):
            when = day.start + timedelta(seconds=int(chance.integers(0, 86_400)))
            if is_silent and silent[0] <= when < silent[1]:
                continue
            wait = float(chance.integers(0, 40))
            vehicle = "X7" if chance.random() < 0.05 else "V1"
            kg = 30_000.0 if chance.random() < 0.02 else float(chance.integers(500, 4_000))
            arrived = when - timedelta(minutes=5 + wait)
            weighings.append(Weighed(when, kg, arrived_at=arrived, vehicle_id=vehicle))
            known.tonnes += kg / 1000
            known.trucks += 1
            known.wait_min += wait
            known.unknown += vehicle == "X7"
            known.impossible += vehicle == "V1" and kg == 30_000.0
        if known.tonnes:
            late = day.end - timedelta(seconds=1)
            weighings.append(Weighed(late, known.tonnes * 990, WeighingDirection.OUT, vehicle_id="H1"))
            known.out_t = known.tonnes * 0.99
    weighings.sort(key=lambda weighing: weighing.observed_at)
    return truth, weighings, np.array(heard)


def test_a_year_comes_out_as_it_was() -> None:
    """Day by day and month by month the measures are the truth of a made-up year, its gaps told as gaps."""
    first = date(2025, 3, 1)
    truth, weighings, heard = a_year(first, 365)
    span = (TOWN.service_day(first).start, TOWN.service_day(first + timedelta(days=364)).end)
    for bucket in (Bucket.DAY, Bucket.MONTH):
        buckets = buckets_of(TOWN, *span, bucket)
        found = use_of_station(station(), TOWN, buckets, MUCH_LATER, weighings, heard, CAPACITIES_KG)
        assert len(found) == {Bucket.DAY: 365, Bucket.MONTH: 12}[bucket]
        for row in found:
            days = [known for day, known in truth.items() if row.start <= TOWN.service_day(day).start < row.end]
            measures = row.measures
            assert measures["throughput_t"] == pytest.approx(sum(day.tonnes for day in days))
            assert measures["vehicles_weighed"] == sum(day.trucks for day in days)
            assert measures["days_over_capacity"] == sum(day.tonnes > 10 for day in days)
            assert measures["unknown_trucks"] == sum(day.unknown for day in days)
            assert measures["impossible_weights"] == sum(day.impossible for day in days)
            assert measures["hours_missing"] == pytest.approx(sum(day.silent_h for day in days), abs=0.5 * len(days))
            waited = sum(day.wait_min for day in days)
            assert (measures["truck_waiting_min"] or 0) == pytest.approx(waited, abs=1e-3)
            if sum(day.tonnes for day in days):
                gone = sum(day.tonnes - day.out_t for day in days)
                assert measures["balance_t"] == pytest.approx(gone, abs=0.002)
    silent_days = [day for day in truth.values() if day.silent_h]
    assert len(silent_days) == 37


def toilet(**fields: object) -> Facility:
    """Return a toilet of the second class with four stalls."""
    usual: dict[str, object] = {"toilet_class": "2", "stalls_male": 2, "stalls_female": 2}
    return Facility("T1", FacilityKind.PUBLIC_TOILET, 113.0, 28.0, **(usual | fields))  # type: ignore[arg-type]


def usages(story: str, **columns: float) -> dict[str, FloatArray]:
    """Return a toilet's messages told in letters, one for ten minutes from the day's start.

    A digit is so many entries and stalls taken, x a toilet that is closed, - no message at all; `columns`
    give the rest a value throughout.
    """
    rows = [(index, letter) for index, letter in enumerate(story) if letter != "-"]
    count = len(rows)
    found = {name: np.full(count, columns.get(name, np.nan)) for name in NAMES}
    found["time_s"] = SPAN.start.timestamp() + 600.0 * np.array([index for index, _ in rows], dtype=np.float64)
    numbers = np.array([float(letter) if letter.isdigit() else 0.0 for _, letter in rows])
    found["entries"] = found["entries"] if "entries" in columns else numbers
    found["occupied_stalls"] = numbers
    found["open"] = np.array([0.0 if letter == "x" else 1.0 for _, letter in rows])
    return found


def toilet_hours(story: str, facility: Facility | None = None, **columns: float) -> list[Utilisation]:
    """Return a toilet's use hour by hour."""
    buckets = buckets_of(TOWN, SPAN.start, SPAN.start + timedelta(minutes=10 * len(story)), Bucket.HOUR)
    return use_of_toilet(
        facility or toilet(), TOWN, buckets, MUCH_LATER, {Side.WHOLE: usages(story, **columns)}, LIMITS
    )


def test_a_toilet_s_hour_is_what_can_be_reckoned_by_hand() -> None:
    """Uses, occupancy and the minutes in which every stall was taken."""
    (hour,) = toilet_hours("124402")
    measures = hour.measures
    assert measures["uses"] == 13
    assert measures["uses_per_stall_hour"] == pytest.approx(13 / 4)
    assert measures["occupancy_ratio"] == pytest.approx(13 / 24)
    assert measures["minutes_without_free_stall"] == pytest.approx(20)
    assert (measures["open_ratio"], measures["hours_open"]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("story", "entries", "expected"),
    [
        ("121000", None, "counting"),
        ("000000", None, "quiet"),  # nobody came, and the counter says so
        ("000000" + "-" * 18 + "000000", None, "gap"),  # nobody came, but of three hours nothing is known
        ("111111" + "-" * 18 + "000000", None, "counting"),
        ("------", None, "silent"),  # nothing was heard
        ("121000", float("nan"), "silent"),  # heard, but the counter said nothing
        ("121000", 0.0, "stuck"),  # it says nobody came while stalls were taken
    ],
)
def test_a_silent_counter_is_told_apart_from_an_empty_toilet(story: str, entries: float | None, expected: str) -> None:
    """What the counter does is a figure of its own."""
    buckets = [Interval(SPAN.start, SPAN.start + timedelta(minutes=10 * len(story)))]
    columns = {} if entries is None else {"entries": entries}
    (told,) = use_of_toilet(toilet(), TOWN, buckets, MUCH_LATER, {Side.WHOLE: usages(story, **columns)}, LIMITS)
    assert told.measures["counter"] == expected


def test_a_gap_is_shown_as_a_gap() -> None:
    """Of an hour that was not heard nothing is said, and of one heard in half only the half is."""
    hours = toilet_hours("222222------222---")
    assert [hour.observed_ratio for hour in hours] == pytest.approx([1.0, 0.0, 0.5], abs=0.01)
    assert [hour.measures["uses"] for hour in hours] == [12, None, 6]
    assert hours[1].measures["occupancy_ratio"] is None
    assert hours[2].measures["uses_per_stall_hour"] == pytest.approx(6 / 4 / 0.5)


def test_only_promised_hours_count_as_closed() -> None:
    """A toilet that is promised from 05:00 and opens at 05:30 was open for half of its promise."""
    facility = toilet(open_hours=DailyWindow(5 * 3600, 22 * 3600))
    night, morning = toilet_hours("xxxxxxxxx111", facility)
    assert (night.measures["open_ratio"], morning.measures["open_ratio"]) == (None, 0.5)


@pytest.mark.parametrize(
    ("nh3_ppm", "toilet_class", "hours"),
    [
        (1.0, "2", 0.0),  # 0.7 mg/m³ of 1 allowed
        (2.0, "2", 1.0),  # 1.4 mg/m³
        (2.0, "二类", 1.0),
        (2.0, None, None),  # of no class, with no limit to hold it against
    ],
)
def test_odour_is_held_against_the_limit_of_its_class(
    nh3_ppm: float, toilet_class: str | None, hours: float | None
) -> None:
    """Ammonia in ppm is turned into mg/m³ and counted while it is over the limit."""
    (hour,) = toilet_hours("111111", toilet(toilet_class=toilet_class), nh3_ppm=nh3_ppm)
    assert hour.measures["odour_hours_over_limit"] == hours


def test_the_hour_that_goes_on_is_measured_so_far() -> None:
    """Of a bucket that is not over only what has passed counts, and what is to come is left out."""
    now = SPAN.start + timedelta(minutes=90)
    buckets = buckets_of(TOWN, SPAN.start, SPAN.end, Bucket.HOUR)
    first, second = use_of_toilet(toilet(), TOWN, buckets, now, {Side.WHOLE: usages("1" * 9)}, LIMITS)
    assert (first.end, second.end) == (SPAN.start + timedelta(hours=1), now)
    assert second.observed_ratio == pytest.approx(1.0)


def test_buckets_are_the_town_s_days_hours_and_months() -> None:
    """A day begins at the town's hour, a month with its first service day, an hour with the local hour."""
    start = datetime(2026, 3, 1, 21, 30, tzinfo=UTC)
    assert [span.start for span in buckets_of(TOWN, start, start + timedelta(hours=1), Bucket.HOUR)] == [
        datetime(2026, 3, 1, 21, tzinfo=UTC),
        datetime(2026, 3, 1, 22, tzinfo=UTC),
    ]
    days = buckets_of(TOWN, start, start + timedelta(days=1), Bucket.DAY)
    assert [span.start for span in days] == [SPAN.start, SPAN.end]
    (month,) = buckets_of(TOWN, start, start + timedelta(days=3), Bucket.MONTH)
    assert (month.start, month.end) == (
        TOWN.service_day(date(2026, 3, 1)).start,
        TOWN.service_day(date(2026, 4, 1)).start,
    )
    assert open_spans(TOWN, None, SPAN) == [SPAN]


@pytest.mark.parametrize(
    ("device_id", "side"), [("T01", "whole"), ("T01-women", "women"), ("T01-men", "men"), ("T01-omen", "whole")]
)
def test_a_device_s_id_tells_its_side(device_id: str, side: str) -> None:
    """Its end does."""
    assert side_of(device_id) == side


def test_women_s_and_men_s_stalls_apart() -> None:
    """Each side has its own figures, the whole has the sums: no stall is free only where none is on both sides."""
    facility = toilet(stalls_female=3, stalls_male=2)
    sides = {Side.WOMEN: usages("333011"), Side.MEN: usages("220000")}
    buckets = buckets_of(TOWN, SPAN.start, SPAN.start + timedelta(hours=1), Bucket.HOUR)
    (hour,) = use_of_toilet(facility, TOWN, buckets, MUCH_LATER, sides, LIMITS)
    measures = hour.measures
    assert (measures["women_uses"], measures["men_uses"], measures["uses"]) == (11, 4, 15)
    assert measures["women_occupancy_ratio"] == pytest.approx(11 / 18)
    assert measures["men_occupancy_ratio"] == pytest.approx(4 / 12)
    assert measures["occupancy_ratio"] == pytest.approx(15 / 30)
    assert measures["women_minutes_without_free_stall"] == pytest.approx(30)
    assert measures["men_minutes_without_free_stall"] == pytest.approx(20)
    assert measures["minutes_without_free_stall"] == pytest.approx(20)


def test_a_device_of_the_whole_beside_those_of_the_sides() -> None:
    """Its air and water count, what it says of stalls and entries does not: the sides have said so."""
    nose = usages("999999", nh3_ppm=2.0, water_l=7.0)
    sides = {Side.WHOLE: nose, Side.WOMEN: usages("111111"), Side.MEN: usages("111111")}
    buckets = buckets_of(TOWN, SPAN.start, SPAN.start + timedelta(hours=1), Bucket.HOUR)
    (hour,) = use_of_toilet(toilet(), TOWN, buckets, MUCH_LATER, sides, LIMITS)
    assert (hour.measures["uses"], hour.measures["occupancy_ratio"]) == (12, 0.5)
    assert (hour.measures["odour_hours_over_limit"], hour.measures["water_l"]) == (1.0, 42.0)


def test_a_side_that_is_silent_is_not_an_empty_one() -> None:
    """Of its stalls nothing is told, nor of the whole's while it is silent; what the other counted stands."""
    facility = toilet(stalls_female=3, stalls_male=2)
    sides = {Side.WOMEN: usages("333" + "-" * 9), Side.MEN: usages("1" * 12)}
    buckets = buckets_of(TOWN, SPAN.start, SPAN.start + timedelta(hours=2), Bucket.HOUR)
    _, second = use_of_toilet(facility, TOWN, buckets, MUCH_LATER, sides, LIMITS)
    assert (second.measures["women_uses"], second.measures["men_uses"]) == (None, 6)
    assert (second.measures["women_occupancy_ratio"], second.measures["occupancy_ratio"]) == (None, None)
    whole = use_of_toilet(facility, TOWN, buckets, MUCH_LATER, {Side.WHOLE: usages("1" * 12)}, LIMITS)
    assert whole[0].measures["women_uses"] is None
