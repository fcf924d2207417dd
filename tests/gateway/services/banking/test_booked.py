"""Lines of statements by day, on a real store: what counts once, under which name, and what came late."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from gateway.app.rail_rows import StatementRows
from gateway.services.banking import BookedLines
from tests.gateway.services.banking.conftest import House
from wallet.reconciliation import Side

DAY = date(2026, 11, 21)
NEXT = DAY + timedelta(days=1)
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


async def test_a_statement_of_a_closed_day_that_came_late_is_read_with_the_next_day(house: House) -> None:
    in_time = await bring(house, statement(1, DAY, [10, 20]))
    late = await bring(house, statement(2, DAY, [30]))
    twin = await bring(house, statement(1, DAY, [10, 40]), "twin.xml")
    known = {f"{in_time}:1", f"{in_time}:2"}
    source = StatementRows(BookedLines(house.store))

    async def knows(ids: Collection[str]) -> set[str]:
        return known & set(ids)

    source.known_by(knows)

    async def read() -> set[str]:
        return {row.id async for page in source.rows(NEXT, NEXT) for row in page}

    assert await read() == {f"{late}:1", f"{twin}:2"}
    known |= {f"{late}:1", f"{twin}:2"}
    assert await read() == set()
