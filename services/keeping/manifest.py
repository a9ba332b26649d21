"""What a backup says of itself: when and of which town it was made, by which versions, and each file's checksum."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from services.domain.errors import RiqingError

FORMAT = 1
MANIFEST_FILE = "manifest.json"
BLOCK_BYTES = 1 << 20

Tell = Callable[[str, int, int], None]
"""Is told what is going on, how much of it is done, and how much there is."""


class BackupError(RiqingError):
    """A backup cannot be made, read or restored."""


@dataclass(frozen=True, slots=True)
class Versions:
    """What made the backup; PostgreSQL by its number (170010), TimescaleDB must be the same to restore it."""

    riqing: str
    postgresql: int
    timescaledb: str


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file of the backup, by its path in it."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of `manifest.json`; `rows` are counted in the same snapshot that was dumped."""

    format: int
    made_at: str
    town: str | None
    versions: Versions
    tables: int
    rows: dict[str, int]
    files: tuple[FileEntry, ...]

    def as_json(self) -> str:
        """Return the manifest's text."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"


def list_files(folder: Path, tell: Tell) -> tuple[FileEntry, ...]:
    """Return each file below `folder` but the manifest, with its checksum."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST_FILE)
    total = sum(path.stat().st_size for path in paths)
    entries, done = [], 0
    for path in paths:
        entries.append(FileEntry(path.relative_to(folder).as_posix(), path.stat().st_size, _sha256(path)))
        done += entries[-1].bytes
        tell("Checksums", done, total)
    return tuple(entries)


def read_manifest(folder: Path) -> Manifest:
    """Read a backup's manifest.

    Raises:
        BackupError: there is none, or it is of another kind.

    """
    file = folder / MANIFEST_FILE
    try:
        fields: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        if fields["format"] != FORMAT:
            raise BackupError(f"{file} is of format {fields['format']}, and this version reads format {FORMAT}.")
        fields["versions"] = Versions(**fields["versions"])
        fields["files"] = tuple(FileEntry(**entry) for entry in fields["files"])
        return Manifest(**fields)
    except FileNotFoundError:
        raise BackupError(f"{folder} holds no backup: there is no {MANIFEST_FILE} in it.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise BackupError(f"{file} cannot be read as a manifest ({error}).") from error
    except OSError as error:
        raise BackupError(f"{file} cannot be read ({error.strerror}).") from error


def check_files(folder: Path, manifest: Manifest, tell: Tell) -> None:
    """Hold every file of a backup against its checksum.

    Raises:
        BackupError: one is missing or not as it was written.

    """
    total, done = sum(entry.bytes for entry in manifest.files), 0
    for entry in manifest.files:
        path = folder / entry.path
        if not path.is_file():
            raise BackupError(f"The backup is not whole: {path} is missing.")
        if path.stat().st_size != entry.bytes or _sha256(path) != entry.sha256:
            raise BackupError(f"The backup is damaged: {path} is not as it was written.")
        done += entry.bytes
        tell("Checking the backup", done, total)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()
