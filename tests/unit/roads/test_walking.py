"""Walking distances, against a plain Dijkstra over the same streets."""

import heapq
import math
import random
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from services.roads.errors import NoRoadsError
from services.roads.streets import WalkableStreets, read_road_file
from services.roads.walking import EARTH_RADIUS_M, WalkingNetwork
from tests.road_files import METRE_EAST_DEG, METRE_NORTH_DEG, place, write_roads

RESIDENTIAL = {"highway": "residential"}
LonLat = tuple[float, float]


def network_of(tmp_path: Path, nodes: Mapping[int, LonLat], ways: list[list[int]]) -> WalkingNetwork:
    """Return the walking network of residential streets through these nodes."""
    path = write_roads(tmp_path / "town.osm.pbf", nodes, [(way, RESIDENTIAL) for way in ways])
    return WalkingNetwork(read_road_file(path).walkable)


def crow_m(a: LonLat, b: LonLat) -> float:
    """Return metres as the crow flies."""
    lon_a, lat_a, lon_b, lat_b = map(math.radians, (*a, *b))
    half = math.sin((lat_b - lat_a) / 2) ** 2
    half += math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(half))


class Oracle:
    """The same sum done plainly: every place is a node joined to where it meets its nearest segment."""

    def __init__(self, streets: WalkableStreets) -> None:
        self.nodes = list(zip(streets.node_lon.tolist(), streets.node_lat.tolist(), strict=True))
        self.segments = [
            (int(a), int(b))
            for start, end in zip(streets.street_offsets, streets.street_offsets[1:], strict=False)
            for a, b in zip(streets.street_nodes[start : end - 1], streets.street_nodes[start + 1 : end], strict=True)
        ]

    def foothold(self, at: LonLat) -> tuple[int, LonLat, float]:
        """Return the segment nearest to a place, the place on it, and the metres to it."""
        best: tuple[float, int, LonLat] = (math.inf, 0, at)
        for number, (a, b) in enumerate(self.segments):
            (x1, y1), (x2, y2), (x, y) = (
                (lon / METRE_EAST_DEG, lat / METRE_NORTH_DEG) for lon, lat in (self.nodes[a], self.nodes[b], at)
            )
            square = (x2 - x1) ** 2 + (y2 - y1) ** 2
            ratio = max(0.0, min(1.0, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / square))
            on = tuple(p + ratio * (q - p) for p, q in zip(self.nodes[a], self.nodes[b], strict=True))
            away_m = crow_m(at, (on[0], on[1]))
            best = min(best, (away_m, number, (on[0], on[1])))
        return best[1], best[2], best[0]

    def nearest_m(self, facilities: list[LonLat], at: LonLat) -> float:
        """Return the metres on foot from a place to the nearest facility."""
        place_segment, place_on, place_access_m = self.foothold(at)
        stops: dict[int, list[tuple[LonLat, object]]] = {place_segment: [(place_on, "place")]}
        ends: dict[object, float] = {}
        for number, facility in enumerate(facilities):
            segment, on, access_m = self.foothold(facility)
            stops.setdefault(segment, []).append((on, ("facility", number)))
            ends["facility", number] = access_m
        edges: dict[object, list[tuple[object, float]]] = {}
        for number, (a, b) in enumerate(self.segments):
            chain = sorted(stops.get(number, []), key=lambda stop: crow_m(self.nodes[a], stop[0]))
            line = [(self.nodes[a], a), *chain, (self.nodes[b], b)]
            for (from_at, from_name), (to_at, to_name) in pairwise(line):
                edges.setdefault(from_name, []).append((to_name, crow_m(from_at, to_at)))
                edges.setdefault(to_name, []).append((from_name, crow_m(from_at, to_at)))
        done: dict[object, float] = {}
        queue: list[tuple[float, str, object]] = [(place_access_m, "", "place")]
        while queue:
            so_far_m, _, name = heapq.heappop(queue)
            if name not in done:
                done[name] = so_far_m
                for neighbour, length_m in edges.get(name, []):
                    heapq.heappush(queue, (so_far_m + length_m, str(neighbour), neighbour))
        return min((done.get(name, math.inf) + access_m for name, access_m in ends.items()), default=math.inf)


