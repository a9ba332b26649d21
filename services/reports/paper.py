"""The bulletin in words and sections of one language: what page, PDF, workbook and terminal set each in its way."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from services.clearance.bulletin import Bulletin
from services.reports.fetch import Ground
from services.reports.lead import lead
from services.reports.sections import Section, heading, issue, sections, standing, title
from services.reports.words import Words

SIGNATURES = ("sign_drawn_up", "sign_checked", "sign_issued", "sign_date")


@dataclass(frozen=True, slots=True)
class Paper:
    """A bulletin's title, the line below it, when it was drawn up, what it says first, its sections, and who signs."""

    words: Words
    heading: str
    title: str
    issue: str
    standing: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]

    @property
    def signatures(self) -> list[str]:
        """The words beside which people sign."""
        return [self.words[name] for name in SIGNATURES]


def make_paper(bulletin: Bulletin, words: Words, zone_info: ZoneInfo, ground: Ground | None = None) -> Paper:
    """Return the bulletin in a language; with a map where there is a ground to draw it on."""
    return Paper(
        words=words,
        heading=heading(bulletin, words),
        title=title(bulletin, words),
        issue=issue(bulletin, words),
        standing=standing(bulletin, words, zone_info),
        lead=tuple(lead(bulletin, words)),
        sections=tuple(sections(bulletin, words, zone_info, ground)),
    )
