"""The generated town: the same for the same seed, and as its office describes it."""

import csv
import itertools
import json
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import osmium
import pytest
import shapely

from firmware_sim.ground import Ground, distance_m
from firmware_sim.town.build import SimulatedTown, build_town
from firmware_sim.town.generate import generate_town
from services.domain.due import visits_due
from services.domain.kinds import ContainerType, FacilityKind, FacilityStatus, VehicleKind

FILES = {
    "roads.osm.pbf",
    "points.csv",
    "facilities.csv",
    "vehicles.csv",
    "contractors.csv",
    "zones.geojson",
    "landuse.geojson",
    "population.csv",
    "history.csv",
    "town.toml",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated town's folder."""
    folder = tmp_path_factory.mktemp("town")
    generate_town(folder, seed=1)
    return folder


SEEDS = [1, 7, 42]
town_of = cache(build_town)


@pytest.fixture(scope="module", params=SEEDS)
def town(request: pytest.FixtureRequest) -> SimulatedTown:
    """Towns of several seeds."""
    return town_of(request.param)


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield a CSV file's rows."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_the_same_seed_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """Every file, the roads included, is the same the second time, also over older files."""
    (tmp_path / "points.csv").write_text("older\n" * 10_000)
    generate_town(tmp_path, seed=1)
    assert {path.name for path in tmp_path.iterdir()} == FILES
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), name


def test_another_seed_gives_another_town() -> None:
    """Streets and points differ between seeds."""
    a, b = (town_of(seed) for seed in SEEDS[:2])
    assert a.network.nodes != b.network.nodes
    assert a.points != b.points


def test_counts_are_those_of_the_towns_papers(town: SimulatedTown) -> None:
    """What issue 2 names is there in the numbers that it names."""
    kinds = Counter(facility.kind for facility in town.facilities)
    assert kinds == {
        FacilityKind.DEPOT: 1,
        FacilityKind.TRANSFER_STATION: 6,
        FacilityKind.LANDFILL: 1,
        FacilityKind.PUBLIC_TOILET: 38,
    }
    toilets = Counter(f.status for f in town.facilities if f.kind is FacilityKind.PUBLIC_TOILET)
    assert toilets[FacilityStatus.IN_SERVICE] + toilets[FacilityStatus.UNDER_RENOVATION] == 26
    assert toilets[FacilityStatus.UNDER_RENOVATION] > 0
    assert toilets[FacilityStatus.PLANNED] == 12
    assert len(town.zones) == 22
    assert len(town.contractors) == 2
    assert len(town.points) == 420
    vehicles = Counter(vehicle.kind for vehicle in town.vehicles)
    assert vehicles[VehicleKind.COMPACTOR] == 12
    assert vehicles[VehicleKind.CRANE_TRUCK] == 3


def test_refuse_is_that_of_the_formula(town: SimulatedTown) -> None:
    """Q = A1·A2·R·C of the residents in the population grid is 85 t a day, and the points share it out."""
    residents = sum(cell.residents for cell in town.population)
    assert 1.1 * 1.02 * residents * 0.9 == pytest.approx(85_000, abs=1)
    assert sum(point.expected_kg for point in town.points) == 85_000
    assert min(point.expected_kg for point in town.points) > 20


def test_one_station_is_too_old_and_one_too_small(town: SimulatedTown) -> None:
    """One is past its design life; one is designed for less than a fair share of the town's refuse."""
    stations = [f for f in town.facilities if f.kind is FacilityKind.TRANSFER_STATION]
    too_old = [f for f in stations if f.opened_on and f.opened_on.year + (f.design_life_years or 0) < 2026]
    assert len(too_old) == 1
    assert min(f.design_t_per_day or 0 for f in stations) < 85 / 6
    assert sum(f.design_t_per_day or 0 for f in stations) > 85


def test_every_point_can_be_served_in_its_windows(town: SimulatedTown) -> None:
    """For each window some truck that may serve the point has an hour of its shift in it."""
    for point in town.points:
        shifts = [v.shift for v in town.vehicles if point.container_type in v.may_serve and v.shift is not None]
        assert shifts, point
        for window in point.windows:
            overlap_s = max(min(window.end_s, s.end_s) - max(window.start_s, s.start_s) for s in shifts)
            assert overlap_s >= 3600, point


