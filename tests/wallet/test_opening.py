"""A file of opening balances: whole or not at all, once, and every bad line with its reason."""

from dataclasses import replace

import pytest

from tests.wallet import books
from tests.wallet.books import ALICE, CHART
from wallet import opening
from wallet.accounts import AccountChange, AccountState
from wallet.clock import ManualClock
from wallet.errors import LedgerUnavailable
from wallet.ledger import Ledger
from wallet.opening import BadLine, Imported, OpeningFault, import_opening, read_opening
from wallet.transfers import PostResult, Transfer

HEADINGS = "role,owner,asset,debit_minor,credit_minor\n"
FILE = """role,owner,asset,debit_minor,credit_minor
trust_bank,,IRR,1000,
wallet,per_alice,IRR,,300
wallet,per_bob,IRR,0,200
trust_bank,,EUR,1250,0
guarantee,per_alice,IRR,,70
"""


async def imported(ledger: Ledger, text: str) -> Imported:
    return await import_opening(ledger, CHART, read_opening(text.splitlines(keepends=True), CHART))


async def figures(ledger: Ledger) -> dict[str, int]:
    """What stands on the debit side of each account that moved."""
    return {account.code: -balances.net_credit for account, balances in await ledger.accounts() if balances.version}


async def test_a_file_opens_its_accounts_against_equity_and_again_moves_nothing(ledger: Ledger) -> None:
    first = await imported(ledger, FILE)
    head = await ledger.head()
    second = await imported(ledger, FILE)

    assert (first, second) == (Imported(5, 0, []), Imported(0, 5, []))
    assert await ledger.head() == head
    assert await figures(ledger) == {
        "asset:trust_bank:EUR": 1250,
        "asset:trust_bank:IRR": 1000,
        "equity:opening_equity:EUR": -1250,
        "equity:opening_equity:IRR": -500,
        "liability:wallet:per_alice:IRR": -300,
        "liability:wallet:per_bob:IRR": -200,
        "off_balance:guarantee:per_alice:IRR": -70,
        "off_balance:guarantee_contra:IRR": 70,
    }


def test_the_declared_totals_are_by_asset() -> None:
    assert read_opening(FILE.splitlines(), CHART).totals() == {"IRR": (1000, 570), "EUR": (1250, 0)}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("wallet,per_1,IRR,1", OpeningFault.FIELDS),
        ("", OpeningFault.FIELDS),
        ("purse,per_1,IRR,,1", OpeningFault.ROLE),
        ("opening_equity,,IRR,,1", OpeningFault.EQUITY),
        ("wallet,,IRR,,1", OpeningFault.OWNER_WANTED),
        ("suspense,per_1,IRR,,1", OpeningFault.OWNER_UNWANTED),
        ('wallet,"per\n1",IRR,,1', OpeningFault.OWNER),
        ("wallet,per_1,XAU,,1", OpeningFault.ASSET),
        ("wallet,per_1,IRR,,-1", OpeningFault.AMOUNT),
        ("wallet,per_1,IRR,,1.5", OpeningFault.AMOUNT),
        ("wallet,per_1,IRR,,\u06f1", OpeningFault.AMOUNT),
        (f"wallet,per_1,IRR,,{2**62 + 1}", OpeningFault.AMOUNT),
        ("wallet,per_1,IRR,,", OpeningFault.SIDES),
        ("trust_bank,,IRR,5,5", OpeningFault.SIDES),
        ("wallet,per_1,IRR,5,", OpeningFault.OVERDRAWN),
        ("rail_float,shaparak,IRR,,5", OpeningFault.OVERDRAWN),
        ("wallet,per_0,IRR,,6", OpeningFault.TWICE),
        (f"wallet,per_1,IRR,,{2**62}\nwallet,per_2,IRR,,{2**62}", OpeningFault.SUM),
    ],
)
def test_a_bad_line_is_named_with_its_reason(line: str, fault: OpeningFault) -> None:
    text = f"{HEADINGS}wallet,per_0,IRR,,5\n{line}\nsuspense,,IRR,,nothing\n"
    last = text.count("\n")

    found = read_opening(text.splitlines(keepends=True), CHART)

    assert [bad.fault for bad in found.bad] == [fault, OpeningFault.AMOUNT]
    assert found.bad == [BadLine(last - 1, fault), BadLine(last, OpeningFault.AMOUNT)]


