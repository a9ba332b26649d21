"""The bulletin as a PDF that an office signs, with its font embedded so that it looks the same everywhere."""

from collections.abc import Sequence
from functools import partial
from html import escape
from io import BytesIO

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject
from reportlab.platypus import (
    CondPageBreak,
    Flowable,
    HRFlowable,
    KeepTogether,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from services.reports.drawing import Area, Dot, Drawing, Line, Place, Shape
from services.reports.fonts import find_font
from services.reports.paper import Paper
from services.reports.sections import Column, Section, Style, Value, written
from services.reports.words import Words

FONT = "bulletin"
RED = colors.HexColor("#c8102e")
SOFT = colors.HexColor("#f1f4f5")
STRIPE = colors.HexColor("#fafbfb")
RULE = colors.HexColor("#cfd4d9")
MARGIN = 16 * mm
FRAME_PADDING = 6.0
WIDTH = A4[0] - 2 * (MARGIN + FRAME_PADDING)
MOST_ROWS = 60
"""A printed table has so many rows at most; the workbook has all."""
NARROWEST, WIDEST = 4.0, 26.0
"""Of a column, in halves of a Chinese character."""

_TITLE = ParagraphStyle("title", fontName=FONT, fontSize=22, leading=30, alignment=TA_CENTER, textColor=RED)
_ISSUE = ParagraphStyle("issue", fontName=FONT, fontSize=10.5, leading=15, alignment=TA_CENTER)
_STANDING = ParagraphStyle(
    "standing", fontName=FONT, fontSize=8, leading=11, alignment=TA_RIGHT, textColor=colors.HexColor("#666666")
)
_LEAD = ParagraphStyle("lead", fontName=FONT, fontSize=10.5, leading=17, firstLineIndent=21, wordWrap="CJK")
_HEADING = ParagraphStyle("heading", fontName=FONT, fontSize=12, leading=16, spaceBefore=10, spaceAfter=4)
_CELL = ParagraphStyle("cell", fontName=FONT, fontSize=7.2, leading=9.2)
_CHINESE_CELL = ParagraphStyle("chinese cell", parent=_CELL, wordWrap="CJK")
_NUMBER = ParagraphStyle("number", parent=_CELL, alignment=TA_RIGHT)
_HEADER = ParagraphStyle("header", parent=_CELL, alignment=TA_CENTER)
_CHINESE_HEADER = ParagraphStyle("chinese header", parent=_HEADER, wordWrap="CJK")
_CAPTION = ParagraphStyle("caption", parent=_CHINESE_CELL, alignment=TA_CENTER, textColor=colors.HexColor("#555555"))
_SIGN = ParagraphStyle("sign", fontName=FONT, fontSize=10, leading=14)


def make_pdf(paper: Paper) -> bytes:
    """Return the PDF's file.

    Raises:
        NoFontError: this machine has no font to embed.

    """
    pdfmetrics.registerFont(TTFont(FONT, str(find_font())))
    words = paper.words
    story: list[Flowable] = [
        Paragraph(escape(paper.title), _TITLE),
        Spacer(1, 2 * mm),
        Paragraph(escape(paper.issue).replace("    ", "&nbsp;" * 6), _ISSUE),
        Spacer(1, 2 * mm),
        HRFlowable(width="100%", thickness=1.6, color=RED, spaceAfter=1),
        HRFlowable(width="100%", thickness=0.5, color=RED, spaceAfter=3),
        Paragraph(escape(paper.standing), _STANDING),
        Spacer(1, 2 * mm),
        *(Paragraph(escape(sentence), _LEAD) for sentence in paper.lead),
    ]
    for number, section in enumerate(paper.sections, start=1):
        story += _section(number, section, words)
    story.append(KeepTogether([Spacer(1, 14 * mm), _signatures(paper.signatures)]))
    file = BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=A4,
        title=paper.heading,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
    )
    on_page = partial(_page_number, words)
    document.build(story, onFirstPage=on_page, onLaterPages=on_page)
    return file.getvalue()


def _section(number: int, section: Section, words: Words) -> list[Flowable]:
    heading = Paragraph(escape(words.numeral(number) + section.heading), _HEADING)
    parts: list[Flowable] = []
    for at, drawing in enumerate(section.drawings):
        picture = [_Picture(drawing), Spacer(1, 2 * mm)]
        if len(section.drawings) > 1:
            picture.insert(1, Paragraph(escape(drawing.description), _CAPTION))
        parts.append(KeepTogether([heading, *picture] if at == 0 else picture))
    if not section.drawings:
        parts += [CondPageBreak(30 * mm), heading]
    if section.columns and section.rows:
        parts.append(_table(section.columns, section.rows[:MOST_ROWS]))
        if len(section.rows) > MOST_ROWS:
            more = words.say("more_rows", count=len(section.rows) - MOST_ROWS)
            parts += [Spacer(1, 1 * mm), Paragraph(escape(more), _CELL)]
    elif section.columns:
        parts.append(Paragraph(escape(words["nothing"]), _CELL))
    return parts


