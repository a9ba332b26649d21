"""The Grafana board and Prometheus' settings against what the services really export, and against the compose file."""

import json
import re
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from services.api.metrics import Metrics
from services.domain.kinds import MessageKind
from services.ingest.measures import Measures, WatchMeasures
from services.ingest.refusal import RefusalReason
from services.stack.tools import PROJECT_DIR
from services.store.backlog import Backlog

MONITORING = PROJECT_DIR / "monitoring"
BOARDS = sorted((MONITORING / "grafana/boards").glob("*.json"))
COMPOSE: dict[str, Any] = yaml.safe_load((PROJECT_DIR / "docker-compose.yml").read_text(encoding="utf-8"))
WORDS_OF_PROMQL = {
    *("sum", "min", "max", "avg", "rate", "increase", "by", "histogram_quantile", "le"),
    *("message", "reason", "route", "status"),
}


def exported() -> dict[str, set[str]]:
    """Return the name of each sample that a service exports, with its labels."""
    ingest, watch = Measures(), WatchMeasures()
    ingest.stored.labels(MessageKind.POSITION.value)
    ingest.duplicates.labels(MessageKind.POSITION.value)
    ingest.refused.labels(RefusalReason.FUTURE.value)
    api = Metrics(lambda: Backlog(stored_batches=1, dead_letters=2, devices_online=3, open_alarms=4))
    registries: list[CollectorRegistry] = [ingest.registry, watch.registry, api.registry]
    found: dict[str, set[str]] = {}
    for registry in registries:
        for family in text_string_to_metric_families(generate_latest(registry).decode()):
            for sample in family.samples:
                found.setdefault(sample.name, set()).update(sample.labels)
    return found


def queries() -> list[tuple[str, str, str]]:
    """Return every query of every board, with the panel it is in and its legend."""
    return [
        (panel["title"], target["expr"], target["legendFormat"])
        for board in BOARDS
        for panel in json.loads(board.read_text(encoding="utf-8"))["panels"]
        for target in panel["targets"]
    ]


@pytest.mark.parametrize(("panel", "query", "legend"), queries())
def test_every_query_asks_for_what_is_exported(panel: str, query: str, legend: str) -> None:
    """Names of metrics and labels in a query are ones that a service exports; counters are asked for their rate."""
    known = exported()
    names = set(re.findall(r"riqing_\w+", query))
    assert names, panel
    assert names <= set(known), f"{panel}: {names - set(known)}"
    labels = set().union(*(known[name] for name in names))
    grouped = {label.strip() for group in re.findall(r"by \(([^)]*)\)", query) for label in group.split(",")}
    assert grouped <= labels, panel
    assert set(re.findall(r"{{(\w+)}}", legend)) <= grouped, panel
    words = set(re.findall(r"[a-z_]+", re.sub(r"riqing_\w+|\[\w+\]|\{[^}]*\}", "", query)))
    assert words <= WORDS_OF_PROMQL, panel
    for name in names:
        if name.endswith(("_total", "_bucket", "_sum", "_count")):
            assert re.search(rf"rate\({name}\[", query), panel
    assert query.count("(") == query.count(")")


def test_the_board_has_a_panel_for_everything_that_ingest_exports() -> None:
    """A figure of ingest or broker that nobody sees would be measured for nothing."""
    asked = " ".join(query for _, query, _ in queries())
    families = {re.sub(r"_(total|bucket|sum|count|created)$", "", name) for name in exported()}
    unseen = {name for name in families if name.startswith(("riqing_ingest", "riqing_broker")) and name not in asked}
    assert unseen == {"riqing_broker_stored_bytes", "riqing_broker_log_watched"}


def test_every_panel_says_what_it_shows() -> None:
    """Titles are different, and each has a sentence."""
    for board in BOARDS:
        panels = json.loads(board.read_text(encoding="utf-8"))["panels"]
        assert len({panel["title"] for panel in panels}) == len(panels)
        assert all(panel["description"].endswith(".") for panel in panels)
        assert len({panel["id"] for panel in panels}) == len(panels)


def test_prometheus_asks_services_of_the_compose_file_at_their_ports() -> None:
    """Each target is a service, at the port that its settings give it."""
    settings = COMPOSE["x-settings"]
    ports = {
        "ingest": settings["RIQING_INGEST_METRICS_PORT"],
        "broker-watch": settings["RIQING_WATCH_METRICS_PORT"],
        "api": settings["RIQING_API_PORT"],
    }
    configuration = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    targets = [target for job in configuration["scrape_configs"] for target in job["static_configs"][0]["targets"]]
    assert sorted(targets) == sorted(f"{name}:{port}" for name, port in ports.items())
    assert set(ports) <= set(COMPOSE["services"])


def test_what_compose_mounts_is_there() -> None:
    """Prometheus and Grafana are given files of this folder, and Grafana's board is where its provider looks."""
    for name in ("prometheus", "grafana"):
        for volume in COMPOSE["services"][name]["volumes"]:
            source = volume.partition(":")[0]
            assert not source.startswith("./") or (PROJECT_DIR / source).exists(), volume
    provider = yaml.safe_load((MONITORING / "grafana/provisioning/dashboards/riqing.yml").read_text())
    targets = [volume.split(":")[1] for volume in COMPOSE["services"]["grafana"]["volumes"]]
    assert provider["providers"][0]["options"]["path"] in targets
    source = yaml.safe_load((MONITORING / "grafana/provisioning/datasources/prometheus.yml").read_text())
    assert source["datasources"][0]["url"] == "http://prometheus:9090"
    uids = {
        target["datasource"]["uid"]
        for board in BOARDS
        for panel in json.loads(board.read_text())["panels"]
        for target in panel["targets"]
    }
    assert uids == {source["datasources"][0]["uid"]}
