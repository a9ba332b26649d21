"""Our own database and broker as supervised processes, with what they need made ready."""

from collections.abc import Callable, Sequence
from pathlib import Path

from services.broker.commit_each import write_committing_each
from services.broker.configuration import CONFIGURATION_FILE, BrokerPlace, prepare_broker, tls_lines
from services.broker.errors import BrokerError
from services.broker.settings import Persistence, PersistenceSettings
from services.stack import database
from services.stack.account import ServerAccount, choose_account
from services.stack.certificates import CertificateFiles, ensure_certificates, local_names
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
        servers.append(_prepare_broker(folder, state, tools, account, say))
    return servers


def _prepare_broker(folder: StackFolder, state: StackState, tools: Tools, account: ServerAccount, say: Say) -> Process:
    folder.broker.mkdir(exist_ok=True, mode=0o700)
    certificates = CertificateFiles.at(folder.certificates, folder.broker)
    ensure_certificates(certificates, local_names())
    place = BrokerPlace(
        listeners=(
            f"listener {state.ports['mqtt']} 127.0.0.1",
            f"listener {state.ports['mqtts']} 127.0.0.1",
            *tls_lines(folder.broker.name),
        ),
        plugin=str(tools.dynamic_security_plugin()),
        persistence_plugin=None if (plugin := tools.persistence_plugin()) is None else str(plugin),
        committing_plugin=_committing_plugin(folder, plugin, say),
        data_folder=folder.broker.name,
    )
    prepare_broker(folder.broker, place, SERVICE_USERNAME, state.broker_password)
    account.give(folder.broker)
    configuration = f"{folder.broker.name}/{CONFIGURATION_FILE}"
    return Process("mosquitto", (*account.prefix, str(tools.mosquitto()), "-c", configuration), stop_within_s=30)


def _committing_plugin(folder: StackFolder, plugin: Path | None, say: Say) -> str | None:
    """Make the persistence plugin that commits each message before it is acknowledged; return its path.

    Where the machine's plugin cannot be made so, the stack starts with it as it is and says so, unless the settings
    ask for the other by name.
    """
    settings = PersistenceSettings()
    if plugin is None or settings.persistence is not Persistence.BEFORE_ACKNOWLEDGING:
        return None
    try:
        return f"{folder.broker.name}/{write_committing_each(plugin, folder.broker).name}"
    except BrokerError as error:
        if "persistence" in settings.model_fields_set:
            raise
        say(f"{error} It is used as it is: docs/operating.md says what it then loses.")
        return None
