"""What people are shown of payments by phone, and that only the PIN changes it."""

import pytest

from gateway.services.controls.holders import Allowed
from gateway.services.people import PinCheck, PinOutcome
from tests.gateway.channels.ussd.test_actions import SWITCHING, House, declared
from wallet.money import irr


@pytest.mark.parametrize(
    ("allowed", "outcome"),
    [
        (Allowed(on=True, day_max=irr(7), barred=False), "limited"),
        (Allowed(on=True, day_max=None, barred=False), "free"),
        (Allowed(on=False, day_max=irr(7), barred=False), "off"),
        (Allowed(on=True, day_max=None, barred=True), "barred"),
        (None, "none"),
    ],
)
async def test_what_is_allowed_is_a_word_of_the_menus(allowed: Allowed | None, outcome: str) -> None:
    house = House()
    house.tap_controls.allowed_ = allowed
    result = await house.call("taps.control")
    declared("taps.control", result)
    assert result.outcome == outcome


@pytest.mark.parametrize("name", SWITCHING)
async def test_who_has_no_phone_that_pays_is_told_so(name: str) -> None:
    house = House()
    house.tap_controls.kept = False
    assert (await house.call(name)).outcome == "none"


async def test_a_person_says_what_their_phone_may_pay_and_only_with_the_pin() -> None:
    house = House()
    for name in SWITCHING:
        await house.call(name)
    assert house.tap_controls.heard == [("per_01", irr(500)), ("per_01", None), ("per_01", False), ("per_01", True)]
    house.people.pin = PinCheck(PinOutcome.WRONG, 2)
    house.tap_controls.heard.clear()
    for name in SWITCHING:
        await house.call(name)
    assert house.tap_controls.heard == []
