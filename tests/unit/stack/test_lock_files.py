"""The lock files: everything pinned and hashed, nothing fetched from a place that the file names."""

import re
import tomllib
from pathlib import Path

import pytest

from services.stack.provision import ROADS_LOCK
from services.stack.tools import PROJECT_DIR

LOCKS = [PROJECT_DIR / "requirements.lock", PROJECT_DIR / "requirements-dev.lock", ROADS_LOCK]


def locked_names(lock: Path) -> set[str]:
    """Return the names that a lock file pins."""
    return set(re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock.read_text(), re.MULTILINE))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_everything_is_pinned_and_hashed(lock: Path) -> None:
    """Each requirement has a version and at least one hash."""
    requirements = re.split(r"\n(?=[a-zA-Z0-9])", re.sub(r"(?m)^\s*#.*\n?", "", lock.read_text()).strip())
    for requirement in requirements:
        assert re.match(r"[A-Za-z0-9._-]+==[^ ]+", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_lock_names_where_to_fetch_from(lock: Path) -> None:
    """Which index is asked is the machine's choice."""
    text = lock.read_text()
    assert "://" not in text
    assert "--index-url" not in text
    assert "--find-links" not in text


def test_every_dependency_is_locked() -> None:
    """A dependency that was added to pyproject.toml but not locked is noticed; `make lock` helps."""
    project = tomllib.loads((PROJECT_DIR / "pyproject.toml").read_text())["project"]

    def name(requirement: str) -> str:
        return re.split(r"[\[<>=!~; ]", requirement)[0].lower().replace("_", "-")

    runtime = {name(requirement) for requirement in project["dependencies"]}
    extra = {name(requirement) for requirement in project["optional-dependencies"]["dev"]}
    assert runtime <= locked_names(PROJECT_DIR / "requirements.lock")
    assert runtime | extra <= locked_names(PROJECT_DIR / "requirements-dev.lock")
