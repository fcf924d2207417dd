"""What follows from what the bank says: examples, and what holds whatever it says and in whatever order."""

import asyncio
import itertools
import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.services.banking import Finding, OrderState, PaymentNews
from gateway.services.banking.rules import (
    Link,
    continuity,
    digest_of,
    missing,
    news_of_line,
    news_of_report,
    order_of,
    settled_by,
)
from gateway.store import Store
from gateway.wire.iso20022 import PaymentStatus, Said, Status, StatusReport
from tests.gateway.services.banking.conftest import House, of
from tests.gateway.wire.bank_files import camt, entry, statement
from wallet.clock import ManualClock
from wallet.money import IRR, irr
from wallet.reconciliation import BankStatement, LineKind, StatementLine

DAY = date(2026, 11, 27)
OUT = StatementLine(1, LineKind.DEBIT, irr(100), DAY, DAY, end_to_end_id="E1")
BACK = replace(OUT, kind=LineKind.CREDIT)
NOON = datetime(2026, 11, 27, 8, tzinfo=UTC)
SETTLED, RETURNED = PaymentNews.SETTLED, PaymentNews.RETURNED


@pytest.mark.parametrize(
    ("line", "ours", "what"),
    [
        (OUT, False, SETTLED),
        (OUT, True, SETTLED),
        (replace(OUT, reversal=True), True, None),
        (replace(OUT, return_reason="AC04"), True, None),
        (BACK, False, None),
        (BACK, True, RETURNED),
        (replace(BACK, reversal=True), False, RETURNED),
        (replace(BACK, return_reason="AC04"), False, RETURNED),
    ],
)
def test_what_a_line_says_of_its_payment(line: StatementLine, what: PaymentNews | None, *, ours: bool) -> None:
    assert news_of_line(line, ours=ours) is what


@pytest.mark.parametrize(
    ("line", "order"),
    [
        (replace(OUT, end_to_end_id="", message_id="ord_1"), "ord_1"),
        (replace(OUT, end_to_end_id="", payment_information_id="ord_1"), "ord_1"),
        (replace(OUT, end_to_end_id="ord_1", message_id="ord_1"), "ord_1"),
        (replace(OUT, message_id="ord_1"), ""),
        (replace(OUT, end_to_end_id="", message_id="ord_2"), ""),
        (replace(BACK, end_to_end_id="", message_id="ord_1"), ""),
        (replace(OUT, end_to_end_id="", message_id="ord_1", reversal=True), ""),
    ],
)
def test_which_order_a_line_books_as_a_whole(line: StatementLine, order: str) -> None:
    assert order_of(line, {"ord_1": None}) == order


@pytest.mark.parametrize(
    ("total", "rejected", "settled"),
    [
        (600, "", "E1 E2 E3"),
        (400, "E2", "E1 E3"),
        (600, "E2", "E1 E2 E3"),
        (500, "", None),
        (0, "E1 E2 E3", None),
    ],
)
def test_a_booking_of_an_order_settles_what_makes_its_sum(total: int, rejected: str, settled: str | None) -> None:
    ordered = [("E1", 100), ("E2", 200), ("E3", 300)]
    among = settled_by(total, ordered, frozenset(rejected.split()))

    assert (among and " ".join(key for key, _ in among)) == settled


@pytest.mark.parametrize(
    ("before", "this", "findings"),
    [
        (None, Link(9, 5, 5, DAY), ()),
        (Link(8, 0, 5, DAY), Link(9, 5, 5, DAY), ()),
        (Link(7, 0, 5, DAY), Link(9, 5, 5, DAY), (Finding.GAP,)),
        (Link(8, 0, 4, DAY), Link(9, 5, 5, DAY), (Finding.OPENING,)),
        (Link(6, 0, 4, DAY), Link(9, 5, 5, DAY), (Finding.GAP, Finding.OPENING)),
        (Link(365, 0, 5, DAY), Link(1, 5, 5, date(2027, 1, 1)), ()),
        (Link(365, 0, 5, DAY), Link(2, 5, 5, date(2027, 1, 2)), (Finding.GAP,)),
        (Link(365, 0, 5, date(2026, 3, 20)), Link(1, 5, 5, date(2026, 3, 21)), ()),
        (Link(365, 0, 5, date(2026, 3, 21)), Link(1, 5, 5, date(2026, 3, 22)), (Finding.GAP,)),
        (Link(0, 0, 5, DAY), Link(0, 5, 5, DAY), ()),
        (Link(8, None, None, DAY), Link(9, 5, 5, DAY), ()),
    ],
)
def test_what_does_not_fit_with_the_statement_before(
    before: Link | None, this: Link, findings: tuple[Finding, ...]
) -> None:
    assert continuity(before, this) == findings


