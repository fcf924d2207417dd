"""Other people's programs read our journals, are content, and come to our balances: hledger and beancount."""

import itertools
from pathlib import Path

from tests.wallet.books import CHART
from tests.wallet.programs import HAS_BEANCOUNT, HAS_HLEDGER, agrees_with_beancount, agrees_with_hledger
from tests.wallet.random_books import OWNERS, fill
from wallet.clock import ManualClock
from wallet.exports.hledger import name_of
from wallet.ledger import Ledger

SMALL = 400


@HAS_HLEDGER
@HAS_BEANCOUNT
async def test_hledger_and_beancount_come_to_our_balances(ledger: Ledger, clock: ManualClock, tmp_path: Path) -> None:
    assert await fill(ledger, clock, SMALL, seed=11) == SMALL

    with_hledger = await agrees_with_hledger(ledger, tmp_path, timeout_s=60)
    with_beancount = await agrees_with_beancount(ledger, tmp_path, timeout_s=60)

    assert with_hledger == with_beancount > 20


def test_no_two_accounts_share_a_name_in_hledger() -> None:
    names = [name_of(CHART.account("wallet", owner)) for owner in OWNERS]

    assert len(set(names)) == len(names)
    for one, other in itertools.permutations(names, 2):
        assert not one.startswith(f"{other}:")
    assert name_of(CHART.account("wallet", "per_1")) == "liability:wallet:per_1:IRR"
