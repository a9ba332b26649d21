"""Reading an import file into records with their place in it; it knows formats, not what they are about."""

import csv
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.domain.errors import InvalidRequestError

MAXIMUM_FIELD_LENGTH = 10_000_000


class UnreadableFileError(InvalidRequestError):
    """A file that cannot be read as a whole: missing, not UTF-8, not CSV or GeoJSON, without a header."""


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its line in the file (for GeoJSON the number of its feature), and its fields."""

    line: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A file's records and the names of the fields it speaks of; `place` says what `line` counts."""

    records: list[Record]
    field_names: set[str]
    place: str


def read_mapping(path: Path) -> dict[str, str]:
    """Read a mapping file: TOML whose keys are the headers in the file and whose values are ours.

    Raises:
        UnreadableFileError: it is not such a file.

    """
    try:
        mapping = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        raise UnreadableFileError(f"{path} is not TOML: {error}.") from error
    wrong = [key for key, value in mapping.items() if not isinstance(value, str)]
    if wrong:
        raise UnreadableFileError(f'{path}: {wrong[0]!r} must be a text, as in "编号" = "id".')
    return mapping


def read_table(path: Path, mapping: Mapping[str, str]) -> Table:
    """Read a CSV or GeoJSON file, by its ending and content; headers are renamed by `mapping`.

    Raises:
        UnreadableFileError: it cannot be read at all, with the reason.

    """
    text = _text(path)
    if path.suffix.lower() in {".geojson", ".json"} or text.lstrip()[:1] == "{":
        return _read_geojson(path, text, mapping)
    return _read_csv(path, text, mapping)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror}.") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UnreadableFileError(
            f"{path}, line {line}: not UTF-8; save the file as UTF-8 (in Excel: CSV UTF-8)."
        ) from error


def _read_csv(path: Path, text: str, mapping: Mapping[str, str]) -> Table:
    csv.field_size_limit(MAXIMUM_FIELD_LENGTH)
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    try:
        header = next(reader, None)
        if header is None:
            raise UnreadableFileError(f"{path} is empty; its first line must name the columns.")
        names = [mapping.get(name.strip(), name.strip()) for name in header]
        doubled = {name for name in names if name and names.count(name) > 1}
        if doubled:
            raise UnreadableFileError(f"{path}, line 1: the column {sorted(doubled)[0]!r} stands there twice.")
        records = list(_csv_records(reader, names))
    except csv.Error as error:
        raise UnreadableFileError(f"{path}, line {reader.line_num}: not CSV: {error}.") from error
    return Table(records, set(names), "line")


def _csv_records(reader: Any, names: list[str]) -> Iterator[Record]:
    """Yield the rows; what stands beyond the header goes under the empty name, so that it can be told."""
    last_line = reader.line_num
    for row in reader:
        line, last_line = last_line + 1, reader.line_num
        if any(cell.strip() for cell in row):
            fields: dict[str, Any] = dict(zip(names, (cell.strip() for cell in row), strict=False))
            if len(row) > len(names) and any(cell.strip() for cell in row[len(names) :]):
                fields[""] = row[len(names) :]
            yield Record(line, fields)


def _read_geojson(path: Path, text: str, mapping: Mapping[str, str]) -> Table:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise UnreadableFileError(f"{path}, line {error.lineno}: not JSON: {error.msg}.") from error
    except RecursionError as error:
        raise UnreadableFileError(f"{path}: nested too deeply to be GeoJSON.") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise UnreadableFileError(f"{path} is not GeoJSON: a FeatureCollection with a list of features is expected.")
    records = [Record(number, _feature_fields(feature, mapping)) for number, feature in enumerate(features, start=1)]
    return Table(records, {name for record in records for name in record.fields}, "feature")


def _feature_fields(feature: object, mapping: Mapping[str, str]) -> dict[str, Any]:
    """Return a feature's properties and geometry as fields; a Point also gives lon and lat."""
    if not isinstance(feature, dict):
        return {}
    properties = feature.get("properties")
    fields: dict[str, Any] = {
        mapping.get(name, name): value for name, value in (properties.items() if isinstance(properties, dict) else ())
    }
    if "id" not in fields and "id" in feature:
        fields["id"] = feature["id"]
    geometry = feature.get("geometry")
    fields["geometry"] = geometry
    coordinates = geometry.get("coordinates") if isinstance(geometry, dict) else None
    if isinstance(geometry, dict) and geometry.get("type") == "Point" and isinstance(coordinates, list):
        fields["lon"], fields["lat"] = (*coordinates, None, None)[:2]
    return fields
