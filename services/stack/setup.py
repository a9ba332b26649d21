"""`make setup`: everything that the project needs, put into its own folder; runs on a bare Python.

Each step leaves a stamp of what it was made from, so that the next run does only what has changed.
Nothing here may import what is not in Python's standard library: this is what installs the rest.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from services.domain.errors import RiqingError
from services.stack import debian

PROJECT_DIR = Path(__file__).resolve().parents[2]
VENV = PROJECT_DIR / ".venv"
VENV_PYTHON = VENV / "bin/python"
STAMPS = VENV / "stamps"
WEB = PROJECT_DIR / "web"
OLDEST_NODE = 20


class SetupError(RiqingError):
    """A step that cannot work on this machine, with what would help."""


def _say(text: str) -> None:
    print(f"setup: {text}", flush=True)


def _fingerprint(*parts: str | Path) -> str:
    """Return a hash over texts and the names and contents of files."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            digest.update(f"{part}\0".encode())
            digest.update(part.read_bytes())
        else:
            digest.update(f"{part}\0".encode())
    return digest.hexdigest()


def _is_done(step: str, fingerprint: str) -> bool:
    stamp = STAMPS / step
    return stamp.is_file() and stamp.read_text() == fingerprint


def _mark_done(step: str, fingerprint: str) -> None:
    STAMPS.mkdir(exist_ok=True)
    (STAMPS / step).write_text(fingerprint)


def _run(command: Iterable[str | Path], remedy: str, folder: Path = PROJECT_DIR) -> None:
    """Run a command that shows its own progress.

    Raises:
        SetupError: it failed; `remedy` is what would help.

    """
    words = [str(word) for word in command]
    if subprocess.run(words, cwd=folder, check=False).returncode != 0:
        raise SetupError(f"`{' '.join(words[:6])} …` failed (its own words are above): {remedy}")


def make_environment() -> None:
    """Make the virtual environment and install the locked packages and the project into it."""
    lock = PROJECT_DIR / "requirements-dev.lock"
    if not _environment_works():
        _say(f"making a virtual environment for Python {sys.version.split()[0]} in {VENV}")
        _make_empty_environment()
    packages = _fingerprint(lock, PROJECT_DIR / "pyproject.toml")
    if _is_done("packages", packages):
        return
    _say("installing the locked Python packages (some 700 MB unpacked; a minute or two the first time)")
    pip: list[str | Path] = [VENV_PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    _run([*pip, "--require-hashes", "--requirement", lock], "check that this machine reaches PyPI, and its space.")
    # `compat` puts the folder itself on the path, so that new packages are found without installing again.
    project = ["--no-deps", "--no-build-isolation", "--config-settings", "editable_mode=compat", "--editable", "."]
    _run([*pip, *project], "this is an error of ours; please report it.")
    _mark_done("packages", packages)


def _environment_works() -> bool:
    """Tell whether there is an environment of this Python that was made here, not moved here."""
    script = VENV / "bin/pip"
    if not (VENV_PYTHON.exists() and script.exists() and f"#!{VENV}/" in script.read_text()[:200]):
        return False
    command = [str(VENV_PYTHON), "-c", "import sys; print(sys.version_info[:2])"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return found == str(sys.version_info[:2])


def _make_empty_environment() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    if importlib.util.find_spec("venv") is None:
        raise SetupError("This Python has no venv module: install the package python3-venv.")
    command = [sys.executable, "-m", "venv", str(VENV)]
    if importlib.util.find_spec("ensurepip") is not None:
        _run(command, "install the package python3-venv.")
        return
    # Debian keeps pip apart from Python, in a package that root would have to install: we borrow it.
    _run([*command, "--without-pip"], "install the package python3-venv.")
    with tempfile.TemporaryDirectory(dir=VENV) as work:
        debian.unpack(debian.download([("python3-pip-whl",)], Path(work) / "apt"), Path(work) / "root", ())
        wheels = sorted((Path(work) / "root/usr/share/python-wheels").glob("pip-*.whl"))
        if not wheels:
            raise SetupError("Debian's package python3-pip-whl holds no pip: install the package python3-venv.")
        _run([VENV_PYTHON, wheels[0] / "pip", "install", "--quiet", "--no-index", wheels[0]], "install python3-venv.")


def fetch_programs() -> None:
    """Fetch the servers and the routing engine; whether they are there already is asked in a process of its own."""
    _run([VENV_PYTHON, "-m", "services.stack.provision"], "see above.")


def build_page() -> None:
    """Install the page's packages and build it, where it has changed."""
    if not (WEB / "package.json").is_file():
        return
    packages = _fingerprint(WEB / "package.json", WEB / "package-lock.json")
    left_out = {"node_modules", "dist"}
    top = [path for path in sorted(WEB.iterdir()) if path.name not in left_out]
    files = [path for entry in top for path in ([entry] if entry.is_file() else sorted(entry.rglob("*")))]
    sources = _fingerprint(packages, *(path for path in files if path.is_file()))
    packages_there = _is_done("page-packages", packages) and (WEB / "node_modules").is_dir()
    if packages_there and _is_done("page", sources) and (WEB / "dist/index.html").is_file():
        return
    _check_node()
    if not packages_there:
        _say("installing the page's packages")
        _run(
            ["npm", "ci", "--no-audit", "--no-fund", "--no-update-notifier"],
            "check that this machine reaches the npm registry.",
            WEB,
        )
        _mark_done("page-packages", packages)
    _say("building the page")
    _run(["npm", "run", "--silent", "build"], "this is an error of ours; please report it.", WEB)
    _mark_done("page", sources)


def _check_node() -> None:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        raise SetupError(
            f"The page needs Node.js {OLDEST_NODE} or newer with npm: install the packages nodejs and npm."
        )
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    if int(version.lstrip("v").split(".")[0] or 0) < OLDEST_NODE:
        raise SetupError(f"The page needs Node.js {OLDEST_NODE} or newer; this is {version} ({node}).")


def compile_kernel() -> None:
    """Compile the planner's search once, so that the first plan need not wait for it."""
    kernel = sorted((PROJECT_DIR / "services/routing").rglob("*.py"))
    fingerprint = _fingerprint(PROJECT_DIR / "requirements-dev.lock", *kernel)
    if not (PROJECT_DIR / "services/routing/warm_up.py").is_file() or _is_done("kernel", fingerprint):
        return
    _say("compiling the planner's search (up to a minute)")
    _run([VENV_PYTHON, "-m", "services.routing.warm_up"], "this is an error of ours; please report it.")
    _mark_done("kernel", fingerprint)


def main() -> int:
    """Run the steps in order; one set-up of a folder at a time."""
    try:
        with (PROJECT_DIR / ".setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            for step in (make_environment, fetch_programs, build_page, compile_kernel):
                step()
    except KeyboardInterrupt:
        return 130
    except RiqingError as error:
        print(f"setup: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"setup: {error.filename or PROJECT_DIR}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    os.chdir(PROJECT_DIR)
    sys.exit(main())
