"""The bulletin as a workbook (xlsx), a sheet for each section, with numbers as numbers."""

from io import BytesIO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from services.reports.paper import Paper
from services.reports.sections import Section, Style, written

NUMBER_FORMATS = {
    Style.COUNT: "#,##0",
    Style.AMOUNT: "#,##0.0",
    Style.RATIO: "0.00%",
    Style.CHANGE: "+0.00%;-0.00%;0.00%",
    Style.TEXT: "General",
}
HEADER_FILL = PatternFill("solid", start_color="DDEBF7")
WIDEST = 40


def make_workbook(paper: Paper) -> bytes:
    """Return the workbook's file; what it says first stands below the first table."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for number, section in enumerate(part for part in paper.sections if part.columns):
        # What a sheet may be called leaves out some characters, and all beyond the 31st.
        name = "".join(character for character in section.heading if character not in "[]:*?/\\")[:31]
        _fill(book.create_sheet(name), paper, section, paper.lead if number == 0 else ())
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def _fill(sheet: Worksheet, paper: Paper, section: Section, lead: tuple[str, ...]) -> None:
    sheet.append([f"{paper.heading} · {section.heading}"])
    sheet.append([paper.standing])
    sheet["A1"].font = Font(bold=True, size=14)
    sheet.append([column.heading for column in section.columns])
    for cell in sheet[3]:
        cell.font, cell.fill = Font(bold=True), HEADER_FILL
        cell.alignment = Alignment(wrap_text=True, vertical="center")
    for row in section.rows:
        sheet.append(row)
        for cell, column in zip(sheet[sheet.max_row], section.columns, strict=True):
            cell.number_format = NUMBER_FORMATS[column.style]
            if cell.data_type == "f":
                cell.data_type = "s"  # a name that begins with = is the town's own text, no formula
    if not section.rows:
        sheet.append([paper.words["nothing"]])
    for sentence in ("", *lead) if lead else ():
        sheet.append([sentence])
    sheet.freeze_panes = "B4"
    for index, column in enumerate(section.columns):
        texts = [column.heading, *(written(row[index], column.style) for row in section.rows)]
        sheet.column_dimensions[get_column_letter(index + 1)].width = min(WIDEST, max(map(_width, texts)) + 2)


def _width(text: str) -> int:
    """Return how wide a text is: a Chinese character takes two."""
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)
