"""Coverage on a street grid that can be reckoned by hand, and that it is monotone whatever the town."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.errors import NotFoundError
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.land_use import USE_OF, USES_BY_TAG, LandParcel, LandUse
from services.domain.registry import CollectionPoint, DailyWindow, Facility, Zone
from services.domain.town import Town
from services.facilities.areas import FloatArray, ZoneAreas
from services.facilities.coverage import DemandKind
from services.facilities.land_use import LandUses
from services.facilities.stations import cover_stations
from services.facilities.toilet_filter import ToiletFilter
from services.facilities.toilets import Demand, cover_toilets
from services.store.standards import StandardLimit

DEGREE_M = 111_320.0
"""At the equator, where a degree is as long both ways; the towns of these tests lie there."""

LIMITS = {
    "toilet_service_radius_m": StandardLimit("toilet_service_radius_m", None, 300, "m", "GB", "radius", "seen", ""),
    "toilet_density_residential_per_km2": StandardLimit(
        "toilet_density_residential_per_km2", 3, 5, "1/km²", "GB/T", "density", "seen", ""
    ),
    "toilet_density_green_per_km2": StandardLimit(
        "toilet_density_green_per_km2", 5, 6, "1/km²", "GB/T", "green", "seen", ""
    ),
    "station_haul_small_vehicle_m": StandardLimit(
        "station_haul_small_vehicle_m", 3000, 5000, "m", "CJJ/T", "haul", "seen", ""
    ),
}


class Grid:
    """Distances along a fine grid of streets: as many metres east as west, and then north or south."""

    def distances_to_places(self, facilities: FloatArray, places: FloatArray, limit_m: float = np.inf) -> FloatArray:
        """Return the metres to the nearest facility."""
        del limit_m
        if len(facilities) == 0:
            return np.full(len(places), np.inf)
        return np.asarray(self.matrix_m(places, facilities).min(axis=1))

    def matrix_m(self, places: FloatArray, stations: FloatArray) -> FloatArray:
        """Return the metres from each place to each station."""
        found: FloatArray = np.abs(places[:, None, :] - stations[None, :, :]).sum(axis=2) * DEGREE_M
        return np.where(found > 50_000, np.inf, found)


def toilet(x_m: float, y_m: float, status: FacilityStatus = FacilityStatus.IN_SERVICE) -> Facility:
    """Return a toilet so many metres east and north."""
    return Facility(f"T{x_m}-{y_m}", FacilityKind.PUBLIC_TOILET, x_m / DEGREE_M, y_m / DEGREE_M, status=status)


def square(zone_id: str, x_m: float, y_m: float, side_m: float) -> Zone:
    """Return a square zone by its corner in the south-west."""
    west, south, east, north = (value / DEGREE_M for value in (x_m, y_m, x_m + side_m, y_m + side_m))
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return Zone(zone_id, {"type": "Polygon", "coordinates": [ring]})


def residents(cells: Sequence[tuple[float, float, float]]) -> Demand:
    """Return residents at places in metres."""
    columns = np.array(cells, dtype=np.float64).reshape(-1, 3)
    return Demand(DemandKind.RESIDENTS, columns[:, 0] / DEGREE_M, columns[:, 1] / DEGREE_M, columns[:, 2])


ZONES = ZoneAreas([square("Z1", 0, 0, 1000), square("Z2", 1000, 0, 1000)])
PEOPLE = residents([(100, 100, 50), (500, 100, 30), (1500, 500, 120), (1900, 900, 80), (5000, 5000, 7)])


def test_coverage_is_what_can_be_reckoned_by_hand() -> None:
    """Within 300 m of a toilet at (100, 300) live 50 of 287, and the gaps are told by how many live there."""
    found = cover_toilets(Grid(), PEOPLE, [toilet(100, 300)], ZONES, LIMITS, 300)
    assert (found.demand, found.covered, found.toilets) == (287, 50, 1)
    assert found.covered_ratio == pytest.approx(50 / 287)
    assert [(gap.demand, gap.zone_id) for gap in found.gaps] == [(120, "Z2"), (80, "Z2"), (30, "Z1"), (7, None)]
    assert found.gaps[0].distance_m == pytest.approx(1600)
    by_zone = {zone.zone_id: zone for zone in found.zones}
    assert (by_zone["Z1"].covered, by_zone["Z1"].demand, by_zone["Z1"].facilities) == (50, 80, 1)
    assert by_zone["Z1"].area_km2 == pytest.approx(1.0, rel=0.01)
    assert by_zone["Z1"].per_km2 == pytest.approx(1.0, rel=0.01)
    assert [check.meets for check in by_zone["Z1"].standards] == [False]
    assert by_zone[None].demand == 7
    assert found.area_km2 == pytest.approx(2.0, rel=0.01)


def land(parcel_id: str, use: LandUse, x_m: float, side_m: float) -> LandParcel:
    """Return a square piece of land from the southern edge on."""
    return LandParcel(parcel_id, use, square("", x_m, 0, side_m).geometry)


LAND = [
    land("homes", LandUse.RESIDENTIAL, 0, 1000),
    land("park", LandUse.GREEN, 0, 200),  # within the homes, and so no homes
    land("works", LandUse.INDUSTRIAL, 1900, 500),  # a part of it lies in no zone
]


def test_coverage_by_the_use_of_land_and_by_class() -> None:
    """The smallest piece of land tells what a place is; areas count within the zones; each use has its own density."""
    toilets = [replace(toilet(100, 300), toilet_class="一类"), replace(toilet(100, 100), toilet_class="2")]
    found = cover_toilets(Grid(), PEOPLE, toilets, ZONES, LIMITS, 500, LandUses(LAND, ZONES), by_class=True)
    told = {one.land_use: (one.demand, one.covered, one.facilities) for one in found.land_uses}
    assert told == {
        LandUse.RESIDENTIAL: (30, 30, 1),
        LandUse.GREEN: (50, 50, 1),
        LandUse.INDUSTRIAL: (0, 0, 0),
        None: (120 + 80 + 7, 0, 0),
    }
    by_use = {one.land_use: one for one in found.land_uses}
    areas = [by_use[use].area_km2 for use in (LandUse.RESIDENTIAL, LandUse.GREEN, LandUse.INDUSTRIAL, None)]
    assert areas[:3] == pytest.approx([0.96, 0.04, 0.05], rel=0.01)
    assert areas[3] is None
    checks = {use: [(check.limit_id, check.meets) for check in one.standards] for use, one in by_use.items()}
    assert checks == {
        LandUse.RESIDENTIAL: [("toilet_density_residential_per_km2", False)],
        LandUse.GREEN: [("toilet_density_green_per_km2", True)],
        LandUse.INDUSTRIAL: [],
        None: [],
    }
    assert [(one.toilet_class, one.facilities, one.covered) for one in found.classes] == [("1", 1, 50), ("2", 1, 80)]
    assert cover_toilets(Grid(), PEOPLE, toilets, ZONES, LIMITS, 500, LandUses([], ZONES)).land_uses == []


def test_no_value_of_a_map_tells_two_uses() -> None:
    """Whichever tag it stands under; so it is enough to store the value."""
    values = [
        value for uses in USES_BY_TAG.values() for values_of_use in uses.values() for value in values_of_use.split()
    ]
    assert len(values) == len(set(values)) == len(USE_OF)


@pytest.mark.parametrize("status", [status for status in FacilityStatus if status is not FacilityStatus.IN_SERVICE])
def test_only_toilets_in_service_count(status: FacilityStatus) -> None:
    """A toilet that is planned, built, renovated or retired covers nobody."""
    found = cover_toilets(Grid(), PEOPLE, [toilet(100, 300, status)], ZONES, LIMITS, 300)
    assert (found.covered, found.toilets, found.per_km2) == (0, 0, 0)
    assert all(gap.distance_m is None for gap in found.gaps)


@pytest.mark.parametrize("radius_m", [100, 300, 5000])
@pytest.mark.parametrize(
    ("cells", "longest_m", "meets", "within"),
    [
        ([(100, 100, 50), (500, 300, 30)], 400.0, False, 50 / 80),
        ([(100, 100, 50), (350, 300, 30)], 250.0, True, 1.0),
        ([(100, 100, 50), (900, 900, 0)], 200.0, True, 1.0),  # where nobody lives nobody walks
    ],
)
def test_the_standard_is_held_against_the_walk_and_not_against_what_was_asked(
    radius_m: float, cells: list[tuple[float, float, float]], longest_m: float, meets: bool, within: float
) -> None:
    """The longest walk meets the clause or not, whichever radius the question is about."""
    found = cover_toilets(Grid(), residents(cells), [toilet(100, 300)], ZONES, LIMITS, radius_m)
    check = found.standards[0]
    assert (check.meets, check.clause, found.standard_radius_m) == (meets, "radius", 300)
    assert [check.value, found.within_standard_ratio] == pytest.approx([longest_m, within])


def test_without_any_toilet_the_standard_is_not_met() -> None:
    """There is no walk to tell, and still the answer is no."""
    check = cover_toilets(Grid(), PEOPLE, [], ZONES, LIMITS, 300).standards[0]
    assert (check.value, check.meets) == (None, False)


NOON, NIGHT = datetime(2026, 3, 2, 4, tzinfo=UTC), datetime(2026, 3, 2, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        (ToiletFilter(), ["a", "b", "c"]),
        (ToiletFilter(accessible=True), ["b"]),
        (ToiletFilter(open_at=NOON), ["a", "b", "c"]),  # 12:00 in the town
        (ToiletFilter(open_at=NIGHT), ["b", "c"]),  # 02:00: one is shut, one open past midnight, one has no hours
        (ToiletFilter(toilet_class="2"), ["a", "c"]),
        (ToiletFilter(toilet_class="2", open_at=NIGHT), ["c"]),
    ],
)
def test_which_toilets_count(counted: ToiletFilter, expected: list[str]) -> None:
    """Accessible ones, those open at an hour, those of a class however it is spelt."""
    toilets = [
        replace(toilet(0, 0), facility_id="a", open_hours=DailyWindow(6 * 3600, 22 * 3600), toilet_class="2"),
        replace(toilet(0, 0), facility_id="b", open_hours=DailyWindow(10 * 3600, 3 * 3600), stalls_accessible=1),
        replace(toilet(0, 0), facility_id="c", toilet_class="二类"),
    ]
    assert [found.facility_id for found in counted.of(toilets, Town("testtown"))] == expected


def test_a_town_without_zones_people_or_toilets_has_no_figures_and_no_mishaps() -> None:
    """Nothing to divide by is none, not zero."""
    found = cover_toilets(Grid(), residents([]), [], ZoneAreas([]), {}, 300)
    assert (found.covered_ratio, found.per_km2, found.area_km2, found.standards) == (None, None, None, [])


def test_street_gaps_are_places_not_samples() -> None:
    """Samples every 25 m along a street become a few places with its metres."""
    x_m = np.arange(0, 1000, 25.0)
    street = Demand(DemandKind.STREET_LENGTH_M, x_m / DEGREE_M, np.zeros(40), np.full(40, 25.0))
    found = cover_toilets(Grid(), street, [], ZONES, LIMITS, 300)
    assert 4 <= len(found.gaps) <= 7
    assert sum(gap.demand for gap in found.gaps) == pytest.approx(1000)


METRES = st.floats(-2000, 2000)
CELLS = st.lists(st.tuples(METRES, METRES, st.floats(0, 500)), min_size=1, max_size=12)
SITES = st.lists(st.tuples(METRES, METRES), max_size=5)


@given(cells=CELLS, sites=SITES, more=st.tuples(METRES, METRES), radius_m=st.floats(50, 1500))
def test_a_toilet_more_never_covers_less(
    cells: list[tuple[float, float, float]],
    sites: list[tuple[float, float]],
    more: tuple[float, float],
    radius_m: float,
) -> None:
    """Coverage rises with every toilet, with the radius, and never beyond the whole."""
    demand = residents(cells)
    toilets = [toilet(x_m, y_m) for x_m, y_m in sites]
    before = cover_toilets(Grid(), demand, toilets, ZONES, LIMITS, radius_m)
    after = cover_toilets(Grid(), demand, [*toilets, toilet(*more)], ZONES, LIMITS, radius_m)
    wider = cover_toilets(Grid(), demand, toilets, ZONES, LIMITS, radius_m * 1.5)
    assert before.covered <= after.covered + 1e-9
    assert before.covered <= wider.covered + 1e-9
    assert after.covered <= after.demand + 1e-9
    assert sum(zone.demand for zone in before.zones) == pytest.approx(before.demand)
    assert before.covered + sum(gap.demand for gap in before.gaps) == pytest.approx(before.demand, abs=1.0)


def test_hauls_are_weighed_by_what_is_hauled() -> None:
    """The mean haul is a kilogram's, a point without a road counts as not covered, and the worst gap comes first."""
    points = [
        CollectionPoint("A", 1000 / DEGREE_M, 0, expected_kg=300),
        CollectionPoint("B", 4000 / DEGREE_M, 0, expected_kg=100),
        CollectionPoint("C", 9000 / DEGREE_M, 0, expected_kg=200),
    ]
    station = Facility("S", FacilityKind.TRANSFER_STATION, 0, 0)
    planned = Facility("S2", FacilityKind.TRANSFER_STATION, 9000 / DEGREE_M, 0, status=FacilityStatus.PLANNED)
    found = cover_stations(Grid(), points, [station, planned], ZONES, LIMITS, 3000)
    assert (found.covered_points, found.covered_kg, found.stations) == (1, 300, 1)
    assert found.mean_haul_m == pytest.approx((300 * 1000 + 100 * 4000 + 200 * 9000) / 600)
    assert [gap.point_id for gap in found.gaps] == ["C", "B"]
    assert cover_stations(Grid(), points, [planned], ZONES, LIMITS, 3000).mean_haul_m is None


