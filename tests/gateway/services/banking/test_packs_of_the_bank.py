"""A pack of the bank is as its members are, each brought once; and what is missing between statements is said."""

import gzip
from datetime import timedelta

import pytest

from gateway.services.banking import Arrived, FileState, Gap, Imported, ImportOutcome
from gateway.wire import packs
from tests.gateway.services.banking.conftest import House
from tests.gateway.services.banking.test_inbox import paid, rows
from tests.gateway.wire.bank_files import IBAN, MT940, camt, pain002, statement, zipped

NO_DOCUMENT = "no message of ISO 20022: the root is no Document but 'a'"
DAY = {"7.xml": paid(1), "8.xml": paid(2, name="STM8", sequence=8, opening=900), "answer.xml": pain002("ACCP")}


def outcomes(done: Imported) -> list[str]:
    return [one.outcome.value for one in done.members]


async def bring(house: House, octets: bytes, name: str = "day.zip") -> Imported:
    return await house.banking.import_statement(octets, name, "stf_1")


async def test_a_pack_is_taken_once_member_by_member(any_house: House) -> None:
    house = any_house
    first = await bring(house, zipped(DAY))
    before = await rows(house)
    again = await bring(house, zipped(DAY))
    other = await bring(house, zipped({"same.xml": DAY["8.xml"]}))

    assert (first.outcome, outcomes(first), len(first.statement_ids)) == (ImportOutcome.TAKEN, ["taken"] * 3, 2)
    assert (again.outcome, outcomes(again)) == (ImportOutcome.ALREADY, ["already"] * 3)
    assert (again.statement_ids, other.outcome) == (first.statement_ids, ImportOutcome.ALREADY)
    assert first.gaps == again.gaps == []
    assert before == {**await rows(house), "banking_files": before["banking_files"]}


async def test_a_broken_member_stops_no_other_and_is_read_once_more(house: House) -> None:
    pack = zipped({"a.xml": b"<a/>", "7.xml": paid(1), "x.zip": zipped(DAY), "read.txt": b"hi", "b.csv": b"x;y\n"})
    done = await bring(house, pack)

    assert done.outcome is ImportOutcome.PARTLY
    assert outcomes(done) == ["refused", "taken", "refused", "beside", "refused"]
    assert done.reason.startswith("1 taken, 3 refused, 1 beside; a.xml: no message of ISO 20022")
    assert (await bring(house, pack)).outcome is ImportOutcome.PARTLY
    listed = {row.name: row.state.value for row in await house.banking.files(limit=9)}
    assert listed == {
        "day.zip": "taken",
        "day.zip: a.xml": "refused",
        "day.zip: 7.xml": "taken",
        "day.zip: b.csv": "refused",
    }


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (zipped({}), "nothing of the bank is in it"),
        (zipped({"in/": b"", "read.txt": b"hi"}), "nothing of the bank is in it"),
        (zipped({"xl/workbook.xml": b"", "[Content_Types].xml": b""}), "a spreadsheet: save it as CSV"),
        (zipped({"a.xml": b"<a/>"}), f"1 refused; a.xml: {NO_DOCUMENT}"),
        (zipped(DAY)[:-9], "a damaged ZIP: its end is missing"),
        (gzip.compress(b"<a/>", mtime=0), f"1 refused; day.zip: {NO_DOCUMENT}"),
    ],
)  # fmt: skip
async def test_a_pack_of_nothing_is_refused(house: House, octets: bytes, reason: str) -> None:
    done = await bring(house, octets)
    assert (done.outcome, done.reason) == (ImportOutcome.REFUSED, reason)
    assert (await house.banking.files(limit=9))[-1].state is FileState.REFUSED


async def test_a_pack_by_the_banks_own_door_is_one_place_in_its_list(house: House) -> None:
    await house.arrive("monday.zip", zipped(DAY))
    await house.arrive("tuesday.sta.gz", gzip.compress(MT940.encode()))
    assert await house.banking.fetch() == 0

    assert [(row.name, row.state.value) for row in await house.banking.files(limit=9) if row.kind == "pack"] == [
        ("tuesday.sta.gz", "taken"), ("monday.zip", "taken"),
    ]  # fmt: skip
    assert (await rows(house))["banking_statements"] == 3


async def test_a_pack_that_a_crash_left_half_taken_is_finished_by_the_sweep(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, opened = packs.members, [0]

    def dies(octets: bytes, *, name: str, member_max: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - of a test
        for member in read(octets, name=name, member_max=member_max):
            opened[0] += 1
            if opened[0] == 2:
                raise RuntimeError("crash")
            yield member

    monkeypatch.setattr(packs, "members", dies)
    house.bank.waiting.append(Arrived("monday.zip", zipped(DAY)))
    with pytest.raises(RuntimeError, match="crash"):
        await house.banking.fetch()
    assert (await rows(house))["banking_statements"] == 1
    house.clock.advance(timedelta(minutes=5))
    await house.another().sweep()

    assert (await rows(house))["banking_statements"] == 2
    assert [row.state.value for row in await house.banking.files(limit=9)] == ["taken"] * 4


def quiet(sequence: int, balance: int) -> bytes:
    return camt(statement(sequence=sequence, name=f"STM{sequence}", opening=balance, closing=balance))


async def test_what_is_missing_is_said_with_numbers_and_balances(any_house: House) -> None:
    house = any_house
    await bring(house, quiet(9, 500))
    early = await bring(house, quiet(6, 700))
    (gap,) = early.gaps
    assert gap == Gap(gap.statement_id, IBAN, "IRR", 6, 9, (7, 8), 700, 500)
    assert await house.banking.gaps(early.statement_ids) == []
    assert (await house.banking.gaps([gap.statement_id])) == [gap]

    (between,) = (await bring(house, quiet(7, 700))).gaps
    assert (between.before, between.missing) == (7, (8, 8))
    (late,) = (await bring(house, quiet(8, 500))).gaps
    assert (late.before, late.number, late.missing, late.closing, late.opening) == (7, 8, None, 700, 500)
    assert await house.banking.gaps([gap.statement_id]) == []
