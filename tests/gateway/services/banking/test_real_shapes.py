"""Files as banks really write them, and as nobody should: each through the wire, and through the door of staff."""

import re
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadInput
from gateway.services.banking import ImportOutcome
from gateway.services.banking.profile import read_bank_profile
from gateway.wire.statements import read
from tests.gateway.services.banking.conftest import House
from tests.gateway.services.banking.test_inbox import rows
from tests.gateway.wire.bank_files import MT940, balance, camt, details, entry, statement, transaction

PAID = camt(statement(entry(100, details=details(transaction("E1"))), opening=500, closing=400))
MT_PAGES = (
    ":20:A\r\n:25:X\r\n:28C:1/1\r\n:60F:C261126IRR10,\r\n:62M:C261126IRR10,\r\n-\r\n"
    ":20:A\r\n:25:X\r\n:28C:1/2\r\n:60M:C261126IRR10,\r\n:61:2611261126C5,NTRFNONREF\r\n:62F:C261126IRR15,00\r\n-\r\n"
)
MT_SHORT = ":20:A\n:25:X\n:28C:00001/001\n:60F:D261126IRR10,\n{}:62F:{}\n-\n"
MT_BLOCKS = (
    "{1:F01BKMTIRTHAXXX0000000000}{2:O9401200261127BKMTIRTHXXXX00000000002611271200N}{3:{108:ABC}}{4:\r\n"
    ":20:A\r\n:25:X\r\n:28C:1\r\n:60F:C261126IRR1,\r\n:62F:C261126IRR1,\r\n-}{5:{CHK:123456789ABC}{TNG:}}{S:{COP:P}}"
)
PREFIXED = re.sub(r"<(/?)([A-Z])", r"<\1ns2:\2", PAID.decode()).replace("xmlns=", "xmlns:ns2=").encode()
TIMED = b"<DtTm>2026-11-27T23:59:00.000+03:30</DtTm></BookgDt>"
SUMMARY = b"</Acct><TxsSummry><TtlNtries><NbOfNtries>%d</NbOfNtries></TtlNtries></TxsSummry>"
FIRST = statement(entry(10), opening=50).replace("</Stmt>", balance("ITBD", 40) + "</Stmt>")
SECOND = statement(entry(20), closing=20).replace("</Acct>", "</Acct>" + balance("ITBD", 40))
BATCH = details(transaction("E1", 10), transaction("E2", 20), batch="<Btch><MsgId>M</MsgId><NbOfTxs>2</NbOfTxs></Btch>")


def with_balances(*kinds: tuple[str, int]) -> bytes:
    told = "".join(balance(kind, minor) for kind, minor in kinds)
    return camt(statement(entry(5))).replace(b"</Acct>", b"</Acct>" + told.encode())


