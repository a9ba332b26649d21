"""Under which account the database and the broker run, because PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.stack.errors import StackError

ORDINARY_ACCOUNTS = ("postgres", "nobody", "daemon")


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """How to start a server so that it is not root."""

    prefix: tuple[str, ...] = ()
    """What to put before the server's command."""
    owner: tuple[int, int] | None = None
    """User and group that must own the server's files, where that is not who we are."""

    def give(self, folder: Path) -> None:
        """Let the account own a folder and all that is in it."""
        if self.owner is not None:
            for path in [folder, *folder.rglob("*")]:
                os.chown(path, *self.owner, follow_symlinks=False)


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL).returncode == 0


def _ordinary_account() -> pwd.struct_passwd:
    for name in ORDINARY_ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StackError(
        "PostgreSQL refuses to run as root and this machine has no account named "
        f"{', '.join(ORDINARY_ACCOUNTS)}: start as an ordinary user, or set DATABASE_URL to a server of your own."
    )


def _as_account(account_id: int, group_id: int) -> ServerAccount:
    prefix = ("setpriv", f"--reuid={account_id}", f"--regid={group_id}", "--clear-groups", "--")
    return ServerAccount(prefix, (account_id, group_id))


def choose_account(database_folder: Path, program: Path) -> ServerAccount:
    """Return how to run the servers whose data lie, or will lie, in `database_folder`.

    As root: the account that already owns the data; else a user namespace in which root bears an ordinary
    name and so still reaches every folder that root reaches; else an ordinary account.

    Raises:
        StackError: root has no way to run `program` as somebody else.

    """
    if os.geteuid() != 0:
        return ServerAccount()
    if database_folder.exists() and (owner := database_folder.stat()).st_uid != 0:
        return _as_account(owner.st_uid, owner.st_gid)
    account = _ordinary_account()
    namespace = ("unshare", "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}", "--")
    if shutil.which("unshare") and _succeeds([*namespace, str(program), "--version"]):
        return ServerAccount(namespace)
    ordinary = _as_account(account.pw_uid, account.pw_gid)
    reaches = [*ordinary.prefix, "test", "-x", str(database_folder.parent)]
    if shutil.which("setpriv") and _succeeds([*ordinary.prefix, str(program), "--version"]) and _succeeds(reaches):
        return ordinary
    raise StackError(
        f"PostgreSQL refuses to run as root, and {account.pw_name} reaches not both {program} and "
        f"{database_folder.parent}: start as an ordinary user, choose folders outside root's own "
        "(--data-dir, RIQING_TOOLS_DIR), or set DATABASE_URL to a server of your own."
    )
