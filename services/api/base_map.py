"""The base map that a setting names: tiles of somebody's server, or an archive of tiles (PMTiles) of our own."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from services.api.settings import BaseMapSettings
from services.domain.errors import InvalidRequestError, NotFoundError, RiqingError

ARCHIVE_PATH = "/api/v1/map/base/archive"
PART_BYTES = 4_000_000
"""The most of an archive that one answer gives; a directory or a tile is far smaller."""

_HEADER_BYTES = 127
_MAGIC = b"PMTiles\x03"
_TILE_TYPE_AT, _MAX_ZOOM_AT = 99, 101
"""Where an archive's header has them (PMTiles specification, version 3)."""
_VECTOR_TYPE, _RASTER_TYPES = 1, (2, 3, 4, 5)
"""Mapbox vector tiles; PNG, JPEG, WebP and AVIF."""

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:\d{1,5})?")


class TileKind(StrEnum):
    """What the tiles hold."""

    RASTER = "raster"
    VECTOR = "vector"


class BaseMapError(RiqingError):
    """The settings of the base map are wrong."""


@dataclass(frozen=True, slots=True)
class BaseMap:
    """A base map as the page is told of it; `file` where it is an archive of our own, `origin` where it is not."""

    kind: TileKind
    url: str
    is_gcj02: bool
    attribution: str
    max_zoom: int
    file: Path | None = None
    origin: str | None = None


@dataclass(frozen=True, slots=True)
class ArchivePart:
    """Some bytes of an archive, from `first` on, of `size` in all; `version` changes whenever the archive does."""

    content: bytes
    first: int
    size: int
    version: str


def find_base_map(settings: BaseMapSettings) -> BaseMap | None:
    """Return the base map that the settings name; none where they name none.

    Raises:
        BaseMapError: they name two, or one that cannot be.

    """
    if settings.file is not None and settings.url:
        raise BaseMapError("RIQING_BASE_MAP_FILE and RIQING_BASE_MAP_URL are both set; leave one of them empty.")
    if settings.file is not None:
        return _archive(settings, settings.file)
    return _tile_server(settings) if settings.url else None


def _archive(settings: BaseMapSettings, file: Path) -> BaseMap:
    try:
        with file.open("rb") as archive:
            header = archive.read(_HEADER_BYTES)
    except OSError as error:
        raise BaseMapError(f"RIQING_BASE_MAP_FILE: {file} cannot be read ({error.strerror}).") from error
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise BaseMapError(f"RIQING_BASE_MAP_FILE: {file} is no PMTiles archive of version 3.")
    tile_type = header[_TILE_TYPE_AT]
    if tile_type != _VECTOR_TYPE and tile_type not in _RASTER_TYPES:
        raise BaseMapError(f"RIQING_BASE_MAP_FILE: {file} holds tiles that are neither pictures nor vector tiles.")
    kind = TileKind.VECTOR if tile_type == _VECTOR_TYPE else TileKind.RASTER
    if kind is TileKind.VECTOR and settings.is_gcj02:
        raise BaseMapError("RIQING_BASE_MAP_CRS: only pictures can be GCJ-02, and the archive has vector tiles.")
    return BaseMap(kind, ARCHIVE_PATH, settings.is_gcj02, settings.attribution, header[_MAX_ZOOM_AT], file=file)


def _tile_server(settings: BaseMapSettings) -> BaseMap:
    parts = urlsplit(settings.url)
    origin = f"{parts.scheme}://{parts.netloc}"
    if not _ORIGIN.fullmatch(origin) or any(blank not in settings.url for blank in ("{z}", "{x}", "{y}")):
        raise BaseMapError(
            "RIQING_BASE_MAP_URL: expected an address with {z}, {x} and {y}, "
            "such as https://tiles.example.org/{z}/{x}/{y}.png."
        )
    return BaseMap(
        TileKind.RASTER, settings.url, settings.is_gcj02, settings.attribution, settings.max_zoom, origin=origin
    )


def read_part(base_map: BaseMap | None, asked: str | None) -> ArchivePart:
    """Return the part of the archive that a Range header asks for.

    Raises:
        NotFoundError: there is no archive.
        InvalidRequestError: it asks for no part, for too much, or for what lies behind the end.

    """
    if base_map is None or base_map.file is None:
        raise NotFoundError("No archive of tiles is set (RIQING_BASE_MAP_FILE).")
    found = re.fullmatch(r"bytes=(\d{1,18})-(\d{1,18})", asked or "", re.ASCII)
    first, last = (int(found[1]), int(found[2])) if found else (0, -1)
    if not 0 <= last - first < PART_BYTES:
        raise InvalidRequestError(f"Range: expected bytes=FIRST-LAST with at most {PART_BYTES:,} bytes.")
    try:
        with base_map.file.open("rb") as archive:
            archive.seek(first)
            content = archive.read(last - first + 1)
            stat = base_map.file.stat()
    except OSError as error:
        raise NotFoundError("The archive of tiles cannot be read; RIQING_BASE_MAP_FILE says where it was.") from error
    if not content:
        raise InvalidRequestError(f"Range: the archive has only {stat.st_size:,} bytes.")
    return ArchivePart(content, first, stat.st_size, f"{stat.st_mtime_ns:x}-{stat.st_size:x}")
