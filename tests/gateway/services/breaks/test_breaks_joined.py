"""Breaks among the services of a house: rails that may still move money, owners, approvals and causes."""

import shutil
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Table, insert

from gateway.app import House, built
from gateway.app.agreeing import APPROVAL_ROLES
from gateway.app.breaking import BookedForBreaks, OpenWork, Owners
from gateway.services.approvals import ApprovalOutcome, Policy, StaffRef
from gateway.services.breaks import BreakOutcome, BreakRow, Counter
from gateway.services.clearing.tables import ITEMS as TAKINGS
from gateway.services.payouts import ItemState
from gateway.services.payouts.tables import ITEMS
from gateway.services.providers import FeeState
from gateway.services.providers.tables import fees, providers, visits
from gateway.services.staff import NewStaff, Role
from gateway.settings import Settings
from tests.gateway.services.breaks.world import found_group, pages
from wallet.clock import ManualClock
from wallet.ids import new_id
from wallet.money import irr
from wallet.reconciliation import BreakType, Row, Side

DAY = date(2026, 11, 22)


@pytest.fixture
async def house(tmp_path: Path, clock: ManualClock, sqlite_template: Path, sqlite_wallet: Path) -> AsyncIterator[House]:
    """A house of the demo, empty."""
    shutil.copy(sqlite_template, tmp_path / "gateway.db")
    shutil.copy(sqlite_wallet, tmp_path / "wallet.db")
    async with built(Settings(data_dir=tmp_path), clock) as made:
        yield made


def open_work(house: House) -> OpenWork:
    return OpenWork(house.payouts, house.providers, house.clearing)


async def put(house: House, table: Table, **given: object) -> None:
    """A row with these values and any others."""
    any_of = {"TEXT": "x", "INTEGER": 1, "BIGINT": 1, "SMALLINT": 0}
    row: dict[str, object] = {}
    for column in table.c:
        if column.nullable:
            continue
        kind = type(column.type).__name__
        values = {"Moment": house.clock.now(), "Day": DAY, "Flag": False, "JsonText": {}}
        row[column.name] = values.get(kind, any_of.get(str(column.type), 1))
    await house.store.write(lambda tx: tx.execute(insert(table).values(**{**row, **given})).rowcount)


def named(own: str = "", end_to_end_id: str = "", batch: str = "") -> list[BreakRow]:
    return [BreakRow(Side.BANK, "line", -5, DAY, own, end_to_end_id, batch)]


async def test_a_payment_is_pending_by_any_of_its_names_while_it_may_still_be_paid(house: House) -> None:
    over = {
        ItemState.REJECTED, ItemState.SETTLED, ItemState.CONFIRMED, ItemState.RETURNED, ItemState.CANCELLED,
    }  # fmt: skip
    work = open_work(house)
    for state in ItemState:
        item, end, order = f"itm_{state.value}", f"E2E{state.value}", f"ord_{state.value}"
        given = {"end_to_end_id": end, "order_id": order, "once": None}
        await put(house, ITEMS, id=item, state=state.value, **given)
        for names in ({"own": item}, {"own": f"{item}/back"}, {"end_to_end_id": end}, {"batch": order}):
            assert await work.pending("bank", named(**names)) is (state not in over), names
    for names in ({"own": "itm_2"}, {"end_to_end_id": "E2E2"}, {"batch": "ord_2"}, {}):
        assert not await work.pending("bank", named(**names)), names


async def test_a_fee_is_pending_until_its_money_has_moved(house: House) -> None:
    await put(house, providers, id="prv_1")
    for state in FeeState:
        await put(house, visits, id=f"vis_{state.value}", number=state.value, call_key=state.value, provider_id="prv_1")
        await put(house, fees, id=f"fee_{state.value}", visit_id=f"vis_{state.value}", provider_id="prv_1", state=state)
        pending = await open_work(house).pending("fees", named(own=f"fee_{state.value}/paid"))
        assert pending is (state in {FeeState.SUBMITTED, FeeState.APPROVED})


async def test_a_taking_is_pending_until_its_cycle_has_settled_it(house: House) -> None:
    for state, pending in (("waiting", True), ("again", True), ("posted", False), ("refused", False)):
        await put(house, TAKINGS, taking_id=f"tap_{state}", state=state)
        assert await open_work(house).pending("taps", named(own=f"tap_{state}")) is pending


async def hired(house: House, name: str, role: Role) -> str:
    """A new member of staff; their id."""
    made = await house.staff.create(name, name.title(), {role}, "correct horse battery")
    assert isinstance(made, NewStaff)
    return made.staff.id


async def test_a_break_goes_through_the_real_approvals_of_the_house(house: House) -> None:
    maker, checker, clerk = [
        await hired(house, name, role)
        for name, role in (("mina", Role.FINANCE), ("reza", Role.FINANCE), ("sara", Role.BRANCH_CLERK))
    ]
    group = found_group([Row(Side.BANK, "line", -30, "IRR", DAY, DAY)], BreakType.MISSING_LEDGER, -30)
    await house.breaks.take(new_id("rcn", house.clock), "bank", pages([group], 1))
    (found,) = await house.breaks.breaks(limit=9)
    owners = Owners(house.staff)
    assert [await owners.may_own(one) for one in (maker, clerk, "stf_nobody")] == [True, False, False]
    assert await house.breaks.assign(found.id, clerk, maker) is BreakOutcome.OWNER_UNKNOWN
    assert await house.breaks.propose_booking(found.id, Counter.BANK_CHARGES, "fee", maker) is BreakOutcome.OK
    (waiting,) = await house.approvals.list_pending(limit=9)
    finance = frozenset({Role.FINANCE.value})
    own = await house.approvals.approve(waiting.id, StaffRef(maker, finance))
    stranger = await house.approvals.approve(waiting.id, StaffRef(clerk, frozenset({Role.BRANCH_CLERK.value})))
    assert (own, stranger) == (ApprovalOutcome.MAKER_IS_CHECKER, ApprovalOutcome.ROLE_MISSING)
    assert await house.approvals.approve(waiting.id, StaffRef(checker, finance)) is ApprovalOutcome.APPROVED
    balances = await house.ledger.balances(house.chart.id("bank_charges"))
    assert balances is not None
    assert balances.net_credit == -30
    book = BookedForBreaks(house.breaks, "bank", Side.LEDGER)
    (row,) = [row async for page in book.rows(DAY, DAY) for row in page]
    assert (row.minor, row.reference) == (-30, found.id)
    assert await book.again([row.id]) == [row]


@pytest.mark.parametrize(
    ("kind", "minor", "checkers"),
    [
        ("break_write_off", 50_000_000, 1),
        ("break_write_off", 50_000_001, 2),
        ("break_correction", 1_000_000_001, 2),
        ("break_booking", 10_000_000_000, 1),
    ],
)
def test_large_amounts_need_more_people_of_finance(kind: str, minor: int, checkers: int) -> None:
    policy = Policy.load("", APPROVAL_ROLES, tuple(Role))
    band = policy.band(kind, irr(minor))
    assert band is not None
    assert (band.checkers, band.roles) == (checkers, (Role.FINANCE,))
