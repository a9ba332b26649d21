"""Fetching the programs that the stack runs, once, into the tools folder: `python -m services.stack.provision`.

A bundle is built in a temporary folder, moved to its place, tried out, and only then stamped; one without
the right stamp is built anew, so a half-finished one never looks finished.
"""

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from services.stack import debian, elf
from services.stack.errors import ProvisionError, StackError
from services.stack.tools import POSTGRES_PROGRAMS_PATTERN, Tools

NOT_NEEDED = ("libllvm", "libz3", "perl", "libperl", "python", "libpython", "locales_", "libc-l10n", "debconf")
"""Packages that PostgreSQL, Mosquitto and Chromium depend on but run without: just-in-time compilation, scripts
of Debian's own administration, and translations."""

POSTGRES_VERSIONS = (17, 18)
"""The version that the project is tested on, and what newer systems have instead."""

BROKER_SUITE = "forky"
"""Mosquitto 2.1, from this suite on, writes each message down before it acknowledges it; 2.0 does not."""

BROKER_NOT_NEEDED = ("systemd_", "libsystemd-shared", "libmount", "libblkid", "sysvinit")
"""What starts Debian's own Mosquitto; ours is started by the stack."""

POSTGRES_PROGRAMS = (*("postgres", "initdb", "pg_ctl", "pg_isready", "psql", "pg_dump", "pg_restore", "pg_basebackup"),)
ROADS_LOCK = Path(__file__).with_name("roads-tools.lock")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Bundle:
    """A set of programs that is fetched, tried and stamped together."""

    name: str
    description: str
    recipe: str
    """All that decides what is built; a change of it builds anew."""
    build: Callable[[Path, Path], None]
    """Fill the first folder with what will live in the second."""
    trials: Sequence[tuple[str, ...]]
    """Commands, their programs as patterns in the bundle's folder, that must run before it counts as there."""
    remedy: str
    """What helps where the bundle cannot be had."""


def _build_servers(root: Path, final_root: Path) -> None:
    alternatives = [(f"postgresql-{version}-timescaledb",) for version in POSTGRES_VERSIONS]
    with tempfile.TemporaryDirectory(dir=root.parent) as work:
        debian.unpack(debian.download(alternatives, Path(work)), root, NOT_NEEDED)
    (postgres,) = root.glob(POSTGRES_PROGRAMS_PATTERN)
    elf.use_private_libraries([postgres / name for name in POSTGRES_PROGRAMS], root, final_root)


def _build_broker(root: Path, final_root: Path) -> None:
    with tempfile.TemporaryDirectory(dir=root.parent) as work:
        archives = debian.download([("mosquitto",)], Path(work), newest_suite=BROKER_SUITE)
        debian.unpack(archives, root, (*NOT_NEEDED, *BROKER_NOT_NEEDED))
    elf.link_library_names(root)
    elf.use_private_libraries([root / "usr/sbin/mosquitto"], root, final_root)


def _build_roads(root: Path, final_root: Path) -> None:
    del final_root  # these programs bring their libraries along
    with tempfile.TemporaryDirectory(dir=root.parent) as work:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", "--python-version", "3.12", "--require-hashes", "--dest", work]
        result = subprocess.run([*command, "-r", str(ROADS_LOCK)], capture_output=True, text=True, check=False)
        if result.returncode != 0:
            lines = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
            raise ProvisionError(f"pip could not fetch the routing engine: {' '.join(lines[-1:]) or result.stderr}")
        for wheel in Path(work).glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(root)
    for program in (root / "osrm/bin").iterdir():
        program.chmod(0o755)


FONTS_CONFIGURATION = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>{root}/usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
"""
FONT_PACKAGES = ("fonts-wqy-microhei", "fonts-dejavu-core")


def _build_fonts(root: Path, final_root: Path) -> None:
    with tempfile.TemporaryDirectory(dir=root.parent) as work:
        debian.unpack(debian.download([FONT_PACKAGES], Path(work)), root, NOT_NEEDED)
    (root / "fonts.conf").write_text(FONTS_CONFIGURATION.format(root=final_root))


SYSTEM_LAUNCHER = """#!/bin/sh
export FONTCONFIG_FILE='{fonts}/fonts.conf'
exec '{program}' "$@"
"""

PRIVATE_LAUNCHER = """#!/bin/sh
export FONTCONFIG_FILE='{fonts}/fonts.conf'
# libpulse looks for its other half in the system's folders only.
export LD_LIBRARY_PATH="$(echo '{root}'/usr/lib/*/pulseaudio)"
exec '{root}/usr/lib/chromium/chromium' "$@"
"""

SYSTEM_CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "google-chrome-stable"))), "")


def _build_browser(root: Path, final_root: Path) -> None:
    """Take the system's browser where there is one, but our own fonts: a bare machine has no Chinese ones."""
    if not SYSTEM_CHROMIUM:
        with tempfile.TemporaryDirectory(dir=root.parent) as work:
            debian.unpack(debian.download([("chromium",)], Path(work)), root, NOT_NEEDED)
        programs = [root / "usr/lib/chromium" / name for name in ("chromium", "chrome_crashpad_handler")]
        elf.use_private_libraries([program for program in programs if program.exists()], root, final_root)
    launcher = root / "chromium"
    text = SYSTEM_LAUNCHER if SYSTEM_CHROMIUM else PRIVATE_LAUNCHER
    fonts = final_root.with_name(FONTS.name)
    launcher.write_text(text.format(root=final_root, fonts=fonts, program=SYSTEM_CHROMIUM))
    launcher.chmod(0o755)


