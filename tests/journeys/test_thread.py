"""The whole thread over real sockets, on both databases: dial, see, claim, decide, tell, tap, pay, reconcile."""

import pytest

from tests.journeys import checks, steps
from tests.journeys.town import Town

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]


async def test_a_person_enrols_claims_is_paid_and_the_books_agree(town: Town) -> None:
    one_time_code = await steps.enrol(town)
    assert await steps.see(town, steps.NEW, steps.NEW_PIN) == 0
    number = await steps.claim(town)
    await steps.decide(town, number)
    told = await town.next_sms(steps.NEW)
    paid = steps.rials(told)[0]
    assert await steps.see(town, steps.NEW, steps.NEW_PIN) == paid > 0

    before = await steps.see(town, steps.RETIREE, town.pin(steps.RETIREE))
    activation_code = await steps.tap(town, 120_000)
    assert 120_000 in steps.rials(await town.next_sms(steps.RETIREE))
    assert await steps.see(town, steps.RETIREE, town.pin(steps.RETIREE)) == before - 120_000

    page = await steps.send(town, 8, "09120000001", 50_000)
    assert "50,000" in page
    claim_code = await steps.send_code(town, 8, 6, 30_000)

    page = await town.dial(8, "3", "1", town.pin(8))
    assert "Paid" in page

    iban = await steps.choose_bank(town, 8)

    assert "the difference is zero" in await steps.trial_balance(town)
    sums = await checks.wallets(town)
    assert sum(sums.values()) == 0
    assert sums["claim_codes"] == 30_000
    assert sums["merchant_clearing"] == 120_000
    await checks.books_agree(town)
    secrets = [steps.NEW_PIN, town.pin(8), town.pin(steps.RETIREE), claim_code, one_time_code, activation_code]
    secrets += [text for account in town.facts.staff for text in (account.password, account.totp_seed)]
    secrets.append(town.facts.terminal.key_hex)
    phone = town.world.nfc_phones[f"+98912000000{steps.RETIREE}"]
    assert phone.token is not None
    # An account is no secret, and yet nobody reads it from a log, a session or a table.
    await checks.no_secret_is_kept(town, [*secrets, phone.token.pan, iban, iban.removeprefix("IR")])
    assert await town.stop() == 0
