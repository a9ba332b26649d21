"""Drive-pasts that became a visit, one by one, with what the truck served beside them: where the table fails."""

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from rich.console import Console
from rich.progress import track as with_bar
from rich.table import Table

from bench.clearance.day import Told, decide, drive
from bench.clearance.judge import cleared_passes
from bench.clearance.mixes import Mix
from bench.clearance.truth_table import Order
from firmware_sim.truth import TruthEvent
from services.clearance.places import Place, Places
from services.domain.visit import Visit

BESIDE_M = 120.0
MEANWHILE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class ClearedPass:
    """A stop that was not served and became a visit; `neighbour` is the nearest point that was served meanwhile."""

    seed: int
    mix: str
    vehicle_id: str
    point_id: str
    service_s: float
    visit_s: float
    confidence: float
    neighbour: str | None
    neighbour_m: float | None
    neighbour_s: float | None


def find_cleared(order: Order, told: Told) -> list[ClearedPass]:
    """Drive the days of an order and return the passes that became a visit, by seed and mix."""
    days = [(seed, mix) for seed in order.seeds for mix in order.mixes]
    find = partial(_of_a_day, compactors=order.compactors, told=told)
    with ProcessPoolExecutor(order.processes) as pool:
        found = with_bar(pool.map(find, days), "Driving", total=len(days), console=Console(stderr=True))
        return [one for of_day in found for one in of_day]


def _of_a_day(day: tuple[int, Mix], compactors: int, told: Told) -> list[ClearedPass]:
    seed, mix = day
    driven = drive(seed, mix, compactors)
    places = Places(driven.scene.register.points)
    clock_error = timedelta(seconds=mix.faults.wrong_clock_s)
    cleared = cleared_passes(decide(driven, told), driven.truth, clock_error)
    return [describe(seed, mix.name, event, visit, driven.truth, places) for event, visit in cleared]


def describe(
    seed: int, mix: str, event: TruthEvent, visit: Visit, truth: Iterable[TruthEvent], places: Places
) -> ClearedPass:
    """Return a cleared pass with the nearest point that its vehicle served about that time."""
    place = places.by_id[visit.point_id]
    nearest = min(
        ((_apart_m(place, places, other), other) for other in truth if _is_meanwhile(event, other)),
        key=lambda item: item[0],
        default=None,
    )
    if nearest is not None and nearest[0] > BESIDE_M:
        nearest = None
    return ClearedPass(
        seed=seed,
        mix=mix,
        vehicle_id=visit.vehicle_id,
        point_id=visit.point_id,
        service_s=place.point.service_s,
        visit_s=(visit.interval.end - visit.interval.start).total_seconds(),
        confidence=visit.confidence,
        neighbour=None if nearest is None else nearest[1].point_id,
        neighbour_m=None if nearest is None else nearest[0],
        neighbour_s=None if nearest is None else (nearest[1].end - nearest[1].start).total_seconds(),
    )


def _is_meanwhile(event: TruthEvent, other: TruthEvent) -> bool:
    return (
        other.served is True
        and other.vehicle_id == event.vehicle_id
        and other.point_id != event.point_id
        and abs(other.start - event.start) <= MEANWHILE
    )


def _apart_m(place: Place, places: Places, other: TruthEvent) -> float:
    there = places.by_id[other.point_id or ""]
    return place.distance_m(there.x_m, there.y_m)


def show_passes(found: Sequence[ClearedPass], console: Console) -> None:
    """Print each, and how many different ones they are: mixes of a seed share its town and its crews' luck."""
    table = Table("seed", "mix", "point", "service s", "visit s", "confidence", "served beside it", "m away", "for s")
    for one in found:
        beside = [""] * 3
        if one.neighbour is not None and one.neighbour_m is not None and one.neighbour_s is not None:
            beside = [one.neighbour, f"{one.neighbour_m:.0f}", f"{one.neighbour_s:.0f}"]
        table.add_row(
            str(one.seed), one.mix, one.point_id, f"{one.service_s:.0f}", f"{one.visit_s:.0f}", f"{one.confidence:.2f}",
            *beside,
        )  # fmt: skip
    console.print(table)
    places = {(one.seed, one.vehicle_id, one.point_id) for one in found}
    console.print(f"{len(found)} drive-pasts at {len(places)} places; {_shares(found)}.")


def _shares(found: Sequence[ClearedPass]) -> str:
    by_mix = Counter(one.mix for one in found)
    beside = sum(one.neighbour is not None for one in found)
    worst = ", ".join(f"{count} of {name!r}" for name, count in by_mix.most_common(3))
    return f"beside {beside} a neighbour was served; most: {worst}" if worst else "none"
