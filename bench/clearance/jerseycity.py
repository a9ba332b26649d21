"""Stays in real tracks: a day of Jersey City's garbage trucks, what share of their stays is plausible, and a picture.

Nobody wrote down where these trucks stood, so a stay is held against what must be true of one: no gap in the data, no
speed within it, a length that work has, and a place by a road that trucks drive. The roads are the recording's own, the
lines that its trucks drive at other times, because no road map comes with it.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from services.clearance.stays import WALKING_KMH, Stay, find_stays, longest_gap_s
from services.clearance.track import FloatArray, Projection, Track, clean_track

TIME_ZONE = ZoneInfo("America/New_York")
ROAD_SIDE_M = 30.0
"""As far as a stay may lie from a driven line: half a wide street, and the receiver's error."""
SHORTEST_S, LONGEST_S = 15.0, 4 * 3600.0
CHECKS = ("no gap", "no speed", "length", "road side")


@dataclass(frozen=True, slots=True)
class JudgedStay:
    """A stay of a vehicle, and which of the checks it passes."""

    vehicle_id: str
    stay: Stay
    passed: tuple[bool, ...]

    @property
    def is_plausible(self) -> bool:
        """Tell whether it passes all of them."""
        return all(self.passed)


@dataclass(frozen=True, slots=True)
class RealDay:
    """The cleaned tracks of all vehicles, and their stays."""

    fixes_in: int
    tracks: dict[str, Track]
    stays: tuple[JudgedStay, ...]

    @property
    def standing_share(self) -> float:
        """The share of the time with data that the stays cover."""
        seen_s = sum(
            float(_steps_s(track)[_steps_s(track) <= longest_gap_s(track)].sum()) for track in self.tracks.values()
        )
        return sum(judged.stay.duration_s for judged in self.stays) / seen_s


def read_day(source: Path) -> RealDay:
    """Read the recording (vehicle, ts_local, lat, lon), find its stays and judge them."""
    rows: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    with source.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            at = datetime.fromisoformat(row["ts_local"]).replace(tzinfo=TIME_ZONE)
            rows[row["vehicle"]].append((at.timestamp(), float(row["lon"]), float(row["lat"])))
    everything = np.array([fix for fixes in rows.values() for fix in fixes])
    projection = Projection(float(everything[:, 1].mean()), float(everything[:, 2].mean()))
    tracks = {vehicle_id: _track(fixes, projection) for vehicle_id, fixes in sorted(rows.items())}
    found = {vehicle_id: find_stays(track) for vehicle_id, track in tracks.items()}
    roads = Roads(tracks)
    stays = tuple(
        JudgedStay(vehicle_id, stay, judge(vehicle_id, stay, tracks[vehicle_id], roads))
        for vehicle_id, stays in found.items()
        for stay in stays
    )
    return RealDay(len(everything), tracks, stays)


class Roads:
    """The lines that trucks drove, from fix to fix without a gap."""

    def __init__(self, tracks: Mapping[str, Track]) -> None:
        """Take all of them."""
        self._drives = [(name, index) for name, track in tracks.items() for index in _driven(track)]
        self.lines = [_line(tracks[name], index) for name, index in self._drives]
        self._tree = shapely.STRtree(self.lines)

    def passes(self, vehicle_id: str, stay: Stay) -> bool:
        """Tell whether a line passes by a stay that is not the drive to it or from it."""
        place = shapely.Point(stay.x_m, stay.y_m)
        near = self._tree.query(place, predicate="dwithin", distance=ROAD_SIDE_M)
        drives = [self._drives[number] for number in near.tolist()]
        return any(name != vehicle_id or not stay.first - 1 <= index <= stay.last for name, index in drives)


def _track(fixes: Sequence[tuple[float, float, float]], projection: Projection) -> Track:
    time_s, lon, lat = np.array(fixes).T
    nothing = np.full(len(time_s), np.nan)
    return clean_track(Track(time_s, *projection.metres(lon, lat), nothing, nothing, nothing))