def test_busy_places_are_cleared_twice_and_pits_need_a_crane(town: SimulatedTown) -> None:
    """Streets and markets have two windows; pit bins stand in townships, some emptied every third day."""
    for point in town.points:
        assert (point.visits_per_day == 2) == (len(point.windows) == 2)
    pits = [point for point in town.points if point.container_type is ContainerType.PIT]
    serve_pits = {v.kind for v in town.vehicles if ContainerType.PIT in v.may_serve}
    assert serve_pits == {VehicleKind.CRANE_TRUCK}
    assert 60 <= len(pits) <= 120
    assert {point.visits_per_day for point in pits} == {1.0, 0.33}
    twice = [point for point in town.points if point.visits_per_day == 2]
    assert 50 <= len(twice) <= 100


def test_the_fleet_can_carry_a_day(town: SimulatedTown) -> None:
    """Two loads of every truck hold twice the day's refuse of its kinds, and serving takes half its shifts."""
    for day in (date(2026, 6, 1) + timedelta(days=n) for n in range(3)):
        for kind in (VehicleKind.COMPACTOR, VehicleKind.CRANE_TRUCK):
            fleet = [vehicle for vehicle in town.vehicles if vehicle.kind is kind]
            served = [p for p in town.points if p.container_type in fleet[0].may_serve]
            kg = sum(p.expected_kg_per_visit * min(visits_due(p, day), 1) for p in served)
            serving_s = sum(p.service_s * visits_due(p, day) for p in served)
            working_s = sum(v.shift.end_s - v.shift.start_s - v.break_s for v in fleet if v.shift)
            assert kg < 1.3 * sum(vehicle.capacity_kg for vehicle in fleet)
            assert serving_s < 0.5 * working_s


def test_zones_cover_the_town_without_overlap(town: SimulatedTown) -> None:
    """Every point and facility lies in the zone it names; the town's zones measure 30 km²."""
    shapes = {zone.zone_id: shapely.from_geojson(json.dumps(zone.geometry)) for zone in town.zones}
    places = [(p.lon, p.lat, p.zone_id) for p in town.points] + [(f.lon, f.lat, f.zone_id) for f in town.facilities]
    for lon, lat, zone_id in places:
        assert zone_id is not None
        assert shapes[zone_id].distance(shapely.Point(lon, lat)) < 2e-5
    union = shapely.union_all(list(shapes.values()))
    assert sum(shape.area for shape in shapes.values()) == pytest.approx(union.area, rel=1e-4)
    ground = Ground(116.31, 34.43)
    square_m = ground.metres_per_degree_lat * ground.metres_per_degree_lon
    in_town = sum(shapes[zone.zone_id].area for zone in town.zones if zone.cleaning_grade != "4") * square_m
    assert in_town == pytest.approx(30e6, rel=0.03)
    assert all(zone.contractor_id and zone.responsible and zone.name for zone in town.zones)


class _Roads(osmium.SimpleHandler):
    def __init__(self) -> None:
        super().__init__()
        self.places: dict[int, tuple[float, float]] = {}
        self.ways: list[tuple[dict[str, str], list[int]]] = []

    def node(self, node: osmium.osm.Node) -> None:
        """Keep a node's place."""
        self.places[node.id] = node.location.lon, node.location.lat

    def way(self, way: osmium.osm.Way) -> None:
        """Keep a way's tags and nodes."""
        self.ways.append(({tag.k: tag.v for tag in way.tags}, [node.ref for node in way.nodes]))


@pytest.fixture(scope="module")
def roads(folder: Path) -> _Roads:
    """The roads as a reader of the file finds them."""
    found = _Roads()
    found.apply_file(str(folder / "roads.osm.pbf"))
    return found


def test_streets_have_names_classes_limits_and_bridges(roads: _Roads) -> None:
    """The map has what trucks must heed: one-ways, height limits under the railway, few bridges."""
    classes = Counter(tags.get("highway") for tags, _ in roads.ways)
    for highway in ("trunk", "primary", "secondary", "tertiary", "residential", "footway", "pedestrian"):
        assert classes[highway] > 0, highway
    assert sum("oneway" in tags for tags, _ in roads.ways) > 20
    limits = sorted(float(tags["maxheight"]) for tags, _ in roads.ways if "maxheight" in tags)
    assert len(limits) == 4
    assert limits[0] < 3.0
    bridges = [tags for tags, _ in roads.ways if "bridge" in tags]
    assert 4 <= sum(tags["highway"] != "footway" for tags in bridges) <= 8
    named = [tags for tags, _ in roads.ways if tags.get("highway") in ("primary", "secondary", "tertiary")]
    assert all(any("一" <= character <= "鿿" for character in tags["name"]) for tags in named)


