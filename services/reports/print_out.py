"""The bulletin as a PDF, with its font embedded so that it looks the same everywhere."""

from collections.abc import Iterable
from html import escape
from io import BytesIO

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from services.reports.fonts import find_font
from services.reports.sections import Section, Style, written
from services.reports.words import Words

FONT = "bulletin"
GREEN = colors.HexColor("#eef4f1")
MARGIN = 15 * mm
_TITLE = ParagraphStyle("title", fontName=FONT, fontSize=16, leading=22, alignment=1)
_NOTE = ParagraphStyle("note", fontName=FONT, fontSize=9, leading=13, alignment=1, textColor=colors.HexColor("#555555"))
_HEADING = ParagraphStyle("heading", fontName=FONT, fontSize=12, leading=16, spaceBefore=10, spaceAfter=4)
_CELL = ParagraphStyle("cell", fontName=FONT, fontSize=7.5, leading=9.5, wordWrap="CJK")
_NUMBER = ParagraphStyle("number", parent=_CELL, alignment=2)


def make_pdf(heading: str, standing: str, parts: Iterable[Section], words: Words) -> bytes:
    """Return the PDF's file.

    Raises:
        NoFontError: this machine has no font to embed.

    """
    pdfmetrics.registerFont(TTFont(FONT, str(find_font())))
    story: list[Flowable] = [Paragraph(escape(heading), _TITLE), Paragraph(escape(standing), _NOTE)]
    for section in parts:
        story.append(Paragraph(escape(section.heading), _HEADING))
        story.append(_table(section) if section.rows else Paragraph(escape(words["nothing"]), _CELL))
    story += [Spacer(1, 14 * mm), Paragraph(escape(words["signature"]).replace(" ", "&nbsp;"), _CELL)]
    file = BytesIO()
    document = SimpleDocTemplate(
        file,
        pagesize=landscape(A4),
        title=heading,
        leftMargin=MARGIN,
        rightMargin=MARGIN,
        topMargin=MARGIN,
        bottomMargin=MARGIN,
    )
    document.build(story, onFirstPage=_page_number, onLaterPages=_page_number)
    return file.getvalue()


def _table(section: Section) -> Table:
    header = [Paragraph(escape(column.heading), _CELL) for column in section.columns]
    body = [
        [
            Paragraph(escape(written(value, column.style)), _CELL if column.style is Style.TEXT else _NUMBER)
            for value, column in zip(row, section.columns, strict=True)
        ]
        for row in section.rows
    ]
    table = Table([header, *body], repeatRows=1, hAlign="LEFT")
    table.setStyle(
        TableStyle(
            [
                ("GRID", (0, 0), (-1, -1), 0.3, colors.lightgrey),
                ("BACKGROUND", (0, 0), (-1, 0), GREEN),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TOPPADDING", (0, 0), (-1, -1), 1.5),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
            ]
        )
    )
    return table


def _page_number(canvas: Canvas, document: SimpleDocTemplate) -> None:
    canvas.setFont(FONT, 8)
    canvas.drawRightString(landscape(A4)[0] - MARGIN, MARGIN / 2, str(document.page))