Shape = tuple[int | None, int | None, Sequence[tuple[int, str]]]
PLAIN: Shape = (500, 400, [(-100, "E1")])
MOVED: Shape = (10_000, 8100, [(-2500, "E1"), (500, "E2"), (100, "")])
SHAPES: dict[str, tuple[bytes, Shape]] = {
    **{
        f"version {v}": (PAID.replace(b"053.001.08", f"053.001.{v}".encode()), PLAIN)
        for v in ("02", "04", "06", "10", "11")
    },
    "prefixed": (PREFIXED, PLAIN),
    "white space before a message": (b" " * 3_000_000 + PAID, PLAIN),
    "white space between records": (PAID.replace(b"</Acct>", b"</Acct>" + b" " * 3_000_000), PLAIN),
    "marked": (b"\xef\xbb\xbf" + PAID, PLAIN),
    "UTF-16": (PAID.decode().replace("UTF-8", "UTF-16").encode("utf-16"), PLAIN),
    "UTF-16 big": (b"\xfe\xff" + PAID.decode().replace("UTF-8", "UTF-16").encode("utf-16-be"), PLAIN),
    "status of old": (camt(statement(entry(100, status="<Sts>BOOK</Sts>"))), (None, None, [(-100, "")])),
    "decimals of nothing": (camt(statement(entry("100.00"), opening=500, closing=400)), (500, 400, [(-100, "")])),
    "a day with time and zone": (
        camt(statement(entry(5))).replace(b"<Dt>2026-11-27</Dt></BookgDt>", TIMED),
        (None, None, [(-5, "")]),
    ),
    "a day with a zone": (
        camt(statement(entry(5))).replace(b"11-27</Dt></B", b"11-27+03:30</Dt></B"),
        (None, None, [(-5, "")]),
    ),
    "no value date": (
        camt(statement(entry(5))).replace(b"<ValDt><Dt>2026-11-28</Dt></ValDt>", b""),
        (None, None, [(-5, "")]),
    ),
    "NOTPROVIDED": (camt(statement(entry(5, details=details(transaction("NOTPROVIDED"))))), (None, None, [(-5, "")])),
    "balances of many kinds": (with_balances(("PRCD", 10), ("ITBD", 7), ("CLAV", 4), ("CLBD", 5)), (10, 5, [(-5, "")])),
    "balances below nothing": (camt(statement(entry(5), opening=-10, closing=-15)), (-10, -15, [(-5, "")])),
    "a zero entry": (camt(statement(entry(0), opening=7, closing=7)), (7, 7, [])),
    "a batch": (camt(statement(entry(30, details=BATCH))), (None, None, [(-10, "E1"), (-20, "E2")])),
    "ordered in another currency": (
        camt(statement(entry(30, details=details(transaction("E1", 5, currency="USD"))))),
        (None, None, [(-30, "E1")]),
    ),
    "two pages": (camt(FIRST, SECOND), (50, 20, [(-10, ""), (-20, "")])),
    "a count that is right": (PAID.replace(b"</Acct>", SUMMARY % 1), PLAIN),
    "letters that turn lines round": (
        camt(statement(entry(5, details=details(transaction("E\N{RIGHT-TO-LEFT OVERRIDE}1\x85"))))),
        (None, None, [(-5, "E1")]),
    ),
    "MT940 \\r\\r\\n": (MT940.replace("\n", "\r\r\n").encode(), MOVED),
    "MT940 latin-1": (MT940.replace("Reza", "Ré").encode("latin-1"), MOVED),
    "MT940 UTF-16": (MT940.encode("utf-16"), MOVED),
    "MT940 in pages": (MT_PAGES.encode(), (10, 15, [(5, "")])),
    "MT940 in all blocks": (MT_BLOCKS.encode(), (1, 1, [])),
    "MT940 behind a banner": (b"BANK\r\n940\r\n" + MT_BLOCKS.partition("{4:\r\n")[2].encode(), (1, 1, [])),
    "MT940 out of the red": (
        MT_SHORT.format(":61:261126C20,NTRFNONREF\n", "C261126IRR10,").encode(),
        (-10, 10, [(20, "")]),
    ),
    "MT940 of nothing": (MT_SHORT.format(":61:261126C0,NTRFNONREF\n", "D261126IRR10,00").encode(), (-10, -10, [])),
}


def shape(octets: bytes) -> Shape:
    (one,) = read(octets)
    return one.opening, one.closing, [(line.signed, line.end_to_end_id) for line in one.lines]


@pytest.mark.parametrize("name", SHAPES)
def test_what_banks_really_write_is_read(name: str) -> None:
    octets, said = SHAPES[name]
    assert shape(octets) == said


async def test_what_banks_really_write_is_taken_once(house: House) -> None:
    for name, (octets, _) in SHAPES.items():
        done = await house.banking.import_statement(octets, name, "stf_1")
        assert done.outcome in {ImportOutcome.TAKEN, ImportOutcome.ALREADY}, name
        assert len(done.statement_ids) == 1, name
        again = await house.banking.import_statement(octets, name, "stf_1")
        assert again.outcome is ImportOutcome.ALREADY, name
        # A statement is named by the file in which it came first.
        assert again.statement_ids == (done.statement_ids if done.outcome is ImportOutcome.TAKEN else []), name


