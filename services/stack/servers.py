"""Our own database and broker as supervised processes, with what they need made ready."""

from collections.abc import Callable, Sequence
from pathlib import Path

from services.broker.configuration import CONFIGURATION_FILE, BrokerPlace, prepare_broker
from services.stack import database
from services.stack.account import ServerAccount, choose_account
from services.stack.errors import StackError
from services.stack.processes import Process
from services.stack.provision import BROKER, SERVERS, provision
from services.stack.state import StackFolder, StackState
from services.stack.tools import Tools

SERVICE_USERNAME = "riqing-services"
"""The account with which our own processes come to the broker."""

TIME_ZONES = Path("/usr/share/zoneinfo")
"""Where Debian's PostgreSQL looks for time zones, wherever it is itself."""

Say = Callable[[str], None]


def prepare_servers(
    folder: StackFolder, state: StackState, tools: Tools, database_settings: Sequence[str], say: Say
) -> list[Process]:
    """Make ready what our own servers need; return those that we run ourselves, none when both were named to us.

    Raises:
        StackError: a program cannot be fetched, its files cannot be made, or root has no account to run it.

    """
    if not (state.own_database or state.own_broker):
        return []
    if state.own_database:
        provision(SERVERS, tools, say)
    if state.own_broker:
        provision(BROKER, tools, say)
    if not TIME_ZONES.is_dir():
        raise StackError(f"PostgreSQL needs {TIME_ZONES}: install the package tzdata.")
    account = choose_account(folder.database, tools.postgres_program("postgres"))
    servers = []
    if state.own_database:
        if not folder.database.exists():
            say(f"Making an empty database in {folder.database}")
        database.create_cluster(folder.database, tools, account, state.superuser_password)
        port = state.ports["database"]
        command = database.server_command(folder.database, port, tools, account, *database_settings)
        servers.append(Process("postgres", tuple(command), stop_signal="INT", stop_within_s=60))
    if state.own_broker:
        servers.append(_prepare_broker(folder, state, tools, account))
    return servers


def _prepare_broker(folder: StackFolder, state: StackState, tools: Tools, account: ServerAccount) -> Process:
    place = BrokerPlace(
        listeners=(f"listener {state.ports['mqtt']} 127.0.0.1",),
        plugin=str(tools.dynamic_security_plugin()),
        persistence_plugin=None if (plugin := tools.persistence_plugin()) is None else str(plugin),
        data_folder=folder.broker.name,
    )
    prepare_broker(folder.broker, place, SERVICE_USERNAME, state.broker_password)
    account.give(folder.broker)
    configuration = f"{folder.broker.name}/{CONFIGURATION_FILE}"
    return Process("mosquitto", (*account.prefix, str(tools.mosquitto()), "-c", configuration), stop_within_s=30)
