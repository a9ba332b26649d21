"""The map and the charts of a bulletin: what is drawn, where, and that no text of the town's breaks out of it."""

from datetime import date
from xml.etree import ElementTree

import pytest

from services.domain.clearance import ClearanceFigure
from services.reports.charts import draw_comparison, draw_trend
from services.reports.drawing import Dot, Drawing, Line, Words, as_svg
from services.reports.missed_map import (
    CLEARED,
    HEIGHT,
    MISSED,
    PENDING,
    WIDTH,
    MapPoint,
    MapWords,
    MapZone,
    core_of,
    draw_map,
)

WORDS = MapWords("cleared", "missed", "to come", "2 points were missed")
POINTS = [
    MapPoint(113.00, 28.00, 0, 0),
    MapPoint(113.02, 28.00, 3, 0),
    MapPoint(113.02, 28.01, 0, 1),
    MapPoint(113.01, 28.01, 1, 1),
]
RING = [[112.9, 27.9], [113.2, 27.9], [113.2, 28.1], [112.9, 28.1], [112.9, 27.9]]
ZONE = MapZone("东<片>区", {"type": "Polygon", "coordinates": [RING]}, 0.9)
STREETS = [("primary", [(112.5, 28.005), (113.5, 28.005)]), ("residential", [(120.0, 30.0), (120.1, 30.0)])]


def dots(drawing: Drawing, colour: str) -> list[Dot]:
    """Return the dots of a colour on the map itself, not those of its legend."""
    return [
        shape for shape in drawing.shapes if isinstance(shape, Dot) and shape.fill == colour and shape.radius != 3.0
    ]


def test_each_point_is_a_dot_of_its_state() -> None:
    """Missed before pending before cleared; the more often, the larger; north is up and east is right."""
    drawing = draw_map(POINTS, [ZONE], STREETS, WORDS)
    assert drawing is not None
    assert [len(dots(drawing, colour)) for colour in (CLEARED, MISSED, PENDING)] == [1, 2, 1]
    often, once = sorted(dots(drawing, MISSED), key=lambda dot: -dot.radius)
    assert often.radius > once.radius
    assert often.place[0] > once.place[0]
    assert often.place[1] > once.place[1]
    assert all(0 <= dot.place[0] <= WIDTH and 0 <= dot.place[1] <= HEIGHT for dot in dots(drawing, MISSED))


def test_streets_are_cut_at_the_edge_and_those_elsewhere_left_out() -> None:
    """A street across the whole map is drawn from edge to edge."""
    drawing = draw_map(POINTS, [], STREETS, WORDS)
    assert drawing is not None
    (street,) = [shape for shape in drawing.shapes if isinstance(shape, Line) and shape.width == 1.1]
    assert [round(place[0]) for place in street.places] == [0, round(WIDTH)]


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    """Against the distance of two points whose distance is known: 0.02° of longitude at 28° north are 1,966 m."""
    drawing = draw_map(POINTS, [], [], WORDS)
    assert drawing is not None
    west, east = dots(drawing, CLEARED)[0], max(dots(drawing, MISSED), key=lambda dot: dot.radius)
    metre = (east.place[0] - west.place[0]) / 1966.0
    bar = next(shape for shape in drawing.shapes if isinstance(shape, Line) and len(shape.places) == 4)
    text = next(shape.text for shape in drawing.shapes if isinstance(shape, Words) and shape.text.endswith("m"))
    length_m = float(text.removesuffix("km").removesuffix("m")) * (1000 if text.endswith("km") else 1)
    assert (bar.places[2][0] - bar.places[1][0]) / metre == pytest.approx(length_m, rel=0.01)


def test_svg_is_well_formed_whatever_things_are_called() -> None:
    """A name with brackets and quotes is text, not markup."""
    drawing = draw_map(POINTS, [ZONE], STREETS, MapWords("a<b", 'c"d', "e&f", '"><script>'))
    assert drawing is not None
    root = ElementTree.fromstring(as_svg(drawing))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "东<片>区" in texts
    assert "script" not in {element.tag.split("}")[1] for element in root.iter()}


def test_nothing_to_show_is_no_map() -> None:
    """A period in which nothing was due, or of points that the register has no more."""
    assert draw_map([], [ZONE], STREETS, WORDS) is None


def test_a_crowd_in_the_middle_is_a_core() -> None:
    """Many points in the town and few far around it: the map of the centre has the former; spread evenly, none."""
    town = [MapPoint(113.0 + 0.001 * (number % 10), 28.0 + 0.001 * (number // 10), 0, 0) for number in range(80)]
    around = [MapPoint(113.0 + far, 28.0 + far, 0, 0) for far in (-0.2, -0.1, 0.1, 0.2, 0.3)]
    core = core_of(town + around)
    assert set(core) <= set(town)
    assert len(core) > 60
    assert core_of(town) == []
    assert core_of(around) == []


def day(number: int, cleared: int, due: int = 10, key: str = "town") -> ClearanceFigure:
    """Return a day's figure."""
    return ClearanceFigure(date(2026, 3, number), key, due=due, cleared=cleared)


def test_the_trend_has_a_dot_a_day_and_leaves_out_days_with_nothing_due() -> None:
    """Higher is better, the lowest is marked."""
    drawing = draw_trend([day(1, 9), day(2, 0, due=0), day(3, 8), day(4, 10)], "trend")
    assert drawing is not None
    first, lowest, best = [shape for shape in drawing.shapes if isinstance(shape, Dot)]
    assert best.place[1] < first.place[1] < lowest.place[1]
    assert lowest.fill != first.fill == best.fill
    assert draw_trend([day(1, 9)], "trend") is None


def test_contractors_are_compared_by_bars() -> None:
    """One bar each, with its rate and counts; one alone is not compared."""
    drawing = draw_comparison([("甲", day(1, 9, key="C1")), ("乙", day(1, 5, key="C2"))], "contractors")
    assert drawing is not None
    texts = [shape.text for shape in drawing.shapes if isinstance(shape, Words)]
    assert texts == ["甲", "90.00%  9/10", "乙", "50.00%  5/10"]
    assert draw_comparison([("甲", day(1, 9))], "contractors") is None