REFUSED: dict[str, tuple[bytes, str]] = {
    "decimals that a rial has not": (camt(statement(entry("100.50"))), "IRR has 0 decimals"),
    "four hundred digits": (camt(statement(entry("9" * 400))), "no amount"),
    "a sign": (camt(statement(entry("-5"))), "no amount"),
    "an exponent": (camt(statement(entry("1e5"))), "no amount"),
    "Persian digits in a message": (camt(statement(entry("\u06f1\u06f2"))), "no amount"),
    "a number of nineteen digits": (camt(statement(sequence=10**18)), "no number"),
    "another currency": (camt(statement(entry(5, currency="EUR"))), "EUR on an account in IRR"),
    "no currency": (camt(statement(entry(5, currency="XYZ"), currency="XYZ")), "a currency that is not kept"),
    "a count of fewer": (PAID.replace(b"</Acct>", SUMMARY % 5), "1 entries, and it says 5"),
    "a count of none": (PAID.replace(b"</Acct>", SUMMARY % 0), "1 entries, and it says 0"),
    "pages whose sum is wrong": (camt(FIRST, SECOND.replace(">20</Amt>", ">21</Amt>", 1)), "differ by"),
    "an envelope of nothing": (b"<BizMsgEnvlp><Hdr/></BizMsgEnvlp>", "the root is no Document but 'BizMsgEnvlp'"),
    "a root that nobody knows": (PAID.replace(b"BkToCstmrStmt", b"BkToCstmrStmtX"), "no message that is taken"),
    "NUL": (PAID.replace(b"E1", b"E\0001"), "no XML"),
    "white space": (b" " * 3_000_000, "an empty file"),
    "MT940 of half a rial": (MT_SHORT.format("", "D261126IRR10,50").encode(), "IRR has 0 decimals"),
    "a pack that is none": (b"PK\x03\x04 and so on", "a damaged ZIP"),
}


async def test_what_is_broken_is_refused_with_its_reason_and_leaves_no_rows(house: House) -> None:
    for name, (octets, reason) in REFUSED.items():
        done = await house.banking.import_statement(octets, name, "stf_1")
        assert done.outcome is ImportOutcome.REFUSED, name
        assert re.search(reason, done.reason), (name, done.reason)
    kept = await rows(house)
    assert (kept["banking_statements"], kept["banking_lines"]) == (0, 0)
    assert kept["banking_files"] == len(REFUSED)


async def test_a_file_cut_off_behind_any_tag_is_refused(house: House) -> None:
    """The three doors share this one; what is cut off behind its last tag says the same as the whole."""
    cuts = [found.end() for found in re.finditer(rb">", PAID)][:-1]
    for place in cuts:
        done = await house.banking.import_statement(PAID[:place], "cut.xml", "stf_1")
        assert done.outcome is ImportOutcome.REFUSED, PAID[:place][-30:]
    assert (await rows(house))["banking_statements"] == 0


WORDS = [
    b"<",
    b"</",
    b">",
    b"&",
    b"\0",
    b"\xff\xfe",
    b":20:",
    b":61:",
    b"-}",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"9" * 60,
    b"\r",
]


@given(
    name=st.sampled_from(sorted(SHAPES)),
    cut=st.tuples(st.integers(0, 3000), st.integers(0, 40)),
    put=st.one_of(st.binary(max_size=9), st.sampled_from(WORDS)),
)  # fmt: skip
def test_any_octets_are_statements_or_refused(name: str, cut: tuple[int, int], put: bytes) -> None:
    whole = SHAPES[name][0]
    place = cut[0] % len(whole)
    changed = whole[:place] + put + whole[place + cut[1] :]
    try:
        found = read(changed, read_bank_profile("")[1])
    except BadInput:
        return
    assert found
    assert all(one.root and one.account for one in found)
