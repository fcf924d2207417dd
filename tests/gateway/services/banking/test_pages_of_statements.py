"""Pages that come in files of their own make one statement, by whatever door and in whatever order; nothing is lost."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest

from gateway.services.banking import Banking, FileState, Finding, ImportOutcome
from gateway.store import Store
from tests.gateway.services.banking.conftest import House
from tests.gateway.services.banking.test_inbox import paid, rows
from tests.gateway.wire.bank_files import camt, statement, zipped
from tests.gateway.wire.test_files_of_any_bank import ALONE, MT_PAGE, SWIFT

TAKEN, ALREADY, WAITING, REFUSED = (
    ImportOutcome.TAKEN, ImportOutcome.ALREADY, ImportOutcome.WAITING, ImportOutcome.REFUSED,
)  # fmt: skip


@pytest.mark.parametrize("files", [ALONE, SWIFT], ids=["camt", "mt940"])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
async def test_the_last_page_to_come_makes_the_statement(
    any_house: House, files: tuple[bytes, ...], order: tuple[int, ...]
) -> None:
    house = any_house
    done = [await house.banking.import_statement(files[place], f"{place}", "stf_1") for place in order]

    assert [one.outcome for one in done] == [WAITING, WAITING, TAKEN]
    assert done[0].reason.startswith(f"page {order[0] + 1} of statement 7, which is taken once ")
    (row,) = await house.banking.statements(limit=9)
    assert (row.sequence, row.count, row.findings, done[2].statement_ids) == (7, 3, (), [row.id])
    assert abs((row.closing or 0) - (row.opening or 0)) in {15, 30}
    for place in order:
        again = await house.banking.import_statement(files[place], "again", "stf_1")
        assert (again.outcome, again.statement_ids) == (ALREADY, [row.id])
    assert (await rows(house))["banking_lines"] == 3


async def test_a_page_alone_is_no_statement_and_waits_however_often_it_comes(house: House) -> None:
    for _ in range(2):
        assert (await house.banking.import_statement(ALONE[1], "2.xml", "stf_1")).outcome is WAITING
    kept = await rows(house)
    assert (kept["banking_files"], kept["banking_statements"]) == (1, 0)
    (file,) = await house.banking.files(limit=9)
    assert (file.state, file.kind) == (FileState.TAKEN, "camt.053")
    assert file.reason == "page 2 of statement 7, which is taken once the others and all between are in"


async def test_pages_in_a_pack_wait_for_none_that_is_in_it(house: House) -> None:
    pack = zipped({f"{place}.xml": octets for place, octets in enumerate(reversed(ALONE))})
    done = await house.banking.import_statement(pack, "day.zip", "stf_1")
    assert (done.outcome, [one.outcome for one in done.members]) == (TAKEN, [TAKEN] * 3)
    assert len(done.statement_ids) == 1
    assert (await house.banking.import_statement(pack, "day.zip", "stf_1")).outcome is ALREADY

    torn = zipped({"1.sta": SWIFT[0], "3.sta": SWIFT[2], "8.xml": paid(1, sequence=8, name="S8", opening=20)})
    done = await house.banking.import_statement(torn, "torn.zip", "stf_1")
    assert (done.outcome, [one.outcome for one in done.members]) == (WAITING, [WAITING, WAITING, TAKEN])
    assert done.reason.startswith("1 taken, 2 waiting")


async def test_pages_that_do_not_add_up_are_refused_until_the_right_one_comes(house: House) -> None:
    wrong = ALONE[2].replace(b'<Ntry><Amt Ccy="IRR">5<', b'<Ntry><Amt Ccy="IRR">6<')
    for octets in ALONE[:2]:
        await house.banking.import_statement(octets, "page", "stf_1")
    done = await house.banking.import_statement(wrong, "wrong", "stf_1")
    assert (done.outcome, "differ by -1" in done.reason) == (REFUSED, True)
    assert (await house.banking.import_statement(ALONE[2], "right", "stf_1")).outcome is TAKEN


async def test_pages_by_the_banks_own_door_are_joined(house: House) -> None:
    for place, octets in enumerate(SWIFT):
        await house.arrive(f"{place}.sta", octets)
    (row,) = await house.banking.statements(limit=9)
    assert (row.opening, row.closing, row.count) == (10, 25, 3)


async def test_two_processes_that_take_pages_at_once_make_one_statement(any_house: House, database_url: str) -> None:
    other = await Store.open(database_url)
    try:
        heirs = [any_house.banking, Banking(replace(any_house.parts, store=other))]
        async with asyncio.TaskGroup() as tasks:
            for place, octets in enumerate(ALONE * 2):
                tasks.create_task(heirs[place % 2].import_statement(octets, f"{place % 3}", "stf_1"))
    finally:
        await other.close()
    assert {name: (await rows(any_house))[name] for name in ("banking_statements", "banking_lines")} == {
        "banking_statements": 1, "banking_lines": 3,
    }  # fmt: skip


async def test_a_number_that_begins_anew_is_no_twin(house: House) -> None:
    """By the Jalali year, or every month: the statement of that number long before still counts."""
    for sequence, on, balance in ((365, "2026-03-20", 50), (1, "2026-03-21", 50), (2, "2026-03-22", 50)):
        text = statement(sequence=sequence, name=f"S{on}", opening=balance, closing=balance)
        await house.banking.import_statement(camt(text.replace("2026-11-27", on)), on, "stf_1")
    for on in ("2026-01-01", "2026-01-02"):
        text = statement(sequence=int(on[-1]), name=f"S{on}", opening=50, closing=50)
        await house.banking.import_statement(camt(text.replace("2026-11-27", on)), on, "stf_1")
    found = {(row.sequence, row.to_on): row.findings for row in await house.banking.statements(limit=9)}
    # Between the second of January and the last of the Jalali year numbers are missing indeed.
    assert found.pop((365, date(2026, 3, 20))) == (Finding.GAP,)
    assert set(found.values()) == {()}


async def test_pages_of_a_month_ago_are_not_of_todays_statement(house: House) -> None:
    old = MT_PAGE.format(2, "M", 15, "F", 20).replace("2611", "2609").encode()
    assert (await house.banking.import_statement(old, "old", "stf_1")).outcome is WAITING
    new = MT_PAGE.format(1, "F", 10, "M", 15).encode()
    assert (await house.banking.import_statement(new, "new", "stf_1")).outcome is WAITING


async def test_a_name_that_is_no_unicode_is_kept(house: House) -> None:
    done = await house.banking.import_statement(paid(1), "Umsätze\udce9.xml", "stf_1")
    assert done.outcome is TAKEN
    assert [row.name for row in await house.banking.files(limit=9)] == ["Umsätze?.xml"]
