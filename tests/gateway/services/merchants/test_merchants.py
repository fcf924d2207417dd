"""Merchants and terminals."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput, Conflict, NotFound
from gateway.keys import SoftwareKeyStore
from gateway.services.merchants import IbanOutcome, Merchants, TerminalState
from gateway.services.merchants.rules import merchant_number
from gateway.store import Store
from gateway.wire.emv import luhn_digit
from wallet.accounts import Account, Chart
from wallet.clock import ManualClock


class OpenedAccounts:
    def __init__(self) -> None:
        self.codes: list[str] = []

    async def open_accounts(self, *accounts: Account) -> None:
        self.codes += [account.code for account in accounts]


@pytest.fixture
def ledger() -> OpenedAccounts:
    return OpenedAccounts()


@pytest.fixture
async def merchants(database_url: str, clock: ManualClock, ledger: OpenedAccounts) -> AsyncIterator[Merchants]:
    await Store.upgrade(database_url)
    store = await Store.open(database_url)
    yield Merchants(store, ledger, Chart.load(), SoftwareKeyStore.for_tests(), clock)
    await store.close()


async def test_a_merchant_has_an_account_and_a_number_of_its_own(merchants: Merchants, ledger: OpenedAccounts) -> None:
    made = [await merchants.register_merchant(f"Pharmacy {n}", "per_1", "Tehran") for n in range(3)]
    assert ledger.codes == [
        f"liability:{role}:{merchant.id}:IRR" for merchant in made for role in ("merchant_clearing", "merchant_payable")
    ]
    assert len({merchant.number for merchant in made}) == 3
    assert await merchants.merchant(made[0].id) == made[0]
    in_order = sorted(made, key=lambda merchant: merchant.id)
    assert await merchants.merchants(limit=1, after=in_order[0].id) == [in_order[1]]


async def test_a_terminals_key_is_handed_out_once_and_never_shown(merchants: Merchants) -> None:
    merchant = await merchants.register_merchant("Pharmacy", "per_1", "Tehran")
    key = await merchants.register_terminal(merchant.id, "TERM0001")
    assert len(key.key) == 16
    assert key.merchant_number == merchant.number
    assert key.key.hex() not in repr(key)
    with pytest.raises(Conflict):
        await merchants.register_terminal(merchant.id, "TERM0001")
    terminal = await merchants.terminal("TERM0001")
    assert terminal is not None
    assert (terminal.merchant_id, terminal.merchant_number) == (merchant.id, merchant.number)
    assert await merchants.terminals(merchant.id) == [terminal]


async def test_what_cannot_be_registered_is_refused(merchants: Merchants) -> None:
    merchant = await merchants.register_merchant("Pharmacy", "per_1", "Tehran")
    for terminal_id in ("", "TERM001", "term0001", "TERM 001", "TERM00012"):
        with pytest.raises(BadInput):
            await merchants.register_terminal(merchant.id, terminal_id)
    with pytest.raises(NotFound):
        await merchants.register_terminal("mer_none", "TERM0002")
    for name, city in (("", "Tehran"), ("Pharmacy", " "), ("x" * 61, "Tehran")):
        with pytest.raises(BadInput):
            await merchants.register_merchant(name, "per_1", city)


@given(serial=st.integers(0, 10**8 - 1), at=st.integers(0, 14), add=st.integers(1, 9))
def test_a_mistyped_merchant_number_does_not_pass(serial: int, at: int, add: int) -> None:
    number = merchant_number(serial)
    assert len(number) == 15
    wrong = number[:at] + str((int(number[at]) + add) % 10) + number[at + 1 :]
    assert luhn_digit(wrong[:-1]) != wrong[-1]


async def test_staff_stop_a_terminal_let_it_again_and_retire_it_for_ever(merchants: Merchants) -> None:
    merchant = await merchants.register_merchant("Pharmacy", "per_1", "Tehran")
    for number in (1, 2):
        await merchants.register_terminal(merchant.id, f"TERM000{number}")
    assert await merchants.stopped(["TERM0001", "TERM0009"]) == frozenset()
    steps = [
        (TerminalState.BLOCKED, "stolen", {"TERM0001"}),
        (TerminalState.ACTIVE, " found ", set()),
        (TerminalState.RETIRED, "broken", {"TERM0001"}),
    ]
    for state, reason, stopped in steps:
        terminal = await merchants.set_terminal_state("TERM0001", state, actor="stf_1", reason=reason)
        assert (terminal.state, terminal.state_reason, terminal.state_by) == (state, reason.strip(), "stf_1")
        assert terminal.state_at is not None
        assert await merchants.stopped(["TERM0001", "TERM0002"]) == stopped
    with pytest.raises(Conflict):
        await merchants.set_terminal_state("TERM0001", TerminalState.ACTIVE, actor="stf_1", reason="again")
    with pytest.raises(NotFound):
        await merchants.set_terminal_state("TERM0009", TerminalState.BLOCKED, actor="stf_1", reason="stolen")
    for reason in (" ", "x" * 201):
        with pytest.raises(BadInput):
            await merchants.set_terminal_state("TERM0002", TerminalState.BLOCKED, actor="stf_1", reason=reason)
    assert [terminal.id for terminal in await merchants.every_terminal(limit=1, after="TERM0001")] == ["TERM0002"]
    assert (await merchants.terminals(merchant.id))[0].state is TerminalState.RETIRED


async def test_where_a_merchant_is_paid_is_changed_with_a_reason_and_a_history_and_cools(
    merchants: Merchants, clock: ManualClock
) -> None:
    one = await merchants.register_merchant("Pharmacy", "per_1", "Tehran")
    first, second = "IR820540102680020817909002", "IR062960000000100324200001"
    asked = [
        (one.id, "IR00", "new", IbanOutcome.BAD_IBAN),
        (one.id, first, "  ", IbanOutcome.REASON_MISSING),
        ("mer_0", first, "new", IbanOutcome.UNKNOWN),
        (one.id, "", "new", IbanOutcome.SAME),
        (one.id, first, "as on the contract", IbanOutcome.OK),
        (one.id, first.lower(), "again", IbanOutcome.SAME),
    ]
    for merchant_id, iban, reason, outcome in asked:
        assert await merchants.set_iban(merchant_id, iban, "stf_1", reason) is outcome
    known = await merchants.merchant(one.id)
    assert known is not None
    assert (known.iban, known.masked, known.iban_since, known.iban_cool_until) == (first, "…9002", clock.now(), None)
    assert first not in repr(known)
    clock.advance(timedelta(hours=1))
    assert await merchants.set_iban(one.id, second, "stf_2", "another bank") is IbanOutcome.OK
    (known,) = (await merchants.by_ids([one.id, "mer_0"])).values()
    assert known.iban_cool_until == clock.now() + timedelta(hours=24)
    changes = await merchants.iban_changes(one.id)
    assert [(change.iban, change.old_iban, change.staff_id, change.reason) for change in changes] == [
        ("…0001", "…9002", "stf_2", "another bank"),
        ("…9002", "", "stf_1", "as on the contract"),
    ]


async def test_a_merchant_may_be_of_a_class_that_the_schedule_of_fees_treats_apart(merchants: Merchants) -> None:
    one = await merchants.register_merchant("Pharmacy", "per_1", "Tehran")
    assert await merchants.set_fee_class(one.id, "club")
    assert not await merchants.set_fee_class("mer_0", "club")
    with pytest.raises(BadInput):
        await merchants.set_fee_class(one.id, "c" * 41)
    known = await merchants.merchant(one.id)
    assert known is not None
    assert known.fee_class == "club"