SERVERS = Bundle(
    name="servers",
    description="PostgreSQL with TimescaleDB",
    recipe=f"{POSTGRES_VERSIONS} {NOT_NEEDED} {POSTGRES_PROGRAMS}",
    build=_build_servers,
    trials=(
        (f"{POSTGRES_PROGRAMS_PATTERN}/postgres", "--version"),
        (f"{POSTGRES_PROGRAMS_PATTERN}/psql", "--version"),
    ),
    remedy="Set DATABASE_URL and MQTT_URL to servers of your own instead.",
)
BROKER = Bundle(
    name="broker",
    description="the MQTT broker Mosquitto",
    recipe=f"{BROKER_SUITE} {NOT_NEEDED} {BROKER_NOT_NEEDED}",
    build=_build_broker,
    trials=(("usr/sbin/mosquitto", "-h"),),
    remedy="Set DATABASE_URL and MQTT_URL to servers of your own instead.",
)
ROADS = Bundle(
    name="roads",
    description="the routing engine OSRM",
    recipe=ROADS_LOCK.read_text(),
    build=_build_roads,
    trials=(("osrm/bin/osrm-routed", "--version"), ("osrm/bin/osrm-extract", "--version")),
    remedy="Check that pip reaches PyPI.",
)
FONTS = Bundle(
    name="fonts",
    description="a Chinese font, for PDFs and pictures of pages",
    recipe=f"{FONT_PACKAGES} {FONTS_CONFIGURATION}",
    build=_build_fonts,
    trials=(),
    remedy="Install the package fonts-wqy-microhei.",
)
BROWSER = Bundle(
    name="browser",
    description="Chromium, for tests",
    recipe=f"{SYSTEM_CHROMIUM} {SYSTEM_LAUNCHER} {PRIVATE_LAUNCHER}",
    build=_build_browser,
    trials=(("chromium", "--version"),),
    remedy="Install Chromium, or name a browser in RIQING_CHROMIUM.",
)
BUNDLES = {bundle.name: bundle for bundle in (SERVERS, BROKER, ROADS, FONTS, BROWSER)}


def _stamp_text(bundle: Bundle, root: Path) -> str:
    recipe = hashlib.sha256(bundle.recipe.encode()).hexdigest()
    return json.dumps({"recipe": recipe, "folder": str(root), "machine": os.uname().machine})


def is_provisioned(bundle: Bundle, tools: Tools) -> bool:
    """Tell whether a bundle is there, complete, and built as this version of the project wants it."""
    stamp = tools.folder / f"{bundle.name}.stamp"
    return stamp.is_file() and stamp.read_text() == _stamp_text(bundle, tools.folder / bundle.name)


@contextmanager
def _only_one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold the tools folder's lock; the system frees it even when its holder is killed."""
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _try_out(bundle: Bundle, root: Path) -> None:
    for program, *arguments in bundle.trials:
        command = [str(next(root.glob(program), root / program)), *arguments]
        try:
            result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ProvisionError(f"{command[0]} does not run on this machine: {error}.") from error
        # 126 and 127 are the loader's, negative ones are signals; a program's own refusal still shows that it runs.
        if result.returncode < 0 or result.returncode in (126, 127):
            raise ProvisionError(f"{command[0]} does not run on this machine: {result.stderr.strip()}.")


def provision(bundle: Bundle, tools: Tools, say: Say) -> None:
    """Make sure that a bundle is in the tools folder.

    Raises:
        ProvisionError: it cannot be fetched, does not run here, or the folder cannot be written.

    """
    if is_provisioned(bundle, tools):
        return
    try:
        tools.folder.mkdir(parents=True, exist_ok=True)
        with _only_one_at_a_time(tools.folder):
            if not is_provisioned(bundle, tools):
                say(f"Fetching {bundle.description} into {tools.folder / bundle.name}")
                _provision_anew(bundle, tools)
    except ProvisionError as error:
        raise ProvisionError(f"{error} {bundle.remedy}") from error
    except OSError as error:
        raise ProvisionError(
            f"{bundle.description} cannot be put into {tools.folder}: {error.strerror or error}. "
            "Set RIQING_TOOLS_DIR to a folder with space that you may write to."
        ) from error


def _provision_anew(bundle: Bundle, tools: Tools) -> None:
    stamp, root = tools.folder / f"{bundle.name}.stamp", tools.folder / bundle.name
    stamp.unlink(missing_ok=True)
    for left_over in tools.folder.glob(f"{bundle.name}.building.*"):
        shutil.rmtree(left_over)
    with tempfile.TemporaryDirectory(prefix=f"{bundle.name}.building.", dir=tools.folder) as building:
        fresh = Path(building) / "root"
        fresh.mkdir(mode=0o755)
        bundle.build(fresh, root)
        shutil.rmtree(root, ignore_errors=True)
        fresh.rename(root)
    _try_out(bundle, root)
    unfinished = stamp.with_suffix(".part")
    unfinished.write_text(_stamp_text(bundle, root))
    unfinished.rename(stamp)


def provision_browser(tools: Tools, say: Say) -> None:
    """Make sure that tests have a browser: the one that RIQING_CHROMIUM names, the system's, or one of our own."""
    if not os.environ.get("RIQING_CHROMIUM"):
        provision(FONTS, tools, say)
        provision(BROWSER, tools, say)


def main() -> int:
    """Provision the bundles named on the command line, by default all but the browser, which only tests need."""
    parser = argparse.ArgumentParser(description="Fetch the programs that the stack runs.")
    parser.add_argument("bundles", nargs="*", choices=[*BUNDLES, []], help="default: all but the browser")
    names = parser.parse_args().bundles or [name for name in BUNDLES if name != BROWSER.name]
    tools = Tools.here()
    try:
        for name in names:
            if name == "browser":
                provision_browser(tools, print)
            else:
                provision(BUNDLES[name], tools, print)
    except StackError as error:
        print(f"riqing: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