def test_distances_equal_a_plain_search(tmp_path: Path) -> None:
    """On random towns with islands, every place is as far as a plain Dijkstra with split segments says."""
    chance = random.Random(7)
    for trial in range(4):
        nodes = {n: (chance.uniform(0, 900), chance.uniform(0, 900)) for n in range(1, 31)}
        ways = [chance.sample(sorted(nodes), chance.choice([2, 3, 4])) for _ in range(14)]
        folder = tmp_path / str(trial)
        folder.mkdir()
        network = network_of(folder, nodes, ways)
        oracle = Oracle(network._streets)
        somewhere = [place(chance.uniform(-50, 950), chance.uniform(-50, 950)) for _ in range(46)]
        facilities, places = somewhere[:6], somewhere[6:]
        expected = [oracle.nearest_m(facilities, at) for at in places]
        # The two project onto slightly different planes, so a tie may fall a few decimetres apart.
        assert network.distances_to_places(facilities, places) == pytest.approx(expected, abs=0.5)


def test_the_way_leads_along_the_street_and_not_across(tmp_path: Path) -> None:
    """Two parallel streets joined at one end: the toilet 50 m away as the crow flies is a long walk."""
    nodes = {1: (0, 0), 2: (400, 0), 3: (400, 50), 4: (0, 50)}
    network = network_of(tmp_path, nodes, [[1, 2, 3, 4]])
    walked_m = network.distances_to_places([place(100, 60)], [place(100, -5)])
    # 5 m to the street, 300 m along, 50 m across, 300 m back and 10 m to the toilet
    assert walked_m == pytest.approx([665], abs=2)


def test_limits_islands_and_nothing_at_all(tmp_path: Path) -> None:
    """Beyond the limit, on another island, or without any facility, the distance is infinite."""
    nodes = {1: (0, 0), 2: (1000, 0), 3: (0, 5000), 4: (1000, 5000)}
    network = network_of(tmp_path, nodes, [[1, 2], [3, 4]])
    toilet, near, far, island = place(0, 0), place(300, 0), place(800, 0), place(300, 5000)
    found = network.distances_to_places([toilet], [near, far, island], limit_m=500)
    assert found[0] == pytest.approx(300, abs=1)
    assert np.isinf(found[1:]).all()
    assert np.isinf(network.distances_to_places([], [near])).all()
    assert network.distances_to_places([toilet], []).shape == (0,)
    to_nodes = network.distances_from([near], limit_m=2000)
    assert sorted(to_nodes)[:2] == pytest.approx([300, 700], abs=1)
    assert np.isinf(sorted(to_nodes)[2:]).all()


def test_samples_cover_every_metre_once(tmp_path: Path) -> None:
    """Samples lie on the streets, no farther apart than asked, and their lengths sum to the streets'."""
    nodes = {1: (0, 0), 2: (95, 0), 3: (95, 60), 4: (500, 500), 5: (530, 500)}
    path = write_roads(tmp_path / "t.osm.pbf", nodes, [([1, 2, 3], RESIDENTIAL), ([4, 5], {"highway": "footway"})])
    network = WalkingNetwork(read_road_file(path).walkable)
    samples = network.street_samples(50)
    assert samples.length_m.sum() == pytest.approx(network.length_m)
    assert samples.length_m.max() <= 50
    # 155 m of street make four pieces, the footway one
    assert samples.street_class.tolist() == ["residential"] * 4 + ["footway"]
    assert samples.built_up.tolist() == [True] * 4 + [False]
    at = [
        (round((lon - 112) / METRE_EAST_DEG), round((lat - 28) / METRE_NORTH_DEG))
        for lon, lat in zip(samples.lon, samples.lat, strict=True)
    ]
    assert at == [(19, 0), (58, 0), (95, 2), (95, 41), (515, 500)]
    with pytest.raises(ValueError, match="above 0"):
        network.street_samples(0)


def test_a_missing_network_names_the_remedy(tmp_path: Path) -> None:
    """Without imported roads the error says what to run."""
    with pytest.raises(NoRoadsError, match="riqing import roads"):
        WalkingNetwork.current(tmp_path)
    with pytest.raises(NoRoadsError, match="riqing import roads"):
        WalkingNetwork.load(tmp_path / "walking.npz")
