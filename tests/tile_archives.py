"""Archives of map tiles (PMTiles, version 3) and vector tiles, as small as a test needs them."""

import math
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

Tile = tuple[int, int, int]
"""Zoom, column and row."""

MVT, PNG = 1, 2
EXTENT = 4096


def tile_at(lon: float, lat: float, zoom: int) -> tuple[float, float]:
    """Return where a place lies in the grid of tiles (Web Mercator), in columns and rows."""
    north = math.asinh(math.tan(math.radians(lat))) / math.pi
    return 2**zoom * (lon / 360 + 0.5), 2**zoom * (0.5 - north / 2)


def write_archive(path: Path, tiles: Mapping[Tile, bytes], tile_type: int) -> Path:
    """Write an archive without compression and with one directory, and return its path."""
    numbered = sorted((_number(*tile), content) for tile, content in tiles.items())
    directory = _directory(numbered)
    metadata, data = b"{}", b"".join(content for _, content in numbered)
    zooms = [zoom for zoom, _, _ in tiles]
    starts_at = 127
    sections, at = [], starts_at
    for length in (len(directory), len(metadata), 0, len(data)):
        sections += [at, length]
        at += length
    header = struct.pack("<7sB8Q3Q", b"PMTiles", 3, *sections, *[len(tiles)] * 3)
    header += struct.pack("<6B4iB2i", 1, 1, 1, tile_type, min(zooms), max(zooms), *_E7_WORLD, 0, 0, 0)
    path.write_bytes(header + directory + metadata + data)
    return path


_E7_WORLD = (-1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000)


def _number(zoom: int, column: int, row: int) -> int:
    """Return a tile's number: those of all coarser zooms, then along a Hilbert curve."""
    number, x, y = ((1 << 2 * zoom) - 1) // 3, column, row
    for level in reversed(range(zoom)):
        half = 1 << level
        right, low = int(x & half > 0), int(y & half > 0)
        number += half * half * ((3 * right) ^ low)
        if not low:
            if right:
                x, y = (1 << zoom) - 1 - x, (1 << zoom) - 1 - y
            x, y = y, x
    return number


def _directory(numbered: Sequence[tuple[int, bytes]]) -> bytes:
    numbers = [number for number, _ in numbered]
    steps = [number - before for number, before in zip(numbers, [0, *numbers], strict=False)]
    lengths = [len(content) for _, content in numbered]
    offsets = [sum(lengths[:index]) + 1 for index in range(len(lengths))]
    columns = [steps, [1] * len(numbered), lengths, offsets]
    return _varint(len(numbered)) + b"".join(_varint(value) for column in columns for value in column)


def _varint(value: int) -> bytes:
    found = bytearray()
    while value >= 0x80:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def vector_tile(polygons: Mapping[str, Sequence[tuple[int, int]]]) -> bytes:
    """Return a vector tile with a ring of a polygon in each layer, in units of 1/4096 of the tile's side."""
    return b"".join(_field(3, _layer(name, ring)) for name, ring in polygons.items())


def _layer(name: str, ring: Sequence[tuple[int, int]]) -> bytes:
    commands, at = [_COMMAND_MOVE], (0, 0)
    for index, place in enumerate(ring):
        if index == 1:
            commands.append((len(ring) - 1) << 3 | 2)
        commands += [_zigzag(place[0] - at[0]), _zigzag(place[1] - at[1])]
        at = place
    commands.append(_COMMAND_CLOSE)
    geometry = b"".join(_varint(command) for command in commands)
    feature = _field(3, _POLYGON) + _field(4, geometry)
    return _field(15, 2) + _field(1, name.encode()) + _field(2, feature) + _field(5, EXTENT)


_COMMAND_MOVE, _COMMAND_CLOSE, _POLYGON = 1 << 3 | 1, 1 << 3 | 7, 3


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _field(number: int, value: int | bytes) -> bytes:
    """Return a field of a protocol buffer: a number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value
