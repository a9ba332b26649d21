"""`riqing user`: sign-ins from the command line, against a real database."""

import json

import pytest
import typer
from typer.testing import CliRunner

from services.api.sign_in import hash_password
from services.cli.user import register
from services.domain.errors import ConflictError, InvalidRequestError, NotFoundError, RiqingError
from services.domain.kinds import Role
from services.store.connection import connect
from services.store.registry import CONTRACTORS, upsert
from services.store.users import load_user


@pytest.fixture
def app(fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> typer.Typer:
    """The command over an empty database with one contractor."""
    monkeypatch.setenv("DATABASE_URL", fresh_database)
    with connect(fresh_database) as connection:
        upsert(connection, CONTRACTORS, [{"contractor_id": "C1", "name": "甲"}], update=[])
    made = typer.Typer()
    register(made)
    return made


def test_a_user_is_added_and_told_the_password_once(app: typer.Typer, fresh_database: str) -> None:
    """The JSON has name, role and password; the store only a hash of it."""
    result = CliRunner().invoke(app, ["user", "add", "王师傅", "--role", "dispatcher", "--json"])
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["username"], told["role"]) == ("王师傅", "dispatcher")
    with connect(fresh_database) as connection:
        user = load_user(connection, "王师傅")
    assert user is not None
    assert user.role is Role.DISPATCHER
    assert user.password_hash.startswith("$argon2id$")
    assert told["password"] not in user.password_hash
    assert hash_password(told["password"]) != user.password_hash


def test_a_contractors_person_is_limited(app: typer.Typer, fresh_database: str) -> None:
    """The contractor is kept; without one the person sees nothing, and is told so."""
    named = CliRunner().invoke(app, ["user", "add", "a", "--role", "contractor", "--contractor", "C1"])
    unnamed = CliRunner().invoke(app, ["user", "add", "b", "--role", "contractor"])
    assert (named.exit_code, unnamed.exit_code) == (0, 0)
    assert "sees nothing yet" in unnamed.stderr
    with connect(fresh_database) as connection:
        a, b = load_user(connection, "a"), load_user(connection, "b")
    assert a is not None
    assert b is not None
    assert a.visibility.contractor_id == "C1"
    assert b.visibility.is_limited
    assert not b.visibility.shows(None, None)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["", "--role", "office"], InvalidRequestError),
        (["a b", "--role", "office"], InvalidRequestError),
        (["x" * 65, "--role", "office"], InvalidRequestError),
        (["a", "--role", "contractor", "--contractor", "C9"], NotFoundError),
        (["a", "--role", "driver", "--vehicle", "V9"], NotFoundError),
        (["a", "--role", "office", "--contractor", "C1"], ConflictError),
        (["a", "--role", "office", "--vehicle", "V1"], ConflictError),
    ],
)
def test_users_that_cannot_be_are_refused(app: typer.Typer, arguments: list[str], error: type[RiqingError]) -> None:
    """A sentence for each, and nobody is added."""
    result = CliRunner().invoke(app, ["user", "add", *arguments])
    assert isinstance(result.exception, error)


def test_a_name_is_given_once(app: typer.Typer) -> None:
    """A second user of the same name is refused, whatever the role."""
    assert CliRunner().invoke(app, ["user", "add", "a", "--role", "office"]).exit_code == 0
    result = CliRunner().invoke(app, ["user", "add", "a", "--role", "admin"])
    assert isinstance(result.exception, ConflictError)


def test_an_unknown_role_is_refused(app: typer.Typer) -> None:
    """The message names the roles that there are."""
    result = CliRunner().invoke(app, ["user", "add", "a", "--role", "king"])
    assert result.exit_code == 2
    assert "dispatcher" in result.stderr
