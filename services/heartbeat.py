"""The sign of life that a long-running process gives to whoever watches it.

`riqing up` and the compose file name a file in RIQING_HEARTBEAT_FILE; a process touches it from its main
loop, so that one that hangs can be told from one that works. Without the variable nothing happens.
"""

import os
import sys
import time
from pathlib import Path

FRESH_FOR_S = 30.0
"""A process that has not beaten for this long counts as hung; beat at least three times as often."""


def beat() -> None:
    """Touch the heartbeat file, where there is one; cheap enough for every turn of a loop."""
    if name := os.environ.get("RIQING_HEARTBEAT_FILE"):
        Path(name).touch()


def is_alive(file: Path) -> bool:
    """Tell whether the process behind `file` has beaten lately."""
    return file.exists() and time.time() - file.stat().st_mtime < FRESH_FOR_S


if __name__ == "__main__":  # the compose file's health check
    sys.exit(0 if is_alive(Path(os.environ["RIQING_HEARTBEAT_FILE"])) else 1)
