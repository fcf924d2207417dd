"""Lookups by parts of names give what reading every row gives, from an index, and sums of a stretch are its rows'."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.sql import ClauseElement

from tests.wallet.books import ALICE, BANK, BOB, end, fund, hold, send
from tests.wallet.test_ledger_asof import _plan
from wallet.clock import ManualClock
from wallet.ledger import Ledger, Span, engines, lookups
from wallet.transfers import TransferKind

START = "bat_01K8ABCDEFGHJKMNPQRSTVW"


def span(start: str) -> Span:
    return Span(f"{start:0<30}", f"{start:Z<30}", start)


async def test_causes_of_a_span_come_once_each_and_the_last_first(ledger: Ledger, clock: ManualClock) -> None:
    busy = [replace(fund(clock, 1), cause=f"{START}B0Y") for _ in range(450)]
    others = [replace(fund(clock, 1), cause=f"{START}{end_}") for end_ in ("A00", "C11", "C12", "0")]
    await ledger.post(*busy, *others, fund(clock, 1))

    found = await ledger.lookups.causes_between([span(START)], 10)
    few = await ledger.lookups.causes_between([span(START), span(f"{START}B")], 2)

    assert found == [f"{START}{end_}" for end_ in ("C12", "C11", "B0Y", "A00")]
    assert few == [f"{START}{end_}" for end_ in ("C12", "C11", "B0Y")]


async def test_rows_are_found_by_parts_of_their_names(ledger: Ledger, clock: ManualClock) -> None:
    transfers = [fund(clock, 5), fund(clock, 6), send(clock, 2)]
    await ledger.post(*transfers)
    log = await ledger.follow(after=0)
    names = [(row.position, row.transfer.id, row.transfer.cause) for row in log]

    assert [tuple(one) for one in await ledger.lookups.references(0, 10)] == names
    assert [tuple(one) for one in await ledger.lookups.references(1, 1)] == names[1:2]
    assert sorted(map(tuple, await ledger.lookups.references_at([1, 3, 9]))) == [names[0], names[2]]
    for position, id_, cause in names:
        for digits in (4, 11):
            by_cause = await ledger.lookups.ending(cause[-digits:].lower(), of_ids=False, after=0, limit=9)
            by_id = await ledger.lookups.ending(id_.hex[-digits:].upper(), of_ids=True, after=0, limit=9)
            assert {one.position for one in by_cause} >= {position} <= {one.position for one in by_id}
            assert all(one.cause.endswith(cause[-digits:]) for one in by_cause)
        assert await ledger.lookups.ending(cause[-4:], of_ids=False, after=position, limit=9) == []
        begins = id_.hex[:20]
        rows = await ledger.lookups.ids_between(UUID(f"{begins:0<32}"), UUID(f"{begins:f<32}"), 9)
        assert [row.transfer.id for row in rows] == [one for _, one, _ in names if one.hex.startswith(begins)]
    assert [row.position for row in await ledger.lookups.rows_at([2])] == [2]


async def test_some_rows_of_a_cause_are_no_more_than_asked(ledger: Ledger, clock: ManualClock) -> None:
    await ledger.post(*(replace(fund(clock, place + 1), cause=f"{START}B0Y") for place in range(20)))

    found = await ledger.lookups.some_caused_by([f"{START}B0Y", "pay_nobody"], 7)

    assert {cause: len(rows) for cause, rows in found.items()} == {f"{START}B0Y": 7}
    assert found[f"{START}B0Y"][0].transfer.amount.minor == 1


async def test_what_moved_in_a_stretch_is_the_sum_of_its_rows(ledger: Ledger, clock: ManualClock) -> None:
    reserved = hold(clock, 40, clock.now() + timedelta(hours=1))
    big = 2**62
    await ledger.post(fund(clock, big), send(clock, 30), reserved)
    await ledger.post(end(clock, reserved, TransferKind.CAPTURE, 25), send(clock, big - 1000), send(clock, 7))
    head = (await ledger.head()).position

    for after, through in ((0, head), (1, 4), (4, head), (head, head)):
        expected: Counter[tuple[object, ...]] = Counter()
        for row in await ledger.follow(after=after, limit=through - after or 1):
            if row.transfer.kind.moves and row.position <= through:
                for own, side in ((row.transfer.debit, "debit"), (row.transfer.credit, "credit")):
                    if own in (ALICE.id, BOB.id):
                        expected[own, row.transfer.code, row.transfer.kind, side] += row.transfer.amount.minor
        got: Counter[tuple[object, ...]] = Counter()
        for one in await ledger.lookups.moved("wallet", after=after, through=through):
            side = "debit" if one.debits else "credit"
            got[one.account, one.code, one.kind, side] += one.debits + one.credits
        assert got == expected
    assert {one.account for one in await ledger.lookups.moved("trust_bank", after=0, through=head)} == {BANK.id}


PROBES = {
    "causes": r"INDEX transfer_cause \(cause>\? AND cause<\?\)|using transfer_cause",
    "of a cause": r"INDEX transfer_cause \(cause=\?\)|using transfer_cause|on transfer_cause",
    "ids": r"INDEX sqlite_autoindex_transfer_1 \(id>\? AND id<\?\)|using transfer_id_key",
    "references": r"INTEGER PRIMARY KEY \(rowid>\?\)|using transfer_pkey",
}


@pytest.mark.parametrize("kind", list(PROBES))
async def test_no_lookup_reads_the_log_whole(ledger: Ledger, database_url: str, clock: ManualClock, kind: str) -> None:
    await ledger.post(*(fund(clock, 5) for _ in range(300)))
    low, high, start = span(START)
    queries: dict[str, tuple[ClauseElement, dict[str, object]]] = {
        "causes": (
            lookups._causes(below=False), {"low": low, "high": high, "start": start, "length": len(start), "page": 9}
        ),
        "of a cause": (lookups._of_cause(), {"a_cause": low, "page": 9}),
        "ids": (lookups._ids_between(UUID(int=1), UUID(int=99), 9), {}),
        "references": (lookups._references(), {"after": 7, "page": 9}),
    }  # fmt: skip
    opened = engines.connect(database_url)
    async with opened.reader.connect() as connection:
        if connection.dialect.name == "postgresql":
            await connection.execute(text("ANALYZE"))
            await connection.execute(text("SET enable_seqscan = off"))
        plan = "\n".join(str(row[-1]) for row in await connection.run_sync(_plan, *queries[kind]))
    await opened.close()

    assert re.search(PROBES[kind], plan), plan
    assert not re.search(r"Seq Scan|SCAN transfer", plan), plan
