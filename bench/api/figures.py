"""Figures over long spans: how long each takes for any day, month or year, and how that grows with what is stored."""

import random
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from itertools import cycle
from typing import Any, LiteralString

import httpx

from bench.api.load import token_for
from bench.api.past import ROLLED_DAYS, ROLLUPS
from bench.api.town import DAY, TOWN, Size
from services.store.connection import Connection
from services.store.retention import compress_after, has_columnstore

LONGEST_MS, LEAST_RUNS = 10_000, 4
"""A figure that takes so long in all is asked no further, once it was asked so often."""

TABLES: Mapping[LiteralString, LiteralString] = {
    "due_visits": "service_date",
    "visits": "service_date",
    "attributed_weights": "service_date",
    "weighings": "observed_at",
    "levels": "observed_at",
    "usages": "observed_at",
    **dict.fromkeys(ROLLUPS, "service_date"),
}
"""What the past is kept in, and the column that tells of which days: rows and readings, then what is made of them."""
MONTHS: tuple[LiteralString, ...] = ("clearance_month_sums", "vehicle_months", "station_months", "toilet_months")

_SIZE: LiteralString = """
    SELECT coalesce(hypertable_size('{table}'), pg_total_relation_size('{table}')) / 1e6::float8,
        (SELECT max({day})::date - min({day})::date + 1 FROM {table})"""
# The one hour that goes on today is no day.
_DAY_OF_FIXES: LiteralString = "SELECT max(total_bytes) / 1e6::float8 FROM chunks_detailed_size('positions')"
_MONTHS_SIZE: LiteralString = "SELECT pg_total_relation_size('{table}') / 1e6::float8"
_COMPRESSED: LiteralString = """
    SELECT sum(before_compression_total_bytes) / 1e6, sum(after_compression_total_bytes) / 1e6
    FROM hypertable_compression_stats('positions')"""

Span = tuple[date, date, str]
"""First and last day, and the bucket that their figures are asked in."""
GROUPS = ("town", "zone", "contractor", "vehicle", "hour")


@dataclass(frozen=True, slots=True)
class Figure:
    """How long an answer took, by how many days were stored: milliseconds, the 95th percentile and the median."""

    days: int
    figure: str
    span: str
    p50_ms: float
    p95_ms: float
    answer_kb: float


def storage(connection: Connection, size: Size) -> dict[str, str]:
    """Return what the past takes on disk with its indices, and what that is for a truck and a year."""
    day_mb = _row(connection, _DAY_OF_FIXES)[0]
    of_a_truck_mb = day_mb * 365 / size.trucks
    found = {"positions": f"{day_mb:,.1f} MB a day, {of_a_truck_mb:.1f} MB a truck and year"}
    for table, day in TABLES.items():
        megabytes, days = _row(connection, _SIZE.format(table=table, day=day))
        of_it_mb = megabytes / days * 365 / size.trucks
        of_a_truck_mb += of_it_mb
        found[table] = f"{megabytes:,.1f} MB for {days:,} days, {of_it_mb:.2f} MB a truck and year"
    for table in MONTHS:
        found[table] = f"{_row(connection, _MONTHS_SIZE.format(table=table))[0]:,.1f} MB"
    return found | {"all of it": f"{of_a_truck_mb:.1f} MB a truck and year"} | _compressed(connection)


def _compressed(connection: Connection) -> dict[str, str]:
    """Return what compressing makes of a day of fixes, where the server can."""
    if not has_columnstore(connection):
        return {"compressed": "not measured: this server has TimescaleDB's Apache edition, which cannot compress"}
    compress_after(connection, timedelta(days=7))
    _row(connection, "SELECT count(compress_chunk(chunk, true)) FROM show_chunks('positions') AS chunk")
    before_mb, after_mb = _row(connection, _COMPRESSED)
    return {"compressed": f"of positions {before_mb:,.1f} MB become {after_mb:,.1f} MB"}


def _row(connection: Connection, query: LiteralString) -> tuple[Any, ...]:
    row = connection.execute(query).fetchone()
    assert row is not None, "a query without conditions has a row"
    return row


