"""`riqing user`: who may sign in."""

import json
import re
import sys
from dataclasses import replace
from typing import Annotated

import typer

from services.api.sign_in import generate_password, hash_password
from services.cli.options import DEFAULT_DATA_DIR, DataDir
from services.domain.errors import InvalidRequestError
from services.domain.kinds import Role
from services.store.audit import record_action
from services.store.connection import connect
from services.store.town import load_clock
from services.store.users import User, create_user

USER_NAME = re.compile(r"[\w.@-]{1,64}")


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    user = typer.Typer(help="Sign-ins: who may use the page and the API.", no_args_is_help=True)
    user.command("add")(user_add)
    user.callback()(_user)
    app.add_typer(user, name="user")


def _user() -> None:
    """Keep `add` a command of its own while it is the only one."""


def user_add(
    name: Annotated[str, typer.Argument(help="What the person signs in as.")],
    role: Annotated[Role, typer.Option(help="What the person may do.")],
    contractor: Annotated[str, typer.Option(help="For the role contractor: whose zones it may see.")] = "",
    vehicle: Annotated[str, typer.Option(help="For the role driver: the vehicle that is driven.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = DEFAULT_DATA_DIR,
) -> None:
    """Let a person sign in; the password is shown this once."""
    del data_dir  # its settings are in the environment by now
    if not USER_NAME.fullmatch(name):
        raise InvalidRequestError(f"The name {name!r} must have 1 to 64 letters, digits, or any of . @ _ -")
    password = generate_password()
    user = User(name, role, password_hash="", contractor_id=contractor or None, vehicle_id=vehicle or None)
    with connect() as connection:
        create_user(connection, replace(user, password_hash=hash_password(password)))
        record_action(
            connection, load_clock(connection).now(), "command line", "add", f"user {name}", {"role": str(role)}
        )
    limits = {"contractor_id": user.contractor_id, "vehicle_id": user.vehicle_id}
    fields = {"username": name, "role": str(role), "password": password} | {k: v for k, v in limits.items() if v}
    if role in (Role.CONTRACTOR, Role.DRIVER) and len(fields) == 3:
        option = "--contractor" if role is Role.CONTRACTOR else "--vehicle"
        print(f"riqing: {name} sees nothing yet, because {option} names nothing to see.", file=sys.stderr)
    if as_json:
        print(json.dumps(fields, ensure_ascii=False))
    else:
        print(*(f"{label:<15}{value}" for label, value in fields.items()), sep="\n")
