"""The map of what was missed: the town's own streets and zones, and a dot for each point that was due."""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import cos, radians
from pathlib import Path
from typing import Any

import numpy as np
from shapely import transform
from shapely.geometry import LineString, box, shape
from shapely.geometry.base import BaseGeometry

from services.reports.drawing import Area, Dot, Drawing, Line, Place, Shape, Words

WIDTH, HEIGHT, MARGIN = 500.0, 330.0, 12.0
MAJOR = frozenset({"motorway", "trunk", "primary", "secondary"})
MIDDLE = frozenset({"tertiary", "motorway_link", "trunk_link", "primary_link", "secondary_link"})
STREET_LOOKS = {True: ("#a8adb3", 1.1), False: ("#dfe2e6", 0.4)}
CLEARED, MISSED, PENDING = "#7fb08f", "#c8102e", "#e0a100"
ZONE_EDGE = "#8a94a0"
ZONE_FILLS = ((0.95, "#eff7f1"), (0.85, "#fbf7e6"), (0.0, "#fbebeb"))
"""From which clearance rate on a zone has which ground."""
METRES_PER_DEGREE = 111_320.0
CROWD = 40
"""Fewer points than this crowd nowhere."""
MIDDLE_SHARE = (0.2, 0.8)
SIMPLIFIED_TO = 0.4
"""Points of the drawing that a corner may be off."""
SCALES_M = (100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)


@dataclass(frozen=True, slots=True)
class MapPoint:
    """A collection point on the map, with how many of its due visits were missed or are still to come."""

    lon: float
    lat: float
    missed: int
    pending: int


@dataclass(frozen=True, slots=True)
class MapZone:
    """A zone's geometry (GeoJSON) and its clearance rate, none where nothing was due."""

    name: str
    geometry: Mapping[str, Any]
    clearance_rate: float | None


@dataclass(frozen=True, slots=True)
class MapWords:
    """The words on the map."""

    cleared: str
    missed: str
    pending: str
    description: str


class _Paper:
    """Where a longitude and latitude is on the drawing: north is up, and metres are as long in both directions."""

    def __init__(self, bounds: tuple[float, float, float, float]) -> None:
        west, south, east, north = bounds
        self._west, self._north = west, north
        self._narrow = cos(radians((south + north) / 2.0))
        wide, high = max((east - west) * self._narrow, 1e-6), max(north - south, 1e-6)
        self.scale = min((WIDTH - 2 * MARGIN) / wide, (HEIGHT - 2 * MARGIN) / high)
        self._left = (WIDTH - wide * self.scale) / 2.0
        self._top = (HEIGHT - high * self.scale) / 2.0

    def place(self, lon: float, lat: float) -> Place:
        """Return the place of a longitude and latitude."""
        return (
            self._left + (lon - self._west) * self._narrow * self.scale,
            self._top + (self._north - lat) * self.scale,
        )

    @property
    def per_metre(self) -> float:
        """How long a metre is."""
        return self.scale / METRES_PER_DEGREE


def read_streets(path: Path | None) -> list[tuple[str, list[tuple[float, float]]]]:
    """Return the streets of the town's base map by class; none where no roads were imported."""
    if path is None:
        return []
    features = json.loads(gzip.decompress(path.read_bytes()))["features"]
    return [(feature["properties"]["class"], feature["geometry"]["coordinates"]) for feature in features]


def core_of(points: Sequence[MapPoint]) -> list[MapPoint]:
    """Return the points of the part in which most of them crowd; none where they are spread over all of the map."""
    if len(points) < CROWD:
        return []
    places = np.array([(point.lon, point.lat) for point in points])
    low, high = np.quantile(places, MIDDLE_SHARE, axis=0)
    middle, reach = (low + high) / 2.0, (high - low) * 0.75
    within = (np.abs(places - middle) <= reach).all(axis=1)
    chosen = places[within]
    if len(chosen) < CROWD or (np.ptp(chosen, axis=0) > np.ptp(places, axis=0) / 2.0).any():
        return []
    return [point for point, is_within in zip(points, within, strict=True) if is_within]


def draw_map(
    points: Sequence[MapPoint],
    zones: Sequence[MapZone],
    streets: Sequence[tuple[str, Sequence[tuple[float, float]]]],
    words: MapWords,
) -> Drawing | None:
    """Return the map, cut to where the points are; none where there is no point to show."""
    if not points:
        return None
    lons, lats = [point.lon for point in points], [point.lat for point in points]
    paper = _Paper((min(lons), min(lats), max(lons), max(lats)))
    frame = box(0, 0, WIDTH, HEIGHT)
    shapes: list[Shape] = [Area(_corners(0, 0, WIDTH, HEIGHT), "#ffffff", "#bbbbbb")]
    for zone in zones:
        shapes += _zone(zone, paper, frame)
    for is_major in (False, True):
        for kind, line in streets:
            if (kind in MAJOR or kind in MIDDLE) is is_major:
                shapes += _street(line, paper, frame, *STREET_LOOKS[is_major])
    for zone in zones:
        shapes += _edge(zone, paper, frame)
    shapes += [Dot(paper.place(point.lon, point.lat), 1.2, CLEARED) for point in points if not _is_open(point)]
    # The worst last, so that they lie on top.
    for point in sorted(filter(_is_open, points), key=lambda point: (point.missed > 0, point.missed)):
        radius = 2.2 + 0.8 * min(max(point.missed, 1) - 1, 6) ** 0.5
        shapes.append(Dot(paper.place(point.lon, point.lat), radius, MISSED if point.missed else PENDING, "#ffffff"))
    shapes += [*_legend(points, words), *_scale_bar(paper), Area(_corners(0, 0, WIDTH, HEIGHT), None, "#bbbbbb")]
    return Drawing(WIDTH, HEIGHT, tuple(shapes), words.description)


