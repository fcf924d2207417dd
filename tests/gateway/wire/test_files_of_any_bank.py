"""Files in the shapes that banks have been seen to write: what is read of each, or why it is refused."""

import re
from collections.abc import Sequence
from datetime import date

import pytest

from gateway.wire.pages import chained, together
from gateway.wire.statements import read
from tests.gateway.wire.bank_files import MT940, balance, camt, details, entry, statement, transaction

Shape = tuple[str, int | None, int | None, Sequence[tuple[int, str]]]
PAID = camt(statement(entry(100, details=details(transaction("E1"))), opening=500, closing=400))
BARE = PAID.partition(b"?>")[2]
PLAIN: Shape = ("camt.053", 500, 400, [(-100, "E1")])
ONE: Shape = ("camt.053", None, None, [(-5, "")])
MOVED: Shape = ("mt940", 10_000, 8100, [(-2500, "E1"), (500, "E2"), (100, "")])
HEAD = (
    b"<AppHdr xmlns='urn:iso:std:iso:20022:tech:xsd:head.001.001.02'><Fr><FIId/></Fr><BizMsgIdr>B</BizMsgIdr></AppHdr>"
)
CREATED = b"<CreDtTm>2026-11-27T20:00:00+03:30</CreDtTm>"
BOOKED = b"<BookgDt><Dt>2026-11-27</Dt></BookgDt>"
VALUED = b"<ValDt><Dt>2026-11-28</Dt></ValDt>"
PERSIAN = transaction("E1", more="<RmtInf><Ustrd>كمك هزينه</Ustrd></RmtInf>")
LETTERS = camt(statement(entry(100, details=details(PERSIAN)), opening=500, closing=400)).decode()
TOLD = "<AmtDtls><InstdAmt><Amt Ccy='EUR'>1.00</Amt></InstdAmt><TxAmt><Amt Ccy='IRR'>{}</Amt></TxAmt></AmtDtls>"


def declared(charset: str) -> bytes:
    return LETTERS.replace("UTF-8", charset).encode(charset)


def prefixed(name: str) -> bytes:
    return re.sub(rb"<(/?)([A-Z])", rb"<\1" + name.encode() + rb":\2", PAID).replace(
        b"xmlns=", f"xmlns:{name}=".encode()
    )


def page(number: int, *entries: str, last: bool, first: int | None = None, end: int | None = None,
         between: Sequence[int] = (), sequence: int = 7) -> bytes:  # fmt: skip
    """A page of a statement in a file of its own."""
    told = f"<StmtPgntn><PgNb>{number}</PgNb><LastPgInd>{str(last).lower()}</LastPgInd></StmtPgntn>"
    text = statement(*entries, opening=first, closing=end, sequence=sequence)
    text = text.replace("</Id><Elc", f"</Id>{told}<Elc").replace("</Acct>", f"</Acct>{''.join(map(inner, between))}")
    return camt(text)


def inner(minor: int) -> str:
    return balance("ITBD", minor)


def interim(kind: str, minor: int) -> str:
    return balance(kind, minor).replace("</CdOrPrtry>", "</CdOrPrtry><SubTp><Cd>INTM</Cd></SubTp>")


MT = ":20:A\n:25:X\n:28C:7\n:60F:C261126IRR10,\n{}:62F:C261127IRR{},\n-\n"
MT_PAGE = ":20:A\n:25:X\n:28C:7/{}\n:60{}:C261126IRR{},\n:61:261127C5,NTRFNONREF\n:62{}:C261127IRR{},\n-\n"
MT942 = """\
{1:F01BKMTIRTHAXXX0000000000}{2:I942BKMTIRTHXXXN}{4:
:20:I7
:25:IR062960000000100324200001
:28C:7/3
:34F:IRRD0,
:34F:IRRC0,
:13D:2611271200+0330
:61:2611271127D2500,NTRFE1//R1
:86:/EREF/E1/
:61:2611271127C100,NMSCNONREF
:90D:1IRR2500,
:90C:1IRR100,
-}
"""
GERMAN = """\
:20:STARTUMSE
:25:20041010/1234567
:28C:00007/001
:60F:C261126EUR1000,00
:61:2611271127DR12,50N024NONREF
:86:177?00SB-SEPA-Ueberweisung?20SVWZ+Miete?21 November EREF+E9?30GENODEF1?31DE
27100777770209299700?32Max Muster?33mann
:62F:C261127EUR987,50
-
"""
DUTCH = """\
940
ADEXXX
:20:ADP1
:25:NL18RABO0123459876EUR
:28C:7
:60F:C261126EUR10,00
:61:261127D000000000001,00N102EREF
NL25RABO0123456789
:86:/EREF/E5/BENM//NAME/J. Jansen/REMI/Factuur 1/ISDT/2026-11-27
:62F:C261127EUR9,00
"""