def _spans(first: date, draw: random.Random) -> dict[str, Iterator[Span]]:
    """Return days, months and years of what is stored, by chance and none twice before all, with their buckets."""
    last = DAY - timedelta(days=1)

    def spans(days: int, bucket: str) -> Iterator[Span]:
        # Where hardly more than one such span is stored, some begin before what is.
        earliest = first if days == 1 else min(first, last - timedelta(days=days + 28))
        starts = [earliest + timedelta(days=ahead) for ahead in range((last - earliest).days - days + 2)]
        ends = [(start, start + timedelta(days=days - 1), bucket) for start in starts]
        return cycle(draw.sample(ends, len(ends)))

    return {
        "a day": spans(1, "day"),
        "a month": spans(30, "whole"),
        "a year": spans(365, "whole"),
        "a year, by month": spans(365, "month"),
        "a month, by day": spans(30, "day"),
        "a year, by day": spans(365, "day"),
    }


SERIES = ("clearance by town", "clearance by contractor", "clearance by hour")
"""Of what a year is asked by day: of some keys; that of all vehicles would be 109,500 rows."""


def measure(port: int, first: date, runs: int, seed: int) -> Iterator[Figure]:
    """Ask for each figure of each span `runs` times, drawn anew each time, on one connection."""
    draw, days = random.Random(seed), (DAY - first).days  # noqa: S311 - a measurement that repeats
    headers = {"Authorization": f"Bearer {token_for(port)}"}
    paths: dict[str, Callable[[Span], str]] = {f"clearance by {group}": partial(_clearance, group) for group in GROUPS}
    paths |= {f"use of {what}": partial(_utilisation, what) for what in ("vehicles", "stations", "toilets")}
    with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", headers=headers, timeout=120) as client:
        for span, drawn in _spans(first, draw).items():
            for figure, path in paths.items():
                if span != "a year, by day" or figure in SERIES:
                    yield _figure(client, days, figure, span, runs, map(path, drawn))
        spans = _spans(first, draw)
        yield _figure(client, days, "levels of containers", "a day", runs, map(_levels, spans["a day"]))
        yield _figure(
            client, days, "levels of containers", "a month, by day", runs, map(_levels, spans["a month, by day"])
        )
        yield _figure(client, days, "due visits, a page of 100", "a day", runs, map(_visits, spans["a day"]))
        driven = [f"/adherence?date={DAY - timedelta(days=ago)}" for ago in range(1, ROLLED_DAYS + 1)]
        yield _figure(client, days, "planned against driven", "a day", runs, cycle(driven))


def _clearance(group: str, span: Span) -> str:
    start, end, bucket = span
    return f"/clearance?start={start}&end={end}&bucket={bucket}&group_by={group}"


def _utilisation(what: str, span: Span) -> str:
    start, end, bucket = span
    begin, finish = TOWN.service_day(start).start, TOWN.service_day(end).end
    return f"/utilisation/{what}?start={begin:%Y-%m-%dT%H:%M:%SZ}&end={finish:%Y-%m-%dT%H:%M:%SZ}&bucket={bucket}"


def _levels(span: Span) -> str:
    return _utilisation("containers", span)


def _visits(span: Span) -> str:
    return f"/clearance/visits?date={span[0]}&limit=100"


def _figure(client: httpx.Client, days: int, figure: str, span: str, runs: int, paths: Iterable[str]) -> Figure:
    took_ms, sizes = [], []
    for path, _ in zip(paths, range(runs + 2), strict=False):
        began_s = time.perf_counter()
        answer = client.get(path).raise_for_status()
        took_ms.append(1_000 * (time.perf_counter() - began_s))
        sizes.append(len(answer.content))
        if sum(took_ms) > LONGEST_MS and len(took_ms) > LEAST_RUNS:
            break
    took_ms = sorted(took_ms[2:])  # the first two make plans and caches
    p95_ms = took_ms[min(len(took_ms) - 1, int(0.95 * len(took_ms)))]
    return Figure(
        days,
        figure,
        span,
        round(statistics.median(took_ms), 1),
        round(p95_ms, 1),
        round(statistics.mean(sizes) / 1e3, 1),
    )
