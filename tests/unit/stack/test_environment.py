"""A stack's settings on their way from its folder to commands and processes."""

import os
from pathlib import Path

import pytest

from services.stack.environment import given_settings, load_environment, stack_settings, write_environment
from services.stack.errors import StackError
from services.stack.ports import PORT_NAMES
from services.stack.state import StackFolder, StackState

AWKWARD = [
    "plain",
    "with space",
    "it's",
    'say "x"',
    "back\\slash",
    "$HOME",
    "#no comment",
    "日清",
    "a=b",
    "100%",
    "\\'",
]


@pytest.fixture
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without any settings of ours, in a folder without `.env`."""
    for name in [*os.environ]:
        if name.startswith("RIQING_") or name in ("DATABASE_URL", "MQTT_URL"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("nothing_set")
@pytest.mark.parametrize("value", AWKWARD)
def test_every_value_comes_back_as_it_was(value: str, tmp_path: Path) -> None:
    """Quotes, dollars and backslashes in a setting survive the file."""
    write_environment(StackFolder(tmp_path), {"RIQING_TEST": value})
    load_environment(tmp_path)
    assert os.environ["RIQING_TEST"] == value


@pytest.mark.usefixtures("nothing_set")
def test_what_is_set_goes_before_dot_env_before_the_stack(tmp_path: Path) -> None:
    """The environment wins over `.env`, which wins over the stack's own file."""
    write_environment(StackFolder(tmp_path), {"RIQING_A": "stack", "RIQING_B": "stack", "RIQING_C": "stack"})
    Path(".env").write_text("RIQING_A=file\nRIQING_B=file\n")
    os.environ["RIQING_A"] = "environment"
    load_environment(tmp_path)
    assert [os.environ[f"RIQING_{name}"] for name in "ABC"] == ["environment", "file", "stack"]


@pytest.mark.usefixtures("nothing_set")
def test_a_folder_without_a_stack_sets_only_its_own_name(tmp_path: Path) -> None:
    """Commands that meet no stack still know which folder was meant."""
    load_environment(tmp_path / "none")
    assert os.environ["RIQING_DATA_DIR"] == str(tmp_path / "none")
    assert "DATABASE_URL" not in os.environ


@pytest.mark.usefixtures("nothing_set")
def test_settings_that_a_person_gives_reach_the_stack(tmp_path: Path) -> None:
    """Key, admin's password and environment may be given; otherwise they are made up and kept."""
    state = StackState(ports=dict.fromkeys(PORT_NAMES, 1))
    made_up = stack_settings(StackFolder(tmp_path), state, given_settings())
    assert made_up["RIQING_SECRET_KEY"] == state.secret_key
    assert made_up["RIQING_ENVIRONMENT"] == "development"
    os.environ["RIQING_ADMIN_PASSWORD"] = "mine"
    assert stack_settings(StackFolder(tmp_path), state, given_settings())["RIQING_ADMIN_PASSWORD"] == "mine"


def test_state_is_kept_whole_and_private(tmp_path: Path) -> None:
    """What is saved is loaded again, and nobody else may read it."""
    folder = StackFolder(tmp_path)
    state = StackState(ports={"api": 20_001}, database_url="postgresql://x")
    state.save(folder)
    assert StackState.load(folder) == state
    assert folder.state_file.stat().st_mode & 0o777 == 0o600


def test_a_damaged_state_is_told(tmp_path: Path) -> None:
    """A state that cannot be understood is not silently replaced: the database's password is in it."""
    folder = StackFolder(tmp_path)
    folder.state_file.write_text("{")
    with pytest.raises(StackError, match="damaged"):
        StackState.load(folder)
