"""Where the gateway is killed while money goes from person to person, and at a terminal."""

import re
from collections.abc import Awaitable, Callable, Mapping

from simulators.terminal import TapOutcome
from tests.journeys import kills, steps
from tests.journeys.kill_steps import NEW_PIN, asks_for_code, chooses_pin, press_pin, sees_the_truth
from tests.journeys.kills import (
    COMPLETION_BEGUN,
    PAYMENT_BEGUN,
    REVERSAL_BEGUN,
    TAP_BEGUN,
    Point,
    Scene,
    Step,
    answered,
    at_message,
    at_smsc,
    in_hand,
    intended,
    posted,
)

PAYER, PAYEE, OWING = 8, 1, 3
"""Ali pays Maryam; Sara owes a contribution."""
SENT, TAPPED, IN_CODE = 50_000, 120_000, 30_000
CONTRIBUTION = 7_500_000

# --- between people ---


async def at_pin_of_send(scene: Scene) -> None:
    scene.notes["sms"] = str(scene.town.phone(PAYER).message_count)
    page = await scene.town.dial(PAYER, "4", f"0912000000{PAYEE}", str(SENT))
    assert "PIN" in page, page


async def sent_once(scene: Scene) -> None:
    """Dialled again, the balance is true; the lost callback again gets its answer and moves nothing more."""
    await sees_the_truth(scene, PAYER)
    assert f"Sent: {SENT:,}" in await scene.repeat_callback(PAYER)
    assert f"Sent: {SENT:,}" in await scene.repeat_callback(PAYER)
    await sees_the_truth(scene, PAYER)


async def told_of_send(scene: Scene) -> None:
    """Once, or twice where the SMSC's answer was lost; never not at all."""
    await scene.quiet()
    texts = await scene.sms(PAYER, f"{SENT:,}", before=int(scene.notes["sms"]))
    assert 1 <= len(texts) <= 2
    await sent_once(scene)


SENT_ONCE: Mapping[str, int] = {f"wallet {PAYER}": -SENT, f"wallet {PAYEE}": SENT}


def send(name: str, kill: kills.Kill, after: Step = sent_once) -> Point:
    """Money to another number that is cut off."""
    return Point(name, at_pin_of_send, press_pin(PAYER), kill, after, SENT_ONCE)


async def at_pin_of_invoice(scene: Scene) -> None:
    page = await scene.town.dial(OWING, "3", "1")
    assert "PIN" in page, page


async def invoice_paid_once(scene: Scene) -> None:
    await sees_the_truth(scene, OWING)
    assert "Paid:" in await scene.repeat_callback(OWING)
    assert "no unpaid" in await scene.town.dial(OWING, "3")


async def at_pin_of_claim_code(scene: Scene) -> None:
    await scene.town.dial(PAYER, "4", "09120000007", "1", str(IN_CODE))


async def code_made_once(scene: Scene) -> None:
    await sees_the_truth(scene, PAYER)
    assert "claim code went to" in await scene.repeat_callback(PAYER)
    await scene.quiet()
    texts = await scene.sms(7, "")
    codes = {found.group() for found in (re.search(r"\b\d{8}\b", steps.latin(text)) for text in texts) if found}
    assert len(codes) == 1
    scene.notes["code"] = codes.pop()


async def at_redeem(scene: Scene) -> None:
    scene.notes["sms"] = str(scene.town.phone(7).message_count)
    await asks_for_code(scene, 7)
    texts = await scene.sms(7, "", before=int(scene.notes["sms"]))
    found = re.search(r"\b\d{6}\b", steps.latin(texts[-1]))
    assert found is not None
    await chooses_pin(scene, 7, found.group())
    await scene.town.dial(7, "5", "1")


async def redeem(scene: Scene) -> None:
    await scene.town.phone(7).press(scene.notes["code"])


async def redeemed_once(scene: Scene) -> None:
    assert IN_CODE in steps.rials(await scene.repeat_callback(7))
    await sees_the_truth(scene, 7, NEW_PIN)
    await scene.town.dial(7, "5", "1", scene.notes["code"])


