"""Walking distance along the street network, for coverage: many places to their nearest facility at once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from services.roads.datasets import Profile, current_dataset
from services.roads.errors import NoRoadsError
from services.roads.streets import BUILT_UP_CLASSES, STREET_CLASSES, WalkableStreets

EARTH_RADIUS_M = 6_371_008.8
"""The mean radius; on a sphere of it distances are right to 0.5 %."""

SEARCHES_AT_ONCE = 128
"""Bounds the table of one round of searches: 128 of 20,000 nodes and as many places are 40 MB."""

WORTH_KEEPING, MOST_KEPT = 500, 4
"""Footholds of so many places or more are kept, of so many lists."""

SMALLEST_STEP_M = 1e-6
"""A sparse matrix cannot hold an edge of length 0."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class StreetSamples:
    """Places along the streets that stand for demand where no residents are known.

    Each stands for `length_m` of street. `street_class` holds values of `highway`; `built_up` marks the
    classes along which people live and trade.
    """

    lon: Floats
    lat: Floats
    length_m: Floats
    street_class: NDArray[np.str_]
    built_up: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Footholds:
    """Where places meet the streets: the segment, how far along it, and how far away from it.

    Finding them is most of the work of a distance; they stay right as long as the network does.
    """

    segment: Integers
    along_m: Floats
    access_m: Floats

    def __len__(self) -> int:
        """Return how many places there are."""
        return len(self.segment)


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Which places lie within a walk of which facilities: one pair a row, with the metres between them.

    `facility` and `place` are positions in what was asked about; rows are in order of both.
    """

    facility: Integers
    place: Integers
    distance_m: Floats


class WalkingNetwork:
    """The streets that a person may walk, in both directions, and distances along them.

    A distance leads from the place straight to its nearest street, along the streets, and from the street
    nearest to the facility straight to it (domain.md, Coverage).
    """

    def __init__(self, streets: WalkableStreets) -> None:
        """Take the streets as arrays; the indexes over them are made when first needed."""
        self._streets = streets
        starts, ends = streets.street_offsets[:-1], streets.street_offsets[1:]
        is_start = np.ones(len(streets.street_nodes), dtype=np.bool_)
        is_start[ends - 1] = False
        positions = np.flatnonzero(is_start)
        self._from = streets.street_nodes[positions].astype(np.int64)
        self._to = streets.street_nodes[positions + 1].astype(np.int64)
        self._street_of_segment = np.repeat(np.arange(len(starts)), ends - starts - 1)
        lon, lat = streets.node_lon, streets.node_lat
        self._length_m = great_circle_m(lon[self._from], lat[self._from], lon[self._to], lat[self._to])
        self._kept: dict[bytes, Footholds] = {}
        self._middle_lat = float((lat.min() + lat.max()) / 2) if len(lat) else 0.0

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the network that the build of the roads wrote beside the foot dataset.

        Raises:
            NoRoadsError: there is none at `path`.

        """
        if not path.is_file():
            raise NoRoadsError(f"There is no walking network at {path}: run `riqing import roads FILE.osm.pbf` first.")
        with np.load(path) as arrays:
            return cls(WalkableStreets(**{name: arrays[name] for name in arrays.files}))

    @classmethod
    def current(cls, roads_dir: Path) -> Self:
        """Read the network of the roads that were imported last.

        Raises:
            NoRoadsError: none have been imported yet.

        """
        return cls.load(current_dataset(roads_dir, Profile.FOOT).walking_network)

    @property
    def node_positions(self) -> tuple[Floats, Floats]:
        """Longitudes and latitudes of the nodes."""
        return self._streets.node_lon, self._streets.node_lat

    @property
    def length_m(self) -> float:
        """The length of all walkable streets."""
        return float(self._length_m.sum())

    def distances_from(self, sources: ArrayLike, limit_m: float = np.inf) -> Floats:
        """Return for every node the metres to the nearest of `sources`, infinite beyond `limit_m`.

        `sources` are rows of longitude and latitude.
        """
        return self._distances_from(self._footholds(_as_places(sources)), limit_m)

    def distances_to_places(self, facilities: ArrayLike, places: ArrayLike, limit_m: float = np.inf) -> Floats:
        """Return for every place the metres on foot to the nearest facility, infinite beyond `limit_m`.

        Both are rows of longitude and latitude.
        """
        return self.distances_between(self.footholds(facilities), self.footholds(places), limit_m)

    def footholds(self, places: ArrayLike) -> Footholds:
        """Return where places, rows of longitude and latitude, meet the streets.

        The last few answers are kept: where people live is asked about again with every change of facilities.
        """
        at = _as_places(places)
        if len(at) < WORTH_KEEPING:
            return self._footholds(at)
        key = at.tobytes()
        found = self._kept.pop(key, None) or self._footholds(at)
        self._kept[key] = found  # the newest last
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return found

    def distances_between(self, sources: Footholds, targets: Footholds, limit_m: float = np.inf) -> Floats:
        """Return for every target the metres on foot to the nearest source, infinite beyond `limit_m`."""
        to_node_m = self._distances_from(sources, limit_m)
        rest_m = self._length_m[targets.segment] - targets.along_m
        over_start_m = to_node_m[self._from[targets.segment]] + targets.along_m
        over_end_m = to_node_m[self._to[targets.segment]] + rest_m
        best_m = np.minimum(over_start_m, over_end_m)
        best_m = np.minimum(best_m, _along_one_segment(sources, targets)) + targets.access_m
        return np.where(best_m <= limit_m, best_m, np.inf)

    def within(self, sources: Footholds, targets: Footholds, limit_m: float) -> Reach:
        """Return every pair of a source and a target that are at most `limit_m` apart on foot."""
        found = [(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))]
        for first in range(0, len(sources), SEARCHES_AT_ONCE):
            rows = slice(first, first + SEARCHES_AT_ONCE)
            part = Footholds(sources.segment[rows], sources.along_m[rows], sources.access_m[rows])
            apart_m = self._apart_m(part, targets, limit_m)
            source, target = np.nonzero(apart_m <= limit_m)
            found.append((source + first, target, apart_m[source, target]))
        facility, place, distance_m = (np.concatenate(columns) for columns in zip(*found, strict=True))
        return Reach(facility, place, distance_m)

    def _apart_m(self, sources: Footholds, targets: Footholds, limit_m: float) -> Floats:
        """Return the metres from each source (row) to each target (column), infinite where farther than `limit_m`."""
        first, last = self._from[sources.segment], self._to[sources.segment]
        ends, position = np.unique(np.concatenate([first, last]), return_inverse=True)
        from_end_m = np.asarray(dijkstra(self._graph, indices=ends, limit=limit_m))
        over_first_m = from_end_m[position[: len(sources)]] + sources.along_m[:, None]
        over_last_m = (
            from_end_m[position[len(sources) :]] + (self._length_m[sources.segment] - sources.along_m)[:, None]
        )
        to_node_m = np.minimum(over_first_m, over_last_m)
        rest_m = self._length_m[targets.segment] - targets.along_m
        apart_m = np.minimum(
            to_node_m[:, self._from[targets.segment]] + targets.along_m,
            to_node_m[:, self._to[targets.segment]] + rest_m,
        )
        source, target, way_m = _on_one_segment(sources, targets)
        np.minimum.at(apart_m, (source, target), way_m)
        return np.asarray(apart_m + sources.access_m[:, None] + targets.access_m)

    def street_corners(self, spacing_m: float, classes: Collection[str] = BUILT_UP_CLASSES) -> Floats:
        """Return where streets of `classes` meet or end, as rows of longitude and latitude.

        Of corners nearer to each other than `spacing_m` only the first is kept.
        """
        wanted = np.array([name in classes for name in STREET_CLASSES], dtype=np.bool_)
        kept = wanted[self._streets.street_class[self._street_of_segment]]
        joined = np.bincount(np.concatenate([self._from[kept], self._to[kept]]), minlength=len(self._streets.node_lon))
        corners = np.flatnonzero((joined > 0) & (joined != 2))
        lon, lat = self._streets.node_lon[corners], self._streets.node_lat[corners]
        chosen = thinned(self._plane(lon, lat), spacing_m)
        return np.column_stack((lon[chosen], lat[chosen]))

    def street_samples(self, spacing_m: float) -> StreetSamples:
        """Return places along all streets, at most `spacing_m` apart and evenly spread over each street.

        Raises:
            ValueError: `spacing_m` is not above 0.

        """
        if not spacing_m > 0:
            raise ValueError(f"Expected a spacing above 0 m, got {spacing_m}.")
        street_count = len(self._streets.street_class)
        street_m = np.bincount(self._street_of_segment, weights=self._length_m, minlength=street_count)
        pieces = np.maximum(1, np.ceil(street_m / spacing_m - 1e-9)).astype(np.int64)
        street = np.repeat(np.arange(street_count), pieces)
        number = np.arange(len(street)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        piece_m = street_m[street] / pieces[street]
        # All segments laid end to end: the samples of every street are found in one search.
        segment_end_m = np.cumsum(self._length_m)
        street_start_m = np.cumsum(street_m) - street_m
        at_m = street_start_m[street] + (number + 0.5) * piece_m
        segment = np.minimum(np.searchsorted(segment_end_m, at_m), max(0, len(segment_end_m) - 1))
        before_end_m = segment_end_m[segment] - at_m
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.clip(np.nan_to_num(1 - before_end_m / self._length_m[segment]), 0, 1)
        lon, lat = self._between(segment, ratio)
        classes = np.array(STREET_CLASSES)[self._streets.street_class[street]]
        return StreetSamples(lon, lat, piece_m, classes, np.isin(classes, sorted(BUILT_UP_CLASSES)))

    def _between(self, segment: Integers, ratio: Floats) -> tuple[Floats, Floats]:
        lon, lat = self._streets.node_lon, self._streets.node_lat
        first, last = self._from[segment], self._to[segment]
        return lon[first] + ratio * (lon[last] - lon[first]), lat[first] + ratio * (lat[last] - lat[first])

    def _plane(self, lon: Floats, lat: Floats) -> Floats:
        """Return metres east and north on a plane that touches the town's middle."""
        east = np.radians(lon) * EARTH_RADIUS_M * np.cos(np.radians(self._middle_lat))
        return np.stack([east, np.radians(lat) * EARTH_RADIUS_M], axis=-1)

    @cached_property
    def _segment_tree(self) -> shapely.STRtree:
        nodes = self._plane(self._streets.node_lon, self._streets.node_lat)
        segments = shapely.linestrings(np.stack([nodes[self._from], nodes[self._to]], axis=1))
        return shapely.STRtree(np.atleast_1d(np.asarray(segments)))

    @cached_property
    def _edges(self) -> tuple[Integers, Integers, Floats]:
        """Both directions of every segment; of parallel ones only the shortest, for a matrix would add them."""
        tail = np.concatenate([self._from, self._to])
        head = np.concatenate([self._to, self._from])
        length_m = np.maximum(np.concatenate([self._length_m, self._length_m]), SMALLEST_STEP_M)
        return _shortest_parallel(tail, head, length_m)

    @cached_property
    def _graph(self) -> csr_array:
        node_count = len(self._streets.node_lon)
        tail, head, length_m = self._edges
        return csr_array((length_m, (tail, head)), shape=(node_count, node_count))

    def _footholds(self, places: Floats) -> Footholds:
        if not len(places):
            empty = np.zeros(0)
            return Footholds(np.zeros(0, dtype=np.int64), empty, empty)
        at = self._plane(places[:, 0], places[:, 1])
        segment = np.asarray(self._segment_tree.nearest(shapely.points(at)), dtype=np.int64)
        nodes = self._plane(self._streets.node_lon, self._streets.node_lat)
        start = nodes[self._from[segment]]
        direction = nodes[self._to[segment]] - start
        square = np.maximum((direction**2).sum(axis=1), 1e-12)
        ratio = np.clip(((at - start) * direction).sum(axis=1) / square, 0, 1)
        lon, lat = self._between(segment, ratio)
        access_m = great_circle_m(places[:, 0], places[:, 1], lon, lat)
        return Footholds(segment, ratio * self._length_m[segment], access_m)

    def _distances_from(self, sources: Footholds, limit_m: float) -> Floats:
        """Run one search from a node of its own that is joined to both ends of every source's segment."""
        node_count = len(self._streets.node_lon)
        origin = np.full(2 * len(sources.segment), node_count, dtype=np.int64)
        ends = np.concatenate([self._from[sources.segment], self._to[sources.segment]])
        rest_m = self._length_m[sources.segment] - sources.along_m
        to_ends_m = np.concatenate([sources.access_m + sources.along_m, sources.access_m + rest_m])
        joined = _shortest_parallel(origin, ends, np.maximum(to_ends_m, SMALLEST_STEP_M))
        tail, head, length_m = (np.concatenate([own, extra]) for own, extra in zip(self._edges, joined, strict=True))
        graph = csr_array((length_m, (tail, head)), shape=(node_count + 1, node_count + 1))
        return np.asarray(dijkstra(graph, indices=[node_count], limit=limit_m))[0, :node_count]


def great_circle_m(lon_a: Floats, lat_a: Floats, lon_b: Floats, lat_b: Floats) -> Floats:
    """Return the distances in metres as the crow flies between places in degrees (haversine)."""
    lon_a, lat_a, lon_b, lat_b = (np.radians(degrees) for degrees in (lon_a, lat_a, lon_b, lat_b))
    half = np.sin((lat_b - lat_a) / 2) ** 2 + np.cos(lat_a) * np.cos(lat_b) * np.sin((lon_b - lon_a) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(half, 1))))


