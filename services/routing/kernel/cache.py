"""Keeps numba from running old machine code: its cache looks at a function's own file, not at those it calls into."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

STAMP = "riqing-kernel.stamp"


def discard_stale(compiled: Any) -> None:
    """Empty the cache folder of a compiled function if a source file of the kernel has changed since it was filled."""
    folder = Path(compiled._cache.cache_path)
    sources = [source for source in sorted(Path(__file__).parent.glob("*.py")) if _is_compiled(source)]
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    stamp = folder / STAMP
    if stamp.exists() and stamp.read_text() == digest:
        return
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        for pattern in (f"{source.stem}.*.nbi", f"{source.stem}.*.nbc"):
            for old in folder.glob(pattern):
                old.unlink(missing_ok=True)
    stamp.write_text(digest)


def _is_compiled(source: Path) -> bool:
    """Whether a file's text goes into machine code: it has compiled functions, or the constants of them."""
    return source.stem in ("compiled", "layout") or "kernel.compiled import" in source.read_text()
