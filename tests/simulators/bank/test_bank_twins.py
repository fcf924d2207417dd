"""Two who share no code agree: our writer's orders are read by the bank, and the bank's files by our readers."""

import hashlib
import io
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.services.banking import BankPayment, read_bank_profile
from gateway.wire import statements
from gateway.wire.iso20022 import Head, Profile, Status, StatusReport, Version, Writer
from simulators.bank import Account, Books, Format, Terms, iban, orders
from simulators.faults import BankFaults
from tests.simulators.bank.opened import BALANCE, NOON, Open, files
from tests.simulators.bank.pain import OPEN, OTHER, TRUST, magic
from wallet.money import irr
from wallet.reconciliation import BankStatement

_, CSV = read_bank_profile("")


def pay(number: int, amount: int, to: str = OPEN, name: str = "لیلا رحیمی") -> BankPayment:
    return BankPayment(f"TD{number:010d}", irr(amount), name, to, f"benefit {number} & more", "SSBE")


PAYMENTS = [
    pay(1, 1_000),
    pay(2, 2_000, OTHER, "O'Neil & <Sons>"),
    pay(3, 4_000, magic("9004")),
    pay(4, 8_000, magic("9104")),
]


def written(payments: list[BankPayment], version: Version, *, booking: bool = True, instrument: str = "PAYA") -> bytes:
    total = irr(sum(one.amount.minor for one in payments))
    profile = Profile(version, "Social Security", TRUST, local_instrument=instrument, batch_booking=booking, uetr=False)
    out = io.BytesIO()
    writer = Writer(out, profile, Head("bord_1", NOON, date(2026, 11, 27), len(payments), total))
    writer.begin()
    writer.add(payments)
    writer.finish()
    return out.getvalue()


def ordered(books: Books, octets: bytes) -> None:
    books.take("bord_1", hashlib.sha256(octets).hexdigest(), octets)


def reports(books: Books) -> list[StatusReport]:
    found = [statements.read_any(octets) for octets in files(books, "pain002")]
    assert all(isinstance(one, StatusReport) for one in found)
    return [one for one in found if isinstance(one, StatusReport)]


def read(books: Books, kind: str) -> list[BankStatement]:
    return [one for octets in files(books, kind) for one in statements.read(octets, CSV)]


@pytest.mark.parametrize("version", list(Version))
def test_what_we_order_is_what_the_bank_reads(version: Version) -> None:
    order = orders.read(written(PAYMENTS, version))

    (block,) = order.blocks
    assert (order.msg_id, block.id, block.single, block.debtor_iban) == ("bord_1", "bord_1", False, TRUST)
    assert [(one.end_to_end_id, one.amount, one.iban, one.name, one.remittance) for one in block.payments] == [
        (one.end_to_end_id, one.amount.minor, one.iban, one.name, one.remittance) for one in PAYMENTS
    ]


def test_satna_is_paid_one_by_one() -> None:
    assert orders.read(written(PAYMENTS, Version.V09, instrument="SATNA")).blocks[0].single


@pytest.mark.parametrize("version", list(Version))
def test_we_read_what_the_bank_says_of_each_payment(bank: Open, version: Version) -> None:
    books = bank()
    ordered(books, written(PAYMENTS, version))
    books.cycle()

    first, second = reports(books)

    assert (first.order_id, first.group.status, second.group.status) == ("bord_1", Status.ACTC, Status.PART)
    assert [one.said.status for one in first.payments] == [Status.ACTC] * 4
    told = [(one.end_to_end_id, one.said.status, one.said.reasons, one.amount) for one in second.payments]
    assert told == [
        ("TD0000000001", Status.ACSP, (), irr(1_000)),
        ("TD0000000002", Status.ACSP, (), irr(2_000)),
        ("TD0000000003", Status.RJCT, ("AC04",), irr(4_000)),
        ("TD0000000004", Status.ACSP, (), irr(8_000)),
    ]


def test_we_read_why_a_file_is_refused_as_a_whole(bank: Open) -> None:
    books = bank()
    ordered(books, b"<a/>")

    (report,) = reports(books)

    assert (report.order_id, report.group.status, report.group.reasons) == ("bord_1", Status.RJCT, ("FF01",))


@pytest.mark.parametrize("camt", ["02", "08"])
@pytest.mark.parametrize("kind", ["camt053", "mt940", "csv"])
def test_we_read_single_bookings_and_the_return_in_every_form(bank: Open, camt: str, kind: str) -> None:
    books = bank(terms=Terms(formats=frozenset(Format), camt=camt))
    ordered(books, written(PAYMENTS, Version.V09, booking=False))
    books.cycle()
    books.cycle()
    books.end_of_day()

    (statement,) = read(books, kind)

    assert statement.account == TRUST
    if kind != "csv":
        assert (statement.sequence, statement.opening, statement.closing) == (1, BALANCE, BALANCE - 3_000)
    lines = [
        (one.end_to_end_id, one.message_id, one.signed, one.return_reason, one.counterparty_account)
        for one in statement.lines
    ]
    assert lines == [
        ("TD0000000001", "bord_1", -1_000, "", OPEN),
        ("TD0000000002", "bord_1", -2_000, "", OTHER),
        ("TD0000000004", "bord_1", -8_000, "", magic("9104")),
        ("TD0000000004", "bord_1", 8_000, "AC04", magic("9104")),
    ]
    if kind != "csv":
        assert [one.reversal for one in statement.lines] == [False, False, False, True]
    assert {one.booked_on for one in statement.lines} == {date(2026, 11, 27)}
    assert len({one.bank_reference for one in statement.lines}) == 4


