"""What the bank sends is kept, taken once, and told until it is heard; what is not understood is refused and stays."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from gateway.errors import PeerUnavailable, StoreUnavailable
from gateway.services.banking import Arrived, Banking, FileState, Finding, ImportOutcome, OrderState
from gateway.services.banking.tables import FILES, LINES, NEWS, STATEMENTS
from gateway.store import Store
from tests.gateway.services.banking.conftest import House
from tests.gateway.wire.bank_files import (
    MT940,
    camt,
    details,
    entry,
    information,
    pain002,
    payment,
    statement,
    transaction,
)
from wallet.money import irr
from wallet.reconciliation import LineKind

BATCH = "<Btch><MsgId>ord_1</MsgId><NbOfTxs>3</NbOfTxs></Btch>"


def paid(*numbers: int, name: str = "STM7", sequence: int = 7, opening: int = 1000) -> bytes:
    """A statement on which payments E1… of 100, 200… went out."""
    entries = [entry(100 * n, details=details(transaction(f"E{n}"))) for n in numbers]
    closing = opening - sum(100 * n for n in numbers)
    return camt(statement(*entries, name=name, sequence=sequence, opening=opening, closing=closing))


async def rows(house: House) -> dict[str, int]:
    counted = {}
    for of in (FILES, STATEMENTS, LINES, NEWS):
        counted[of.name] = (await house.store.read(select(func.count()).select_from(of)))[0][0]
    return counted


@pytest.mark.parametrize(
    ("report", "told"),
    [
        (pain002("ACCP"), [("E1", "accepted"), ("E2", "accepted"), ("E3", "accepted")]),
        (pain002("RJCT"), [("E1", "rejected"), ("E2", "rejected"), ("E3", "rejected")]),
        (pain002("ACSC"), [("E1", "settled"), ("E2", "settled"), ("E3", "settled")]),
        (pain002("PART", information(payment("E2", "RJCT", "AC01"))), [("E2", "rejected")]),
        (
            pain002("PART", information(payment("E2", "RJCT", "AC01"), status="ACSP")),
            [("E1", "accepted"), ("E2", "rejected"), ("E3", "accepted")],
        ),
        (pain002("RJCT", information(status="ACCP")), [("E1", "rejected"), ("E2", "rejected"), ("E3", "rejected")]),
        (
            pain002("ACCP", information(payment("E9", "RJCT"))),
            [("E1", "accepted"), ("E2", "accepted"), ("E3", "accepted")],
        ),
        (pain002("RCVD"), []),
        (pain002("PDNG", information(payment("E1", "RCVD"))), [("E2", "accepted"), ("E3", "accepted")]),
    ],
)  # fmt: skip
async def test_a_report_becomes_news_of_each_payment(house: House, report: bytes, told: list[tuple[str, str]]) -> None:
    await house.sent()
    await house.arrive("answer", report)

    assert sorted(house.taker.told()) == told
    row = await house.banking.order_by_id("ord_1")
    assert row is not None
    assert row.state is OrderState.ANSWERED


async def test_news_say_how_much_why_and_where_it_stands(house: House) -> None:
    await house.sent()
    await house.arrive("answer", pain002("PART", information(payment("E2", "RJCT", "AC04"))))

    (news,) = house.taker.taken
    assert (news.amount, news.reason, news.source) == (irr(200), "AC04", "pain.002 STS1")


async def test_a_report_on_an_order_that_is_not_ours_is_kept_and_says_so(house: House) -> None:
    await house.arrive("answer", pain002("RJCT", information(payment("E1", "RJCT"))))

    (file,) = await house.banking.files(limit=9)
    assert (file.state, file.kind, file.reason) == (
        FileState.TAKEN,
        "pain.002",
        "it tells of an order that is not ours",
    )
    assert house.taker.taken == []


async def test_a_report_on_all_of_an_order_whose_file_is_elsewhere_waits(house: House) -> None:
    await house.sent()
    house.file().unlink()
    house.bank.waiting.append(Arrived("answer", pain002("RJCT")))
    with pytest.raises(StoreUnavailable):
        await house.banking.fetch()

    assert [file.state for file in await house.banking.files(limit=9)] == [FileState.KEPT]


async def test_a_statement_settles_what_went_out_and_returns_what_came_back(any_house: House) -> None:
    await any_house.sent()
    await any_house.arrive("monday", paid(1, 2))
    assert any_house.taker.told() == [("E1", "settled"), ("E2", "settled")]
    back = details(transaction("E2", more="<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>"))
    bare, foreign = details(transaction("E1")), details(transaction("X1"))
    entries = (entry(200, "CRDT", back), entry(100, "CRDT", bare), entry(5, "CRDT", foreign))
    await any_house.arrive("tuesday", camt(statement(*entries, sequence=8, name="STM8", opening=700, closing=1005)))

    assert any_house.taker.told()[2:] == [("E2", "returned"), ("E1", "returned")]
    assert [one.reason for one in any_house.taker.taken[2:]] == ["AC04", ""]
    assert any_house.taker.taken[2].source == "camt.053 STM8 line 1"
    assert any_house.taker.taken[2].at.isoformat() == "2026-11-26T20:30:00+00:00"


async def test_lines_are_kept_as_they_were_read(any_house: House) -> None:
    await any_house.arrive("swift", MT940.encode())
    (kept,) = await any_house.banking.statements(limit=9)
    lines = await any_house.banking.lines(kept.id, limit=9)

    assert (kept.root, kept.sequence, kept.opening, kept.closing, kept.count) == ("mt940", 7, 10_000, 8_100, 3)
    assert [(line.number, line.kind, line.amount, line.end_to_end_id) for line in lines] == [
        (1, LineKind.DEBIT, irr(2_500), "E1"), (2, LineKind.CREDIT, irr(500), "E2"), (3, LineKind.CREDIT, irr(100), ""),
    ]  # fmt: skip
    assert (lines[1].reversal, lines[1].return_reason, lines[1].count) == (True, "AC04", 1)
    assert [line.number for line in await any_house.banking.lines(kept.id, limit=1, after=1)] == [2]
    assert await any_house.banking.statement(kept.id) == kept


@pytest.mark.parametrize(
    ("rejected", "booked", "settled", "findings"),
    [
        ((), 600, ["E1", "E2", "E3"], ()),
        (("E2",), 400, ["E1", "E3"], ()),
        (("E2",), 600, ["E1", "E2", "E3"], ()),
        (("E2",), 500, [], (Finding.BATCH,)),
    ],
)
async def test_a_booking_of_the_whole_settles_what_makes_its_sum(
    house: House, rejected: tuple[str, ...], booked: int, settled: list[str], findings: tuple[Finding, ...]
) -> None:
    await house.sent()
    if rejected:
        await house.arrive("answer", pain002("PART", information(*(payment(one, "RJCT") for one in rejected))))
    house.taker.taken.clear()
    await house.arrive("monday", camt(statement(entry(booked, details=details(batch=BATCH)))))

    assert house.taker.told() == [(one, "settled") for one in settled]
    (kept,) = await house.banking.statements(limit=9)
    assert kept.findings == findings


async def test_an_old_form_names_the_order_where_a_payment_would_stand(house: House) -> None:
    await house.sent()
    text = ":20:S\n:25:A\n:28C:1\n:60F:C261126IRR600,\n:61:261127D600,NTRFord_1\n:62F:C261127IRR0,\n-\n"
    await house.arrive("swift", text.encode())

    assert house.taker.told() == [("E1", "settled"), ("E2", "settled"), ("E3", "settled")]


async def test_the_same_file_and_the_same_statement_in_another_file_are_taken_once(any_house: House) -> None:
    await any_house.arrive("monday", paid(1))
    before, told = await rows(any_house), len(any_house.taker.taken)
    again = await any_house.banking.import_statement(paid(1), "monday copy", "stf_1")
    await any_house.arrive("monday again", paid(1).replace(b"<MsgId>M1", b"<MsgId>M2"))

    assert (again.outcome, len(again.statement_ids)) == (ImportOutcome.ALREADY, 1)
    assert await rows(any_house) == {**before, "banking_files": 2}
    assert len(any_house.taker.taken) == told
    assert "in already" in (await any_house.banking.files(limit=1))[0].reason


async def test_files_are_fetched_from_after_the_last_one(house: House) -> None:
    house.bank.waiting = [Arrived(f"file {n}", paid(n, name=f"S{n}", sequence=n)) for n in range(1, 26)]
    assert await house.banking.fetch() == 20
    assert await house.another().fetch() == 5
    assert await house.banking.fetch() == 0

    assert (await rows(house))["banking_statements"] == 25


async def test_what_is_not_understood_is_refused_with_its_reason_and_stays(house: House) -> None:
    await house.arrive("junk", b"<html>Bad gateway</html>")
    await house.arrive("good", paid(1))

    refused = await house.banking.files(limit=9, state=FileState.REFUSED)
    assert [(file.name, file.reason) for file in refused] == [
        ("junk", "a web page and no message of ISO 20022: the root is no Document")
    ]
    assert house.taker.told() == [("E1", "settled")]


@pytest.mark.parametrize(
    ("octets", "outcome"),
    [
        (paid(1), ImportOutcome.TAKEN),
        (MT940.encode(), ImportOutcome.TAKEN),
        (pain002("RCVD"), ImportOutcome.TAKEN),
        (b"", ImportOutcome.REFUSED),
        (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a/>", ImportOutcome.REFUSED),
    ],
)
async def test_staff_bring_a_file(house: House, octets: bytes, outcome: ImportOutcome) -> None:
    brought = await house.banking.import_statement(octets, "file", "stf_1")

    assert brought.outcome is outcome
    assert bool(brought.reason) == (outcome is ImportOutcome.REFUSED or octets.startswith(b"<Doc"))
    (file,) = await house.banking.files(limit=9)
    assert (file.staff_id, file.size) == ("stf_1", len(octets))
    assert (await house.banking.import_statement(octets, "file", "stf_1")).outcome in {
        ImportOutcome.ALREADY, ImportOutcome.REFUSED,
    }  # fmt: skip


@pytest.mark.parametrize("octets", [pain002("ACSC"), paid(1)], ids=["pain.002", "statement"])
async def test_what_the_bank_sends_with_entities_is_refused_shown_and_told_to_nobody(
    house: House, octets: bytes
) -> None:
    await house.sent()
    body = octets[octets.index(b"<Doc") :].replace(b"E1", b"&e;")
    await house.arrive("a", b"<?xml version='1.0'?><!DOCTYPE Document [<!ENTITY e 'E1'>]>" + body)

    (file,) = await house.banking.files(limit=9, state=FileState.REFUSED)
    assert (file.name, bool(file.reason), house.taker.told()) == ("a", True, [])


@pytest.mark.parametrize("fails", ["before", "after"])
async def test_news_are_told_again_until_they_are_taken(house: House, fails: str) -> None:
    house.taker.fails = fails
    with pytest.raises(PeerUnavailable):
        await house.arrive("monday", paid(1, 2))
    house.taker.fails = ""
    house.taker.taken.clear()

    assert await house.another().sweep() == 2
    assert house.taker.told() == [("E1", "settled"), ("E2", "settled")]
    assert await house.another().sweep() == 0


async def test_many_news_are_told_in_the_order_of_the_bank(any_house: House) -> None:
    await any_house.sent(1200)
    await any_house.arrive("answer", pain002("ACCP"))
    await any_house.arrive("monday", paid(1, 2))

    assert len(any_house.taker.taken) == 1202
    assert any_house.taker.told()[-2:] == [("E1", "settled"), ("E2", "settled")]


class Killed(BaseException):
    """What no code of ours catches."""


@pytest.mark.parametrize("step", range(9))
async def test_a_process_that_dies_between_any_two_steps_is_finished_by_the_next(
    house: House, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await house.sent()
    house.bank.waiting = [
        Arrived("answer", pain002("ACCP")),
        Arrived("monday", camt(statement(*(entry(100 * n, details=details(transaction(f"E{n}"))) for n in (1, 2, 3))))),
    ]
    left = step
    write = house.store.write

    async def dying(work: Callable[[Connection], Any]) -> object:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        return await write(work)

    monkeypatch.setattr(house.store, "write", dying)
    with pytest.raises(Killed):
        await house.banking.fetch()
    monkeypatch.undo()
    house.clock.advance(timedelta(hours=1))
    heir = house.another()
    await heir.sweep()
    await heir.fetch()

    last = dict(house.taker.told())
    assert last == {"E1": "settled", "E2": "settled", "E3": "settled"}
    assert set(house.taker.told()) == {(f"E{n}", what) for n in (1, 2, 3) for what in ("accepted", "settled")}
    assert await rows(house) == {"banking_files": 2, "banking_statements": 1, "banking_lines": 3, "banking_news": 6}


@pytest.mark.parametrize(
    ("arrivals", "findings"),
    [
        (((7, 1000), (8, 900)), {7: (), 8: ()}),
        (((7, 1000), (9, 900)), {7: (), 9: (Finding.GAP,)}),
        (((7, 1000), (8, 950)), {7: (), 8: (Finding.OPENING,)}),
        (((7, 1000), (9, 800), (8, 900)), {7: (), 8: (), 9: ()}),
        (((9, 800), (8, 900), (7, 1000)), {7: (), 8: (), 9: ()}),
        (((7, 1000), (7, 500)), {7: (Finding.AGAIN,)}),
    ],
    ids=["in order", "a gap", "another opening", "late", "backwards", "twice"],
)
async def test_a_series_of_statements_shows_what_does_not_fit(
    house: House, arrivals: tuple[tuple[int, int], ...], findings: dict[int, tuple[Finding, ...]]
) -> None:
    for place, (sequence, opening) in enumerate(arrivals):
        await house.arrive(f"file {place}", paid(1, name=f"S{sequence}", sequence=sequence, opening=opening))
        house.clock.advance(timedelta(seconds=1))

    kept = {row.sequence: row.findings for row in reversed(await house.banking.statements(limit=9))}
    assert kept == findings


async def test_two_processes_that_keep_files_at_once_lose_none(any_house: House, database_url: str) -> None:
    other = await Store.open(database_url)
    try:
        heirs = [any_house.banking, Banking(replace(any_house.parts, store=other))]
        async with asyncio.TaskGroup() as tasks:
            for number in range(12):
                octets = paid(1, name=f"S{number}", sequence=number)
                tasks.create_task(heirs[number % 2].import_statement(octets, f"file {number}", "stf_1"))
    finally:
        await other.close()

    assert len({file.id for file in await any_house.banking.files(limit=99)}) == 12
    assert (await rows(any_house))["banking_lines"] == 12


async def test_a_file_that_staff_have_brought_does_not_hold_up_the_banks_own(house: House) -> None:
    await house.banking.import_statement(paid(1), "monday", "stf_1")
    house.bank.waiting = [Arrived("monday", paid(1)), Arrived("tuesday", paid(2, name="S8", sequence=8, opening=900))]

    assert await house.banking.fetch() == 2
    assert await house.banking.fetch() == 0
    assert (await rows(house))["banking_statements"] == 2


@pytest.mark.parametrize("root", ["camt.052", "camt.054"])
async def test_reports_of_the_day_need_not_follow_one_another(house: House, root: str) -> None:
    for number in (3, 7):
        report = statement(entry(5), root=root, sequence=number, name=f"R{number}", opening=1000)
        await house.arrive(f"file {number}", camt(report, root=root))

    assert [row.findings for row in await house.banking.statements(limit=9)] == [(), ()]


async def test_a_payment_that_left_and_came_back_on_one_statement_was_returned(house: House) -> None:
    out, back = (details(transaction("E1")) for _ in range(2))
    await house.arrive("monday", camt(statement(entry(5, "DBIT", out), entry(5, "CRDT", back))))

    assert house.taker.told() == [("E1", "settled"), ("E1", "returned")]
