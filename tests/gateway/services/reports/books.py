"""A book of some weeks with a bit of everything, and its log folded by hand."""

import random
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from gateway.services.reports import Parts
from tests.wallet.books import CHART
from wallet.accounts import Account
from wallet.clock import ManualClock
from wallet.ids import new_id, transfer_id
from wallet.ledger import Ledger
from wallet.money import EUR, Money
from wallet.transfers import LogRow, Transfer, TransferCode, TransferKind

TEHRAN = ZoneInfo("Asia/Tehran")
BANK, FUNDING, EQUITY = CHART.account("trust_bank"), CHART.account("funding"), CHART.account("opening_equity")
EURO_BANK, EURO_EQUITY = CHART.account("trust_bank", asset=EUR), CHART.account("opening_equity", asset=EUR)
EURO_WALLET = CHART.account("wallet", "per_euro", EUR)
INCOME, SUSPENSE = CHART.account("fee_income"), CHART.account("suspense")
WALLETS = [CHART.account("wallet", f"per_{name}") for name in ("a", "b", "c")]
CLEARING, PAYABLE = (
    [CHART.account(role, f"mer_{n}") for n in "12"] for role in ("merchant_clearing", "merchant_payable")
)
DOCTORS = [CHART.account("provider_payable", f"prv_{n}") for n in "12"]
KINDS = [CHART.account("benefit_expense", kind) for kind in ("sickness", "maternity")]
FEES = CHART.account("fee_expense", "doctor")
BUDGET, CONTRA = CHART.account("budget", "line_1"), CHART.account("budget_contra")
EVERYTHING = [
    BANK, FUNDING, EQUITY, EURO_BANK, EURO_EQUITY, EURO_WALLET, INCOME, SUSPENSE, *WALLETS, *CLEARING, *PAYABLE,
    *DOCTORS, *KINDS, FEES, BUDGET, CONTRA,
]  # fmt: skip


class Called:
    """Names of owners."""

    async def names(self, ids: Collection[str]) -> Mapping[str, str]:
        """Some have one."""
        return {one: one.upper() for one in ids if one.endswith("1")}


def parts_of(ledger: Ledger) -> Parts:
    """What reports need."""
    return Parts(ledger, ledger.lookups, CHART, TEHRAN, Called(), Called())


def _move(clock: ManualClock, debit: Account, credit: Account, minor: int, code: TransferCode) -> Transfer:
    cause = new_id("pay", clock)
    return Transfer(transfer_id(cause, "x"), debit.id, credit.id, Money(minor, debit.asset), code, cause)


def _any(clock: ManualClock, chance: random.Random) -> Transfer:
    one, wallet, kind, doctor = (
        chance.randrange(2),
        chance.choice(WALLETS),
        chance.choice(KINDS),
        chance.choice(DOCTORS),
    )
    clearing, payable = CLEARING[one], PAYABLE[one]
    pairs = [
        (BANK, wallet, TransferCode.CASH_IN), (kind, wallet, TransferCode.BENEFIT),
        (wallet, clearing, TransferCode.TAP),
        (clearing, payable, TransferCode.TAP_SETTLED), (payable, INCOME, TransferCode.MERCHANT_FEE),
        (INCOME, payable, TransferCode.MERCHANT_FEE_RETURNED), (payable, wallet, TransferCode.TAP_REFUND),
        (payable, BANK, TransferCode.MERCHANT_PAYOUT), (BANK, payable, TransferCode.PAYOUT_RETURNED),
        (FEES, doctor, TransferCode.PROVIDER_FEE), (doctor, BANK, TransferCode.PAYOUT),
        (wallet, kind, TransferCode.PAYOUT_RETURNED), (BANK, SUSPENSE, TransferCode.BANK_BOOKED),
        (EURO_BANK, EURO_WALLET, TransferCode.CASH_IN), (CONTRA, BUDGET, TransferCode.BUDGET),
        (SUSPENSE, payable, TransferCode.WRITE_OFF), (FUNDING, BANK, TransferCode.CORRECTION),
    ]  # fmt: skip
    debit, credit, code = chance.choice(pairs)
    return _move(clock, debit, credit, chance.randint(1, 900), code)


async def fill(ledger: Ledger, clock: ManualClock, *, seed: int, days: int) -> None:
    """Some transfers each day, refused ones among them, some dated apart, some held, some taken back."""
    chance = random.Random(seed)  # noqa: S311 - a test, and the same each time
    await ledger.open_accounts(*EVERYTHING)
    await ledger.post(*(_move(clock, BANK, to, 5000, TransferCode.CASH_IN) for to in (*WALLETS, *CLEARING, *PAYABLE)))
    moved: list[Transfer] = []
    for _ in range(days):
        clock.advance(timedelta(hours=chance.randint(12, 36)))
        made = [_any(clock, chance) for _ in range(chance.randint(0, 12))]
        today = clock.now().astimezone(TEHRAN).date()
        made = [
            replace(one, effective_on=today - timedelta(days=chance.randint(1, 5))) if chance.random() < 0.1 else one
            for one in made
        ]
        if moved and chance.random() < 0.5:
            of = chance.choice(moved)
            cause = new_id("fix", clock)
            back = Transfer(
                transfer_id(cause, "back"), of.credit, of.debit, of.amount, of.code, cause,
                TransferKind.REVERSE, cites=of.id,
            )  # fmt: skip
            made.append(back)
        reserved = _move(clock, WALLETS[0], CLEARING[0], 5, TransferCode.TAP)
        made.append(replace(reserved, kind=TransferKind.HOLD, expires_at=clock.now() + timedelta(hours=2)))
        results = await ledger.post(*made) if made else []
        moved += [one.transfer for one in results if one.outcome.stands and one.transfer.kind is TransferKind.POST]


async def log_of(ledger: Ledger) -> list[LogRow]:
    """All of it that moves something."""
    return [row for row in await ledger.follow(after=0, limit=100_000) if row.transfer.kind.moves]


def booked_on(row: LogRow) -> date:
    """The business day of a row."""
    return row.booked_at.astimezone(TEHRAN).date()
