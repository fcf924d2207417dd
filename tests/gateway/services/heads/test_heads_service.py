"""Heads are published once for a block, in the store and in the file, and never against what was published before."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.errors import Conflict, StoreUnavailable
from gateway.keys import SoftwareKeyStore
from gateway.services.heads import HEADS_FILE, LISTED_MAX, HeadFile, Heads
from gateway.services.heads.tables import published_heads
from gateway.store import Store
from gateway.workers.heads import HeadsWorker
from tests.wallet.books import fund, opened, send
from wallet.clock import ManualClock
from wallet.errors import LedgerCorrupt
from wallet.heads import HeadCheck, SignedHead, head_of, key_id, line_of
from wallet.ledger import Block, Head, Ledger

MINUTE = timedelta(minutes=1)
KEYS = SoftwareKeyStore.for_tests()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    store = await Store.open(database_url)
    yield store
    await store.close()


@pytest.fixture
async def ledger(database_url: str, clock: ManualClock) -> AsyncIterator[Ledger]:
    async with opened(database_url, clock) as ledger:
        yield ledger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / HEADS_FILE


@pytest.fixture
def heads(store: Store, ledger: Ledger, clock: ManualClock, path: Path) -> Heads:
    return Heads(store, ledger, KEYS, clock, HeadFile(path))


def content_of(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def put(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def written(path: Path) -> list[SignedHead]:
    return [head_of(line) for line in content_of(path).splitlines()]


async def test_an_empty_book_has_nothing_to_publish(
    database_url: str, store: Store, clock: ManualClock, path: Path
) -> None:
    await Ledger.upgrade(database_url)
    ledger = await Ledger.open(database_url, clock)
    heads = Heads(store, ledger, KEYS, clock, HeadFile(path))
    try:
        assert await heads.publish() is None
        assert await heads.write_out() == 0
    finally:
        await ledger.close()
    assert content_of(path) == b""


async def test_a_published_head_is_that_of_the_book_and_signed(
    heads: Heads, ledger: Ledger, clock: ManualClock, path: Path
) -> None:
    await ledger.post(fund(clock, 100))
    end = await ledger.head()
    clock.advance(MINUTE)

    head = await heads.publish()

    assert head is not None
    assert (head.block, head.position, head.hash, head.booked_at) == (end.block, end.position, end.hash, end.booked_at)
    assert head.published_at == clock.now()
    public_key = await heads.public_key()
    assert HeadCheck({key_id(public_key): public_key}).signed(head) is None
    assert await heads.write_out() == 1
    assert written(path) == await heads.latest(5) == [head]


async def test_a_head_that_did_not_move_is_published_once(
    heads: Heads, ledger: Ledger, clock: ManualClock, path: Path
) -> None:
    await ledger.post(fund(clock, 100))
    first = await heads.publish()
    clock.advance(MINUTE)

    assert await heads.publish() == first
    assert [await heads.write_out(), await heads.write_out()] == [1, 0]
    assert written(path) == [first]


async def test_the_newest_are_listed_oldest_of_them_first(heads: Heads, ledger: Ledger, clock: ManualClock) -> None:
    published = []
    for _ in range(3):
        await ledger.post(fund(clock, 1))
        published.append(await heads.publish())

    assert await heads.latest(2) == published[1:]
    assert await heads.newest() == published[-1]


class Racing:
    """A book during whose reading another process publishes."""

    def __init__(self, ledger: Ledger, other: Heads) -> None:
        self._ledger = ledger
        self._other = other

    async def head(self) -> Head:
        head = await self._ledger.head()
        await self._other.publish()
        return head

    async def block(self, number: int) -> Block | None:
        return await self._ledger.block(number)


async def test_two_processes_that_publish_at_once_publish_one_head(
    store: Store, ledger: Ledger, heads: Heads, clock: ManualClock, path: Path
) -> None:
    await ledger.post(fund(clock, 100))
    other_keys = SoftwareKeyStore.for_tests()
    second = Heads(store, Racing(ledger, heads), other_keys, clock, HeadFile(path))

    head = await second.publish()

    public_key = await heads.public_key()
    assert head is not None
    assert head.key_id == key_id(public_key), "the first one's row counts"
    assert await heads.latest(5) == [head]
    assert [await heads.write_out(), await second.write_out()] == [1, 0]


async def test_processes_that_share_a_file_write_a_line_once(
    heads: Heads, ledger: Ledger, clock: ManualClock, path: Path
) -> None:
    await ledger.post(fund(clock, 1))
    await heads.publish()
    await heads.write_out()
    await ledger.post(fund(clock, 1))
    await heads.publish()
    known = await heads.latest(5)

    # Both have read the file before either wrote.
    HeadFile(path).append(known[1:])
    HeadFile(path).append(known[1:])

    assert written(path) == known


async def test_a_line_that_a_crash_tore_is_written_anew(
    heads: Heads, ledger: Ledger, clock: ManualClock, path: Path
) -> None:
    published = []
    for _ in range(4):
        await ledger.post(fund(clock, 1))
        published.append(await heads.publish())
        await heads.write_out()
    whole = content_of(path)
    line = len(whole) // 4

    for size in (0, 1, line - 1, line, line + 7, 3 * line - 1, 3 * line, 4 * line - 1):
        put(path, whole[:size])
        assert await heads.write_out() == 4 - size // line
        assert content_of(path) == whole
    assert written(path) == published


@pytest.mark.parametrize("content", [b"hello\n", b"x" * 600, b"\n", b"{}\n" + b"x" * 511, b"x" * 5000 + b"\n"], ids=len)
async def test_a_file_that_somebody_else_wrote_is_left_alone(
    heads: Heads, ledger: Ledger, clock: ManualClock, path: Path, content: bytes
) -> None:
    await ledger.post(fund(clock, 1))
    await heads.publish()
    put(path, content)

    with pytest.raises(Conflict, match="move it away"):
        await heads.write_out()
    with pytest.raises(Conflict, match="move it away"):
        HeadFile(path).append(await heads.latest(1))

    assert content_of(path) == content


async def test_a_file_with_a_head_that_the_store_does_not_have_is_evidence(
    heads: Heads, ledger: Ledger, clock: ManualClock, path: Path
) -> None:
    await ledger.post(fund(clock, 1))
    head = await heads.publish()
    assert head is not None
    for stranger in (replace(head, hash=bytes(32)), replace(head, block=head.block + 1)):
        put(path, f"{line_of(stranger)}\n".encode())

        with pytest.raises(Conflict, match="does not have"):
            await heads.write_out()


async def test_a_file_that_cannot_be_written_is_a_fault_and_nothing_is_lost(
    store: Store, ledger: Ledger, clock: ManualClock, tmp_path: Path, path: Path
) -> None:
    nowhere = Heads(store, ledger, KEYS, clock, HeadFile(tmp_path / "nowhere" / HEADS_FILE))
    await ledger.post(fund(clock, 1))
    head = await nowhere.publish()
    with pytest.raises(StoreUnavailable, match="file of heads"):
        await nowhere.write_out()

    await Heads(store, ledger, KEYS, clock, HeadFile(path)).write_out()

    assert written(path) == [head]


class Changed:
    """A book whose history is another one now."""

    def __init__(self, ledger: Ledger, *, cut: bool) -> None:
        self._ledger = ledger
        self._cut = cut

    async def head(self) -> Head:
        return await self._ledger.head()

    async def block(self, number: int) -> Block | None:
        block = await self._ledger.block(number)
        return None if self._cut or block is None else replace(block, hash=bytes(32))


@pytest.mark.parametrize("says", ["cut off", "rewritten"])
async def test_nothing_is_signed_that_contradicts_what_was_published(
    store: Store, ledger: Ledger, heads: Heads, clock: ManualClock, path: Path, says: str
) -> None:
    await ledger.post(fund(clock, 100))
    before = await heads.publish()
    assert before is not None
    await ledger.post(send(clock, 1))
    later = Heads(store, Changed(ledger, cut=says == "cut off"), KEYS, clock, HeadFile(path))

    with pytest.raises(LedgerCorrupt, match=f"block {before.block}: .*{says}"):
        await later.publish()

    assert await heads.latest(5) == [before]


async def test_the_worker_publishes_at_most_once_in_its_interval(
    heads: Heads, ledger: Ledger, clock: ManualClock, path: Path
) -> None:
    workers = [HeadsWorker(heads, clock, 60) for _ in range(2)]
    done, before = [], (await ledger.head()).block
    for step_s in (0, 0, 59, 1, 59, 1):
        clock.advance(timedelta(seconds=step_s))
        await ledger.post(fund(clock, 1))
        done.append([await worker.tick() for worker in workers])

    assert done == [[1, 0], [0, 0], [0, 0], [1, 0], [0, 0], [1, 0]]
    assert [head.block - before for head in written(path)] == [1, 4, 6]


async def test_a_clock_that_had_jumped_ahead_does_not_end_publishing(
    heads: Heads, ledger: Ledger, clock: ManualClock
) -> None:
    worker = HeadsWorker(heads, clock, 60)
    clock.advance(timedelta(days=400))
    await ledger.post(fund(clock, 1))
    assert await worker.tick() == 1
    clock.advance(timedelta(days=-400))
    await ledger.post(fund(clock, 1))

    assert await worker.tick() == 1


async def test_a_fresh_file_takes_more_heads_than_one_read_holds(
    heads: Heads, ledger: Ledger, clock: ManualClock, store: Store, path: Path
) -> None:
    await ledger.post(fund(clock, 1))
    first = await heads.publish()
    assert first is not None
    row = {column.name: getattr(first, column.name) for column in published_heads.columns}
    blocks = range(first.block, first.block + LISTED_MAX + 4)
    rows = [row | {"block": block} for block in blocks[1:]]
    await store.write(lambda tx: tx.execute(published_heads.insert(), rows))

    assert [await heads.write_out() for _ in range(3)] == [LISTED_MAX, 4, 0]
    assert [head.block for head in written(path)] == list(blocks)
    assert len(await heads.latest(LISTED_MAX + 1)) == LISTED_MAX
