"""Reading import files into records with their place."""

from pathlib import Path

import pytest

from services.registry.files import UnreadableFileError, read_mapping, read_table


def test_csv_records_carry_the_line_they_begin_on(tmp_path: Path) -> None:
    """A quoted text over two lines, and an empty line, do not shift the line numbers."""
    path = tmp_path / "points.csv"
    path.write_bytes('\ufeffid,name\r\nA,"two\r\nlines"\r\n\r\nB,x\r\n'.encode())
    table = read_table(path, {})
    assert [(record.line, record.fields["id"]) for record in table.records] == [(2, "A"), (5, "B")]
    assert table.field_names == {"id", "name"}


def test_chinese_headers_are_renamed_by_a_mapping_file(tmp_path: Path) -> None:
    """A mapping file says which of our fields a header means."""
    mapping_path, path = tmp_path / "mapping.toml", tmp_path / "点位.csv"
    mapping_path.write_text('"编号" = "id"\n"经度" = "lon"\n', encoding="utf-8")
    path.write_text("编号,经度,备注\nA,116.5,x\n", encoding="utf-8")
    (record,) = read_table(path, read_mapping(mapping_path)).records
    assert record.fields == {"id": "A", "lon": "116.5", "备注": "x"}


def test_geojson_points_give_lon_and_lat(tmp_path: Path) -> None:
    """A Point feature is a record with its coordinates as fields."""
    path = tmp_path / "points.geojson"
    path.write_text(
        '{"type":"FeatureCollection","features":[{"type":"Feature","id":7,'
        '"properties":{"name":"a"},"geometry":{"type":"Point","coordinates":[116.5,34.2]}}]}'
    )
    (record,) = read_table(path, {}).records
    assert (record.line, record.fields["id"], record.fields["lon"], record.fields["lat"]) == (
        1,
        7,
        116.5,
        34.2,
    )


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.csv", b"", "empty; its first line must name the columns"),
        ("a.csv", "id,name\n1,环卫\n".encode("gbk"), "line 2: not UTF-8"),
        ("a.csv", b"id,id\n1,2\n", "'id' stands there twice"),
        ("a.csv", b'id,name\n1,"open\n', "line 2: not CSV"),
        ("a.geojson", b'{"type": "FeatureCollection",\n', "not JSON"),
        ("a.geojson", b"[1, 2]", "not GeoJSON"),
        ("a.geojson", b'{"a":' * 100_000, "nested too deeply|not JSON"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path: Path, name: str, content: bytes, match: str) -> None:
    """The sentence names the file and, where there is one, the line."""
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=match):
        read_table(path, {})


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """No traceback for a wrong path."""
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read_table(tmp_path / "none.csv", {})