def _table(columns: Sequence[Column], rows: Sequence[Sequence[Value]]) -> Table:
    header = [_heading_cell(column.heading) for column in columns]
    texts = [[written(value, column.style) for value, column in zip(row, columns, strict=True)] for row in rows]
    body = [
        [
            Paragraph(
                escape(text), (_CHINESE_CELL if _is_wide(text) else _CELL) if column.style is Style.TEXT else _NUMBER
            )
            for text, column in zip(row, columns, strict=True)
        ]
        for row in texts
    ]
    table = Table([header, *body], colWidths=_widths(columns, texts), repeatRows=1, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.3, RULE),
                ("BACKGROUND", (0, 0), (-1, 0), SOFT),
                ("ROWBACKGROUNDS", (0, 1), (-1, -1), [colors.white, STRIPE]),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("LEFTPADDING", (0, 0), (-1, -1), 2.5),
                ("RIGHTPADDING", (0, 0), (-1, -1), 2.5),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ]
        )
    )
    return table


def _heading_cell(heading: str) -> Paragraph:
    """Return a column's heading, its unit on a line of its own."""
    text = escape(heading).replace(" (", "<br/>(")
    return Paragraph(text, _CHINESE_HEADER if _is_wide(heading) else _HEADER)


def _is_wide(text: str) -> bool:
    """Tell whether a text may be broken between any two of its characters, as Chinese is."""
    return any(ord(character) > 0x2E7F for character in text)


def _widths(columns: Sequence[Column], texts: Sequence[Sequence[str]]) -> list[float]:
    """Return the columns' widths, by the longest text of each; a heading may be broken, but not within a word."""
    wanted = [
        min(max(NARROWEST, _unbroken(column.heading), *(_length(row[index]) for row in texts)), WIDEST)
        for index, column in enumerate(columns)
    ]
    return [width / sum(wanted) * WIDTH for width in wanted]


def _unbroken(heading: str) -> float:
    """Return how long the longest part of a heading is that stays on one line: a word, or half of a Chinese line."""
    return max(_length(part) / 2.0 if _is_wide(part) else _length(part) + 0.5 for part in heading.split(" "))


def _length(text: str) -> float:
    """Return how long a text is, in halves of a Chinese character."""
    return float(sum(2 if ord(character) > 0x2E7F else 1 for character in text))


def _signatures(names: Sequence[str]) -> Table:
    """Return a line to write on below each name."""
    cells = [cell for name in names for cell in (Paragraph(escape(name), _SIGN), "")][:-1]
    gap = 5 * mm
    each = (WIDTH - gap * (len(names) - 1)) / len(names)
    table = Table([cells], colWidths=[each if index % 2 == 0 else gap for index in range(len(cells))])
    lines = [("LINEBELOW", (index, 0), (index, 0), 0.5, colors.black) for index in range(0, len(cells), 2)]
    table.setStyle(TableStyle([*lines, ("LEFTPADDING", (0, 0), (-1, -1), 0), ("BOTTOMPADDING", (0, 0), (-1, -1), 24)]))
    return table


def _page_number(words: Words, canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont(FONT, 8)
    canvas.drawCentredString(A4[0] / 2, MARGIN / 2, words.say("page", page=document.page))


class _Picture(Flowable):
    """A drawing, as wide as the page allows."""

    def __init__(self, drawing: Drawing) -> None:
        super().__init__()
        self._drawing = drawing
        self._scale = min(1.0, WIDTH / drawing.width)

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        """Return how much room it takes."""
        del width, height
        return self._drawing.width * self._scale, self._drawing.height * self._scale

    def draw(self) -> None:
        """Draw it at the canvas's origin."""
        canvas = self.canv
        canvas.saveState()
        canvas.scale(self._scale, self._scale)
        edge = canvas.beginPath()
        edge.rect(0, 0, self._drawing.width, self._drawing.height)
        canvas.clipPath(edge, stroke=0)
        canvas.setLineJoin(1)
        for shape in self._drawing.shapes:
            self._draw(canvas, shape)
        canvas.restoreState()

    def _draw(self, canvas: Canvas, shape: Shape) -> None:
        if isinstance(shape, Line):
            canvas.setStrokeColor(colors.HexColor(shape.colour))
            canvas.setLineWidth(shape.width)
            canvas.setDash([3, 2] if shape.is_dashed else [])
            canvas.drawPath(self._path(canvas, shape.places), stroke=1, fill=0)
        elif isinstance(shape, Area):
            if shape.fill:
                canvas.setFillColor(colors.HexColor(shape.fill))
            if shape.stroke:
                canvas.setStrokeColor(colors.HexColor(shape.stroke))
                canvas.setLineWidth(0.6)
                canvas.setDash([])
            path = self._path(canvas, shape.places)
            path.close()
            canvas.drawPath(path, stroke=int(shape.stroke is not None), fill=int(shape.fill is not None))
        elif isinstance(shape, Dot):
            canvas.setFillColor(colors.HexColor(shape.fill))
            canvas.setLineWidth(0.4)
            canvas.setDash([])
            if shape.stroke:
                canvas.setStrokeColor(colors.HexColor(shape.stroke))
            x, y = shape.place
            canvas.circle(x, self._drawing.height - y, shape.radius, stroke=int(shape.stroke is not None), fill=1)
        else:
            canvas.setFillColor(colors.HexColor(shape.colour))
            canvas.setFont(FONT, shape.size)
            draw = {"start": canvas.drawString, "middle": canvas.drawCentredString, "end": canvas.drawRightString}
            draw[shape.anchor](shape.place[0], self._drawing.height - shape.place[1], shape.text)

    def _path(self, canvas: Canvas, places: Sequence[Place]) -> PDFPathObject:
        path = canvas.beginPath()
        for number, (x, y) in enumerate(places):
            (path.lineTo if number else path.moveTo)(x, self._drawing.height - y)
        return path
