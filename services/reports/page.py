"""The bulletin as a page of its own (HTML) that needs nothing else."""

from jinja2 import Environment, PackageLoader

from services.reports.drawing import as_svg
from services.reports.paper import Paper
from services.reports.sections import written


def make_page(paper: Paper) -> str:
    """Return the page; all text of the town's is escaped, in the drawings too."""
    environment = Environment(loader=PackageLoader("services.reports", "."), autoescape=True)
    words = paper.words
    return environment.get_template("bulletin.html").render(
        heading=paper.heading,
        title=paper.title,
        issue=paper.issue,
        standing=paper.standing,
        lead=paper.lead,
        sections=paper.sections,
        written=written,
        as_svg=as_svg,
        numeral=words.numeral,
        language="zh-CN" if words.language == "zh" else "en",
        nothing=words["nothing"],
        signatures=paper.signatures,
    )