def test_what_a_station_that_fails_does() -> None:
    """Who hauled there hauls on to the next one, which is too small for it; whom no road leads on is lost."""
    points = [
        CollectionPoint("A", 1000 / DEGREE_M, 0, expected_kg=300),
        CollectionPoint("B", 8000 / DEGREE_M, 0, expected_kg=500),
        CollectionPoint("C", 55_000 / DEGREE_M, 0, expected_kg=200),
    ]
    stations = [
        Facility("S1", FacilityKind.TRANSFER_STATION, 0, 0, design_t_per_day=0.6),
        Facility("S2", FacilityKind.TRANSFER_STATION, 9000 / DEGREE_M, 0, design_t_per_day=1.0),
    ]
    usual = cover_stations(Grid(), points, stations, ZONES, LIMITS, 3000)
    assert usual.failure is None
    assert [(one.facility_id, one.points) for one in usual.catchments] == [("S1", 1), ("S2", 2)]
    assert [one.design_share for one in usual.catchments] == pytest.approx([0.5, 0.7])
    assert usual.mean_haul_of_points_m == pytest.approx((1000 + 1000 + 46_000) / 3)
    assert usual.haul_t_km_per_day == pytest.approx(0.3 * 1 + 0.5 * 1 + 0.2 * 46)
    found = cover_stations(Grid(), points, stations, ZONES, LIMITS, 3000, failed=["S2"])
    assert found.failure is not None
    assert (found.failure.moved_points, found.failure.moved_kg, found.failure.lost_points) == (2, 700, ["C"])
    assert found.failure.extra_t_km_per_day == pytest.approx(0.5 * 7)
    assert found.failure.overloaded == ["S1"]
    assert found.covered_ratio == pytest.approx(1 / 3)
    assert found.failure.covered_ratio_before == pytest.approx(2 / 3)
    with pytest.raises(NotFoundError, match="'S9'"):
        cover_stations(Grid(), points, stations, ZONES, LIMITS, 3000, failed=["S9"])
