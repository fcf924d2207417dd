"""What waits for a signature, on the phone of whoever signs."""

import pytest

from gateway.channels.ussd import SendOutcome, Sent
from tests.gateway.channels.ussd.services import FakeToSign
from tests.gateway.channels.ussd.test_actions import CALLER, House


async def test_the_list_has_titles_and_how_many_there_are() -> None:
    house = House()
    house.signing.sheets = [FakeToSign(f"doc_{number}", f"Batch {number}") for number in range(120)]

    listed = await house.call("signing.list")

    assert listed.outcome == "ok"
    assert listed.values["waiting"] == 99
    assert listed.values["rows"] == tuple({"id": f"doc_{n}", "title": f"Batch {n}"} for n in range(9))


async def test_nobody_else_learns_more_than_that_nothing_waits() -> None:
    house = House()
    house.signing.sheets = []

    assert (await house.call("signing.list")).outcome == "none"


@pytest.mark.parametrize("outcome", list(SendOutcome))
async def test_each_answer_to_sending_has_its_page(outcome: SendOutcome) -> None:
    house = House()
    house.signing.sent = Sent(outcome, "TXN-KDRK")

    sent = await house.call("signing.send", number=7)

    assert sent.outcome == outcome.value
    assert house.signing.heard == [(CALLER.msisdn, "doc_01", f"{CALLER.session_id}:7")]
    shown = {"sign_code": "TXN-KDRK"} if outcome is SendOutcome.ASKED else {}
    assert dict(sent.values) == shown