def test_every_street_can_be_reached_and_left(roads: _Roads) -> None:
    """From any driven node any other can be reached, one-ways heeded (a plain search as oracle)."""
    forward: dict[int, list[int]] = defaultdict(list)
    backward: dict[int, list[int]] = defaultdict(list)
    for tags, nodes in roads.ways:
        if tags.get("highway") in (None, "footway", "pedestrian"):
            continue
        for a, b in itertools.pairwise(nodes):
            for tail, head in ((a, b),) if tags.get("oneway") == "yes" else ((a, b), (b, a)):
                forward[tail].append(head)
                backward[head].append(tail)
    everything = set(forward) | set(backward)
    start = min(everything)
    for arcs in (forward, backward):
        reached, waiting = {start}, [start]
        while waiting:
            for node in arcs[waiting.pop()]:
                if node not in reached:
                    reached.add(node)
                    waiting.append(node)
        assert reached == everything


def test_points_stand_beside_a_road(folder: Path, roads: _Roads) -> None:
    """A truck on the nearest road is within 20 m of every point, and of stations within 60 m."""
    ground = Ground(116.31, 34.43)
    lines = [
        shapely.LineString([ground.spot(*roads.places[node]) for node in nodes])
        for tags, nodes in roads.ways
        if tags.get("highway") not in (None, "footway", "pedestrian")
    ]
    tree = shapely.STRtree(lines)
    for name, limit_m in (("points.csv", 20.0), ("facilities.csv", 60.0)):
        for row in rows(folder / name):
            spot = ground.spot(float(row["lon"]), float(row["lat"]))
            nearest = lines[int(tree.nearest(shapely.Point(spot)))]
            assert nearest.distance(shapely.Point(spot)) < limit_m, row["id"]


def test_the_plan_of_streets_is_not_a_grid(roads: _Roads) -> None:
    """Streets run in many directions, so that no two regular sets of parallels make up the town."""
    directions: Counter[int] = Counter()
    for tags, nodes in roads.ways:
        if tags.get("highway") == "residential":
            (lon_a, lat_a), (lon_b, lat_b) = roads.places[nodes[0]], roads.places[nodes[-1]]
            angle = shapely.LineString([(lon_a, lat_a), (lon_b, lat_b)])
            if angle.length:
                directions[round((lat_b - lat_a) / angle.length * 10)] += 1
    assert len(directions) >= 12
    assert max(directions.values()) < 0.4 * sum(directions.values())


def test_history_is_bounded_and_about_the_expected(folder: Path) -> None:
    """120 days a point, on the average within a fifth of what the register expects."""
    kg_by_point: dict[str, list[float]] = defaultdict(list)
    for row in rows(folder / "history.csv"):
        kg_by_point[row["point_id"]].append(float(row["kg"]))
    expected = {row["id"]: float(row["expected_kg"]) for row in rows(folder / "points.csv")}
    assert kg_by_point.keys() == expected.keys()
    for point_id, kg in kg_by_point.items():
        assert len(kg) == 120
        assert sum(kg) / 120 == pytest.approx(expected[point_id], rel=0.2)
    assert (folder / "history.csv").stat().st_size < 2_000_000


def test_town_toml_says_what_a_script_needs(folder: Path) -> None:
    """Name, time zone, start of the day, seed, and from which day on to simulate."""
    about = tomllib.loads((folder / "town.toml").read_text(encoding="utf-8"))
    assert about["name"] == "青石县"
    assert about["timezone"] == "Asia/Shanghai"
    assert about["seed"] == 1
    last = max(row["date"] for row in rows(folder / "history.csv"))
    assert about["first_day"].isoformat() > last


def test_points_are_apart(town: SimulatedTown) -> None:
    """No two points share a place."""
    ground = Ground(116.31, 34.43)
    spots = sorted(ground.spot(p.lon, p.lat) for p in town.points)
    tree = shapely.STRtree([shapely.Point(spot) for spot in spots])
    pairs = tree.query([shapely.Point(spot) for spot in spots], predicate="dwithin", distance=1.0).T.tolist()
    assert [(a, b) for a, b in pairs if a < b] == []
    assert distance_m(spots[0], spots[-1]) > 10_000
