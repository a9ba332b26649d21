"""Asking the road network: snapping places to roads, matrices of duration and distance, and geometry."""

import os
import ssl
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
import numpy as np
import polyline
from numpy.typing import NDArray

from services.roads.datasets import Profile
from services.roads.errors import NoRouteError, RoadEngineError, UnwantedError
from services.roads.settings import RoadServersSettings

LonLat = tuple[float, float]
"""Longitude and latitude in degrees."""

SNAP_LIMIT_M = 150.0
"""A place farther than this from every road is not on the road network (the engine itself would snap Paris
onto Taipei)."""

UNREACHABLE = -1
"""Stands in a matrix where there is no way; 0 is a distance like any other."""

SNAP_BLOCK_POINTS = 5_000
TABLE_BLOCK_CELLS = 2_500_000
"""Bounds one answer to about 30 MB."""

_HUBS_AT_ONCE = 250

RESTART_WAIT_S = 5.0
"""How long a swap of datasets may keep the server from answering."""


@dataclass(frozen=True, slots=True)
class Snap:
    """The nearest place on a road, how far away it is, and the street's name where it has one."""

    lon: float
    lat: float
    distance_m: float
    street: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Durations [s] and distances [m] from each place (row) to each place (column), UNREACHABLE where none.

    `snaps` says where each place met the road; the row and column of one that did not are UNREACHABLE
    throughout. Otherwise the diagonal is 0.
    """

    duration_s: NDArray[np.int32]
    distance_m: NDArray[np.int32]
    snaps: tuple[Snap | None, ...]


@dataclass(frozen=True, slots=True)
class Leg:
    """The road from one place to the next; `geometry` holds longitudes and latitudes along it."""

    distance_m: float
    duration_s: float
    geometry: tuple[LonLat, ...]

    @property
    def polyline6(self) -> str:
        """The geometry as an encoded polyline with six digits."""
        return encode_polyline6(self.geometry)


class _Waypoint(msgspec.Struct):
    location: LonLat | None = None
    distance: float = 0.0
    name: str = ""


class _NearestAnswer(msgspec.Struct):
    code: str
    # One place is answered with its candidates, several with the candidates of each or an error object.
    waypoints: list[list[_Waypoint] | _Waypoint]


class _TableAnswer(msgspec.Struct):
    durations: list[list[float | None]]
    distances: list[list[float | None]]


class _Step(msgspec.Struct):
    geometry: str


class _Leg(msgspec.Struct):
    distance: float
    duration: float
    steps: list[_Step]


class _Route(msgspec.Struct):
    legs: list[_Leg]


class _RouteAnswer(msgspec.Struct):
    routes: list[_Route]


class _Refusal(msgspec.Struct):
    code: str = ""
    message: str = ""


def encode_polyline6(geometry: Sequence[LonLat]) -> str:
    """Encode longitudes and latitudes as a polyline with six digits (which has the latitude first)."""
    return str(polyline.encode(list(geometry), 6, geojson=True))


def decode_polyline6(text: str) -> tuple[LonLat, ...]:
    """Decode a polyline with six digits to longitudes and latitudes."""
    return tuple(polyline.decode(text, 6, geojson=True))


@cache
def _trust() -> ssl.SSLContext:
    """Whom clients trust; to find out takes 25 ms, which is more than the engine takes for many an answer."""
    return httpx.create_ssl_context(trust_env=False)


class RoadNetwork:
    """A client of the routing engine's server for one profile; safe to share between threads."""

    def __init__(self, url: str, *, time_limit_s: float = 120.0) -> None:
        """Talk to the server at `url` (such as http://127.0.0.1:5011); nothing is sent yet."""
        self._url = url.rstrip("/")
        self._workers = max(2, os.cpu_count() or 1)
        self._client = httpx.Client(timeout=time_limit_s, trust_env=False, verify=_trust())

    @classmethod
    def for_profile(cls, profile: Profile = Profile.TRUCK) -> Self:
        """Return the network of the server that the settings name."""
        return cls(RoadServersSettings().url_of(profile))

    def __enter__(self) -> Self:
        """Return itself; leaving the block closes its connections."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._client.close()

    def snap(self, places: Sequence[LonLat], limit_m: float = SNAP_LIMIT_M) -> list[Snap | None]:
        """Return where each place meets the nearest road, or None where none lies within `limit_m`.

        Raises:
            RoadEngineError: the server does not answer.

        """
        found: list[Snap | None] = []
        for start in range(0, len(places), SNAP_BLOCK_POINTS):
            found += self._snap_block(places[start : start + SNAP_BLOCK_POINTS], limit_m)
        return found

    def matrix(
        self,
        places: Sequence[LonLat],
        *,
        limit_m: float = SNAP_LIMIT_M,
        kerb: Collection[LonLat] = (),
        hubs: Collection[LonLat] | None = None,
        snaps: Sequence[Snap | None] | None = None,
        is_unwanted: Callable[[], bool] = lambda: False,
    ) -> Matrix:
        """Return durations and distances between all places.

        Places of `kerb` are passed on the side of a two-way street on which they lie, on the way there and from there.

        With `hubs`, which are some of the places, only the ways from and to those are asked for; all others are
        UNREACHABLE. `snaps` are those of the places, where they are known. `is_unwanted` is asked from several threads
        before each of the requests that a large matrix takes, a second or two each.

        Raises:
            RoadEngineError: the server does not answer.
            UnwantedError: `is_unwanted` said yes.

        """
        if snaps is None:
            snaps = self.snap(places, limit_m)
        rows = np.array([index for index, snap in enumerate(snaps) if snap is not None], dtype=np.intp)
        duration_s = np.full((len(places), len(places)), UNREACHABLE, dtype=np.int32)
        distance_m = duration_s.copy()
        if len(rows) >= 2 and hubs is not None:  # the engine refuses a table of one place
            wanted = set(hubs)
            chosen = [index for index, row in enumerate(rows) if places[row] in wanted]
            body = self._body([places[row] for row in rows], limit_m, kerb)
            self._fill_hubs(body, chosen, rows, (duration_s, distance_m))
        elif len(rows) >= 2:
            body = self._body([places[row] for row in rows], limit_m, kerb)
            blocks = _blocks(len(rows), self._workers)
            with ThreadPoolExecutor(self._workers) as pool:
                answers = pool.map(lambda block: self._table_block(body, block, is_unwanted), blocks)
                for (start, end), (durations, distances) in zip(blocks, answers, strict=True):
                    duration_s[np.ix_(rows[start:end], rows)] = durations
                    distance_m[np.ix_(rows[start:end], rows)] = distances
        duration_s[rows, rows] = distance_m[rows, rows] = 0
        return Matrix(duration_s, distance_m, tuple(snaps))

    def route(
        self,
        places: Sequence[LonLat],
        *,
        limit_m: float = SNAP_LIMIT_M,
        kerb: Collection[LonLat] = (),
    ) -> list[Leg]:
        """Return the road through all places in their order, one leg fewer than there are places.

        It turns about at a place where that is shorter, and passes those of `kerb` on their side, as the matrix does.

        Raises:
            NoRouteError: one of the places has no road within `limit_m`, or no way leads to the next.
            RoadEngineError: the server does not answer.

        """
        if len(places) < 2:
            return []
        for place, snap in zip(places, self.snap(places, limit_m), strict=True):
            if snap is None:
                raise NoRouteError(f"There is no road within {limit_m:.0f} m of {_text(place)}.")
        body = self._body(places, limit_m, kerb)
        body |= {"steps": True, "overview": "false", "geometries": "polyline6", "continue_straight": False}
        answer = self._ask("route", body)
        if isinstance(answer, _Refusal):
            raise self._no_route(places, limit_m, kerb, answer)
        legs = msgspec.json.decode(answer, type=_RouteAnswer).routes[0].legs
        return [Leg(leg.distance, leg.duration, _joined(leg.steps)) for leg in legs]

    def _snap_block(self, places: Sequence[LonLat], limit_m: float) -> list[Snap | None]:
        answer = self._ask("nearest", self._body(places, limit_m) | {"number": 1})
        if isinstance(answer, _Refusal):
            if answer.code == "NoSegment":
                return [None] * len(places)
            raise self._unexpected(answer)
        waypoints = msgspec.json.decode(answer, type=_NearestAnswer).waypoints
        found: list[Snap | None] = []
        for waypoint in waypoints:
            nearest = waypoint[0] if isinstance(waypoint, list) else waypoint
            if nearest.location is None or nearest.distance > limit_m:
                found.append(None)
            else:
                found.append(Snap(*nearest.location, distance_m=nearest.distance, street=nearest.name))
        return found

    def _table_block(
        self, body: dict[str, Any], block: tuple[int, int], is_unwanted: Callable[[], bool]
    ) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        if is_unwanted():
            raise UnwantedError
        return self._table(body, {"sources": list(range(*block))})

    def _fill_hubs(
        self, body: dict[str, Any], hubs: list[int], rows: NDArray[np.intp], matrices: Sequence[NDArray[np.int32]]
    ) -> None:
        """Set the rows and the columns of some places in both matrices."""
        for start in range(0, len(hubs), _HUBS_AT_ONCE):
            some = hubs[start : start + _HUBS_AT_ONCE]
            outwards, inwards = self._table(body, {"sources": some}), self._table(body, {"destinations": some})
            for matrix, outward, inward in zip(matrices, outwards, inwards, strict=True):
                matrix[np.ix_(rows[some], rows)] = outward
                matrix[np.ix_(rows, rows[some])] = inward

    def _table(self, body: dict[str, Any], ends: dict[str, list[int]]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        annotations = {"annotations": ["duration", "distance"], "skip_waypoints": True}
        answer = self._ask("table", body | ends | annotations)
        if isinstance(answer, _Refusal):
            raise self._unexpected(answer)
        table = msgspec.json.decode(answer, type=_TableAnswer)
        return _as_integers(table.durations), _as_integers(table.distances)

    def _no_route(
        self, places: Sequence[LonLat], limit_m: float, kerb: Collection[LonLat], refusal: _Refusal
    ) -> Exception:
        """Return the error that names the first leg without a way."""
        if refusal.code not in ("NoRoute", "NoSegment"):
            return self._unexpected(refusal)
        for start, end in pairwise(places):
            body = self._body([start, end], limit_m, kerb) | {"overview": "false"}
            if isinstance(self._ask("route", body), _Refusal):
                return NoRouteError(f"No road leads from {_text(start)} to {_text(end)}.")
        return self._unexpected(refusal)

    @staticmethod
    def _body(places: Sequence[LonLat], limit_m: float, kerb: Collection[LonLat] = ()) -> dict[str, Any]:
        on_their_side = set(kerb)
        return {
            "coordinates": [[float(lon), float(lat)] for lon, lat in places],
            "radiuses": [limit_m] * len(places),
            "approaches": ["curb" if place in on_their_side else "unrestricted" for place in places],
            "generate_hints": False,
        }

    def _ask(self, service: str, body: dict[str, Any]) -> bytes | _Refusal:
        """Return the server's answer, or its refusal; wait for it a little while it swaps datasets."""
        url = f"{self._url}/{service}/v1/driving"
        give_up_at = time.monotonic() + RESTART_WAIT_S
        while True:
            try:
                response = self._client.post(
                    url, content=msgspec.json.encode(body), headers={"Content-Type": "application/json"}
                )
                break
            except (httpx.ConnectError, httpx.RemoteProtocolError, httpx.ReadError) as error:
                if time.monotonic() > give_up_at:
                    raise RoadEngineError(
                        f"The road server at {self._url} does not answer: see `riqing status`, and whether "
                        "a road file has been imported (`riqing import roads FILE.osm.pbf`)."
                    ) from error
                time.sleep(0.2)
            except httpx.TimeoutException as error:
                raise RoadEngineError(
                    f"The road server at {self._url} did not answer within its time limit."
                ) from error
        if response.status_code == httpx.codes.OK:
            return response.content
        try:
            return msgspec.json.decode(response.content, type=_Refusal)
        except msgspec.DecodeError as error:
            raise RoadEngineError(
                f"What answers at {self._url} is no road server (HTTP status {response.status_code}); "
                "check RIQING_ROADS_TRUCK_URL and RIQING_ROADS_FOOT_URL."
            ) from error

    def _unexpected(self, refusal: _Refusal) -> RoadEngineError:
        return RoadEngineError(f"The road server at {self._url} refused a request: {refusal.message} ({refusal.code}).")


def _blocks(count: int, workers: int) -> list[tuple[int, int]]:
    """Return the first and last-but-one rows of blocks: one a worker, and more where they would be large.

    Each block repeats the search from all columns, so there should be few.
    """
    per_worker = -(-count // workers) if count > 200 else count
    rows = max(1, min(per_worker, TABLE_BLOCK_CELLS // count))
    return [(start, min(start + rows, count)) for start in range(0, count, rows)]


def _as_integers(values: list[list[float | None]]) -> NDArray[np.int32]:
    # NaN is what NumPy makes of None; an unreachable place must never look like a near one.
    table = np.array(values, dtype=np.float64)
    return np.where(np.isnan(table), UNREACHABLE, np.rint(table)).astype(np.int32)


def _joined(steps: Sequence[_Step]) -> tuple[LonLat, ...]:
    """Return the geometry of a leg's steps in one, without the places where one step meets the next twice."""
    geometry: list[LonLat] = []
    for step in steps:
        for place in decode_polyline6(step.geometry):
            if not geometry or geometry[-1] != place:
                geometry.append(place)
    return tuple(geometry)


def _text(place: LonLat) -> str:
    return f"{place[0]:.5f}, {place[1]:.5f}"