def _as_places(places: ArrayLike | Sequence[tuple[float, float]]) -> Floats:
    return np.asarray(places, dtype=np.float64).reshape(-1, 2)


def _shortest_parallel(tail: Integers, head: Integers, length_m: Floats) -> tuple[Integers, Integers, Floats]:
    order = np.lexsort((length_m, head, tail))
    tail, head, length_m = tail[order], head[order], length_m[order]
    is_first = np.ones(len(tail), dtype=np.bool_)
    is_first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
    return tail[is_first], head[is_first], length_m[is_first]


def _along_one_segment(sources: Footholds, targets: Footholds) -> Floats:
    """Return the metres from each target's foothold to a source on the same segment, infinite where none.

    Neither end of the segment lies on that way, so the search over nodes does not see it.
    """
    source, target, way_m = _on_one_segment(sources, targets)
    found_m = np.full(len(targets.segment), np.inf)
    np.minimum.at(found_m, target, way_m + sources.access_m[source])
    return found_m


def _on_one_segment(sources: Footholds, targets: Footholds) -> tuple[Integers, Integers, Floats]:
    """Return every pair of a source and a target on the same segment, and the metres of street between them."""
    order = np.argsort(sources.segment, kind="stable")
    segments = sources.segment[order]
    first = np.searchsorted(segments, targets.segment, side="left")
    count = np.searchsorted(segments, targets.segment, side="right") - first
    target = np.repeat(np.arange(len(targets.segment)), count)
    offset = np.arange(len(target)) - np.repeat(np.cumsum(count) - count, count)
    source = order[np.repeat(first, count) + offset]
    return source, target, np.abs(targets.along_m[target] - sources.along_m[source])


def thinned(places_m: Floats, spacing_m: float) -> Integers:
    """Return which of some places on a plane to keep, in order, so that none has another within `spacing_m`."""
    neighbours = cKDTree(places_m).query_ball_point(places_m, spacing_m * (1 - 1e-9)) if len(places_m) else []
    kept = np.zeros(len(places_m), dtype=np.bool_)
    for place, near in enumerate(neighbours):
        kept[place] = not kept[near].any()
    return np.flatnonzero(kept)
