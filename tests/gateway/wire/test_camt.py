"""camt.052, .053 and .054 as statements: each payment a line of its own wherever the bank says enough."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.wire.iso20022 import read_camt
from tests.gateway.wire.bank_files import IBAN, camt, details, entry, statement, transaction
from wallet.money import irr
from wallet.reconciliation import LineKind, StatementLine

BATCH = "<Btch><MsgId>ord_1</MsgId><PmtInfId>P1</PmtInfId><NbOfTxs>3</NbOfTxs></Btch>"


def lines(*entries: str, opening: int | None = None, closing: int | None = None) -> tuple[StatementLine, ...]:
    return read_camt(camt(statement(*entries, opening=opening, closing=closing)))[0].lines


@pytest.mark.parametrize("root", ["camt.052", "camt.053", "camt.054"])
def test_each_message_is_read_by_its_own_element(root: str) -> None:
    (one,) = read_camt(camt(statement(entry(100), root=root, opening=500, closing=400), root=root))

    assert (one.root, one.statement_id, one.account, one.asset, one.sequence) == (root, "STM7", IBAN, "IRR", 7)
    assert (one.opening, one.closing, one.to_on) == (500, 400, date(2026, 11, 27))
    (line,) = one.lines
    assert (line.number, line.kind, line.amount, line.count) == (1, LineKind.DEBIT, irr(100), 1)
    assert (line.booked_on, line.value_on) == (date(2026, 11, 27), date(2026, 11, 28))
    assert (line.bank_reference, line.code) == ("R1", "PMNT-ICDT-ESCT")


def test_a_quiet_day_is_a_statement_without_lines() -> None:
    (one,) = read_camt(camt(statement(opening=-5, closing=-5)))

    assert (one.lines, one.opening, one.closing) == ((), -5, -5)


def test_a_file_has_statements_of_several_accounts() -> None:
    both = read_camt(camt(statement(entry(1)), statement(entry(2, "CRDT"), account="DE89370400440532013000")))

    assert [one.account for one in both] == [IBAN, "DE89370400440532013000"]
    assert [one.lines[0].kind for one in both] == [LineKind.DEBIT, LineKind.CREDIT]


def test_several_details_that_sum_up_are_a_line_each() -> None:
    found = lines(entry(600, details=details(transaction("E1", 100), transaction("E2", 200), transaction("E3", 300))))

    assert [(line.number, line.end_to_end_id, line.amount.minor) for line in found] == [
        (1, "E1", 100), (2, "E2", 200), (3, "E3", 300),
    ]  # fmt: skip


def test_a_detail_with_the_other_side_is_taken_off_the_sum() -> None:
    fee = transaction("NOTPROVIDED", 10, "<CdtDbtInd>CRDT</CdtDbtInd>")
    found = lines(entry(90, details=details(transaction("E1", 100, "<CdtDbtInd>DBIT</CdtDbtInd>"), fee)))

    assert [(line.kind, line.end_to_end_id, line.signed) for line in found] == [
        (LineKind.DEBIT, "E1", -100), (LineKind.CREDIT, "", 10),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "inside",
    [
        details(transaction("E1", 100), transaction("E2", 200), batch=BATCH),
        details(transaction("E1"), transaction("E2"), batch=BATCH),
        details(transaction("E1", 100), transaction("E2", "2.00", currency="EUR"), batch=BATCH),
        details(batch=BATCH),
    ],
    ids=["another sum", "no amounts", "another currency", "no details"],
)
def test_details_that_do_not_sum_up_leave_the_entry_one_line_of_its_batch(inside: str) -> None:
    (line,) = lines(entry(600, details=inside))

    assert (line.amount, line.end_to_end_id) == (irr(600), "")
    assert (line.message_id, line.payment_information_id, line.count) == ("ord_1", "P1", 3)


def test_a_return_has_its_reason_its_payment_and_whose_account_it_was() -> None:
    parties = (
        "<RltdPties><Dbtr><Pty><Nm>Social Security</Nm></Pty></Dbtr><Cdtr><Pty><Nm>Reza</Nm></Pty></Cdtr>"
        "<CdtrAcct><Id><IBAN>IR42</IBAN></Id></CdtrAcct></RltdPties>"
        "<RmtInf><Ustrd>Benefit</Ustrd><Ustrd>of Mehr</Ustrd></RmtInf>"
        "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"
    )
    back = transaction("E9", more=f"<CdtDbtInd>CRDT</CdtDbtInd>{parties}")
    (line,) = lines(entry(100, "CRDT", details(back), more="<RvslInd>true</RvslInd>"))

    assert (line.kind, line.end_to_end_id, line.return_reason, line.reversal) == (LineKind.CREDIT, "E9", "AC04", True)
    assert (line.counterparty, line.counterparty_account, line.remittance) == ("Reza", "IR42", "Benefit of Mehr")


def test_what_is_not_booked_is_no_line_and_is_counted() -> None:
    pending = entry(5, status="<Sts>PDNG</Sts>")
    (one,) = read_camt(camt(statement(pending, entry(10, status="<Sts>BOOK</Sts>"), entry(0), opening=10, closing=0)))

    assert ([line.amount.minor for line in one.lines], one.left_out) == ([10], 2)


def test_prefixes_change_nothing() -> None:
    plain = camt(statement(entry(300, details=details(transaction("E1", 100), transaction("E2", 200)))))
    prefixed = plain.replace(b"xmlns=", b"xmlns:n=").replace(b"</", b"\0").replace(b"<", b"<n:")
    prefixed = prefixed.replace(b"\0", b"</n:").replace(b"<n:?xml", b"<?xml")
    within = plain.replace(b"<Ntry>", b"<Ntry><x:Note>1</x:Note>")

    assert read_camt(prefixed) == read_camt(plain) == read_camt(within)


def test_zeros_behind_a_rial_are_let_go() -> None:
    assert lines(entry("100.00"))[0].amount == irr(100)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (entry(1) + entry("1.5"), "entry 2: IRR has 0 decimals"),
        (entry("-5"), "entry 1: no amount"),
        (entry(""), "entry 1: no amount"),
        (entry("1e5"), "entry 1: no amount"),
        (entry("٥"), "entry 1: no amount"),
        (entry("9" * 30), "entry 1: no amount"),
        (entry("9" * 19), "entry 1: an amount beyond all bounds"),
        (entry(1, currency="QQQ"), "entry 1: a currency that is not kept"),
        (entry(1, currency="PTS"), "entry 1: a currency that is not kept"),
        (entry(1, currency="EUR"), "entry 1: EUR on an account in IRR"),
        (entry(1, "BOTH"), "entry 1: neither CRDT nor DBIT"),
        (entry(1, status=""), "entry 1: no status"),
        (entry(1).replace("2026-11-27", "2026-11-31"), "entry 1: no day"),
        (entry(1).replace("2026-11-27", "2026-W48-5"), "entry 1: no day"),
    ],
)
def test_an_entry_that_is_not_right_is_named(bad: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        lines(bad)


def test_balances_that_do_not_agree_with_the_lines_are_refused_with_the_difference() -> None:
    with pytest.raises(BadInput, match="differ by 7"):
        lines(entry(100), opening=500, closing=393)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"BkToCstmrStmt", b"BkToCstmrQuack", "no message that is taken: 'BkToCstmrQuack'"),
        (b"Document", b"Dokument", "the root is no Document"),
        (b"<Id><IBAN>IR062960000000100324200001</IBAN></Id>", b"", "names no account"),
        (b"<ElctrncSeqNb>7", b"<ElctrncSeqNb>seven", "no number"),
    ],
)
def test_a_file_that_is_something_else_is_refused(old: bytes, new: bytes, reason: str) -> None:
    with pytest.raises(BadInput, match=reason):
        read_camt(camt(statement(entry(1))).replace(old, new))


def test_a_file_is_read_without_being_held(tmp_path: Path) -> None:
    whole = camt(statement(*(entry(1, details=details(transaction(f"E{n}"))) for n in range(3000))))
    (tmp_path / "large.xml").write_bytes(whole)
    with (tmp_path / "large.xml").open("rb") as file:
        (one,) = read_camt(file)

    assert (len(one.lines), one.lines[-1].end_to_end_id) == (3000, "E2999")


@given(
    st.lists(st.tuples(st.sampled_from(["CRDT", "DBIT"]), st.integers(1, 10**12)), max_size=20), st.integers(0, 10**9)
)
def test_every_entry_is_one_line_and_the_balances_agree(moves: list[tuple[str, int]], opening: int) -> None:
    moved = sum(minor if side == "CRDT" else -minor for side, minor in moves)
    (one,) = read_camt(
        camt(statement(*(entry(minor, side) for side, minor in moves), opening=opening, closing=opening + moved))
    )

    assert [(line.number, abs(line.signed)) for line in one.lines] == [(n, m) for n, (_, m) in enumerate(moves, 1)]
