"""A journey: a patient opens a visit by till code and PIN, the doctor bills it by phone, both hear by SMS."""

import re

import pytest

from tests.journeys.steps import latin, see
from tests.journeys.steps import rials as grouped
from tests.journeys.town import Town

PARTED = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}\b)")
"""Between thousands where French is spoken."""
pytestmark = [pytest.mark.journey, pytest.mark.timeout(120)]
PATIENT, DOCTOR = 1, 4


def rials(text: str) -> list[int]:
    return grouped(PARTED.sub("", text))


async def test_a_visit_is_opened_billed_and_owed_and_the_share_is_taken_once(town: Town) -> None:
    before = await see(town, PATIENT, town.pin(PATIENT))

    page = latin(await town.dial(PATIENT, "2", "5", "1", town.facts.till, town.pin(PATIENT)))
    number = re.search(r"\d{8}", page)
    assert number is not None, page
    assert number[0] in latin(await town.next_sms(PATIENT))
    assert number[0] in latin(await town.next_sms(DOCTOR))

    lines = ["10", "1", "1500000", "00", "99", "2", "600000"]
    page = latin(await town.dial(DOCTOR, "2", "5", "3", number[0], *lines, town.pin(DOCTOR)))
    assert rials(page.splitlines()[0])[:2] == [2_100_000, 1_050_000]

    assert 1_050_000 in rials(await town.next_sms(PATIENT)), "the share is told"
    assert 2_100_000 in rials(await town.next_sms(DOCTOR)), "what is owed is told"
    assert before - await see(town, PATIENT, town.pin(PATIENT)) == 1_050_000
    owed = rials((await town.dial(DOCTOR, "2", "5", "4")).splitlines()[0])
    assert owed == [2_100_000]
    assert "facturée" in await town.dial(DOCTOR, "2", "5", "3", number[0]), "a visit is billed once"
    assert before - await see(town, PATIENT, town.pin(PATIENT)) == 1_050_000
