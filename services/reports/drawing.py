"""A drawing of lines, areas, dots and words, which the page shows as SVG and the PDF draws itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Place = tuple[float, float]
"""Points (1/72 inch) to the right and down from the drawing's upper left corner."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line through places."""

    places: Sequence[Place]
    colour: str
    width: float = 0.5
    is_dashed: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """An area within a closed line; without a fill it is its edge alone."""

    places: Sequence[Place]
    fill: str | None
    stroke: str | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle."""

    place: Place
    radius: float
    fill: str
    stroke: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """Words beside a place; `anchor` says which end of them is there: start, middle or end."""

    place: Place
    text: str
    size: float = 7.0
    colour: str = "#333333"
    anchor: str = "start"


Shape = Line | Area | Dot | Words


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes in the order in which they are drawn, what lies beyond its edges cut off, and what it shows in words."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    description: str


def as_svg(drawing: Drawing) -> str:
    """Return the drawing as an SVG element; all text is escaped."""
    inner = "\n".join(_svg(shape) for shape in drawing.shapes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {drawing.width:g} {drawing.height:g}" role="img" '
        f'aria-label="{escape(drawing.description)}">\n{inner}\n</svg>'
    )


def _svg(shape: Shape) -> str:
    if isinstance(shape, Line):
        dashes = ' stroke-dasharray="3 2"' if shape.is_dashed else ""
        return (
            f'<polyline points="{_places(shape.places)}" fill="none" stroke="{shape.colour}" '
            f'stroke-width="{shape.width:g}" stroke-linejoin="round"{dashes}/>'
        )
    if isinstance(shape, Area):
        stroke = f' stroke="{shape.stroke}" stroke-width="0.6"' if shape.stroke else ""
        return f'<polygon points="{_places(shape.places)}" fill="{shape.fill or "none"}"{stroke}/>'
    if isinstance(shape, Dot):
        stroke = f' stroke="{shape.stroke}" stroke-width="0.4"' if shape.stroke else ""
        x, y = shape.place
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{shape.radius:g}" fill="{shape.fill}"{stroke}/>'
    x, y = shape.place
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{shape.size:g}" fill="{shape.colour}" '
        f'text-anchor="{shape.anchor}">{escape(shape.text)}</text>'
    )


def _places(places: Sequence[Place]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
