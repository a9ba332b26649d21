"""The charts of a bulletin: the clearance rate day by day, and the contractors beside each other."""

from collections.abc import Sequence
from math import floor

from services.domain.clearance import ClearanceFigure
from services.reports.drawing import Area, Dot, Drawing, Line, Shape, Words

WIDTH, TREND_HEIGHT = 500.0, 150.0
LEFT, RIGHT, TOP, BOTTOM = 34.0, 10.0, 14.0, 22.0
INK, GRID, BAR, LOW = "#1a6b4a", "#e3e6e9", "#8fbfa5", "#c8102e"
LABELLED = 16
"""With more days than this only some bear their rate."""


def draw_trend(days: Sequence[ClearanceFigure], description: str) -> Drawing | None:
    """Return the clearance rate by day as a line; none where fewer than two days have one."""
    told = [(day.service_date, day.clearance_rate) for day in days if day.clearance_rate is not None]
    if len(told) < 2:
        return None
    least = min(rate for _, rate in told)
    floor_rate = min(floor(least * 10.0) / 10.0, 0.9)
    wide, high = WIDTH - LEFT - RIGHT, TREND_HEIGHT - TOP - BOTTOM

    def x_of(number: int) -> float:
        return LEFT + wide * number / (len(told) - 1)

    def y_of(rate: float) -> float:
        return TOP + high * (1.0 - (rate - floor_rate) / (1.0 - floor_rate))

    shapes: list[Shape] = []
    steps = max(2, round((1.0 - floor_rate) * 10))
    for step in range(steps + 1):
        rate = floor_rate + (1.0 - floor_rate) * step / steps
        shapes.append(Line([(LEFT, y_of(rate)), (WIDTH - RIGHT, y_of(rate))], GRID, 0.5))
        shapes.append(Words((LEFT - 4, y_of(rate) + 2.5), f"{rate:.0%}", 7.0, "#666666", "end"))
    line = [(x_of(number), y_of(rate)) for number, (_, rate) in enumerate(told)]
    shapes.append(Line(line, INK, 1.4))
    every = 1 if len(told) <= LABELLED else 1 + len(told) // LABELLED
    for number, ((day, rate), place) in enumerate(zip(told, line, strict=True)):
        shapes.append(Dot(place, 2.0, LOW if rate == least else INK))
        if number % every == 0 or number == len(told) - 1:
            shapes.append(Words((place[0], place[1] - 5), f"{rate:.1%}", 6.5, "#333333", "middle"))
            shapes.append(Words((place[0], TREND_HEIGHT - 8), f"{day.month}/{day.day}", 6.5, "#666666", "middle"))
    return Drawing(WIDTH, TREND_HEIGHT, tuple(shapes), description)


def draw_comparison(figures: Sequence[tuple[str, ClearanceFigure]], description: str) -> Drawing | None:
    """Return a bar for the clearance rate of each, by name; none where there are not two to compare."""
    told = [(name, figure, figure.clearance_rate) for name, figure in figures if figure.clearance_rate is not None]
    if len(told) < 2:
        return None
    height, label, step = 14.0 + 18.0 * len(told), 130.0, 18.0
    wide = WIDTH - label - 90.0
    shapes: list[Shape] = []
    for number, (name, figure, rate) in enumerate(told):
        y = 8.0 + step * number
        shapes += [
            Words((label - 6, y + 9), name, 8.0, "#333333", "end"),
            Area([(label, y), (label + wide, y), (label + wide, y + 12), (label, y + 12)], "#f0f2f3"),
            Area([(label, y), (label + wide * rate, y), (label + wide * rate, y + 12), (label, y + 12)], BAR),
            Words((label + wide + 6, y + 9), f"{rate:.2%}  {figure.cleared}/{figure.due}", 8.0),
        ]
    return Drawing(WIDTH, height, tuple(shapes), description)
