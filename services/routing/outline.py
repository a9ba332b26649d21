"""A problem whose roads are still to be asked for: what a district is sent as, to whoever solves it."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np

from services.domain.registry import Position
from services.routing.problem import BoolMatrix, Problem, Station, Task, Travel, Truck, Weights


@dataclass(frozen=True, slots=True)
class Outline:
    """A `Problem` without its matrices; location i is at `places[i]`, and `kerb` are those of `Selection.kerb`."""

    places: tuple[Position, ...]
    tasks: tuple[Task, ...]
    trucks: tuple[Truck, ...]
    stations: tuple[Station, ...]
    may_serve: BoolMatrix
    may_tip: BoolMatrix
    weights: Weights
    kerb: frozenset[Position] = frozenset()

    def with_roads(self, travel: Travel) -> Problem:
        """The problem; `travel` is of `places`."""
        return Problem(
            (travel,), self.tasks, self.trucks, self.stations, self.may_serve, self.may_tip, weights=self.weights
        )

    def part(self, tasks: Sequence[int], trucks: Sequence[int], stations: Sequence[Station]) -> Outline:
        """The outline of some tasks and trucks, in this order, with what `stations` there is left of each."""
        own_tasks, own_trucks = [self.tasks[task] for task in tasks], [self.trucks[truck] for truck in trucks]
        locations = [station.location for station in stations]
        locations += [location for truck in own_trucks for location in (truck.start_location, truck.end_location)]
        locations += [task.location for task in own_tasks]
        row_of = {location: row for row, location in enumerate(dict.fromkeys(locations))}
        places = tuple(self.places[location] for location in row_of)
        return Outline(
            places=places,
            tasks=tuple(replace(task, location=row_of[task.location]) for task in own_tasks),
            trucks=tuple(
                replace(
                    truck,
                    start_location=row_of[truck.start_location],
                    end_location=row_of[truck.end_location],
                )
                for truck in own_trucks
            ),
            stations=tuple(replace(station, location=row_of[station.location]) for station in stations),
            may_serve=self.may_serve[np.ix_(tasks, trucks)],
            may_tip=self.may_tip[:, trucks],
            weights=self.weights,
            kerb=self.kerb.intersection(places),
        )


def encoded(outline: Outline) -> bytes:
    """An outline as bytes: about 30 for each task, and a bit for each task and truck."""
    return zlib.compress(msgspec.msgpack.encode(outline, enc_hook=_encode_matrix), 1)


def decoded(text: bytes) -> Outline:
    """The outline that `encoded` wrote down."""
    return msgspec.msgpack.decode(zlib.decompress(text), type=Outline, dec_hook=_decode_matrix)


def _encode_matrix(matrix: Any) -> Any:
    assert isinstance(matrix, np.ndarray)
    return [list(matrix.shape), np.packbits(matrix).tobytes()]


def _decode_matrix(_type: Any, written: Any) -> Any:
    (rows, columns), bits = written
    flat = np.unpackbits(np.frombuffer(bits, dtype=np.uint8), count=rows * columns)
    return flat.reshape(rows, columns).astype(np.bool_)
