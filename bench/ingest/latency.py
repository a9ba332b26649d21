"""From publishing to being visible in the database, at given rates."""

from dataclasses import dataclass
from statistics import quantiles

from bench.ingest.probe import Probe
from bench.ingest.servers import Servers, ready_fleet
from bench.ingest.throughput import READY_WITHIN_S, running_peer
from services.ingest.settings import IngestSettings

PROBED_EVERY_S = 0.023
"""Of no round ratio to the linger, so that the probe meets batches at every stage of theirs."""


@dataclass(frozen=True, slots=True)
class Latency:
    """What was measured of one peer at one rate."""

    persistence: str
    peer: str
    rate: int
    """Messages per second that the devices publish."""
    samples: int
    p50_ms: float
    p99_ms: float
    p99_lingers: float
    """The same in multiples of the linger."""


def measure_latency(servers: Servers, persistence: str, peer: str, rates: list[int], seconds: float) -> list[Latency]:
    """Watch one device while all the others publish at each of these rates."""
    found = []
    with running_peer(servers, peer) as _, Probe(servers) as probe:
        for rate in rates:
            servers.empty_tables()
            probe.wait_until_stored(READY_WITHIN_S)
            with ready_fleet(servers, int(rate * seconds), rate) as fleet:
                fleet.start()
                delays_s = probe.sample(seconds * 0.9, PROBED_EVERY_S)
                fleet.wait()
            of_hundred = quantiles(delays_s, n=100)
            linger_s = IngestSettings().linger_s
            found.append(
                Latency(
                    persistence=persistence,
                    peer=peer,
                    rate=rate,
                    samples=len(delays_s),
                    p50_ms=round(of_hundred[49] * 1000),
                    p99_ms=round(of_hundred[98] * 1000),
                    p99_lingers=round(of_hundred[98] / linger_s, 1),
                )
            )
    return found
