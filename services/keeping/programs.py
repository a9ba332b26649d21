"""Running PostgreSQL's pg_dump and pg_restore, their progress told by the tables they are at."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from services.keeping.manifest import BackupError, Tell
from services.stack.database import server_environment
from services.stack.errors import ProvisionError
from services.stack.tools import Tools

_AT_A_TABLE = re.compile(r"(dumping contents of|processing data for) table")
_ERROR = re.compile(r"(error|fatal):", re.IGNORECASE)


def find_program(name: str) -> Path:
    """Return `pg_dump` or `pg_restore`: the stack's own, else the system's.

    Raises:
        BackupError: there is none.

    """
    try:
        return Tools.here().postgres_program(name)
    except ProvisionError as error:
        if found := shutil.which(name):
            return Path(found)
        raise BackupError(f"There is no {name} here: run `make setup`, or install PostgreSQL's client.") from error


def run(program: str, database_url: str, arguments: Sequence[str], tell: Tell, step: str, tables: int) -> None:
    """Run a program on a database, telling after each of about `tables` tables.

    Raises:
        BackupError: it failed, with its own first error.

    """
    parts = conninfo_to_dict(database_url)
    # The password goes by the environment: a command line can be read by everybody on the machine.
    environment = server_environment() | {
        f"PG{name.upper()}": str(value) for name, value in parts.items() if name in _PG
    }
    environment |= {"PGDATABASE": str(parts["dbname"])}
    command = [str(find_program(program)), "--verbose", "--no-password", *arguments]
    errors: list[str] = []
    done = 0
    with (
        tempfile.TemporaryFile() as unread,
        subprocess.Popen(command, env=environment, stdout=unread, stderr=subprocess.PIPE, text=True) as process,
    ):
        assert process.stderr is not None
        try:
            for line in process.stderr:
                if _AT_A_TABLE.search(line):
                    done += 1
                    tell(step, min(done, tables), tables)
                elif _ERROR.search(line):
                    errors.append(line.strip())
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        raise BackupError(f"{program} failed: {errors[0] if errors else f'exit status {process.returncode}'}")
    tell(step, tables, tables)


_PG = frozenset({"host", "port", "user", "password"})
