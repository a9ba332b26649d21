"""What axe finds on a page that would shut somebody out."""

import json

from playwright.sync_api import Page, expect

from tests.e2e.conftest import PROJECT_DIR

AXE = PROJECT_DIR / "web/node_modules/axe-core/axe.min.js"


def faults_in_both_languages(page: Page) -> list[str]:
    """Return the serious faults of what is shown in the other language and then in the page's, as it is left."""
    own = str(page.locator("html").get_attribute("lang"))
    found = []
    for language in ("en-GB" if own == "zh-CN" else "zh-CN", own):
        # Not by the keyboard: the page itself may move the focus in between.
        page.locator(".language-switch").first.evaluate("button => button.click()")
        expect(page.locator("html")).to_have_attribute("lang", language)
        found += [f"{language} {fault}" for fault in serious_faults(page)]
    return found


def serious_faults(page: Page) -> list[str]:
    """Return what axe calls serious or critical, with the first elements that have it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{violation['id']}: {json.dumps([node['target'] for node in violation['nodes']][:4])}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
