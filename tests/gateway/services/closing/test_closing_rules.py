"""The pure parts of closing: checks by table, money that is stuck, pages of leaves, texts that fit a phone."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.services.banking import DayStatement, Finding
from gateway.services.closing import BreakCount, Check, CheckName, Cover, Doubt, Excuse, Fact, FlowRun, UnsignedBreak
from gateway.services.closing import checks as rules
from gateway.services.closing.cover import covers_of, of_sums, sums_of
from gateway.services.closing.plain import checks_of, facts_hash, of_checks, of_roots, roots_of
from gateway.services.closing.seals import PAGE, Page, SpoiltPage, packed, section_root, unpacked
from gateway.services.closing.transit import Passing, Standing
from gateway.services.closing.wording import texts
from gateway.services.owed import OWED
from gateway.services.payouts.budgets import OWED_ROLES
from gateway.services.signing.rules import TEXT_MAX, showable
from wallet.accounts import AccountKind, Chart
from wallet.heads import SignedHead
from wallet.ids import AccountId, account_id, new_id, transfer_id
from wallet.money import ASSETS, POINT, Money, irr
from wallet.transfers import Balances, Movement, RoleSum, Transfer, TransferCode

DAY, AT = date(2026, 11, 27), datetime(2026, 11, 27, 20, 30, tzinfo=UTC)
MINE = DayStatement("stm_1", "IR1", "IRR", "S7", 7, 500, 900, DAY, (), (6, 500), AT)
HEAD = SignedHead(4, 90, bytes(32), AT, AT, "0" * 16)
NEVER = FlowRun("bank", None, None, None, banked=True)
RAN = FlowRun("bank", DAY, AT, AT, banked=True)
LATER = AT + timedelta(seconds=1)
STUCK = Standing("liability:suspense:IRR", "suspense", "IRR", 70, 50, DAY)


def shown(check: Check) -> set[tuple[str, object, str]]:
    return {(fact.name.value, fact.cell, fact.of) for fact in check.facts}


def gap(*findings: Finding, opening: int = 500) -> DayStatement:
    return replace(MINE, number=9, opening=opening, findings=findings)


def of(closings: list[DayStatement], accounts: Sequence[str] = ("IR1",), *, rest: bool = False) -> Check:
    return rules.statements(accounts, closings, [], rest=rest)


CHECKS: dict[str, tuple[Check, bool, set[tuple[str, object, str]]]] = {
    "a statement that follows": (of([MINE]), True, {("closing", irr(900), "IR1")}),
    "no statement": (of([]), False, {("missing", "IR1", "IR1")}),
    "no statement on a day of rest": (of([], rest=True), True, {("rest", "IR1", "IR1")}),
    "one account of two": (of([MINE], ["IR1", "IR2"]), False, {("missing", "IR2", "IR2")}),
    "no account": (of([], []), False, {("missing", "", "")}),
    "still read": (rules.statements(["IR1"], [MINE], ["S8"], rest=False), False, {("reading", "S8", "")}),
    "a gap": (
        of([gap(Finding.GAP)]), False,
        {("number", 9, "IR1"), ("expected_number", 7, "IR1"), ("gap", 2, "IR1")},
    ),
    "a gap on a day of rest": (of([gap(Finding.GAP)], rest=True), False, {("gap", 2, "IR1")}),
    "another opening": (
        of([gap(Finding.OPENING, opening=450)]), False,
        {("opening", irr(450), "IR1"), ("expected_opening", irr(500), "IR1"), ("difference", irr(-50), "IR1")},
    ),
    "again": (of([gap(Finding.AGAIN)]), False, {("finding", "again", "IR1")}),
    "a batch that does not add up is a break": (
        of([gap(Finding.BATCH)]), True, {("finding", "batch", "IR1")}
    ),
    "no flow": (rules.reconciled(DAY, [], AT, AT), False, {("missing", "", "")}),
    "nobody reconciles": (rules.reconciled(DAY, None, AT, AT), False, {("missing", "", "")}),
    "never reconciled": (rules.reconciled(DAY, [NEVER], AT, AT), False, {("through", "", "bank")}),
    "reconciled": (rules.reconciled(DAY, [RAN], AT, AT), True, {("through", DAY, "bank")}),
    "reconciled the day before": (
        rules.reconciled(DAY, [FlowRun("bank", DAY - timedelta(1), AT, AT)], AT, AT), False, set()
    ),
    "reconciled before the statement came": (
        rules.reconciled(DAY, [RAN], AT, LATER), False, {("outdated", LATER, "bank")},
    ),
    "a flow that reads no statement waits for none": (
        rules.reconciled(DAY, [FlowRun("taps", DAY, AT, AT)], AT, LATER), True, set()
    ),
    "reconciled before the day was over": (
        rules.reconciled(DAY, [FlowRun("taps", DAY, AT, AT)], LATER, AT), False, {("outdated", LATER, "taps")}
    ),
    "one flow of two": (
        rules.reconciled(DAY, [RAN, NEVER], AT, AT), False, set()
    ),
    "debits are credits": (
        rules.trial_balance([RoleSum("asset", "a", "IRR", 1, 5, 0), RoleSum("liability", "b", "IRR", 1, 0, 5)]), True,
        {("difference", irr(0), "IRR")},
    ),
    "debits are not credits": (
        rules.trial_balance([RoleSum("asset", "a", "IRR", 1, 6, 0), RoleSum("asset", "a", "EUR", 1, 0, 0),
                             RoleSum("liability", "b", "IRR", 1, 0, 5)]), False, {("difference", irr(1), "IRR")},
    ),
    "one asset does not make up for another": (
        rules.trial_balance([RoleSum("asset", "a", "IRR", 1, 5, 0), RoleSum("liability", "b", "EUR", 1, 0, 5)]), False,
        {("difference", irr(5), "IRR")},
    ),
    "float is trust": (rules.float_covered([Cover("IRR", 9, 9, 0, None, AT)]), True, {("difference", irr(0), "IRR")}),
    "float is above trust": (
        rules.float_covered([Cover("IRR", 10, 9, 5, 8, AT)]), False,
        {("float", irr(10), "IRR"), ("trust", irr(9), "IRR"), ("difference", irr(-1), "IRR"), ("bank", irr(8), "IRR")},
    ),
    "nothing is stuck": (rules.transit([replace(STUCK, stuck_minor=0)]), True, {("balance", irr(70), "suspense")}),
    "something is stuck": (
        rules.transit([STUCK]), False, {("stuck", irr(50), STUCK.code), ("since", DAY, STUCK.code)}
    ),
    "nothing is unknown": (rules.unknown([], 24), True, {("count", 0, ""), ("hours", 24, "")}),
    "something is unknown": (rules.unknown([Doubt("itm_1", 7, AT)], 24), False, {("oldest", AT, "itm_1")}),
    "all have signed for the breaks": (
        rules.breaks([], [BreakCount(explained=True, asset="IRR", count=2, minor=9)]), True, {("explained", 2, "")}
    ),
    "a break that nobody has signed for": (
        rules.breaks([UnsignedBreak("brk_1", 7, "IRR")], []), False, {("unsigned", irr(7), "brk_1")}
    ),
    "nobody looks for breaks": (rules.breaks(None, []), False, {("missing", "", "")}),
    "a head that reaches": (rules.heads(rules.HeadFacts(HEAD, "", 90)), True, {("block", 4, ""), ("position", 90, "")}),
    "a head that does not reach": (rules.heads(rules.HeadFacts(HEAD, "", 91)), False, set()),
    "a head that is not in the book": (rules.heads(rules.HeadFacts(HEAD, "gone", 1)), False, {("fault", "gone", "")}),
    "no head of an empty day": (rules.heads(rules.HeadFacts(None, "", 0)), True, set()),
    "no head": (rules.heads(rules.HeadFacts(None, "", 1)), False, set()),
}  # fmt: skip


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_holds_or_not_and_shows_why(name: str) -> None:
    check, passed, facts = CHECKS[name]
    assert check.passed is passed
    assert facts <= shown(check)
    assert check.path.startswith("/")
    assert check.blocking


def test_a_check_names_some_and_counts_the_rest() -> None:
    check = rules.breaks([UnsignedBreak(f"brk_{n}", 1, "IRR") for n in range(50)], [])
    assert ("more", 30, "") in shown(check)
    assert len(check.facts) < 30


def test_an_explained_check_blocks_no_more_and_comes_back_as_it_was_written() -> None:
    check = replace(rules.transit([STUCK]), excuse=Excuse("the rail is down", "stf_1", AT))
    cells = (Fact(check.facts[0].name, Money(3, ASSETS["EUR"])), Fact(check.facts[0].name, AT))
    check = replace(check, facts=(*check.facts, *cells, Fact(check.facts[0].name, DAY), Fact(check.facts[0].name, 3)))
    assert not check.blocks
    assert checks_of(of_checks([check])) == (check,)
    assert replace(check, excuse=None).blocks
    assert roots_of(of_roots([])) == ()


def test_an_explanation_is_bound_to_what_the_check_showed() -> None:
    assert facts_hash(rules.transit([STUCK]).facts) == facts_hash(rules.transit([STUCK]).facts)
    assert facts_hash(rules.transit([STUCK]).facts) != facts_hash(rules.transit([replace(STUCK, stuck_minor=51)]).facts)


def test_what_is_owed_is_what_payouts_hold_cover_for_and_all_of_it_are_liabilities() -> None:
    chart = Chart.load()
    assert OWED == OWED_ROLES
    assert {role.name for role in chart.roles.values() if role.kind is AccountKind.LIABILITY} == OWED


def test_cover_is_counted_for_currencies_and_what_somebody_owes_covers_nobody() -> None:
    sums = [
        RoleSum("asset", "trust_bank", "IRR", 1, 900, 100), RoleSum("liability", "wallet", "IRR", 3, 100, 600),
        RoleSum("liability", "suspense", "IRR", 1, 70, 0), RoleSum("liability", "wallet", POINT.code, 1, 0, 5),
        RoleSum("asset", "branch_cash", "IRR", 1, 40, 0), RoleSum("income", "fee_income", "IRR", 1, 0, 9),
        RoleSum("liability", "merchant_payable", "EUR", 1, 0, 4),
    ]  # fmt: skip
    assert covers_of(sums, {"IRR": 750}, AT) == [
        Cover("IRR", 500, 800, 40, 750, AT), Cover("EUR", 4, 0, 0, None, AT)
    ]  # fmt: skip
    assert [cover.short_minor for cover in covers_of(sums, {}, AT)] == [0, 4]
    assert sums_of(of_sums(sums)) == sums


@given(
    day=st.dates(), floats=st.integers(-(2**62), 2**62), trust=st.integers(-(2**62), 2**62),
    breaks=st.integers(0, 10**6), asset=st.sampled_from(["IRR", "EUR"]),
)  # fmt: skip
def test_the_text_fits_every_phone_whatever_the_amounts(
    day: date, floats: int, trust: int, breaks: int, asset: str
) -> None:
    for text in texts(day, Cover(asset, floats, trust, 0, None, AT), breaks).values():
        assert len(text) <= TEXT_MAX
        assert showable(text)
        assert day.isoformat() in text


NAMES = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40)
LEAVES = st.lists(st.tuples(NAMES, st.binary(min_size=32, max_size=32)), min_size=1, max_size=30)


@given(leaves=LEAVES, data=st.data())
def test_a_page_gives_back_its_leaves_and_a_changed_octet_of_it_is_noticed(
    leaves: list[tuple[str, bytes]], data: st.DataObject
) -> None:
    page = packed(leaves)
    assert unpacked(page) == leaves
    column = data.draw(st.sampled_from(["names", "leaves", "root"]))
    octets = bytearray(getattr(page, column))
    octets[data.draw(st.integers(0, len(octets) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SpoiltPage):
        unpacked(Page(**({**asdict(page), column: bytes(octets)})))
    with pytest.raises(SpoiltPage):
        unpacked(replace(page, count=page.count + 1))


def test_a_full_page_of_a_days_lines_is_small() -> None:
    page = packed([(f"banking_lines:stm_01M8FCXM40S610V8Q0A378R8BG:{number}", bytes(32)) for number in range(PAGE)])
    assert len(page.names) < 6_000
    assert len(page.leaves) == 32 * PAGE


def test_sections_of_other_pages_have_other_roots() -> None:
    one, other = bytes(32), b"\1" * 32
    assert len({section_root(pages) for pages in ([], [one], [other], [one, other], [other, one])}) == 5
    assert isinstance(packed([("a:b", one)]), Page)


NOBODY = Balances(0, 0, 0, 0, 0)
OTHER: AccountId = account_id("wallet", "per_1", "IRR")


def moved(cause: str, minor: int, *, out: bool) -> Movement:
    own = account_id("rail_payable", "bank", "IRR")
    debit, credit = (own, OTHER) if out else (OTHER, own)
    transfer = Transfer(transfer_id(ID, cause), debit, credit, irr(minor), TransferCode.PAYOUT, cause)
    return Movement(1, transfer, AT, out, NOBODY, OTHER)


class _At:
    def now(self) -> datetime:
        return AT


ID = new_id("itm", _At())
PASSES = {
    "nothing moved": (50, [], 50, 50),
    "it went out": (50, [("old", -50)], 0, 0),
    "a part of it went out": (50, [("old", -20)], 30, 30),
    "others came and went": (50, [("a", 30), ("a", -30), ("b", 10), ("b", -10)], 50, 50),
    "it went, and others came": (50, [("a", 30), ("old", -50)], 30, 0),
    "cleared by one booking, the oldest first": (50, [("a", 30), ("cycle", -60)], 20, 0),
    "one booking that did not reach": (50, [("a", 30), ("cycle", -40)], 40, 10),
    "on the other side": (-50, [("a", -30), ("a", 30), ("late", 20)], -30, 30),
    "through nothing to the other side": (50, [("old", -80)], -30, 0),
}


@pytest.mark.parametrize("name", PASSES)
def test_what_has_lain_too_long_is_told_from_what_passes(name: str) -> None:
    was, moves, balance, stuck = PASSES[name]
    passing = Passing(was)
    for cause, minor in moves:
        passing.move(moved(cause, abs(minor), out=minor < 0))
    assert (passing.balance, passing.stuck) == (balance, stuck)


@given(
    old=st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 99), min_size=1),
    gone=st.sets(st.sampled_from("abcdef")),
    passed=st.dictionaries(st.sampled_from("uvwxyz"), st.integers(1, 99)),
    waiting=st.sets(st.sampled_from("uvwxyz")),
)
def test_of_items_with_causes_of_their_own_exactly_those_that_stay_are_stuck(
    old: dict[str, int], gone: set[str], passed: dict[str, int], waiting: set[str]
) -> None:
    passing = Passing(sum(old.values()))
    for cause, minor in passed.items():
        passing.move(moved(cause, minor, out=False))
    for cause in gone & old.keys():
        passing.move(moved(cause, old[cause], out=True))
    for cause in passed.keys() - waiting:
        passing.move(moved(cause, passed[cause], out=True))
    assert passing.stuck == sum(minor for cause, minor in old.items() if cause not in gone)


def test_checks_that_others_can_keep_from_being_right_may_be_explained_and_no_others() -> None:
    assert {name for name in CheckName if name in rules.EXCUSABLE} == {
        CheckName.STATEMENTS, CheckName.TRANSIT, CheckName.UNKNOWN
    }  # fmt: skip
