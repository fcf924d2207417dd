"""Golden ARIA snapshots: what a screen reader is told of a page, kept beside the tests and compared line by line.

What differs from run to run (ids, moments, amounts of made-up strays) is masked. TAPDIAL_GOLDEN=1 writes them anew.
"""

import os
import re
from difflib import unified_diff
from pathlib import Path

from playwright.async_api import Page

FOLDER = Path(__file__).parents[1] / "golden/aria"
DIGIT = "[0-9۰-۹٠-٩]"
MASKS = [
    (re.compile(r"\b[a-z]{3}_(?:…[0-9A-Z]{6}|[0-9A-HJKMNP-TV-Z]{26})"), "ID"),
    (re.compile(r"\b[0-9A-HJKMNP-TV-Z]{6}\b"), "ID"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UUID"),
    (re.compile(r"\b[0-9a-f]{16,64}\b"), "HASH"),
    (re.compile(rf"{DIGIT}{{4}}[-/]{DIGIT}{{2}}[-/]{DIGIT}{{2}}"), "DAY"),
    (re.compile(rf"{DIGIT}{{2}}:{DIGIT}{{2}}:{DIGIT}{{2}}"), "TIME"),
    (re.compile(rf"{DIGIT}(?:{DIGIT}|[,٬])*"), "N"),
]


def masked(snapshot: str) -> str:
    """The snapshot without what differs from run to run, and without addresses."""
    text = "\n".join(line for line in snapshot.split("\n") if "/url:" not in line)
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return text.strip() + "\n"


async def golden(page: Page, name: str) -> None:
    """Hold what the page's main part says against `tests/golden/aria/<name>.yaml`."""
    said = masked(await page.locator("#main").aria_snapshot())
    path = FOLDER / f"{name}.yaml"
    if os.environ.get("TAPDIAL_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(said, "utf-8")
    wanted = path.read_text("utf-8")
    assert said == wanted, "\n".join(unified_diff(wanted.split("\n"), said.split("\n"), name, "the page", n=1))