READ: dict[str, tuple[bytes, Shape]] = {
    **{f"version {v:02d}": (PAID.replace(b"053.001.08", b"053.001.%02d" % v), PLAIN) for v in range(2, 14)},
    "camt.052": (
        PAID.replace(b"BkToCstmrStmt", b"BkToCstmrAcctRpt").replace(b"Stmt>", b"Rpt>"),
        ("camt.052", 500, 400, [(-100, "E1")]),
    ),
    "camt.054": (camt(statement(entry(5), root="camt.054"), root="camt.054"), ("camt.054", None, None, [(-5, "")])),
    "prefix ns0": (prefixed("ns0"), PLAIN),
    "prefix Doc": (prefixed("Doc"), PLAIN),
    "an envelope of SWIFT": (
        b"<Saa:DataPDU xmlns:Saa='urn:x'><Saa:Revision>2.0</Saa:Revision><Saa:Body>"
        + HEAD
        + BARE
        + b"</Saa:Body></Saa:DataPDU>",
        PLAIN,
    ),
    "BizMsgEnvlp": (b"<BizMsgEnvlp><Hdr>" + HEAD + b"</Hdr><Doc>" + BARE + b"</Doc></BizMsgEnvlp>", PLAIN),
    "an envelope prefixed": (
        b"<e:Envelope xmlns:e='u'>" + HEAD + prefixed("d").partition(b"?>")[2] + b"</e:Envelope>",
        PLAIN,
    ),
    "comments and instructions": (
        PAID.replace(b"?><D", b"?><!-- a --><?xml-stylesheet href='x'?><D").replace(
            b"<Ntry>", b"<!--<Ntry>--><Ntry><?y z?>"
        ),
        PLAIN,
    ),
    "CDATA": (PAID.replace(b">E1<", b"><![CDATA[E1]]><"), PLAIN),
    "no declaration": (BARE, PLAIN),
    "lines of Windows": (PAID.replace(b"><", b">\r\n  <"), PLAIN),
    "empty lines first": (b"\r\n\r\n" + PAID, PLAIN),
    "a mark and lines": (b"\xef\xbb\xbf\r\n" + PAID, PLAIN),
    "UTF-16 without a mark": (PAID.decode().replace("UTF-8", "UTF-16").encode("utf-16-le"), PLAIN),
    "UTF-16 big without a mark": (PAID.decode().encode("utf-16-be"), PLAIN),
    "UTF-16 declared and not written": (PAID.replace(b"UTF-8", b"utf-16"), PLAIN),
    "ISO-8859-1": (PAID.replace(b"UTF-8", b"ISO-8859-1").replace(b"STM7", b"\xe9"), PLAIN),
    "a plus sign": (PAID.replace(b">100<", b">+100<"), PLAIN),
    "three decimals of nothing": (PAID.replace(b">100<", b">100.000<"), PLAIN),
    "no day of booking": (camt(statement(entry(5))).replace(BOOKED, b""), ONE),
    "no day at all but the message's": (camt(statement(entry(5))).replace(BOOKED, b"").replace(VALUED, b""), ONE),
    "no day at all but the balance's": (
        camt(statement(entry(5), opening=10, closing=5))
        .replace(BOOKED, b"")
        .replace(VALUED, b"")
        .replace(CREATED, b""),
        ("camt.053", 10, 5, [(-5, "")]),
    ),
    "no entry details": (PAID.replace(details(transaction("E1")).encode(), b""), ("camt.053", 500, 400, [(-100, "")])),
    "not booked": (
        camt(
            statement(
                entry(5),
                entry(7, status="<Sts>PDNG</Sts>"),
                entry(9, status="<Sts><Cd>INFO</Cd></Sts>"),
                opening=10,
                closing=5,
            )
        ),
        ("camt.053", 10, 5, [(-5, "")]),
    ),
    "amounts of details below them": (
        camt(
            statement(
                entry(
                    30,
                    details=details(transaction("E1", more=TOLD.format(10)), transaction("E2", more=TOLD.format(20))),
                )
            )
        ),
        ("camt.053", None, None, [(-10, "E1"), (-20, "E2")]),
    ),
    "amounts of details in another currency": (
        camt(
            statement(
                entry(
                    30,
                    details=details(
                        transaction("E1", "1.00", TOLD.format(10), currency="EUR"),
                        transaction("E2", "2.00", TOLD.format(20), currency="EUR"),
                    ),
                )
            )
        ),
        ("camt.053", None, None, [(-10, "E1"), (-20, "E2")]),
    ),
    "sides of details": (
        camt(
            statement(
                entry(
                    30,
                    details=details(
                        transaction("E1", 40, "<CdtDbtInd>DBIT</CdtDbtInd>"),
                        transaction("E2", 10, "<CdtDbtInd>CRDT</CdtDbtInd>"),
                    ),
                )
            )
        ),
        ("camt.053", None, None, [(-40, "E1"), (10, "E2")]),
    ),
    "details without amounts": (
        camt(statement(entry(30, details=details(transaction("E1"), transaction("E2"))))),
        ("camt.053", None, None, [(-30, "")]),
    ),
    "a reversal": (
        camt(statement(entry(5, "CRDT", more="<RvslInd>true</RvslInd>"))),
        ("camt.053", None, None, [(5, "")]),
    ),
    "a quiet day": (camt(statement(opening=7, closing=7)), ("camt.053", 7, 7, [])),
    "balances available alone": (
        camt(statement(entry(5)).replace("</Acct>", "</Acct>" + balance("CLAV", 3) + balance("OPAV", 8))),
        ONE,
    ),
    "pages between which balances are marked": (
        camt(
            statement(entry(10), opening=50).replace("</Acct>", "</Acct>" + interim("CLBD", 40)),
            statement(entry(20), closing=20).replace("</Acct>", "</Acct>" + interim("OPBD", 40)),
        ),
        ("camt.053", 50, 20, [(-10, ""), (-20, "")]),
    ),
    "pages in an envelope": (
        b"<Xchg>"
        + page(1, entry(10), last=False, first=50).partition(b"?>")[2]
        + page(2, entry(20), last=True, end=20).partition(b"?>")[2]
        + b"</Xchg>",
        ("camt.053", 50, 20, [(-10, ""), (-20, "")]),
    ),
    "pages that repeat the whole's balances": (
        b"<Xchg>"
        + page(1, entry(10), last=False, first=50, end=20).partition(b"?>")[2]
        + page(2, entry(20), last=True, first=50, end=20).partition(b"?>")[2]
        + b"</Xchg>",
        ("camt.053", 50, 20, [(-10, ""), (-20, "")]),
    ),
    "MT940 of old Macs": (MT940.replace("\n", "\r").encode(), MOVED),
    "MT940 of Windows": (MT940.replace("\n", "\r\n").encode(), MOVED),
    "MT940 in one line of blocks": (MT940.replace("{4:\n", "{4:").encode(), MOVED),
    "MT940 in a file of messages": (b"\x01" + MT940.replace("-}\n", "-}\x03").encode(), MOVED),
    "MT940 between dollars": (MT940.replace("-}\n", "-}$\n").encode(), MOVED),
    "MT940 in UTF-16 without a mark": (MT.format("", 10).encode("utf-16-le"), ("mt940", 10, 10, [])),
    "MT940 without a number": (MT.replace(":28C:7\n", "").format("", 10).encode(), ("mt940", 10, 10, [])),
    "MT940 of a long number": (MT.replace(":28C:7", ":28C:20261127/1").format("", 10).encode(), ("mt940", 10, 10, [])),
    "MT940 with a second line of 25P": (
        MT.replace(":25:X", ":25P:X\nBKMTIRTH").format("", 10).encode(),
        ("mt940", 10, 10, []),
    ),
    "MT940 with references beyond the standard": (
        MT.format(f":61:261127C5,NTRF{'E' * 60}//{'R' * 60}\n", 15).encode(),
        ("mt940", 10, 15, [(5, "E" * 35)]),
    ),
    "MT940 with the available balances": (
        MT.format("", 10).replace("-\n", ":64:C261127IRR10,\n:65:C261128IRR10,\n-\n").encode(),
        ("mt940", 10, 10, []),
    ),
    "MT940 whose words begin with a brace": (
        MT.format(":61:261127C5,NTRFE1\n:86:words\n{more} words\n", 15).encode(),
        ("mt940", 10, 15, [(5, "E1")]),
    ),
    "MT940 whose pages end like statements": (
        (MT_PAGE.format(1, "F", 10, "F", 15) + MT_PAGE.format(2, "F", 15, "F", 20)).encode(),
        ("mt940", 10, 20, [(5, ""), (5, "")]),
    ),
    "MT940 of three pages": (
        (
            MT_PAGE.format(1, "F", 10, "M", 15)
            + MT_PAGE.format(2, "M", 15, "M", 20)
            + MT_PAGE.format(3, "M", 20, "F", 25)
        ).encode(),
        ("mt940", 10, 25, [(5, "")] * 3),
    ),
    "MT940 in German": (GERMAN.encode("cp1252"), ("mt940", 100_000, 98_750, [(-1250, "E9")])),
    "MT940 in Dutch": (DUTCH.encode(), ("mt940", 1000, 900, [(-100, "E5")])),
    "MT950": (
        MT940.replace("I940", "I950").replace(":86:", ":99:").replace(":99:have", ":86:have").encode(),
        ("mt940", 10_000, 8100, [(-2500, "E1"), (500, ""), (100, "")]),
    ),
    "MT942": (MT942.encode(), ("mt942", None, None, [(-2500, "E1"), (100, "")])),
    "MT942 of nothing": (
        re.sub(r":61:.*?(?=:90D)", "", MT942, flags=re.DOTALL)
        .replace("1IRR2500", "0IRR0")
        .replace("1IRR100", "0IRR0")
        .encode(),
        ("mt942", None, None, []),
    ),
}


