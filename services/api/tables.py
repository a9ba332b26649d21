"""Lists as tables for a spreadsheet: CSV and xlsx, safe from cells that a spreadsheet would run as formulas."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell

Scalar = str | int | float | bool | None

RUNS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a cell must not begin with: spreadsheets take it for a formula, in full width as well."""


LONGEST_CELL = 32_767
"""Characters that a cell of a workbook holds."""
CUT = " … (cut: a cell holds no more; CSV has all of it)"
"""Ends a text that is too long for a cell, such as the outline of a zone of a thousand corners."""


class TableFormat(StrEnum):
    """What a list can be asked for as."""

    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


MEDIA_TYPES: Mapping[TableFormat, str] = {
    TableFormat.CSV: "text/csv",
    TableFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def as_csv(items: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> bytes:
    """Return a table of items; `columns` come first, in that order, also where no item has them.

    It begins with a byte order mark, without which spreadsheets take UTF-8 for something else. A text that a
    spreadsheet would run as a formula is led by an apostrophe.
    """
    header, rows = _table(items, columns)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_harmless(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(items: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> bytes:
    """Return a workbook with one sheet; texts are texts there, whatever they begin with."""
    header, rows = _table(items, columns)
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet("1")
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, name) for name in header])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    content = io.BytesIO()
    workbook.save(content)
    return content.getvalue()


def _cell(sheet: Any, value: Scalar) -> Cell:
    if not isinstance(value, str):
        return WriteOnlyCell(sheet, value)
    text = ILLEGAL_CHARACTERS_RE.sub("", value)
    if len(text) > LONGEST_CELL:
        text = text[: LONGEST_CELL - len(CUT)] + CUT
    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    return cell


def _harmless(value: Scalar) -> Scalar:
    return f"'{value}" if isinstance(value, str) and value.startswith(RUNS_AS_FORMULA) else value


def _table(items: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> tuple[list[str], list[list[Scalar]]]:
    flat = [dict(_flattened(item)) for item in items]
    known = dict.fromkeys(columns)
    for row in flat:
        known.update(dict.fromkeys(row))
    # What is an object in some rows and null in others has columns of its own; the empty one goes.
    header = [name for name in known if not any(other.startswith(f"{name}.") for other in known)]
    return header, [[row.get(name) for name in header] for row in flat]


def _flattened(item: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Scalar]]:
    """Yield an item's values by column; an object's have its name before theirs, a list is one text."""
    for name, value in item.items():
        if isinstance(value, Mapping) and not _is_geometry(value):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _scalar(value)


def _is_geometry(value: Mapping[str, Any]) -> bool:
    return "coordinates" in value and "type" in value


def _scalar(value: Any) -> Scalar:
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return ";".join(str(one) for one in value)
    if isinstance(value, list | Mapping):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert value is None or isinstance(value, str | int | float)
    return value


def columns_of(schema: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]], prefix: str = "") -> list[str]:
    """Return the columns that a JSON schema of an item makes, in its order; `schemas` are the components."""
    schema = _resolved(schema, schemas)
    columns: list[str] = []
    for name, field in schema.get("properties", {}).items():
        inner = _resolved(field, schemas)
        if inner.get("properties"):
            columns += columns_of(inner, schemas, f"{prefix}{name}.")
        elif not (inner.get("type") == "object" and "additionalProperties" in inner):
            columns.append(f"{prefix}{name}")
    return columns


def _resolved(schema: Mapping[str, Any], schemas: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what a reference, or the part of an alternative that is not null, says."""
    while True:
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rsplit("/", 1)[1]]
        elif "anyOf" in schema:
            schema = next((one for one in schema["anyOf"] if one.get("type") != "null"), {})
        else:
            return schema
