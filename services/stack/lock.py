"""Writing the lock files: every package that pyproject.toml leads to, with its version and hashes."""

import subprocess
import sys
import sysconfig
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parents[2]
LOCKS = {"requirements.lock": (), "requirements-dev.lock": ("--extra", "dev")}
OLDEST_PYTHON = "3.11"


def main() -> int:
    """Resolve anew for every Python and machine that the project supports."""
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    for name, extras in LOCKS.items():
        command = [str(uv), "pip", "compile", "pyproject.toml", "-", *extras, "--output-file", name, "--upgrade"]
        command += ["--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes", "--quiet"]
        command += ["--no-emit-index-url", "--no-emit-find-links", "--custom-compile-command", "make lock"]
        # What builds the project itself is locked too, so that setting up fetches nothing unlocked.
        result = subprocess.run(command, cwd=PROJECT_DIR, input="setuptools>=77\n", text=True, check=False)
        if result.returncode != 0:
            return result.returncode
        print(f"{name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
