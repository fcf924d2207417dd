"""Whose money moved is told, by the transfer's code; the rest of the log is nobody's news."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from gateway.keys import SoftwareKeyStore
from gateway.services.notices import Notice, NoticeClass, Notices, Words
from gateway.services.notices.tables import OUTBOX
from gateway.store import Store
from gateway.workers.money_notices import FOLLOWER, TOLD, Address, MoneyNotices
from wallet.accounts import Account, Chart
from wallet.clock import ManualClock
from wallet.ids import AccountId, new_id, transfer_id
from wallet.money import irr
from wallet.transfers import Balances, BalancesAfter, LogRow, Transfer, TransferCode, TransferKind

AT = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CHART = Chart.load()
A, B = CHART.account("wallet", "per_a"), CHART.account("wallet", "per_b")
BANK, CODES = CHART.account("trust_bank"), CHART.account("claim_codes")
SHOP = CHART.account("merchant_payable", "mer_1")
NOTHING = Balances(0, 0, 0, 0, 1)


class Log:
    """A ledger's log in a list."""

    def __init__(self) -> None:
        self.rows: list[LogRow] = []
        self._accounts = {account.id: account for account in (A, B, BANK, CODES, SHOP)}

    def add(
        self, code: TransferCode, debit: Account, credit: Account, cause: str, kind: TransferKind = TransferKind.POST
    ) -> None:
        """The next row."""
        id_ = transfer_id(new_id("tst", ManualClock(AT)), "t", len(self.rows))
        transfer = Transfer(id_, debit.id, credit.id, irr(5000), code, cause, kind)
        self.rows.append(LogRow(len(self.rows) + 1, transfer, AT, BalancesAfter(NOTHING, NOTHING)))

    async def follow(self, *, after: int, limit: int = 1000) -> Sequence[LogRow]:
        return self.rows[after : after + limit]

    async def account(self, account: AccountId) -> Account | None:
        return self._accounts.get(account)

    async def accounts_among(self, ids: Collection[AccountId]) -> list[Account]:
        return [self._accounts[one] for one in ids if one in self._accounts]

    async def caused_by(self, cause: str) -> list[LogRow]:
        return [row for row in self.rows if row.transfer.cause == cause]


class Book:
    """Where people are reached."""

    async def address(self, person_id: str) -> Address | None:
        return {"per_a": Address("+98a", "fa", "a@example.org"), "per_b": Address("+98b", "en")}.get(person_id)

    async def addresses(self, person_ids: Collection[str]) -> dict[str, Address]:
        return {one: found for one in person_ids if (found := await self.address(one)) is not None}


