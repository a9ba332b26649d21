"""Fetching Debian packages into a folder of our own, without root and without touching the system's packages.

apt-get works here on a private state: its own lists, cache and (empty) package status, so that it
resolves and downloads everything that a package needs down to libc. Mirrors and keys are the machine's own.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.stack.errors import ProvisionError

NEWER_SUITE = "trixie"
"""Debian 13: the oldest suite that carries TimescaleDB for PostgreSQL 17."""

OLDER_SUITES = frozenset({"buster", "bullseye", "bookworm", "oldoldstable", "oldstable"})
"""Debian suites that do not have what we need; on these the same mirror is asked for `NEWER_SUITE`."""


@dataclass(frozen=True, slots=True)
class AptSource:
    """One mirror and suite as apt's one-line form writes it."""

    uri: str
    suite: str
    components: tuple[str, ...]
    options: str = ""

    def __str__(self) -> str:
        """Return the line for a sources file."""
        options = f"[{self.options}] " if self.options else ""
        return f"deb {options}{self.uri} {self.suite} {' '.join(self.components)}"


def parse_one_line_sources(text: str) -> Iterator[AptSource]:
    """Yield the binary sources of a `sources.list`."""
    pattern = re.compile(r"^\s*deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<rest>[^#]*)")
    for line in text.splitlines():
        if match := pattern.match(line):
            options = (match["options"] or "").strip()
            yield AptSource(match["uri"], match["suite"], tuple(match["rest"].split()), options)


def parse_deb822_sources(text: str) -> Iterator[AptSource]:
    """Yield the enabled binary sources of a `.sources` file, one for each of its URIs and suites."""
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        fields: dict[str, str] = {}
        name = ""
        for line in lines:
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')} {line.strip()}"
            elif ":" in line:
                name, value = line.split(":", 1)
                name = name.strip().lower()
                fields[name] = value.strip()
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() in ("no", "false"):
            continue
        # A key written into the stanza itself cannot be named on one line; apt's trusted keys then decide.
        signed_by = fields.get("signed-by", "")
        options = f"signed-by={signed_by}" if signed_by.startswith("/") and " " not in signed_by else ""
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield AptSource(uri, suite, tuple(fields.get("components", "").split()), options)


def machine_sources(apt_folder: Path = Path("/etc/apt")) -> list[AptSource]:
    """Return the machine's own sources, in both forms that apt reads."""
    sources: list[AptSource] = []
    for path in [apt_folder / "sources.list", *sorted((apt_folder / "sources.list.d").glob("*"))]:
        if path.suffix == ".list" and path.is_file():
            sources.extend(parse_one_line_sources(path.read_text(errors="replace")))
        elif path.suffix == ".sources" and path.is_file():
            sources.extend(parse_deb822_sources(path.read_text(errors="replace")))
    return sources


def source_candidates(
    sources: Iterable[AptSource], codename: str, newest_suite: str | None = None
) -> list[list[AptSource]]:
    """Return the sets of sources to try, best first; `newest_suite` is asked before all others on Debian.

    On an older Debian that is each of its mirrors with the newer suite; elsewhere the machine's own suites.
    Mirrors of others (their suite is not the system's, or they lack `main`) are left out.
    """
    own = [s for s in sources if "main" in s.components and s.suite.split("-")[0].split("/")[0] == codename]
    stable = [s for s in own if s.suite == codename]
    # Debian's own mirrors first: a vendor's repository may use the same suite and component names.
    stable.sort(key=lambda s: "debian-archive" not in s.options and "debian" not in s.uri)
    suites = [newest_suite] if newest_suite and codename in {*OLDER_SUITES, NEWER_SUITE} else []
    suites += [NEWER_SUITE] if codename in OLDER_SUITES else []
    newer = [[AptSource(s.uri, suite, ("main",), s.options)] for suite in suites for s in stable]
    return newer + ([own] if own and codename not in OLDER_SUITES else [])


def release_codename(os_release: Path = Path("/etc/os-release")) -> str:
    """Return the distribution's code name, such as `bookworm`; empty where it says none."""
    if not os_release.is_file():
        return ""
    match = re.search(r'^VERSION_CODENAME="?([\w.-]+)', os_release.read_text(), re.MULTILINE)
    return match[1] if match else ""