@pytest.mark.parametrize(
    ("before", "this", "numbers"),
    [
        (Link(7, 0, 5, DAY), Link(9, 5, 5, DAY), (8, 8)),
        (Link(7, 0, 5, DAY), Link(12, 5, 5, DAY), (8, 11)),
        (Link(7, 0, 5, DAY), Link(8, 5, 5, DAY), None),
        (Link(7, 0, 5, DAY), Link(3, 5, 5, DAY), None),
        (Link(365, 0, 5, DAY), Link(3, 5, 5, date(2027, 1, 3)), (1, 2)),
        (Link(365, 0, 5, date(2026, 3, 20)), Link(3, 5, 5, date(2026, 3, 23)), (1, 2)),
    ],
)
def test_which_numbers_are_missing(before: Link, this: Link, numbers: tuple[int, int] | None) -> None:
    assert missing(before, this) == numbers


STATUSES = st.one_of(st.none(), st.sampled_from(Status))


@given(
    group=STATUSES,
    information=STATUSES,
    named=st.dictionaries(st.sampled_from(["E1", "E2", "E9"]), STATUSES, max_size=3),
)
def test_each_payment_of_an_order_is_told_of_at_most_once_and_others_never(
    group: Status | None, information: Status | None, named: dict[str, Status | None]
) -> None:
    payments = tuple(PaymentStatus("ord_1", key, "", Said(status), None) for key, status in named.items())
    report = StatusReport("S", NOON, "ord_1", Said(group), {"ord_1": Said(information)}, payments)
    news = news_of_report(report, [("E1", 100), ("E2", 200), ("E3", 300)], IRR)

    told = [one.end_to_end_id for one in news]
    assert len(told) == len(set(told))
    assert set(told) <= {"E1", "E2", "E3"}
    if group is Status.RJCT:
        rejected = {one.end_to_end_id for one in news if one.what is PaymentNews.REJECTED}
        assert {key for key in ("E1", "E2", "E3") if named.get(key) is None} <= rejected


def test_two_statements_that_differ_anywhere_are_two() -> None:
    whole = BankStatement("camt.053", "S", "A", "IRR", 1, 0, 0, DAY, DAY, (OUT, BACK))
    others = [
        replace(whole, closing=1), replace(whole, to_on=date(2026, 11, 28)), replace(whole, lines=(OUT,)),
        replace(whole, lines=(BACK, OUT)), replace(whole, lines=(replace(OUT, amount=irr(101)), BACK)),
        replace(whole, lines=(replace(OUT, end_to_end_id="E2"), BACK)),
    ]  # fmt: skip
    assert len({digest_of(one) for one in [whole, *others]}) == 7
    assert digest_of(replace(whole, lines=(OUT, BACK))) == digest_of(whole)


@pytest.mark.parametrize("order", list(itertools.permutations((7, 8, 10))))
async def test_findings_do_not_depend_on_the_order_of_arrival(house: House, order: tuple[int, ...]) -> None:
    openings = {7: 1000, 8: 900, 10: 850}
    for number in order:
        opening = openings[number]
        octets = camt(statement(entry(100), name=f"S{number}", sequence=number, opening=opening, closing=opening - 100))
        await house.arrive(f"file {number}", octets)
        house.clock.advance(timedelta(seconds=1))

    found = {row.sequence: row.findings for row in await house.banking.statements(limit=9)}
    assert found == {7: (), 8: (), 10: (Finding.GAP, Finding.OPENING)}


STEPS = st.lists(
    st.sampled_from(["order", "ship", "ship elsewhere", "silent", "deaf", "well", "later", "lose file"]), max_size=14
)


ENDING = ("order", "later", "ship", "order", "later", "ship")
"""Whoever has ordered orders again what is not there, and the worker goes on."""


@settings(max_examples=20)
@given(steps=STEPS)
def test_whatever_happens_the_bank_gets_an_order_once_and_at_last(sqlite_template: Path, steps: list[str]) -> None:
    async def play() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = await Store.open(f"sqlite:///{shutil.copy(sqlite_template, Path(folder) / 'bank.db')}")
            try:
                await _play(House(store, ManualClock(NOON), Path(folder) / "bank"), steps)
            finally:
                await store.close()

    asyncio.run(play())


async def _play(house: House, steps: list[str]) -> None:
    order, payments = of(2)
    for step in [*steps, "well", *ENDING]:
        match step:
            case "order":
                await house.banking.order(order, payments)
            case "ship":
                await house.banking.ship()
            case "ship elsewhere":
                await house.another().ship()
            case "silent" | "deaf" | "well":
                house.bank.silent, house.bank.deaf = step == "silent", step == "deaf"
            case "later":
                house.clock.advance(timedelta(hours=1))
            case _:
                house.file().unlink(missing_ok=True)
    row = await house.banking.order_by_id("ord_1")
    assert row is not None
    assert (row.state, house.bank.sends) == (OrderState.SENT, ["ord_1"])