def judge(vehicle_id: str, stay: Stay, track: Track, roads: Roads) -> tuple[bool, ...]:
    """Return which of CHECKS a stay passes."""
    span = slice(stay.first, stay.last + 1)
    step_s = np.diff(track.time_s[span])
    gap_s = longest_gap_s(track)
    # A stay may begin before its first fix or end after its last one, but never in a gap.
    before_s = track.time_s[stay.first] - stay.start_s
    after_s = stay.end_s - track.time_s[stay.last]
    no_gap = max(float(step_s.max(initial=0.0)), float(before_s), float(after_s)) <= gap_s
    step_m = np.hypot(np.diff(track.x_m[span]), np.diff(track.y_m[span]))
    speed_kmh = float((3.6 * step_m / step_s).max(initial=0.0))
    return (
        no_gap,
        speed_kmh <= WALKING_KMH,
        SHORTEST_S <= stay.duration_s <= LONGEST_S,
        roads.passes(vehicle_id, stay),
    )


def _steps_s(track: Track) -> FloatArray:
    return np.diff(track.time_s)


def _driven(track: Track) -> list[int]:
    """Return the fixes from which a vehicle drove on to the next one, without a gap."""
    step_m = np.hypot(np.diff(track.x_m), np.diff(track.y_m))
    moved = step_m > _steps_s(track) * WALKING_KMH / 3.6
    return [int(index) for index in np.flatnonzero(moved & (_steps_s(track) <= longest_gap_s(track)))]


def _line(track: Track, index: int) -> shapely.LineString:
    return shapely.LineString([(track.x_m[number], track.y_m[number]) for number in (index, index + 1)])


def summary(day: RealDay) -> dict[str, float]:
    """Return what is printed: counts, and the share of the stays that pass each check, and all of them."""
    count = len(day.stays)
    lengths = sorted(judged.stay.duration_s for judged in day.stays)
    found: dict[str, float] = {
        "trucks": len(day.tracks),
        "fixes": day.fixes_in,
        "fixes after cleaning": sum(map(len, day.tracks.values())),
        "stays": count,
        "of a single fix": sum(judged.stay.first == judged.stay.last for judged in day.stays),
        "share of the time standing": round(day.standing_share, 3),
        "median stay s": round(lengths[count // 2]),
        "longest stay s": round(lengths[-1]),
    }
    for number, check in enumerate(CHECKS):
        found[f"plausible: {check}"] = round(sum(judged.passed[number] for judged in day.stays) / count, 4)
    found["plausible: all"] = round(sum(judged.is_plausible for judged in day.stays) / count, 4)
    return found


def picture(day: RealDay, width_px: int = 1200) -> str:
    """Return the tracks and stays as SVG: a circle's area is as the stay is long, red is one that is not plausible."""
    x_m = np.concatenate([track.x_m for track in day.tracks.values()])
    y_m = np.concatenate([track.y_m for track in day.tracks.values()])
    # A truck or two went far out of town; the picture shows where nearly all of the day took place.
    (left, right), (low, high) = (np.quantile(values, (0.02, 0.98)) for values in (x_m, y_m))
    scale = width_px / max(right - left, 1.0)
    height_px = round((high - low) * scale)

    def place(x: float, y: float) -> tuple[float, float]:
        return float(round((x - left) * scale)), float(round((high - y) * scale))

    lines = [
        "M" + " L".join(f"{px:g} {py:g}" for px, py in (place(*corner) for corner in line.coords))
        for line in Roads(day.tracks).lines
    ]
    circles = [
        f'<circle cx="{px:g}" cy="{py:g}" r="{2.0 + (judged.stay.duration_s / 60.0) ** 0.5:.1f}"'
        f"{'' if judged.is_plausible else ' class=' + chr(34) + 'odd' + chr(34)}/>"
        for judged in sorted(day.stays, key=lambda judged: -judged.stay.duration_s)
        for px, py in (place(judged.stay.x_m, judged.stay.y_m),)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width_px} {height_px}">',
            "<style>path{fill:none;stroke:#8a94a0;stroke-width:.7}circle{fill:#0a7f5a;fill-opacity:.45;"
            "stroke:#04543b;stroke-width:.5}.odd{fill:#d1242f;stroke:#82071e}</style>",
            '<rect width="100%" height="100%" fill="#fbfbf9"/>',
            f'<path d="{"".join(lines)}"/>',
            *circles,
            "</svg>\n",
        ]
    )
