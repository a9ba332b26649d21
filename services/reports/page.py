"""The bulletin as a page of its own (HTML) that needs nothing else."""

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader

from services.reports.sections import Section, written
from services.reports.words import Words


def make_page(heading: str, standing: str, parts: Sequence[Section], words: Words) -> str:
    """Return the page; all text of the town's is escaped."""
    environment = Environment(loader=PackageLoader("services.reports", "."), autoescape=True)
    return environment.get_template("bulletin.html").render(
        heading=heading,
        standing=standing,
        sections=parts,
        written=written,
        language="zh-CN" if words.language == "zh" else "en",
        nothing=words["nothing"],
        signature=words["signature"],
    )
