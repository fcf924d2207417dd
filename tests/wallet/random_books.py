"""Books at random for the programs that read our exports: odd names, two assets, debts, corrections with dates."""

import random
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from tests.wallet.books import CHART
from wallet.accounts import Account
from wallet.clock import ManualClock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import EUR, IRR, Asset, Money
from wallet.transfers import Balancing, Transfer, TransferCode, TransferKind

OWNERS = [
    "per_01K8ABCDEFGHJKMNPQRSTVWXYZ", "علی رضا", "a  b ; c", 'she said "no"', "line\nbreak", "(virtual)", "[x]", "=1+1",
    "per_1", "per-1", "Per_1", "é", "a:b", "*", "%_%", "  ", "2026-11-22", "x" * 120, "\t", "\\", "emoji 🙂",
    "@@ 1 EUR",
]  # fmt: skip
CAUSES = ["fix_“quoted” ; note", 'say "hi" \\ back', "علت | دیگر", "(code) = 5 IRR", "* cleared", "= 2026-01-01"]
BATCH = 500


def accounts_of(asset: Asset) -> list[Account]:
    """Constrained ones and free ones, which may owe as well as own."""
    wallets = [CHART.account("wallet", owner, asset) for owner in OWNERS]
    free = [CHART.account(role, asset=asset) for role in ("trust_bank", "funding", "suspense", "fee_income")]
    return [*free, *wallets, *(CHART.account("benefit_expense", owner, asset) for owner in OWNERS[:8])]


async def fill(ledger: Ledger, clock: ManualClock, count: int, *, seed: int) -> int:
    """Post until `count` transfers stand; how many do. Some of those asked for are refused, as in life."""
    chance = random.Random(seed)  # noqa: S311 - a test, and the same each time
    books = {asset.code: accounts_of(asset) for asset in (IRR, EUR)}
    for accounts in books.values():
        await ledger.open_accounts(*accounts)
    posted: list[Transfer] = []
    stands = 0
    while stands < count:
        clock.advance(timedelta(minutes=chance.randint(1, 600)))
        asked = [_any(clock, chance, books, posted) for _ in range(min(BATCH, count - stands))]
        results = await ledger.post(*asked)
        good = [result for result in results if result.outcome.stands]
        stands += len(good)
        posted = [one.transfer for one in good if one.transfer.kind is TransferKind.POST][-BATCH:] or posted
    return stands


def _any(
    clock: ManualClock, chance: random.Random, books: Mapping[str, list[Account]], posted: list[Transfer]
) -> Transfer:
    cause = chance.choice(CAUSES) if chance.random() < 0.05 else new_id("pay", clock)
    own_id = transfer_id(new_id("pay", clock), "x")
    drawn = chance.random()
    if posted and drawn < 0.08:
        of = chance.choice(posted)
        part = Money(chance.randint(1, of.amount.minor), of.amount.asset)
        return Transfer(own_id, of.credit, of.debit, part, of.code, cause, TransferKind.REVERSE, cites=of.id)
    accounts = books[chance.choice(("IRR", "IRR", "EUR"))]
    debit, credit = chance.sample(accounts, 2)
    amount = Money(chance.choice((1, 7, 100, 12_345, 10**12 + 1)), debit.asset)
    made = Transfer(own_id, debit.id, credit.id, amount, chance.choice(list(TransferCode)), cause)
    if drawn < 0.16:
        day = clock.now().date() + timedelta(days=chance.randint(-40, 3))
        return replace(made, effective_on=day, cites=chance.choice(posted).id if posted else None)
    if drawn < 0.22:
        return replace(made, kind=TransferKind.HOLD, expires_at=clock.now() + timedelta(hours=9))
    if drawn < 0.27:
        return replace(made, balancing=chance.choice((Balancing.DEBIT, Balancing.CREDIT)))
    return made


def run(*words: str | Path, timeout_s: float = 60) -> str:
    """What a program says; an AssertionError with its words if it is not content."""
    env = {"PATH": "/usr/bin:/bin:/usr/local/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
    done = subprocess.run(words, capture_output=True, text=True, env=env, check=False, timeout=timeout_s)
    assert done.returncode == 0, (done.stdout + done.stderr)[:4000]
    return done.stdout
