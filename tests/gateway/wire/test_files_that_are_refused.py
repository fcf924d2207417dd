"""Files that are nearly a bank's: each is refused, with the reason and the place."""

import pytest

from gateway.errors import BadInput
from gateway.wire.statements import read
from tests.gateway.wire.bank_files import MT940, camt, entry, statement
from tests.gateway.wire.test_files_of_any_bank import BARE, BOOKED, MT, MT942, PAID, VALUED, page

REFUSED: dict[str, tuple[bytes, str]] = {
    "pain.001": (b"<Document><CstmrCdtTrfInitn/></Document>", "no message that is taken: 'CstmrCdtTrfInitn'"),
    "camt.029": (b"<Document><RsltnOfInvstgtn/></Document>", "no message that is taken: 'RsltnOfInvstgtn'"),
    "camt.053 of the first version": (b"<Document><BkToCstmrStmtV01/></Document>", "no message that is taken"),
    "no statement in a message": (
        b"<Document><BkToCstmrStmt><GrpHdr/></BkToCstmrStmt></Document>",
        "without a statement",
    ),
    "two messages in a document": (
        PAID.replace(b"</Document>", b"<BkToCstmrStmt/></Document>"),
        "no message that is taken",
    ),
    "an envelope of an empty document": (b"<E>" + BARE + b"<Document/></E>", "the Document is empty"),
    "JSON": (b'{"Document": {"BkToCstmrStmt": {}}}', "no CSV profile"),
    "half a rial": (PAID.replace(b">100<", b">100.5<"), "entry 1: IRR has 0 decimals"),
    "the last day there is": (PAID.replace(BOOKED, BOOKED.replace(b"2026-11-27", b"9999-12-31")), "entry 1: no day"),
    "the first day there is": (PAID.replace(VALUED, VALUED.replace(b"2026-11-28", b"0001-01-01")), "entry 1: no day"),
    "thousands": (PAID.replace(b">100<", b">1,000<"), "entry 1: no amount"),
    "dinars of Kuwait": (
        camt(statement(entry("1.500", currency="KWD"), currency="KWD")),
        "currency that is not kept: 'KWD'",
    ),
    "no account": (PAID.replace(b"IBAN", b"XBAN"), "names no account"),
    "an entry of no side": (PAID.replace(b"DBIT", b"NONE"), "entry 1: neither CRDT nor DBIT"),
    "an entry of an unknown status": (PAID.replace(b"BOOK", b"HELD"), "entry 1: no status that is known: 'HELD'"),
    "a page whose sum is wrong": (
        b"<Xchg>"
        + page(1, entry(10), last=False, first=50).partition(b"?>")[2]
        + page(2, entry(21), last=True, end=20).partition(b"?>")[2]
        + b"</Xchg>",
        "differ by -1",
    ),
    "MT940 cut off in an entry": (MT940.partition("NTRFE1")[0].encode(), "entry 1: not of the form"),
    "MT940 cut off behind an entry": (MT940.partition(":62F")[0].encode(), "the file is cut off"),
    "MT940 that does not add up": (
        MT.format(":61:261127C5,NTRFX\n", 16).encode(),
        "statement 'A': the balances .* by -1",
    ),
    "MT940 of a 30th of February": (
        MT.format(":61:270228C5,NTRFX\n", 15).replace("270228", "270230").encode(),
        "no day",
    ),
    "MT940 booked in no year near": (MT.format(":61:2702280229C5,NTRFX\n", 15).encode(), "entry 1: no day: '0229'"),
    "MT942 of fewer entries": (
        MT942.replace(":90D:1", ":90D:2").encode(),
        "it says 2 entries of 2500 in 90D, and has 1",
    ),
    "MT942 of another sum": (MT942.replace("1IRR100", "1IRR101").encode(), "it says 1 entries of 101 in 90C"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_statement_is_refused_with_its_reason(name: str) -> None:
    octets, reason = REFUSED[name]
    with pytest.raises(BadInput, match=reason):
        read(octets)