@pytest.mark.parametrize("name", READ)
def test_what_banks_write_is_read(name: str) -> None:
    octets, said = READ[name]
    (one,) = read(octets)
    assert (one.root, one.opening, one.closing, [(line.signed, line.end_to_end_id) for line in one.lines]) == said


@pytest.mark.parametrize("octets", [declared("windows-1256"), declared("cp1256"), LETTERS.encode("utf-16")])
def test_persian_words_of_a_message_are_read_as_they_were_written(octets: bytes) -> None:
    assert read(octets)[0].lines[0].remittance == "كمك هزينه"


@pytest.mark.parametrize(
    ("words", "charset"), [("كمك هزينه درمان", "cp1256"), ("Zinsen für März, 5 €", "cp1252"), ("کمک هزینه", "utf-8")]
)
def test_words_of_an_mt940_are_read_as_they_were_written(words: str, charset: str) -> None:
    octets = MT.format(f":61:261127C5,NTRFNONREF\n:86:{words}\n", 15).encode(charset)
    assert read(octets)[0].lines[0].remittance == words


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("NL18RABO0123459876EUR", "NL18RABO0123459876"),
        ("NL18RABO0123459876", "NL18RABO0123459876"),
        ("20041010/1234567EUR", "20041010/1234567EUR"),
        ("NL18RABO0123459876 IRR", "NL18RABO0123459876IRR"),
    ],
)
def test_an_iban_is_taken_without_the_currency_behind_it(written: str, account: str) -> None:
    assert read(DUTCH.replace("NL18RABO0123459876EUR", written).encode())[0].account == account


