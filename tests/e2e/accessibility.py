"""What axe finds on a page that would shut somebody out."""

import json

from playwright.sync_api import Page

from tests.e2e.conftest import PROJECT_DIR

AXE = PROJECT_DIR / "web/node_modules/axe-core/axe.min.js"


def serious_faults(page: Page) -> list[str]:
    """Return what axe calls serious or critical, with the first elements that have it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{violation['id']}: {json.dumps([node['target'] for node in violation['nodes']][:4])}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
