"""The map over HTTP: our own streets, and a base map that a setting names."""

import re
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from services.api.app import create_app
from services.api.base_map import BaseMapError, find_base_map
from services.api.settings import BaseMapSettings
from services.roads.build import build_roads
from tests.integration.api.conftest import serving, settings
from tests.road_files import write_roads
from tests.tile_archives import MVT, PNG, vector_tile, write_archive

NODES = {1: (0.0, 0.0), 2: (300.0, 0.0), 3: (300.0, 300.0)}


def test_without_roads_there_is_no_map(admin: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """404 that says how to bring them in."""
    monkeypatch.setenv("RIQING_ROADS_DIR", str(tmp_path))
    answer = admin.get("/api/v1/map/streets")
    assert answer.status_code == 404
    assert "riqing import roads" in answer.json()["detail"]


def test_imported_roads_are_the_map(admin: httpx.Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GeoJSON, compressed where that is taken, and not sent again to whoever has it."""
    monkeypatch.setenv("RIQING_ROADS_DIR", str(tmp_path / "roads"))
    streets = {"highway": "primary", "name": "前门街"}
    build_roads(write_roads(tmp_path / "roads.osm.pbf", NODES, [([1, 2, 3], streets)]), tmp_path / "roads")
    answer = admin.get("/api/v1/map/streets")
    assert answer.headers["content-type"] == "application/geo+json"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["features"][0]["properties"] == {"name": "前门街", "class": "primary"}
    plain = admin.get("/api/v1/map/streets", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == answer.json()
    again = admin.get("/api/v1/map/streets", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("how", [{}, {"RIQING_BASE_MAP_FILE": "", "RIQING_BASE_MAP_URL": ""}])
def test_without_a_setting_there_is_no_base_map(how: dict[str, str]) -> None:
    """Neither where nothing is set nor where compose passes empty values on."""
    assert find_base_map(BaseMapSettings.model_validate(how)) is None


WRONG: tuple[tuple[dict[str, str], str], ...] = (
    ({"FILE": "{file}", "URL": "https://tiles.example.org/{z}/{x}/{y}.png"}, "both set"),
    ({"FILE": "/nonexistent/town.pmtiles"}, "cannot be read"),
    ({"FILE": "{plain}"}, "no PMTiles archive"),
    ({"FILE": "{file}", "CRS": "gcj02"}, "only pictures can be GCJ-02"),
    ({"URL": "https://tiles.example.org/map.png"}, "{z}, {x} and {y}"),
    # What would open the page's policy for more than a host.
    ({"URL": "https://a.example.org; script-src *//{z}/{x}/{y}.png"}, "expected an address"),
    ({"URL": "https://name@tiles.example.org/{z}/{x}/{y}.png"}, "expected an address"),
    ({"URL": "//tiles.example.org/{z}/{x}/{y}.png"}, "expected an address"),
)


@pytest.mark.parametrize(("wrong", "sentence"), WRONG)
def test_wrong_settings_of_the_base_map_are_told(tmp_path: Path, wrong: dict[str, str], sentence: str) -> None:
    """Before the API serves anything, by the setting's name."""
    file = write_archive(tmp_path / "town.pmtiles", {(0, 0, 0): vector_tile({})}, MVT)
    (tmp_path / "plain").write_text("tiles")
    values = {
        name: value.replace("{file}", str(file)).replace("{plain}", str(tmp_path / "plain"))
        for name, value in wrong.items()
    }
    with pytest.raises(BaseMapError, match=re.escape(sentence)) as told:
        find_base_map(
            BaseMapSettings.model_validate({f"RIQING_BASE_MAP_{name}": value for name, value in values.items()})
        )
    assert "RIQING_BASE_MAP_" in str(told.value)


def test_an_archive_is_given_part_by_part(database_url: str, tmp_path: Path) -> None:
    """To anybody, in the parts that are asked for, uncompressed; never all at once."""
    content = bytes(range(256)) * 40
    file = write_archive(tmp_path / "town.pmtiles", {(3, 1, 2): content}, PNG)
    stored, mebibyte = file.read_bytes(), 1 << 20
    base = BaseMapSettings.model_validate({"RIQING_BASE_MAP_FILE": file, "RIQING_BASE_MAP_CRS": "gcj02"})
    with serving(create_app(replace(settings(), base_map=base), database_url), database_url) as api:
        client = api.client()
        told = client.get("/api/v1/map/base").json()
        assert told | {"attribution": ""} == {
            "kind": "raster",
            "url": "/api/v1/map/base/archive",
            "is_archive": True,
            "crs": "gcj02",
            "attribution": "",
            "max_zoom": 3,
        }
        part = client.get(told["url"], headers={"Range": "bytes=100-4099"})
        assert (part.status_code, part.content) == (206, stored[100:4100])
        assert part.headers["content-range"] == f"bytes 100-4099/{len(stored)}"
        assert "content-encoding" not in part.headers
        last = client.get(told["url"], headers={"Range": f"bytes=9000-{mebibyte}"})
        assert last.content == stored[9000:]
        for asked in (
            None,
            "bytes=0-",
            "bytes=-5",
            "bytes=5-4",
            "bytes=0-9,20-29",
            f"bytes=0-{8 * mebibyte}",
            "bytes=99999-100000",
        ):
            answer = client.get(told["url"], headers={} if asked is None else {"Range": asked})
            assert answer.status_code == 422, asked
            assert "Range" in answer.json()["detail"]
        file.unlink()
        assert client.get(told["url"], headers={"Range": "bytes=0-9"}).status_code == 404
