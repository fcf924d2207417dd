"""Small steps that several journeys share."""

import re

from tests.journeys import steps
from tests.journeys.kills import Scene, Step

NEW_PIN = "8264"


def press(number: int, entry: str) -> Step:
    """Type the last answer of a dialogue."""

    async def step(scene: Scene) -> None:
        await scene.town.phone(number).press(entry)

    return step


def press_pin(number: int) -> Step:
    """Type the seeded PIN."""

    async def step(scene: Scene) -> None:
        await scene.town.phone(number).press(scene.town.pin(number))

    return step


async def sees_the_truth(scene: Scene, number: int, pin: str | None = None) -> None:
    """The balance that a person sees is the ledger's; the sweeper may finish what a kill cut off while they dial."""
    before = await scene.balances()
    seen = await steps.see(scene.town, number, pin or scene.town.pin(number))
    after = await scene.balances()
    assert seen in {held.get(f"wallet {number}", 0) for held in (before, after)}


async def asks_for_code(scene: Scene, number: int) -> str:
    """Dial, choose Persian, type the national number; the page."""
    person = scene.town.facts.people[number - 1]
    page = await scene.town.dial(number, "1", person.national_number)
    assert "پیامک" in page, page
    return page


async def code_of(scene: Scene, number: int) -> str:
    """The last one-time code that came by SMS."""
    texts = await scene.sms(number, "")
    found = [each.group() for each in (re.search(r"\b\d{6}\b", steps.latin(text)) for text in texts) if each]
    return found[-1]


async def chooses_pin(scene: Scene, number: int, *answers: str) -> None:
    """Go on to the main menu, where the balance is nothing yet."""
    page = await scene.town.dial(number, *answers, NEW_PIN, NEW_PIN)
    assert "1." in steps.latin(page), page
    await sees_the_truth(scene, number, NEW_PIN)


async def enrolled(scene: Scene, number: int) -> None:
    """All of first contact, uncut."""
    await asks_for_code(scene, number)
    await chooses_pin(scene, number, await code_of(scene, number))
