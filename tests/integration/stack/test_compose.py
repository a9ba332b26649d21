"""The compose file against the compose schema, the settings, and the local stack, so that none drifts from another."""

import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import AliasChoices
from pydantic_settings import BaseSettings

import firmware_sim.settings
import services
from services.broker.configuration import broker_configuration, container_place
from services.broker.settings import Persistence
from services.stack import database
from services.stack.environment import stack_settings
from services.stack.ports import PORT_NAMES
from services.stack.processes import SERVICES
from services.stack.provision import POSTGRES_VERSIONS
from services.stack.state import StackFolder, StackState
from services.stack.tools import PROJECT_DIR, Tools

COMPOSE_FILE = PROJECT_DIR / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text(encoding="utf-8"))
SETTINGS: dict[str, str] = COMPOSE["x-settings"]

ONLY_IN_CONTAINERS = {
    "RIQING_BASE_MAP_ATTRIBUTION",  # on a machine of one's own, from the environment of `riqing up`, where it is set
    "RIQING_BASE_MAP_CRS",
    "RIQING_BASE_MAP_FILE",
    "RIQING_BASE_MAP_MAX_ZOOM",
    "RIQING_BASE_MAP_URL",
    "RIQING_KEEPING_HOURS_DAYS",  # there too
    "RIQING_KEEPING_LETTERS_DAYS",
    "RIQING_KEEPING_READINGS_DAYS",
    "RIQING_REPORTS_AT",
    "RIQING_REPORTS_FORMS",
    "RIQING_REPORTS_LANGUAGES",
    "RIQING_BROKER_PERSISTENCE",  # there, `riqing up` takes it from whoever calls it, as it does the number of ingests
    "RIQING_BROKER_SPOOL_MESSAGES",
    "RIQING_INGEST_WORKERS",
    "RIQING_API_HOST",  # on a machine of one's own, loopback
    "RIQING_DEVICE_MQTT_URL",  # there, devices reach the broker where the services do
    "RIQING_INGEST_METRICS_ADDRESS",  # there, nobody asks unless told to
    "RIQING_INGEST_METRICS_PORT",
    "RIQING_HEARTBEAT_FILE",  # there, each process's start script names its own
    "RIQING_ROADS_LISTEN",
    "RIQING_TRUSTED_PROXIES",
    "RIQING_WATCH_METRICS_ADDRESS",
    "RIQING_WATCH_METRICS_PORT",
}


def settings_classes() -> list[type[BaseSettings]]:
    """Return every settings class of the rooms and of the simulator."""
    for room in pkgutil.iter_modules(services.__path__):
        if room.ispkg and (Path(services.__path__[0]) / room.name / "settings.py").exists():
            importlib.import_module(f"services.{room.name}.settings")
    assert firmware_sim.settings
    found, classes = [BaseSettings], []
    while found:
        children = found.pop().__subclasses__()
        found += children
        classes += [child for child in children if child.__module__.startswith(("services.", "firmware_sim."))]
    return classes


def variables(settings_class: type[BaseSettings]) -> set[str]:
    """Return the environment variables that a settings class reads."""
    prefix = settings_class.model_config.get("env_prefix", "")
    names: set[str] = set()
    for name, field in settings_class.model_fields.items():
        alias = field.validation_alias
        if isinstance(alias, AliasChoices):
            names |= {str(choice) for choice in alias.choices}
        else:
            names.add(str(alias or f"{prefix}{name}").upper())
    return names


def local_settings() -> dict[str, str]:
    """Return what a local stack tells its processes."""
    ports = dict.fromkeys(PORT_NAMES, 1)
    return stack_settings(StackFolder(Path("/stack")), StackState(ports=ports), {})


def filled_in(value: str) -> str:
    """Return a value of the compose file with every `${NAME:?…}` given and every `${NAME:-default}` left."""
    value = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)
    return re.sub(r"\$\{\w+:\?[^}]*\}", "0123456789abcdef0123456789abcdef", value)


def test_the_file_holds_to_the_compose_schema() -> None:
    """The compose specification's own schema accepts the file."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE_FILE)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_variable_is_read_by_somebody() -> None:
    """A variable that no settings class reads would be a mistake that nobody notices."""
    read = set().union(*(variables(settings_class) for settings_class in settings_classes()))
    assert set(SETTINGS) - read == {"RIQING_HEARTBEAT_FILE"}  # read by services.heartbeat itself


def test_containers_are_told_what_local_processes_are_told() -> None:
    """What `riqing up` gives its processes, compose gives too; what only containers need is listed above."""
    assert set(SETTINGS) - ONLY_IN_CONTAINERS == set(local_settings())
    assert set(SETTINGS) >= ONLY_IN_CONTAINERS


def test_every_required_setting_is_given() -> None:
    """No settings class asks for a variable that compose does not set."""
    for settings_class in settings_classes():
        required = {
            str(field.validation_alias or name)
            for name, field in settings_class.model_fields.items()
            if field.is_required()
        }
        assert required <= set(SETTINGS), settings_class


@pytest.mark.parametrize("settings_class", settings_classes(), ids=lambda c: f"{c.__module__}.{c.__name__}")
def test_the_settings_accept_what_compose_gives(
    settings_class: type[BaseSettings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Filled in, the compose file's values pass every settings class's checks."""
    monkeypatch.chdir(tmp_path)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, filled_in(value))
    settings_class()