def test_the_last_of_several_closings_is_the_last_day() -> None:
    week = "".join(balance("CLBD", 400).replace("11-27", f"11-{day}") for day in (27, 28, 29))
    assert read(PAID.replace(b"</Acct>", b"</Acct>" + week.encode()))[0].to_on == date(2026, 11, 27)
    assert read(camt(statement().replace("</Acct>", "</Acct>" + week)))[0].to_on == date(2026, 11, 29)


def test_what_all_details_name_is_the_name_of_the_whole() -> None:
    of_order = "<MsgId>ord_1</MsgId><PmtInfId>P1</PmtInfId>"
    two = [transaction(name).replace("<Refs>", f"<Refs>{of_order}") for name in ("E1", "E2")]
    (line,) = read(camt(statement(entry(30, details=details(*two)))))[0].lines
    assert (line.message_id, line.payment_information_id, line.count) == ("ord_1", "P1", 2)


ALONE = (
    page(1, entry(10), last=False, first=50, between=[40]),
    page(2, entry(15), last=False, between=[40, 25]),
    page(3, entry(5), last=True, end=20, between=[25]),
)
SWIFT = tuple(
    MT_PAGE.format(*said).encode() for said in ((1, "F", 10, "M", 15), (2, "M", 15, "M", 20), (3, "M", 20, "F", 25))
)


@pytest.mark.parametrize(("files", "moved"), [(ALONE, [-10, -15, -5]), (SWIFT, [5, 5, 5])])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1)])
def test_pages_in_files_of_their_own_make_one_in_any_order(
    files: Sequence[bytes], moved: list[int], order: Sequence[int]
) -> None:
    parts = [part for place in order for part in read(files[place])]
    assert [chained(parts[:count]) for count in (1, 2)] == [[], []]
    whole = together(chained(parts))
    assert [(line.number, line.signed) for line in whole.lines] == list(enumerate(moved, 1))
    assert (whole.begins, whole.ends, whole.pages) == (True, True, (1, 3))


def test_pages_of_another_number_or_year_make_none() -> None:
    first, second, third = (read(octets)[0] for octets in ALONE)
    other = read(page(3, entry(5), last=True, end=20, between=[25], sequence=8))[0]
    late = read(ALONE[2].replace(b"2026-11-27", b"2027-11-27"))[0]
    assert chained([first, second, other]) == []
    assert chained([first, second, late]) == []
    assert chained([first, second, late, third, other]) == [first, second, third]
