"""Making programs of another Debian release run with the libraries that were unpacked beside them."""

import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from services.stack.errors import ProvisionError


def find_loader(root: Path) -> Path:
    """Return the dynamic loader below `root`, whatever the processor's name for it.

    Raises:
        ProvisionError: libc is not among what was unpacked.

    """
    loaders = [*sorted(root.glob("usr/lib/*-linux-*/ld-linux-*.so.*")), *sorted(root.glob("usr/lib/ld-linux-*.so.*"))]
    if not loaders:
        raise ProvisionError(f"There is no dynamic loader below {root}: libc6 was not unpacked there.")
    return loaders[0]


def link_library_names(root: Path) -> None:
    """Link each library below `root` to the name that programs ask for, where its package leaves that to ldconfig."""
    for folder in sorted(root.glob("usr/lib/*-linux-*")):
        for library in sorted(folder.glob("*.so.*")):
            if library.is_file() and not library.is_symlink():
                name = _patchelf("--print-soname", library)
                if name and not (folder / name).exists():
                    (folder / name).symlink_to(library.name)


def _patchelf(*arguments: str | Path) -> str:
    patchelf = Path(sysconfig.get_path("scripts")) / "patchelf"
    result = subprocess.run([patchelf, *arguments], capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise ProvisionError(f"{arguments[-1]} cannot be given its own libraries: {result.stderr.strip()}")
    return result.stdout.strip()


def use_private_libraries(programs: Iterable[Path], root: Path, final_root: Path) -> None:
    """Set loader and library path of each program to those unpacked below `root`.

    `final_root` is where `root` will be moved to when all is done: the loader's path must be absolute.
    DT_RPATH, not DT_RUNPATH, because only that one also holds for the libraries' own libraries.
    """
    loader = final_root / find_loader(root).relative_to(root)
    libraries = [final_root / folder.relative_to(root) for folder in sorted(root.glob("usr/lib/*-linux-*"))]
    for program in programs:
        search = ":".join(map(str, libraries))
        _patchelf("--force-rpath", "--set-interpreter", loader, "--set-rpath", search, program)