def test_the_same_processes_run_as_in_the_local_stack() -> None:
    """Each of our processes is a service of the same name with the same command and the same settings."""
    ours = {name: service for name, service in COMPOSE["services"].items() if service["image"].startswith("riqing:")}
    one_off = {"broker-configuration", "migrate", "riqing"}
    assert set(ours) - one_off == {process.name for process in SERVICES}
    for process in SERVICES:
        assert ours[process.name]["command"] == ["python", *process.command[1:]]
    for name, service in ours.items():
        assert service["environment"] == SETTINGS, name


def test_modules_that_compose_starts_exist() -> None:
    """A module that was renamed is noticed here before it is in production."""
    for name, service in COMPOSE["services"].items():
        command = service.get("command", [])
        if command[:2] == ["python", "-m"]:
            assert importlib.util.find_spec(command[2]), name


def test_postgresql_is_told_the_same() -> None:
    """Both databases run with the same settings."""
    command = COMPOSE["services"]["database"]["command"]
    assert command[0] == "postgres"
    assert command[1::2] == ["-c"] * len(database.SERVER_SETTINGS)
    assert command[2::2] == [f"{name}={value}" for name, value in database.SERVER_SETTINGS.items()]


def test_the_images_are_the_versions_that_tests_run_on(tools: Tools) -> None:
    """TimescaleDB, PostgreSQL and Mosquitto are pinned to what the tests were green on."""
    control = next((tools.folder / "servers/usr/share/postgresql").glob("*/extension/timescaledb.control"))
    found = re.search(r"default_version = '([\d.]+)'", control.read_text())
    assert found
    assert COMPOSE["services"]["database"]["image"] == f"timescale/timescaledb:{found[1]}-pg{POSTGRES_VERSIONS[0]}"
    help_text = subprocess.run([str(tools.mosquitto()), "-h"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"mosquitto version ([\d.]+)", help_text)
    assert found
    # Debian's testing suite moves on within a minor version.
    minor_version = found[1].rpartition(".")[0]
    assert f"FROM eclipse-mosquitto:{minor_version}." in COMPOSE["services"]["broker"]["build"]["dockerfile_inline"]


def test_what_must_be_chosen_is_in_the_example() -> None:
    """`.env.example` names every variable that the file interpolates, and no other."""
    text = "\n".join(line for line in COMPOSE_FILE.read_text().splitlines() if not line.lstrip().startswith("#"))
    example = (PROJECT_DIR / ".env.example").read_text()
    assert set(re.findall(r"\$\{(\w+)", text)) == set(re.findall(r"^(\w+)=", example, re.MULTILINE))


def test_the_container_s_broker_differs_in_place_only(tmp_path: Path) -> None:
    """With a certificate devices get a TLS listener; all other lines are the local broker's."""
    plain = broker_configuration(container_place("/mosquitto/data", tmp_path))
    assert "listener 8883" not in plain
    (tmp_path / "server.crt").touch()
    with_tls = broker_configuration(container_place("/mosquitto/data", tmp_path))
    added = set(with_tls.splitlines()) - set(plain.splitlines())
    assert added == {
        "listener 8883",
        f"certfile {tmp_path}/server.crt",
        f"keyfile {tmp_path}/server.key",
        "tls_version tlsv1.2",
    }


def test_there_are_as_many_ingests_as_they_are_told() -> None:
    """The number of containers and the number that each of them is told come from one variable."""
    assert COMPOSE["services"]["ingest"]["deploy"]["replicas"] == SETTINGS["RIQING_INGEST_WORKERS"]
    assert filled_in(SETTINGS["RIQING_INGEST_WORKERS"]) == "1"


def test_the_broker_s_second_plugin_is_built_where_the_configuration_looks_for_it(tmp_path: Path, tools: Tools) -> None:
    """The build puts it there by the name that it is written under, and Mosquitto's own is what it is made from."""
    build = COMPOSE["services"]["broker"]["build"]["dockerfile_inline"]
    place = container_place("/mosquitto/data", tmp_path)
    assert place.committing_plugin is not None
    assert f"{Path(place.committing_plugin).name} {Path(place.committing_plugin).parent}/" in build
    assert str(place.persistence_plugin) in build
    stock = tools.persistence_plugin()
    assert stock is not None
    command = [sys.executable, "-m", "services.broker.commit_each", str(stock), str(tmp_path)]
    subprocess.run(command, check=True)
    assert (tmp_path / Path(place.committing_plugin).name).is_file()
    text = broker_configuration(place, Persistence.BEFORE_ACKNOWLEDGING)
    assert f"plugin {place.committing_plugin}\n" in text
    assert f"plugin {place.persistence_plugin}\n" not in text


def test_the_cluster_s_files_are_there() -> None:
    """Both nodes of the clustered broker have the same files, which exist, and know each other."""
    nodes = {name: service for name, service in COMPOSE["services"].items() if name.startswith("emqx-")}
    assert len(nodes) == 2
    for name, node in nodes.items():
        assert node["profiles"] == ["cluster"]
        for file in (volume.split(":")[0] for volume in node["volumes"] if volume.startswith("./emqx/")):
            assert (PROJECT_DIR / file).is_file()
        assert node["environment"]["EMQX_NODE_NAME"] == f"emqx@{name}.riqing"
        assert f"emqx@{name}.riqing" in node["environment"]["EMQX_CLUSTER__STATIC__SEEDS"]
        assert "emqx" in node["networks"]["default"]["aliases"]
    assert filled_in(SETTINGS["MQTT_URL"]).endswith("@broker:1883")
