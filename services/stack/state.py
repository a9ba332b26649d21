"""What a stack remembers in its data folder: ports, passwords and keys, kept in `stack.json` (mode 600)."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from services.stack.errors import StackError


@dataclass(frozen=True, slots=True)
class StackFolder:
    """The data folder of one stack and what lies where in it."""

    folder: Path

    @property
    def database(self) -> Path:
        """PostgreSQL's data."""
        return self.folder / "database"

    @property
    def broker(self) -> Path:
        """Mosquitto's configuration, accounts and queues."""
        return self.folder / "broker"

    @property
    def certificates(self) -> Path:
        """The authority whose certificate devices trust, and its key."""
        return self.folder / "certificates"

    @property
    def roads(self) -> Path:
        """The built road datasets."""
        return self.folder / "roads"

    @property
    def logs(self) -> Path:
        """One log file for each process."""
        return self.folder / "logs"

    @property
    def run(self) -> Path:
        """What is of use only while the stack runs: start scripts, the socket, heartbeats."""
        return self.folder / "run"

    @property
    def environment_file(self) -> Path:
        """The settings that every command and process reads."""
        return self.folder / "stack.env"

    @property
    def state_file(self) -> Path:
        """What `StackState` is kept in."""
        return self.folder / "stack.json"

    def create(self) -> None:
        """Make the folders.

        Raises:
            StackError: the folder cannot be written.

        """
        try:
            for folder in (self.folder, self.logs, self.run, self.roads):
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.run / "probe"
            probe.write_bytes(b"1" * 4096)
            probe.unlink()
        except OSError as error:
            raise StackError(
                f"The data folder {self.folder} cannot be written ({error.strerror}): "
                "name another one with --data-dir or RIQING_DATA_DIR, or make room there."
            ) from error


def _password() -> str:
    return secrets.token_urlsafe(24)


@dataclass(slots=True)
class StackState:
    """What must stay the same from one start to the next."""

    stack_id: str = field(default_factory=lambda: secrets.token_hex(8))
    """Marks the stack's processes, so that they are found again even when their supervisor was killed."""
    ports: dict[str, int] = field(default_factory=dict)
    superuser_password: str = field(default_factory=_password)
    database_password: str = field(default_factory=_password)
    broker_password: str = field(default_factory=_password)
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    admin_password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    database_url: str = ""
    """The database of this start: our own or the one that DATABASE_URL named."""
    mqtt_url: str = ""
    """The broker of this start: our own or the one that MQTT_URL named."""
    own_database: bool = True
    own_broker: bool = True

    @classmethod
    def load(cls, folder: StackFolder) -> "StackState":
        """Read what the folder remembers; a new state where it remembers nothing yet.

        Raises:
            StackError: the file cannot be read or is damaged.

        """
        try:
            return cls(**json.loads(folder.state_file.read_text()))
        except FileNotFoundError:
            return cls()
        except OSError as error:
            raise StackError(
                f"{folder.state_file} cannot be read ({error.strerror}): start the stack as the user who owns it."
            ) from error
        except (ValueError, TypeError) as error:
            raise StackError(f"{folder.state_file} is damaged ({error}): restore it from a backup.") from error

    def save(self, folder: StackFolder) -> None:
        """Write the state, whole or not at all, readable by its owner alone."""
        write_private(folder.state_file, json.dumps(asdict(self), indent=2) + "\n")


def write_private(path: Path, text: str) -> None:
    """Replace a file's content in one step, readable by its owner alone.

    Raises:
        StackError: it cannot be written.

    """
    unfinished = path.with_name(path.name + ".part")
    try:
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        unfinished.rename(path)
    except OSError as error:
        raise StackError(
            f"{path} cannot be written ({error.strerror}): make room or choose another --data-dir."
        ) from error
