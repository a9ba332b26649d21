"""Lists as tables: every value in its column, and no cell that a spreadsheet would run."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from services.api.tables import CUT, LONGEST_CELL, RUNS_AS_FORMULA, as_csv, as_xlsx, columns_of

ITEM: dict[str, Any] = {
    "id": "P1",
    "kg": 300.5,
    "open": True,
    "gone": None,
    "kinds": ["bin", "cart"],
    "windows": [{"start": "06:00", "end": "09:00"}],
    "day": {"due": 1, "state": "pending"},
    "geometry": {"type": "Point", "coordinates": [1.0, 2.0]},
}


def _read_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def _read_xlsx(content: bytes) -> list[list[Any]]:
    sheet = load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_a_table_has_a_column_for_each_value() -> None:
    """An object's values have columns of their own, a list is one text, a geometry stays GeoJSON."""
    header, row = _read_csv(as_csv([ITEM]))
    assert header == ["id", "kg", "open", "gone", "kinds", "windows", "day.due", "day.state", "geometry"]
    assert row[:5] == ["P1", "300.5", "True", "", "bin;cart"]
    assert row[5] == '[{"start":"06:00","end":"09:00"}]'
    assert row[6:] == ["1", "pending", '{"type":"Point","coordinates":[1.0,2.0]}']


def test_csv_is_what_a_spreadsheet_opens() -> None:
    """A byte order mark, and lines that end as they do on the machines where it is opened."""
    content = as_csv([{"名": "收集点"}])
    assert content == "\ufeff名\r\n收集点\r\n".encode()


@pytest.mark.parametrize(
    ("items", "columns", "header"),
    [
        ([], ["id", "day.due"], ["id", "day.due"]),  # an empty list has its columns all the same
        ([{"id": 1, "day": None}], ["id", "day.due"], ["id", "day.due"]),  # null in one row, an object in others
        ([{"id": 1, "more": {"b": 1}}, {"id": 2, "more": {"a": 1}}], ["id"], ["id", "more.b", "more.a"]),
    ],
)
def test_columns_are_those_of_the_description_and_of_the_rows(
    items: list[dict[str, Any]], columns: list[str], header: list[str]
) -> None:
    """First the ones that are always there, then what rows have besides."""
    assert _read_csv(as_csv(items, columns))[0] == header


@pytest.mark.parametrize("lead", RUNS_AS_FORMULA)
def test_no_cell_is_run(lead: str) -> None:
    """A text that begins like a formula is led by an apostrophe in CSV, and is a text in xlsx."""
    text = f'{lead}HYPERLINK("http://x","y")'
    assert _read_csv(as_csv([{"a": text}]))[1] == [f"'{text}"]
    sheet = load_workbook(io.BytesIO(as_xlsx([{"a": text}]))).active
    assert sheet is not None
    cell = sheet["A2"]
    assert (cell.data_type, cell.value) == ("s", text.replace("\r", "\n"))


def test_numbers_stay_numbers() -> None:
    """A negative number is none of those."""
    assert _read_csv(as_csv([{"a": -1.5}]))[1] == ["-1.5"]
    assert _read_xlsx(as_xlsx([{"a": -1.5, "b": True}]))[1] == [-1.5, True]


VALUES = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.fixed_dictionaries({"a": VALUES | TEXTS, "b": st.fixed_dictionaries({"c": TEXTS})}), max_size=5))
def test_whatever_is_in_it_a_table_can_be_read_and_runs_nothing(items: list[dict[str, Any]]) -> None:
    """Any text at all; xlsx leaves out what XML cannot carry."""
    rows = _read_csv(as_csv(items, ["a", "b.c"]))
    assert len(rows) == len(items) + 1
    for row, item in zip(rows[1:], items, strict=True):
        assert row[1] in (item["b"]["c"], f"'{item['b']['c']}")
        assert not row[1].startswith(RUNS_AS_FORMULA)
    assert len(_read_xlsx(as_xlsx(items, ["a", "b.c"]))) == len(items) + 1


def test_columns_come_from_a_schema() -> None:
    """References and what may be null are followed; an object of any keys has no columns of its own."""
    schemas: dict[str, Any] = {"Day": {"properties": {"due": {"type": "integer"}, "state": {"type": "string"}}}}
    schema = {
        "properties": {
            "id": {"type": "string"},
            "day": {"anyOf": [{"$ref": "#/components/schemas/Day"}, {"type": "null"}]},
            "reasons": {"type": "object", "additionalProperties": {"type": "integer"}},
            "kinds": {"type": "array", "items": {"type": "string"}},
        }
    }
    assert columns_of(schema, schemas) == ["id", "day.due", "day.state", "kinds"]


@pytest.mark.parametrize("length", [LONGEST_CELL, LONGEST_CELL + 1])
def test_a_text_that_is_too_long_for_a_cell_says_so(length: int) -> None:
    """A workbook's cell ends with a word that it is cut, where it is; CSV has the whole text."""
    text = "x" * length
    (shown,) = _read_xlsx(as_xlsx([{"outline": text}]))[1]
    assert len(shown) == LONGEST_CELL
    assert shown == text or (length > LONGEST_CELL and shown.endswith(CUT))
    assert _read_csv(as_csv([{"outline": text}]))[1] == [text]
