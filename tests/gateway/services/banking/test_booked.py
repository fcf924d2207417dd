"""Lines of statements by day, on a real store: what counts once, under which name, and what came late."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

import pytest

from gateway.app.rail_rows import StatementRows
from gateway.services.banking import BookedLines
from tests.gateway.services.banking.conftest import House
from wallet.reconciliation import Side

DAY = date(2026, 11, 21)
NEXT, LAST = DAY + timedelta(days=1), DAY + timedelta(days=2)
IBAN = "IR220000000000000000000001"
_ENTRY = (
    '<Ntry><Amt Ccy="IRR">{minor}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
    "<BookgDt><Dt>{on}</Dt></BookgDt><ValDt><Dt>{on}</Dt></ValDt><AcctSvcrRef>R{minor}</AcctSvcrRef><NtryDtls>{batch}<TxDtls><Refs>"
    "<EndToEndId>E{minor}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"
)

_KINDS = {
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


def statement(number: int, day: date, minors: Sequence[int], *, root: str = "053", batch: str = "") -> bytes:
    """A file of the bank for one day."""
    kinds = {
        "052": ("BkToCstmrAcctRpt", "Rpt"),
        "053": ("BkToCstmrStmt", "Stmt"),
        "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    }
    head, body = kinds[root]
    entries = "".join(_ENTRY.format(minor=minor, on=day, batch=batch) for minor in minors)
    span = f"<FrToDt><FrDtTm>{day}T00:00:00</FrDtTm><ToDtTm>{day}T23:59:59</ToDtTm></FrToDt>"
    balances = "".join(
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="IRR">{minor}</Amt><CdtDbtInd>CRDT</CdtDbtInd>'
        f"<Dt><Dt>{day}</Dt></Dt></Bal>"
        for code, minor in (("OPBD", 10_000), ("CLBD", 10_000 - sum(minors)))
    )
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{root}.001.08"><{head}><GrpHdr><MsgId>M{number}</MsgId>'
        f"<CreDtTm>{day}T20:00:00Z</CreDtTm></GrpHdr><{body}><Id>S{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb>"
        f"<CreDtTm>{day}T20:00:00Z</CreDtTm>{span}<Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>IRR</Ccy></Acct>"
        f"{balances if root == '053' else ''}{entries}</{body}></{head}></Document>"
    ).encode()


async def bring(house: House, octets: bytes, name: str = "file.xml") -> str:
    house.clock.advance(timedelta(seconds=1))
    done = await house.banking.import_statement(octets, name, "stf_1")
    assert done.statement_ids, done.reason
    return done.statement_ids[0]


async def lines(house: House, first: date = DAY, through: date = NEXT) -> list[tuple[str, int]]:
    found = [one async for page in BookedLines(house.store).between(first, through) for one in page]
    return sorted((one.id, one.line.amount.minor) for one in found)


async def test_reports_of_the_day_say_early_what_its_statement_says_again(any_house: House) -> None:
    house = any_house
    await bring(house, statement(7, DAY, [10], root="052"))
    await bring(house, statement(8, DAY, [10, 20], root="054"))
    assert await lines(house) == []
    assert await BookedLines(house.store).newest() == ("0:", None)

    closing = await bring(house, statement(1, DAY, [10, 20]))

    assert await lines(house) == [(f"{closing}:1", 10), (f"{closing}:2", 20)]
    assert await BookedLines(house.store).newest() == (f"1:{closing}", DAY)
    assert await lines(house, NEXT, NEXT) == []


async def test_a_statement_that_comes_again_with_other_content_takes_the_place_of_the_first(any_house: House) -> None:
    house = any_house
    old = await bring(house, statement(1, DAY, [10, 20]))
    new = await bring(house, statement(1, DAY, [20, 30]), "again.xml")

    assert await lines(house) == sorted([(f"{old}:2", 20), (f"{new}:2", 30)])

    books = BookedLines(house.store)
    named = await books.of([f"{old}:1", f"{old}:2", f"{new}:1", f"{new}:2", "stm_none:1", "item", "itm:x"])
    assert sorted(one.id for one in named) == sorted([f"{old}:2", f"{new}:2"])


async def test_lines_are_found_again_by_their_names(any_house: House) -> None:
    house = any_house
    name = await bring(house, statement(1, DAY, [10, 20, 30]))

    found = await BookedLines(house.store).of([f"{name}:3", f"{name}:1", f"{name}:9"])

    assert [(one.line.amount.minor, one.on) for one in found] == [(10, DAY), (30, DAY)]


async def test_of_two_names_of_an_order_the_one_that_is_ours_counts(any_house: House) -> None:
    house = any_house
    await house.ordered(2, "B000001O00001")
    both = "<Btch><MsgId>B000001O00001</MsgId><PmtInfId>THEIRS</PmtInfId></Btch>"
    await bring(house, statement(1, DAY, [300], batch=both))
    await bring(house, statement(2, NEXT, [400], batch=both.replace("B000001O00001", "OTHER")))

    rows = [row async for page in StatementRows(BookedLines(house.store)).rows(DAY, NEXT) for row in page]

    assert {row.minor: row.batch for row in rows} == {-300: "B000001O00001", -400: "THEIRS"}
    assert {row.side for row in rows} == {Side.BANK}


def export(first: date, last: date, booked: Sequence[tuple[date, int]]) -> bytes:
    """The same account as MT940: the days from its opening to its closing balance."""
    entries = "".join(
        f":61:{on:%y%m%d}{on:%m%d}D{minor},NTRFE{minor}//R{minor}\r\n:86:paid\r\n" for on, minor in booked
    )
    return (
        f":20:X{first:%m%d}\r\n:25:{IBAN}\r\n:28C:{first:%j}/1\r\n:60F:C{first:%y%m%d}IRR10000,\r\n{entries}"
        f":62F:C{last:%y%m%d}IRR{10_000 - sum(minor for _, minor in booked)},\r\n-\r\n"
    ).encode()


class Reader:
    """The bank's side as runs read it, from a day on; what it has read is known."""

    def __init__(self, house: House) -> None:
        self.first = DAY
        self.known: set[str] = set()
        self.source = StatementRows(BookedLines(house.store))
        self.source.known_by(self._knows, self._open_from)

    async def _knows(self, ids: Collection[str]) -> set[str]:
        return self.known & set(ids)

    async def _open_from(self) -> date:
        return self.first

    async def read(self, through: date = LAST) -> list[int]:
        """Amounts that no run had read, each as often as it was given."""
        pages = [row async for page in self.source.rows(self.first, through) for row in page]
        fresh = {row.id: row for row in pages if row.id not in self.known}
        self.known |= fresh.keys()
        return sorted(-row.minor for row in fresh.values())


