"""`python -m bench.ingest`: devices, broker, peer and database on this machine, the peers one after the other.

`python -m bench.ingest table` measures a growing table, `outage` an absence of the database.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from bench.ingest import node_red, outage, table
from bench.ingest.latency import Latency, measure_latency
from bench.ingest.peers import BROKER_ALONE, NODE_RED, RIQING, STOCK_PAHO, USUAL_SCRIPT
from bench.ingest.servers import console, running_servers
from bench.ingest.throughput import Throughput, measure
from services.broker.settings import Persistence

PEERS = (USUAL_SCRIPT, STOCK_PAHO, NODE_RED, BROKER_ALONE, RIQING)
WATCHED = (STOCK_PAHO, RIQING)
PERSISTENCE = tuple(Persistence)

FURTHER = {"table": table.main, "outage": outage.main}

output = Console(width=130)


@dataclass(frozen=True, slots=True)
class Findings:
    """What one run has measured."""

    throughput: list[Throughput]
    latency: list[Latency]


def run(arguments: argparse.Namespace) -> Findings:
    """Measure the peers that were asked for, with each of the broker's ways to keep what it has acknowledged."""
    peers = list(arguments.peers)
    if NODE_RED in peers:
        try:
            node_red.provide()
        except node_red.NodeRedMissingError as error:
            console.print(str(error))
            peers.remove(NODE_RED)
    found = Findings([], [])
    for persistence in arguments.persistence:
        with running_servers({"RIQING_BROKER_PERSISTENCE": persistence}) as servers:
            for peer in peers:
                console.print(f"Measuring {peer}, broker {persistence}")
                found.throughput.append(measure(servers, persistence, peer, arguments.messages))
            for peer in (peer for peer in peers if peer in WATCHED and arguments.rates):
                console.print(f"Watching {peer} at {arguments.rates} messages a second, broker {persistence}")
                found.latency.extend(measure_latency(servers, persistence, peer, arguments.rates, arguments.seconds))
    return found


def ratios(results: list[Throughput], measure: Callable[[Throughput], float]) -> dict[str, dict[str, float]]:
    """Return ours divided by each peer's, for each persistence, by this measure."""
    found: dict[str, dict[str, float]] = {}
    for ours in results:
        if ours.peer == RIQING:
            peers = {result.peer: measure(result) for result in results if result.persistence == ours.persistence}
            found[ours.persistence] = {
                peer: round(measure(ours) / theirs, 2) for peer, theirs in peers.items() if peer != RIQING
            }
    return found


def all_ratios(results: list[Throughput]) -> dict[str, dict[str, dict[str, float]]]:
    """Return the ratios of messages a second of time, and of messages a second of processor time.

    The second hardly changes with what else the machine has to do.
    """
    return {
        "by time": ratios(results, lambda result: result.messages_per_s),
        "by processor time": ratios(results, lambda result: 1 / sum(result.processor_us.values())),
    }


def print_throughput(results: list[Throughput]) -> None:
    """Print rates and costs for a person."""
    names = list(results[0].processor_us)
    title = "Messages a second, and microseconds of processor time a message"
    columns = ("broker", "peer", "messages", "per second", *names, "all", "broker busy", "idle")
    rows = Table(title=title)
    for column in columns:
        rows.add_column(column, no_wrap=True)
    for result in results:
        costs = (f"{cost:.1f}" for cost in (*result.processor_us.values(), sum(result.processor_us.values())))
        rate = f"{result.messages_per_s:,}"
        shares = (f"{result.broker_share:.0%}", f"{result.idle_share:.0%}")
        rows.add_row(result.persistence, result.peer, f"{result.messages:,}", rate, *costs, *shares)
    output.print(rows)
    for by, of_persistence in all_ratios(results).items():
        for persistence, by_peer in of_persistence.items():
            print(f"{persistence}, {by}: " + ", ".join(f"riqing / {peer} {ratio}" for peer, ratio in by_peer.items()))


def print_latency(results: list[Latency]) -> None:
    """Print delays for a person."""
    rows = Table("broker", "peer", "per second", "samples", "p50 ms", "p99 ms", "p99 / linger")
    rows.title = "From publishing to being visible in the database"
    for result in results:
        delays = (f"{result.p50_ms:.0f}", f"{result.p99_ms:.0f}", f"{result.p99_lingers}")
        rows.add_row(result.persistence, result.peer, f"{result.rate:,}", f"{result.samples:,}", *delays)
    output.print(rows)


def main() -> int:
    """Measure and print; return the exit status."""
    if sys.argv[1:2] and (further := FURTHER.get(sys.argv[1])):
        return further(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=300_000)
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS)
    parser.add_argument("--persistence", nargs="+", choices=PERSISTENCE, default=PERSISTENCE)
    parser.add_argument("--rates", nargs="*", type=int, default=[1_000, 5_000, 10_000], help="at which to watch delays")
    parser.add_argument("--seconds", type=float, default=15, help="of watching at each rate")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    findings = run(arguments)
    if arguments.json:
        print(json.dumps(asdict(findings) | {"ratios": all_ratios(findings.throughput)}))
        return 0
    print_throughput(findings.throughput)
    if findings.latency:
        print_latency(findings.latency)
    return 0


if __name__ == "__main__":
    sys.exit(main())
