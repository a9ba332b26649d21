"""A font with Chinese characters for the PDF, which must embed its own: where one is found on this machine."""

import os
from pathlib import Path

from services.domain.errors import RiqingError

FONT_VARIABLE = "RIQING_PDF_FONT"
FONT_NAMES = (
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf",
    "simhei.ttf",
    "msyh.ttc",
    "NotoSansSC-Regular.ttf",
)
"""Fonts with TrueType outlines, which are what can be embedded; those of Noto CJK have others."""


class NoFontError(RiqingError):
    """There is no font that can be embedded."""


def find_font() -> Path:
    """Return a font file: the one that RIQING_PDF_FONT names, else one that `make setup` fetched, else the system's.

    Raises:
        NoFontError: there is none.

    """
    named = os.environ.get(FONT_VARIABLE)
    if named:
        if Path(named).is_file():
            return Path(named)
        raise NoFontError(f"{FONT_VARIABLE} names {named}, which is not a file.")
    tools = Path(os.environ.get("RIQING_TOOLS_DIR") or Path(__file__).resolve().parents[2] / ".tools")
    for folder in (tools / "fonts/usr/share/fonts", Path.home() / ".fonts", Path("/usr/share/fonts")):
        found = {file.name: file for file in folder.rglob("*.tt[cf]")} if folder.is_dir() else {}
        for name in FONT_NAMES:
            if name in found:
                return found[name]
    raise NoFontError(
        "No font with Chinese characters is here to embed in the PDF: install one (Debian: fonts-wqy-microhei) "
        f"or name a TrueType font in {FONT_VARIABLE}; the other formats need none."
    )