async def test_a_statement_of_a_closed_day_that_came_late_is_read_with_the_next_day(house: House) -> None:
    reader = Reader(house)
    await bring(house, statement(1, DAY, [10, 20]))
    assert await reader.read(DAY) == [10, 20]
    reader.first = NEXT
    await bring(house, statement(2, DAY, [30]))
    await bring(house, statement(1, DAY, [10, 40]), "twin.xml")

    assert await reader.read() == [30, 40]
    assert await reader.read() == []


async def test_a_statement_that_reaches_into_closed_days_is_read_whole(any_house: House) -> None:
    house, reader = any_house, Reader(any_house)
    reader.first = LAST
    await bring(house, export(DAY, LAST, [(DAY, 10), (NEXT, 20), (LAST, 30)]), "week.sta")

    assert await reader.read() == [10, 20, 30]
    assert await reader.read() == []


async def test_a_statement_of_years_ago_is_read_when_it_comes(house: House) -> None:
    reader = Reader(house)
    reader.first = DAY.replace(year=DAY.year + 2)
    await bring(house, statement(1, DAY, [10]))

    assert await reader.read(reader.first) == [10]


@pytest.mark.parametrize("richer_first", [False, True])
async def test_a_closed_day_is_not_told_again_in_another_form(house: House, *, richer_first: bool) -> None:
    reader = Reader(house)
    week = export(DAY, LAST, [(DAY, 10), (NEXT, 20)])
    await bring(house, *((statement(1, DAY, [10]), "day.xml") if richer_first else (week, "week.sta")))
    told = await reader.read(DAY)
    assert told == [10]
    reader.first = NEXT

    await bring(house, *((week, "week.sta") if richer_first else (statement(1, DAY, [10]), "day.xml")))

    assert await reader.read() == [20]
    assert await reader.read() == []


async def test_days_that_no_form_has_told_of_are_read_of_one_that_overlaps_with_what_was_told(house: House) -> None:
    reader = Reader(house)
    await bring(house, statement(1, DAY, [10]))
    assert await reader.read(DAY) == [10]
    reader.first = LAST + timedelta(days=1)
    await bring(house, export(DAY, LAST, [(DAY, 10), (NEXT, 20), (LAST, 30)]), "week.sta")

    assert await reader.read(reader.first) == [20, 30]


async def test_what_stands_open_of_a_closed_day_stays_when_a_richer_form_comes(house: House) -> None:
    reader = Reader(house)
    name = await bring(house, export(DAY, DAY, [(DAY, 10)]), "day.sta")
    assert await reader.read(DAY) == [10]
    reader.first = NEXT
    richer = await bring(house, statement(1, DAY, [10]))

    assert [row.id for row in await reader.source.again([f"{name}:1", f"{richer}:1"]) if row.id in reader.known] == [
        f"{name}:1"
    ]
    assert await reader.read() == []
    reader.first = DAY
    assert [row.id for row in await reader.source.again([f"{name}:1"])] == []
