"""The command `riqing` as a person types it, on data folders that a test may spoil."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from services.stack.lifecycle import Stack
from services.stack.tools import Tools

COMMAND = (sys.executable, "-m", "services.cli")


class Riqing(Protocol):
    """Runs a command of `riqing` and returns what came of it."""

    def __call__(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run with these arguments; `settings` are further environment variables."""


@pytest.fixture
def data_dir(tmp_path: Path, tools: Tools) -> Iterator[Path]:
    """A data folder of the test's own, with characters that shells and configuration files trip over."""
    del tools
    folder = tmp_path / "县城 #1; 100% 'real'"
    yield folder
    Stack(folder).stop(lambda _: None)


@pytest.fixture
def settings(data_dir: Path) -> dict[str, str]:
    """The environment for `riqing`: the test's own folder, and of our processes only two that start at once."""
    return dict(os.environ) | {"RIQING_DATA_DIR": str(data_dir), "RIQING_PROCESSES": "roads-truck, roads-foot"}


@pytest.fixture
def riqing(settings: dict[str, str]) -> Riqing:
    """Run `riqing` on the test's own data folder."""

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = settings | more
        return subprocess.run(
            [*COMMAND, *arguments], capture_output=True, text=True, check=False, env=environment, timeout=180
        )

    return run
