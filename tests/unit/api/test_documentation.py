"""The page about the API names what there is."""

import re
from pathlib import Path

from services.api.roles import ACCESS

PAGE = Path(__file__).parents[3] / "docs" / "api.md"


def test_the_page_names_every_route_and_no_other() -> None:
    """Each route stands in the table of routes, and nothing stands there that is not one."""
    table = PAGE.read_text(encoding="utf-8").split("## Routes")[1].split("## The live stream")[0]
    named = {(method, path) for method, path in re.findall(r"`(GET|POST|PUT|DELETE) (/[^`\s]*)`", table)}
    assert named == set(ACCESS)