def _is_open(point: MapPoint) -> bool:
    return point.missed > 0 or point.pending > 0


def _on_paper(geometry: Mapping[str, Any], paper: _Paper) -> BaseGeometry:
    """Return a GeoJSON geometry on the drawing."""
    return transform(shape(dict(geometry)), lambda corners: np.array([paper.place(lon, lat) for lon, lat in corners]))


def _zone(zone: MapZone, paper: _Paper, frame: BaseGeometry) -> list[Shape]:
    rate = zone.clearance_rate
    fill = "#f7f7f7" if rate is None else next(colour for least, colour in ZONE_FILLS if rate >= least)
    within = _on_paper(zone.geometry, paper).simplify(SIMPLIFIED_TO).intersection(frame)
    return [Area(list(part.exterior.coords), fill) for part in _polygons(within)]


def _edge(zone: MapZone, paper: _Paper, frame: BaseGeometry) -> list[Shape]:
    within = _on_paper(zone.geometry, paper).simplify(SIMPLIFIED_TO).boundary.intersection(frame)
    lines: list[Shape] = [Line(list(part.coords), ZONE_EDGE, 0.7, is_dashed=True) for part in _lines(within)]
    area = _on_paper(zone.geometry, paper).intersection(box(40, 12, WIDTH - 40, HEIGHT - 12))
    if area.area > WIDTH * HEIGHT / 200.0:
        middle = area.representative_point()
        lines.append(Words((middle.x, middle.y), zone.name, 7.5, "#5a6570", "middle"))
    return lines


def _street(
    line: Sequence[tuple[float, float]], paper: _Paper, frame: BaseGeometry, colour: str, width: float
) -> list[Shape]:
    placed = [paper.place(lon, lat) for lon, lat in line]
    xs, ys = [x for x, _ in placed], [y for _, y in placed]
    if max(xs) < 0 or min(xs) > WIDTH or max(ys) < 0 or min(ys) > HEIGHT:
        return []
    drawn = LineString(placed).simplify(SIMPLIFIED_TO, preserve_topology=False)
    if drawn.length < 2.0:
        return []  # shorter than a dot is wide
    return [Line(list(part.coords), colour, width) for part in _lines(drawn.intersection(frame))]


def _polygons(geometry: BaseGeometry) -> list[Any]:
    return [
        part for part in getattr(geometry, "geoms", [geometry]) if part.geom_type == "Polygon" and not part.is_empty
    ]


def _lines(geometry: BaseGeometry) -> list[Any]:
    return [
        part for part in getattr(geometry, "geoms", [geometry]) if part.geom_type == "LineString" and not part.is_empty
    ]


def _corners(left: float, top: float, right: float, bottom: float) -> list[Place]:
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _legend(points: Sequence[MapPoint], words: MapWords) -> list[Shape]:
    missed = sum(point.missed > 0 for point in points)
    pending = sum(not point.missed and point.pending > 0 for point in points)
    entries = [(MISSED, f"{words.missed} {missed}"), (CLEARED, f"{words.cleared} {len(points) - missed - pending}")]
    if pending:
        entries.insert(1, (PENDING, f"{words.pending} {pending}"))
    top = HEIGHT - 8.0 - 12.0 * len(entries)
    shapes: list[Shape] = [Area(_corners(6, top, 112, HEIGHT - 6), "#ffffff", "#cccccc")]
    for number, (colour, text) in enumerate(entries):
        y = top + 10.0 + 12.0 * number
        shapes += [Dot((14, y - 2.5), 3.0, colour), Words((22, y), text, 8.0)]
    return shapes


def _scale_bar(paper: _Paper) -> list[Shape]:
    length_m = next((metres for metres in reversed(SCALES_M) if metres * paper.per_metre <= 110.0), SCALES_M[0])
    right, y = WIDTH - 12.0, HEIGHT - 12.0
    left = right - length_m * paper.per_metre
    text = f"{length_m / 1000:g} km" if length_m >= 1_000 else f"{length_m} m"
    return [
        Area(_corners(left - 5, y - 14, right + 6, y + 6), "#ffffff"),
        Line([(left, y - 3), (left, y), (right, y), (right, y - 3)], "#333333", 0.8),
        Words(((left + right) / 2, y - 5), text, 7.0, "#333333", "middle"),
    ]
