"""Ctrl-C while a command is still being loaded."""

import signal
import subprocess
import sys

import pytest


@pytest.mark.parametrize("loaded", ["typer", "numpy._core", "psycopg"])
def test_an_interrupt_while_loading_stops_at_once(loaded: str) -> None:
    """Whatever is being imported, the command ends with one sentence and no traceback."""
    command = [sys.executable, "-X", "importtime", "-m", "services.cli", "--help"]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs the tests may have it ignored
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stderr:
            if line.rsplit("|", 1)[-1].strip() == loaded:
                break
        process.send_signal(signal.SIGINT)
        said = [line for line in process.stderr if not line.startswith("import time:")]
        assert said == ["riqing: Stopped.\n"]
        assert process.stdout.read() == ""
        assert process.wait() == 130