MONEY = (
    send("the send is in hand", in_hand),
    send("the send's intent is stored and nothing is posted", intended(PAYMENT_BEGUN)),
    send("the ledger's head has just moved by a send", posted(PAYMENT_BEGUN)),
    send("the send is done, nobody is told", answered),
    send("the notice of a send is with the SMSC, which takes it", at_smsc(taken=True), told_of_send),
    Point("the ledger's head has just moved by a contribution", at_pin_of_invoice, press_pin(OWING),
          posted(PAYMENT_BEGUN), invoice_paid_once,
          {f"wallet {OWING}": -CONTRIBUTION, "contribution_income": CONTRIBUTION}),
    Point("the ledger's head has just moved by a claim code", at_pin_of_claim_code, press_pin(PAYER),
          posted(PAYMENT_BEGUN), code_made_once, {f"wallet {PAYER}": -IN_CODE, "claim_codes": IN_CODE}),
    Point("the ledger's head has just moved by a redemption", at_redeem, redeem, posted(PAYMENT_BEGUN), redeemed_once,
          {"wallet 7": IN_CODE, "claim_codes": -IN_CODE}),
)  # fmt: skip


# --- a tap ---


async def phone_is_ready(scene: Scene) -> None:
    town = scene.town
    if town.world.nfc_phones[f"+98912000000{steps.RETIREE}"].token is None:
        await steps.provision(town)
    await kills.until(_online(scene))


def _online(scene: Scene) -> Callable[[], Awaitable[bool]]:
    async def online() -> bool:
        return all(terminal.online for terminal in scene.town.world.terminals.values())

    return online


async def taps(scene: Scene) -> None:
    await steps.pay_by_tap(scene.town, TAPPED)


async def pays_by_another_tap(scene: Scene) -> None:
    """The terminal has taken the first one back; the person taps again and is charged once."""
    await kills.until(_online(scene))
    for terminal in scene.town.world.terminals.values():
        await terminal.drained()
    assert await steps.pay_by_tap(scene.town, TAPPED) == TapOutcome.APPROVED
    await scene.finished()
    await sees_the_truth(scene, steps.RETIREE)


async def was_charged(scene: Scene) -> None:
    """The merchant has an approval; the terminal finishes by itself."""
    await scene.finished()
    await sees_the_truth(scene, steps.RETIREE)


async def taps_on_a_torn_line(scene: Scene) -> None:
    faults = scene.town.world.faults
    faults.terminal_line_cut = True
    try:
        assert await steps.pay_by_tap(scene.town, TAPPED) == TapOutcome.NO_ANSWER
    finally:
        faults.terminal_line_cut = False


CHARGED_ONCE: Mapping[str, int] = {f"wallet {steps.RETIREE}": -TAPPED, "merchant_clearing": TAPPED}


def tap(name: str, kill: kills.Kill, after: Step = pays_by_another_tap, strike: Step = taps) -> Point:
    """A tap that is cut off."""
    return Point(name, phone_is_ready, strike, kill, after, CHARGED_ONCE)


TAP = (
    tap("the 0100 is in hand", in_hand),
    tap("the tap's intent is stored and nothing is held", intended(TAP_BEGUN)),
    tap("the ledger's head has just moved by the hold", posted(TAP_BEGUN)),
    tap("the 0110 is lost", at_message("0100", answered)),
    tap("the 0220 is in hand", at_message("0220", in_hand), was_charged),
    tap("the ledger's head has just moved by the completion", at_message("0220", posted(COMPLETION_BEGUN)),
        was_charged),
    tap("the 0230 is lost", at_message("0220", answered), was_charged),
    tap("the 0420 is in hand", at_message("0420", in_hand), strike=taps_on_a_torn_line),
    tap("the ledger's head has just moved by the reversal", at_message("0420", posted(REVERSAL_BEGUN)),
        strike=taps_on_a_torn_line),
)  # fmt: skip