def test_a_file_with_other_headings_is_none() -> None:
    for text in ("", "owner,role,asset,debit_minor,credit_minor\n"):
        assert read_opening(text.splitlines(), CHART).bad == [BadLine(1, OpeningFault.HEADINGS)]


@pytest.mark.parametrize("line", ["wallet,per_\0,IRR,,1", f"wallet,{'x' * 200_000},IRR,,1"])
def test_what_is_no_csv_is_refused_and_not_a_fault(line: str) -> None:
    found = read_opening(f"{FILE}{line}\n".splitlines(keepends=True), CHART)

    assert [bad.line for bad in found.bad] == [7]


@pytest.mark.parametrize("addition", ["wallet,,IRR,,1\n", "wallet,per_alice,IRR,,1\n"])
async def test_one_bad_line_refuses_the_whole_file(ledger: Ledger, addition: str) -> None:
    head = await ledger.head()

    refused = await imported(ledger, FILE + addition)

    assert (refused.posted, [bad.line for bad in refused.bad]) == (0, [7])
    assert await ledger.head() == head


async def test_what_the_ledger_would_refuse_refuses_the_whole_file(ledger: Ledger) -> None:
    await imported(ledger, HEADINGS + "wallet,per_alice,IRR,,299\n")
    await ledger.change(AccountChange(books.BOB.id, "stf_1", AccountState.FROZEN))
    head = await ledger.head()

    refused = await imported(ledger, FILE)

    assert refused.bad == [BadLine(3, OpeningFault.DIFFERS), BadLine(4, OpeningFault.STATE)]
    assert await ledger.head() == head


async def test_a_line_that_was_refused_once_may_be_accepted_later(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = ledger.state

    async def looked_too_early(account: object) -> AccountState | None:
        return AccountState.OPEN

    monkeypatch.setattr(ledger, "state", looked_too_early)
    await ledger.change(AccountChange(ALICE.id, "stf_1", AccountState.FROZEN))
    refused = await imported(ledger, FILE)
    monkeypatch.setattr(ledger, "state", looked)
    await ledger.change(AccountChange(ALICE.id, "stf_1", AccountState.OPEN))

    assert refused.posted == 0
    assert BadLine(3, OpeningFault.REFUSED, "CREDIT_FROZEN") in refused.bad
    assert await imported(ledger, FILE) == Imported(5, 0, [])


class DyingLedger:
    """A ledger whose process dies before it posts for the `after`-th time."""

    def __init__(self, ledger: Ledger, after: int) -> None:
        self._ledger = ledger
        self._left = after

    def __getattr__(self, name: str) -> object:
        return getattr(self._ledger, name)

    async def post(self, *transfers: Transfer) -> list[PostResult]:
        self._left -= 1
        if self._left < 0:
            raise LedgerUnavailable("killed")
        return await self._ledger.post(*transfers)


@pytest.mark.parametrize("after", range(4))
async def test_a_crash_and_a_second_run_end_as_one_run(
    ledger: Ledger, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    monkeypatch.setattr(opening, "LINKED_MAX", 2)
    file = read_opening(FILE.splitlines(), CHART)

    try:
        await import_opening(DyingLedger(ledger, after), CHART, file)  # type: ignore[arg-type]
        died = False
    except LedgerUnavailable:
        died = True
    second = await import_opening(ledger, CHART, replace(file))

    assert died == (after < 3)
    assert (second.posted, second.already) == (5 - min(2 * after, 5), min(2 * after, 5))
    assert (await figures(ledger))["equity:opening_equity:IRR"] == -500
