"""Requests: how many of a mixed load the API answers on one core beside an empty route, and how long each takes."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import httpx

from bench.api.town import PASSWORD, USER, Size
from bench.api.wire import Answers, as_fast_as_possible, at_a_rate, get

MIX = {
    "/api/v1/vehicles/V{truck}": 20,
    "/api/v1/points/P{point}": 15,
    "/api/v1/clock": 10,
    "/api/v1/auth/me": 5,
    "/api/v1/town": 5,
    "/api/v1/clearance": 5,
    "/api/v1/clearance?group_by=zone": 3,
    "/api/v1/clearance/visits?point_id=P{point}": 5,
    "/api/v1/alarms?limit=50": 5,
    "/api/v1/cases?limit=50": 3,
    "/api/v1/facilities/public_toilet{toilet}": 5,
    "/api/v1/plans": 3,
    "/api/v1/plans/{plan}/routes/V{truck}": 5,
    "/api/v1/vehicles/V{truck}/track": 4,
    "/api/v1/vehicles?limit=100": 3,
    "/api/v1/points?limit=100": 2,
    "/api/v1/zones": 1,
    "/api/v1/zones (known)": 1,
}
"""How often each is asked for among a hundred: single things and small lists, as the page and terminals do."""


@dataclass(frozen=True, slots=True)
class Load:
    """Requests per second on one core, and latencies in milliseconds at a steady rate."""

    empty_route_per_s: float
    mixed_per_s: float
    ratio: float
    rate_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    worst_ms: float
    errors: int


def token_for(port: int) -> str:
    """Sign in."""
    form = {"username": USER, "password": PASSWORD}
    answer = httpx.post(f"http://127.0.0.1:{port}/api/v1/auth/token", data=form).raise_for_status()
    return str(answer.json()["access_token"])


def mixed_requests(port: int, token: str, plan_id: UUID, size: Size, seed: int) -> list[bytes]:
    """Return ten thousand requests of the mix in a seeded order."""
    draw = random.Random(seed)  # noqa: S311 - a measurement that repeats
    zones = httpx.get(f"http://127.0.0.1:{port}/api/v1/zones", headers={"Authorization": f"Bearer {token}"})
    etag = zones.headers["etag"]
    paths = draw.choices(list(MIX), list(MIX.values()), k=10_000)
    requests = []
    for path in paths:
        known = path.endswith(" (known)")
        filled = path.removesuffix(" (known)").format(
            truck=draw.randint(1, size.trucks),
            point=draw.randint(1, size.points),
            toilet=draw.randint(1, 120),
            plan=plan_id,
        )
        requests.append(get(filled, token, accept="*/*", etag=etag if known else ""))
    return requests


def alone(port: int, token: str, requests: Sequence[bytes], seconds: float = 1.0) -> Answers:
    """Return what one kind of request costs on one connection."""
    del token
    return asyncio.run(as_fast_as_possible(port, requests, 1, seconds))


def errors(answers: Answers) -> int:
    """Return how many answers were none."""
    return sum(count for status, count in answers.statuses.items() if status >= 400)


def measure(empty_port: int, port: int, requests: Sequence[bytes], rate_per_s: float, seconds: float) -> Load:
    """Measure the empty route and the mix in turn, then the mix at a steady rate."""
    asyncio.run(as_fast_as_possible(port, requests, 16, 2.0))  # caches, connections, statements
    empty, mixed = Answers(), Answers()
    for _ in range(3):
        for into, where, asked in ((empty, empty_port, [get("/")]), (mixed, port, requests)):
            part = asyncio.run(as_fast_as_possible(where, asked, 16, seconds / 3))
            into.latencies_s += part.latencies_s
            into.took_s += part.took_s
            for status, count in part.statuses.items():
                into.statuses[status] = into.statuses.get(status, 0) + count
    steady = asyncio.run(at_a_rate(port, requests, rate_per_s, seconds * 2))
    return Load(
        empty_route_per_s=round(empty.per_s),
        mixed_per_s=round(mixed.per_s),
        ratio=round(mixed.per_s / empty.per_s, 3),
        rate_per_s=rate_per_s,
        p50_ms=round(steady.quantile_ms(0.50), 1),
        p95_ms=round(steady.quantile_ms(0.95), 1),
        p99_ms=round(steady.quantile_ms(0.99), 1),
        worst_ms=round(steady.quantile_ms(1.0), 1),
        errors=errors(mixed) + errors(steady),
    )


def by_kind(port: int, token: str, plan_id: UUID) -> dict[str, tuple[float, float]]:
    """Return median and 95th percentile in milliseconds of each request of the mix, asked alone."""
    found = {}
    for path in MIX:
        if path.endswith(" (known)"):
            continue
        answers = alone(port, token, [get(path.format(truck=7, point=7, toilet=7, plan=plan_id), token, accept="*/*")])
        found[path] = (round(answers.quantile_ms(0.5), 2), round(answers.quantile_ms(0.95), 2))
    return found
