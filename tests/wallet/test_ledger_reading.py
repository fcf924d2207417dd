"""Reading many rows at once, on both databases: by why money moved, and by ids."""

from tests.wallet.books import fund, send
from wallet.clock import ManualClock
from wallet.ledger import Ledger
from wallet.transfers import TransferCode


async def test_the_log_is_read_by_why_money_moved(ledger: Ledger, clock: ManualClock) -> None:
    rows = [fund(clock, 100), send(clock, 10), fund(clock, 5), send(clock, 20), send(clock, 30)]
    await ledger.post(*rows)
    code = rows[1].code
    assert rows[0].code is not code

    found = await ledger.coded([code], after=0, through=4, limit=9)

    assert [(row.position, row.transfer.id) for row in found] == [(2, rows[1].id), (4, rows[3].id)]
    assert [row.position for row in await ledger.coded([code], after=2, through=9, limit=1)] == [4]
    assert await ledger.coded([TransferCode.WRITE_OFF], after=0, through=9, limit=9) == []
    every = await ledger.coded({row.code for row in rows}, after=0, through=9, limit=9)
    assert every == await ledger.follow(after=0)


async def test_transfers_are_read_by_their_ids(ledger: Ledger, clock: ManualClock) -> None:
    first, second, stranger = fund(clock, 100), send(clock, 10), send(clock, 1)
    await ledger.post(first, second)

    found = await ledger.transfers_among([second.id, stranger.id, first.id])

    assert {row.transfer.id: row for row in found} == {row.transfer.id: row for row in await ledger.follow(after=0)}
    assert await ledger.transfers_among([]) == []
