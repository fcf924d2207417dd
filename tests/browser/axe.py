"""axe-core in a page: what somebody who cannot see it, or has no mouse, would stumble over."""

from pathlib import Path

from playwright.async_api import Page

SOURCE = Path(__file__).parents[1] / "peers/node/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_RUN = """
async (rules) => {
  const found = await axe.run(document, { runOnly: { type: "tag", values: rules }, resultTypes: ["violations"] });
  const why = (node) => [...node.any, ...node.all, ...node.none].map((check) => check.message).join("; ");
  const said = (rule, node) => `${rule.id}: ${node.html.slice(0, 200)} (${why(node)})`;
  return found.violations.flatMap((rule) => rule.nodes.map((node) => said(rule, node)));
}
"""


async def complaints(page: Page) -> list[str]:
    """Everything that axe finds on the page as it is now.

    It is brought in by the browser itself, not by the page, whose content policy takes no foreign script.
    """
    if not await page.evaluate("typeof axe === 'object'"):
        await page.evaluate(SOURCE.read_text("utf-8"))
    found: list[str] = await page.evaluate(_RUN, RULES)
    return found