@pytest.mark.parametrize("camt", ["02", "08"])
@pytest.mark.parametrize("kind", ["camt053", "mt940"])
def test_we_read_a_batch_booking_with_what_it_stands_for(bank: Open, camt: str, kind: str) -> None:
    books = bank(terms=Terms(formats=frozenset(Format), camt=camt))
    ordered(books, written(PAYMENTS, Version.V09))
    books.cycle()
    books.end_of_day()

    (statement,) = read(books, kind)

    (line,) = statement.lines
    assert (line.signed, line.message_id, line.payment_information_id) == (-11_000, "bord_1", "bord_1")
    assert (line.end_to_end_id, line.count) == ("", 3 if kind == "camt053" else 0)


@pytest.mark.parametrize("camt", ["02", "08"])
@pytest.mark.parametrize("kind", ["camt052", "camt054"])
def test_we_read_each_payment_of_a_batch_in_a_notification_and_in_a_report(bank: Open, camt: str, kind: str) -> None:
    books = bank(terms=Terms(formats=frozenset(Format), camt=camt))
    ordered(books, written(PAYMENTS, Version.V09))
    books.cycle()

    (statement,) = read(books, kind)

    assert [(one.end_to_end_id, one.signed) for one in statement.lines] == [
        ("TD0000000001", -1_000), ("TD0000000002", -2_000), ("TD0000000004", -8_000),
    ]  # fmt: skip


@pytest.mark.parametrize("kind", ["camt053", "mt940"])
def test_an_empty_day_and_a_stranger_are_read_too(bank: Open, kind: str) -> None:
    books = bank()
    books.end_of_day()
    books.stray_credit(77)
    books.end_of_day()

    quiet, second = read(books, kind)

    assert (quiet.lines, quiet.opening, quiet.closing) == ((), BALANCE, BALANCE)
    assert (second.sequence, second.opening, second.closing) == (2, BALANCE, BALANCE + 77)
    assert [(one.signed, one.end_to_end_id, one.reversal) for one in second.lines] == [(77, "", False)]


def test_the_pack_of_ten_payments_reaches_us_as_it_is_meant(bank: Open) -> None:
    """umeshadhikari/neopayment-hub#121: five fit, AC01, another amount, twice, never booked, returned."""
    endings = ["", "", "", "", "", "9001", "9400", "9401", "9301", "9104"]
    pack = [
        pay(number, 1_000 * (number + 1), magic(end) if end else iban.of_account(100 + number))
        for number, end in enumerate(endings)
    ]
    books = bank()
    ordered(books, written(pack, Version.V09, booking=False))
    books.cycle()
    books.stray_credit(5_555)
    books.end_of_day()
    books.cycle()
    books.end_of_day()

    first, second = read(books, "camt053")
    booked = [(one.end_to_end_id[-1:], one.signed) for one in first.lines]
    assert booked == [
        ("0", -1_000), ("1", -2_000), ("2", -3_000), ("3", -4_000), ("4", -5_000), ("6", -6_999), ("7", -8_000),
        ("7", -8_000), ("9", -10_000), ("", 5_555),
    ]  # fmt: skip
    assert [(one.end_to_end_id[-1:], one.signed, one.return_reason) for one in second.lines] == [("9", 10_000, "AC04")]
    rejected = [one for one in reports(books)[1].payments if one.said.status is Status.RJCT]
    assert [(one.end_to_end_id[-1:], one.said.reasons) for one in rejected] == [("5", ("AC01",))]


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 10**12), TEXT, st.integers(0, 10**14 - 1)), min_size=1, max_size=8),
    st.sampled_from(list(Version)),
    st.sampled_from(["02", "08"]),
    st.sampled_from(["one booking", "many"]),
)
def test_whatever_is_ordered_comes_back_to_the_rial(
    given_payments: list[tuple[int, str, int]], version: Version, camt: str, booking: str
) -> None:
    payments = [
        BankPayment(f"TD{number:010d}", irr(amount), name, iban.of_account(account * 10_000), name)
        for number, (amount, name, account) in enumerate(given_payments)
    ]
    account = Account(TRUST, "Social Security", 10**14)
    books = Books(None, (account,), BankFaults(), Terms(frozenset(Format), camt), lambda: NOON)
    ordered(books, written(payments, version, booking=booking == "one booking"))
    books.cycle()
    books.end_of_day()

    wanted = {one.end_to_end_id: -one.amount.minor for one in payments}
    (notification,) = read(books, "camt054")
    assert {one.end_to_end_id: one.signed for one in notification.lines} == wanted
    for kind in ("camt053", "mt940", "csv"):
        (statement,) = read(books, kind)
        assert sum(one.signed for one in statement.lines) == sum(wanted.values())
    books.close()
