"""Requests: how many of a mixed load the API answers on one core beside an empty route, and how long each takes."""

import asyncio
import random
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import httpx
from pydantic_core import to_json

from bench.api.town import PASSWORD, TOILETS, USER, Size, people_who_ask
from bench.api.wire import Answers, as_fast_as_possible, at_a_rate, get

MIX = {
    "/api/v1/vehicles/{truck}": 20,
    "/api/v1/points/{point}": 15,
    "/api/v1/clock": 10,
    "/api/v1/auth/me": 5,
    "/api/v1/town": 5,
    "/api/v1/clearance": 5,
    "/api/v1/clearance?group_by=zone": 3,
    "/api/v1/clearance/visits?point_id={point}": 5,
    "/api/v1/alarms?limit=50": 5,
    "/api/v1/cases?limit=50": 3,
    "/api/v1/facilities/public_toilet{toilet}": 5,
    "/api/v1/plans": 3,
    "/api/v1/plans/{plan}/routes/{truck}": 5,
    "/api/v1/vehicles/{truck}/track": 4,
    "/api/v1/vehicles?limit=100{after_truck}": 3,
    "/api/v1/points?limit=100&zone_id={zone}": 2,
    "/api/v1/zones": 1,
    "/api/v1/zones (known)": 1,
}
"""How often each is asked for among a hundred: single things and small lists, as the page and terminals do.

Who asks, and for which truck, point, zone or page, is drawn for each: about 50,000 different requests. One in a hundred
bears the tag of what the client has, as the page's zones do.
"""
REQUESTS = 100_000
WARM_UP_S = 10.0
"""A server that has been asked for a while: connections, statements, kept answers."""


@dataclass(frozen=True, slots=True)
class Load:
    """Requests per second on one core, and latencies in milliseconds at a steady rate."""

    empty_route_per_s: float
    mixed_per_s: float
    ratio: float
    connections: int
    rate_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    worst_ms: float
    errors: int


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who asks: with a token, and what is theirs of the town."""

    token: str
    trucks: Sequence[str]
    points: Sequence[str]
    zones: Sequence[str]
    zones_tag: str


def token_for(port: int, user_name: str = USER) -> str:
    """Sign in."""
    form = {"username": user_name, "password": PASSWORD}
    answer = httpx.post(f"http://127.0.0.1:{port}/api/v1/auth/token", data=form).raise_for_status()
    return str(answer.json()["access_token"])


def people_of(port: int, size: Size) -> list[Person]:
    """Sign in three people of the office, who see the whole town, and one of each contractor, who sees its own."""
    people = []
    for user in people_who_ask(size):
        token = token_for(port, user.user_name)
        zones = httpx.get(f"http://127.0.0.1:{port}/api/v1/zones", headers={"Authorization": f"Bearer {token}"})
        own = [zone["id"] for zone in zones.raise_for_status().json()["items"]]
        people.append(
            Person(
                token=token,
                trucks=[f"V{n}" for n in range(1, size.trucks + 1) if user.contractor_id in (None, size.truck_of(n))],
                points=[f"P{n}" for n in range(1, size.points + 1) if size.zone_of(n) in own],
                zones=own,
                zones_tag=zones.headers["etag"],
            )
        )
    return people


def filled(path: str, draw: random.Random, person: Person, plan_id: UUID) -> str:
    """Return a path of the mix for something of what the person may see."""
    pages = range(100, len(person.trucks), 100)
    cursor = to_json([sorted(person.trucks)[draw.choice(pages)]]) if draw.random() < 0.5 and pages else None
    return path.format(
        truck=draw.choice(person.trucks),
        point=draw.choice(person.points),
        zone=draw.choice(person.zones),
        toilet=draw.randint(1, TOILETS),
        plan=plan_id,
        after_truck="" if cursor is None else f"&cursor={urlsafe_b64encode(cursor).decode().rstrip('=')}",
    )


def mixed_requests(people: Sequence[Person], plan_id: UUID, seed: int) -> list[bytes]:
    """Return requests of the mix in a seeded order, each by one of the people."""
    draw = random.Random(seed)  # noqa: S311 - a measurement that repeats
    requests = []
    for path in draw.choices(list(MIX), list(MIX.values()), k=REQUESTS):
        person, known = draw.choice(people), path.endswith(" (known)")
        address = filled(path.removesuffix(" (known)"), draw, person, plan_id)
        requests.append(get(address, person.token, accept="*/*", etag=person.zones_tag if known else ""))
    return requests


def errors(answers: Answers) -> int:
    """Return how many answers were none."""
    return sum(count for status, count in answers.statuses.items() if status >= 400)


def measure(
    empty_port: int, port: int, requests: Sequence[bytes], connections: int, rate_per_s: float, seconds: float
) -> Load:
    """Measure the empty route and the mix in turn, both on so many connections, then the mix at a steady rate."""
    asyncio.run(as_fast_as_possible(port, requests, connections, WARM_UP_S))
    empty, mixed = Answers(), Answers()
    for _ in range(3):
        for into, where, asked in ((empty, empty_port, [get("/")]), (mixed, port, requests)):
            part = asyncio.run(as_fast_as_possible(where, asked, connections, seconds / 3))
            into.latencies_s += part.latencies_s
            into.took_s += part.took_s
            for status, count in part.statuses.items():
                into.statuses[status] = into.statuses.get(status, 0) + count
    steady = asyncio.run(at_a_rate(port, requests, rate_per_s, seconds * 2))
    return Load(
        empty_route_per_s=round(empty.per_s),
        mixed_per_s=round(mixed.per_s),
        ratio=round(mixed.per_s / empty.per_s, 3),
        connections=connections,
        rate_per_s=rate_per_s,
        p50_ms=round(steady.quantile_ms(0.50), 1),
        p95_ms=round(steady.quantile_ms(0.95), 1),
        p99_ms=round(steady.quantile_ms(0.99), 1),
        worst_ms=round(steady.quantile_ms(1.0), 1),
        errors=errors(mixed) + errors(steady),
    )


def by_kind(port: int, people: Sequence[Person], plan_id: UUID, seed: int) -> dict[str, tuple[float, float]]:
    """Return median and 95th percentile in milliseconds of each request of the mix, asked one after the other."""
    draw, found = random.Random(seed), {}  # noqa: S311 - a measurement that repeats
    for path in MIX:
        if path.endswith(" (known)"):
            continue
        asked = [(person, filled(path, draw, person, plan_id)) for person in draw.choices(people, k=2_000)]
        requests = [get(address, person.token, accept="*/*") for person, address in asked]
        answers = asyncio.run(as_fast_as_possible(port, requests, 1, 1.0))
        found[path] = (round(answers.quantile_ms(0.5), 2), round(answers.quantile_ms(0.95), 2))
    return found