class PrivateApt:
    """An apt of its own below `folder`, fed by the given sources."""

    def __init__(self, folder: Path, sources: Iterable[AptSource]) -> None:
        self.folder = folder
        for name in ("lists/partial", "archives/partial", "empty"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        (folder / "sources.list").write_text("".join(f"{source}\n" for source in sources))
        (folder / "apt.conf").write_text(self._configuration())

    def _configuration(self) -> str:
        """Return a configuration that keeps how the machine downloads (proxies, keys) but none of its hooks."""
        machine = subprocess.run(["apt-config", "dump"], capture_output=True, text=True, check=True).stdout
        lines = [line for line in machine.splitlines() if line.startswith("Acquire::")]
        settings = {
            "Dir::State": self.folder,
            "Dir::State::lists": self.folder / "lists",
            "Dir::State::Status": self.folder / "status",
            "Dir::Cache": self.folder,
            "Dir::Cache::archives": self.folder / "archives",
            "Dir::Etc::Main": "/dev/null",
            "Dir::Etc::Parts": self.folder / "empty",
            "Dir::Etc::SourceList": self.folder / "sources.list",
            "Dir::Etc::SourceParts": self.folder / "empty",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": self.folder / "empty",
            "APT::Sandbox::User": "root",
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        return "\n".join([*lines, *(f'{name} "{value}";' for name, value in settings.items())]) + "\n"

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"APT_CONFIG": str(self.folder / "apt.conf"), "LC_ALL": "C"}
        return subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)

    def update(self) -> str:
        """Fetch the package lists; return what apt complained about, empty when all is well."""
        result = self._run("apt-get", "update", "-qq")
        return "" if result.returncode == 0 else _last_line(result.stderr)

    def offers(self, package: str) -> bool:
        """Tell whether the lists have a package of this name."""
        return self._run("apt-cache", "show", "--no-all-versions", package).returncode == 0

    def download(self, packages: Iterable[str]) -> list[Path]:
        """Download packages and all that they need; return the `.deb` files.

        Raises:
            ProvisionError: the download failed, with apt's own last word.

        """
        result = self._run("apt-get", "install", "--download-only", "-y", "-qq", *packages)
        if result.returncode != 0:
            raise ProvisionError(f"apt-get could not download {', '.join(packages)}: {_last_line(result.stderr)}")
        return sorted((self.folder / "archives").glob("*.deb"))


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it gave no reason."


def download(alternatives: Sequence[tuple[str, ...]], work_folder: Path, newest_suite: str | None = None) -> list[Path]:
    """Download one of several sets of packages, with all that they need, from the first mirror that has it.

    Args:
        alternatives: sets of package names, the best one first.
        work_folder: where lists and packages may be kept meanwhile.
        newest_suite: a suite of Debian to ask first.

    Raises:
        ProvisionError: this is no Debian or Ubuntu, no mirror answers, or none has the packages.

    """
    wanted = alternatives[0][0]
    if not all(shutil.which(program) for program in ("apt-get", "apt-config", "dpkg-deb")):
        raise ProvisionError(f"This machine has no apt-get, so {wanted} cannot be fetched.")
    codename = release_codename()
    complaint = f"none of its apt sources is a mirror of {codename or 'Debian'}."
    for number, sources in enumerate(source_candidates(machine_sources(), codename, newest_suite)):
        apt = PrivateApt(work_folder / str(number), sources)
        complaint = apt.update()
        for packages in alternatives:
            if all(apt.offers(package) for package in packages):
                return apt.download(packages)
        complaint = complaint or f"{sources[0].uri} has no {wanted} for {sources[0].suite}."
    raise ProvisionError(f"This machine's package mirrors cannot provide {wanted}: {complaint}")


def unpack(archives: Iterable[Path], root: Path, leave_out: tuple[str, ...]) -> None:
    """Unpack `.deb` files below `root`, leaving out packages whose names start with one of `leave_out`."""
    root.mkdir(parents=True, exist_ok=True)
    for archive in archives:
        if not archive.name.startswith(leave_out):
            result = subprocess.run(
                ["dpkg-deb", "--extract", str(archive), str(root)], capture_output=True, text=True, check=False
            )
            if result.returncode != 0:
                raise ProvisionError(f"{archive.name} cannot be unpacked: {_last_line(result.stderr)}")