class Teller:
    """Keeps notices and the cursor in memory."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []
        self.position = 0

    async def told_up_to(self, follower: str) -> int:
        assert follower == FOLLOWER
        return self.position

    async def tell_following(self, follower: str, before: int, after: int, notices: Iterable[Notice]) -> bool:
        assert before == self.position
        self.position = after
        self.notices += notices
        return True


HOLD, CAPTURE, VOID, EXPIRE = TransferKind.HOLD, TransferKind.CAPTURE, TransferKind.VOID, TransferKind.EXPIRE
POST = TransferKind.POST


@pytest.mark.parametrize(
    ("code", "debit", "credit", "kind", "told"),
    [
        (TransferCode.BENEFIT, BANK, A, POST, [("per_a", "benefit_paid")]),
        (TransferCode.CASH_IN, BANK, A, POST, [("per_a", "cash_in")]),
        (TransferCode.CONTRIBUTION, A, BANK, POST, [("per_a", "contribution_paid")]),
        (TransferCode.SEND, A, B, POST, [("per_a", "money_sent"), ("per_b", "money_received")]),
        (TransferCode.CLAIM_CODE, A, CODES, POST, [("per_a", "money_sent")]),
        (TransferCode.CLAIM_CODE_REDEEMED, CODES, B, POST, [("per_b", "money_received")]),
        (TransferCode.CLAIM_CODE_RETURNED, CODES, A, POST, [("per_a", "claim_code_returned")]),
        (TransferCode.TAP, A, SHOP, HOLD, []),
        (TransferCode.TAP, A, SHOP, CAPTURE, [("per_a", "tap_paid")]),
        (TransferCode.TAP, A, SHOP, VOID, []),
        (TransferCode.TAP, A, SHOP, EXPIRE, []),
        (TransferCode.TAP_REFUND, SHOP, A, POST, [("per_a", "tap_refunded")]),
        (TransferCode.OPENING, BANK, A, POST, []),
        (TransferCode.BENEFIT, BANK, CHART.account("wallet", "per_unknown"), POST, []),
        (TransferCode.CASH_IN, BANK, SHOP, POST, []),
    ],
)
async def test_each_transfer_tells_its_people(
    code: TransferCode, debit: Account, credit: Account, kind: TransferKind, told: list[tuple[str, str]]
) -> None:
    log, teller = Log(), Teller()
    log.add(code, debit, credit, "x_1", kind)
    assert await MoneyNotices(log, teller, Book()).tick() == 1
    assert [(notice.person_id, notice.class_.value) for notice in teller.notices] == told
    assert all(notice.cause == "x_1" and notice.values == {"amount": irr(5000), "at": AT} for notice in teller.notices)


async def test_the_sender_of_a_code_is_told_that_it_was_redeemed() -> None:
    log, teller = Log(), Teller()
    log.add(TransferCode.CLAIM_CODE, A, CODES, "cco_1")
    log.add(TransferCode.CLAIM_CODE_REDEEMED, CODES, B, "cco_1")
    await MoneyNotices(log, teller, Book()).tick()
    told = [(notice.person_id, notice.class_) for notice in teller.notices[1:]]
    assert told == [("per_b", NoticeClass.MONEY_RECEIVED), ("per_a", NoticeClass.CLAIM_CODE_REDEEMED)]


async def test_people_are_told_where_and_how_they_want_it() -> None:
    log, teller = Log(), Teller()
    log.add(TransferCode.SEND, A, B, "pay_1")
    await MoneyNotices(log, teller, Book()).tick()
    assert [(one.msisdn, one.language, one.email) for one in teller.notices] == [
        ("+98a", "fa", "a@example.org"),
        ("+98b", "en", ""),
    ]


async def test_a_history_can_be_skipped() -> None:
    log, teller = Log(), Teller()
    for number in range(450):
        log.add(TransferCode.BENEFIT, BANK, A, f"clm_{number}")
    follower = MoneyNotices(log, teller, Book())
    await follower.skip_to_head()
    assert await follower.tick() == 0
    log.add(TransferCode.BENEFIT, BANK, A, "clm_new")
    assert await follower.tick() == 1
    assert [notice.cause for notice in teller.notices] == ["clm_new"]


def test_every_code_is_either_told_or_knowingly_not() -> None:
    # No service posts a correction; whoever makes one that people should hear of gives it a notice. What a bank says of
    # a payment is told by payouts, with the account; what is held, budgets and settlements are nobody's news.
    quiet = {TransferCode.PAYOUT_SETTLED, TransferCode.PAYOUT_RETURNED, TransferCode.PAYOUT_HOLD, TransferCode.BUDGET}
    shops = {TransferCode.TAP_SETTLED, TransferCode.MERCHANT_FEE, TransferCode.MERCHANT_FEE_RETURNED}
    untold = {TransferCode.OPENING, TransferCode.CORRECTION, TransferCode.CO_PAYMENT, *quiet, *shops}
    assert set(TransferCode) - set(TOLD) == untold


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    yield store
    await store.close()


async def test_the_log_is_told_once_across_restarts_and_rivals(store: Store, clock: ManualClock) -> None:
    log = Log()
    log.add(TransferCode.SEND, A, B, "pay_1")
    log.add(TransferCode.BENEFIT, BANK, A, "clm_1")

    def follower() -> MoneyNotices:
        words = Words(zone="Asia/Tehran", service_code="*1420#")
        return MoneyNotices(log, Notices(store, SoftwareKeyStore.for_tests(), clock, words), Book())

    assert [await follower().tick() for _ in range(2)] == [2, 0]
    log.add(TransferCode.CASH_IN, BANK, A, "csh_1")
    assert [await follower().tick() for _ in range(2)] == [1, 0]
    rows = await store.read(select(OUTBOX.c.cause, OUTBOX.c.person, OUTBOX.c.channel).order_by(OUTBOX.c.id))
    assert sorted(map(tuple, rows)) == [
        ("clm_1", "per_a", "email"),
        ("clm_1", "per_a", "sms"),
        ("csh_1", "per_a", "email"),
        ("csh_1", "per_a", "sms"),
        ("pay_1", "per_a", "email"),
        ("pay_1", "per_a", "sms"),
        ("pay_1", "per_b", "sms"),
    ]
