"""The base map over HTTP."""

from pathlib import Path

import httpx
import pytest

from services.roads.build import build_roads
from tests.road_files import write_roads

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
