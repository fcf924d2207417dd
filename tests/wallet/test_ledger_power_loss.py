"""Power loss on SQLite: the write-ahead log ends at a random byte, with or without rubbish behind it.

What must hold, for a file `wallet.db` as the last checkpoint left it and a log `wallet.db-wal` cut at byte c: the
ledger opens, verifies, and its book is exactly that after the last COMMIT which lies wholly before c. Every transfer
that was acknowledged by then is in it, none of a later group is, and no entry is half there. As synchronous=FULL syncs
the log at each COMMIT before anybody is answered, a power cut can take only bytes behind the last acknowledged COMMIT,
so this says that nothing acknowledged is lost. A cut during a checkpoint leaves some pages of the database written and
the log whole: then everything is there.

That a disk which says "synced" has written is beyond this test (SQLite: "Atomic Commit In SQLite" §9.2).
"""

import os
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from itertools import takewhile
from pathlib import Path

import pytest

from tests.wallet.books import end, fund, hold, opened, send
from wallet.clock import ManualClock
from wallet.transfers import LogRow, Outcome, TransferKind

_HEADER_BYTES = 32
_FRAME_BYTES = 24
POSTS = 150
"""Enough for SQLite's own checkpoint after 1000 pages, so that the log begins anew once or twice."""
CUTS, RIG_CUTS, SOAK_CUTS = 20, 150, 20_000


@dataclass(frozen=True)
class Snapshot:
    """The files as they lay on the disk at one moment after an answer, and what they hold."""

    database: bytes
    wal: bytes
    log: list[LogRow]
    positions: list[int]
    """The log's position after each COMMIT so far, from the opening of the accounts on."""

    def position_at(self, cut: int) -> int:
        """The position after the last COMMIT that lies wholly before this byte of the WAL."""
        lost = sum(ends > cut for ends in commits_in(self.wal))
        return self.positions[-1 - lost]


def commits_in(wal: bytes) -> list[int]:
    """Where each COMMIT of the present generation of a WAL ends, in bytes (SQLite: "WAL File Format")."""
    page_bytes = int.from_bytes(wal[8:12], "big")
    ends: list[int] = []
    at = _HEADER_BYTES
    while at + _FRAME_BYTES + page_bytes <= len(wal) and wal[at + 8 : at + 16] == wal[16:24]:
        size_after_commit = int.from_bytes(wal[at + 4 : at + 8], "big")
        at += _FRAME_BYTES + page_bytes
        if size_after_commit:
            ends.append(at)
    return ends


async def snapshots(path: Path, clock: ManualClock) -> list[Snapshot]:
    """Post as callers do, each call one COMMIT, and after some answers keep the files as they lie then."""
    url, taken, positions = f"sqlite:///{path}", [], [0, 0]
    moments = {secrets.randbelow(POSTS) for _ in range(6)} | {POSTS - 1}
    async with opened(url, clock) as ledger:
        reserved = hold(clock, 3, clock.now() + timedelta(hours=1))
        for number in range(POSTS):
            if number % 3 == 0:
                await ledger.post(fund(clock, 9, linked=True), send(clock, 4))
            elif number % 3 == 1:
                reserved = hold(clock, 3, clock.now() + timedelta(hours=1))
                await ledger.post(fund(clock, 9), reserved)
            else:
                await ledger.post(end(clock, reserved, TransferKind.CAPTURE, 2))
            positions.append((await ledger.head()).position)
            if number in moments:
                log = list(await ledger.follow(after=0, limit=POSTS * 2))
                taken.append(Snapshot(*files_at(path), log, list(positions)))
    return taken


def files_at(path: Path) -> tuple[bytes, bytes]:
    """The database and its WAL."""
    return path.read_bytes(), path.with_name(path.name + "-wal").read_bytes()


def lay_down(path: Path, database: bytes, wal: bytes) -> None:
    """These files, and no others of that name."""
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    path.write_bytes(database)
    path.with_name(path.name + "-wal").write_bytes(wal)


async def opened_after(folder: Path, clock: ManualClock, database: bytes, wal: bytes) -> list[LogRow]:
    """Open the ledger on these files as at the next start, and give its log when it has verified and takes more."""
    path = folder / "after.db"
    lay_down(path, database, wal)
    async with opened(f"sqlite:///{path}", clock) as ledger:
        verified = await ledger.verify()
        assert verified.finding is None, str(verified.finding)
        log = list(await ledger.follow(after=0, limit=POSTS * 2))
        (fresh,) = await ledger.post(fund(clock, 1))
        assert fresh.outcome is Outcome.POSTED
        assert (await ledger.head()).position == len(log) + 1
        return log


async def cut_and_open(folder: Path, clock: ManualClock, cuts: int) -> None:
    taken = await snapshots(folder / "wallet.db", clock)
    for number in range(cuts):
        snapshot = taken[number % len(taken)]
        ends = commits_in(snapshot.wal)
        # As often right at the end of a COMMIT or a byte before it as anywhere.
        anywhere = secrets.randbelow(len(snapshot.wal) + 1)
        cut = secrets.choice([anywhere, anywhere, secrets.choice(ends), secrets.choice(ends) - 1])
        tail = secrets.choice([b"", bytes(5000), secrets.token_bytes(5000)])

        log = await opened_after(folder, clock, snapshot.database, snapshot.wal[:cut] + tail)

        # Rubbish may happen to be what was there.
        pairs = zip(tail, snapshot.wal[cut:], strict=False)
        kept = cut + sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        assert log == snapshot.log[: snapshot.position_at(kept)], f"cut at {cut} of {len(snapshot.wal)}"


async def test_a_log_cut_anywhere_leaves_the_book_of_the_last_commit_before(tmp_path: Path, clock: ManualClock) -> None:
    await cut_and_open(tmp_path, clock, CUTS)


@pytest.mark.rig
@pytest.mark.timeout(7200)
async def test_a_log_cut_at_many_places_leaves_the_book_of_the_last_commit_before(
    tmp_path: Path, clock: ManualClock
) -> None:
    await cut_and_open(tmp_path, clock, SOAK_CUTS if os.environ.get("HYPOTHESIS_PROFILE") == "soak" else RIG_CUTS)


async def test_a_cut_during_a_checkpoint_loses_nothing(tmp_path: Path, clock: ManualClock) -> None:
    for snapshot in await snapshots(tmp_path / "wallet.db", clock):
        done = checkpointed(tmp_path, snapshot)
        page_bytes = int.from_bytes(snapshot.wal[8:12], "big")
        pages = [
            secrets.choice([snapshot.database, done])[at : at + page_bytes] or bytes(page_bytes)
            for at in range(0, len(done), page_bytes)
        ]

        assert await opened_after(tmp_path, clock, b"".join(pages), snapshot.wal) == snapshot.log


def checkpointed(folder: Path, snapshot: Snapshot) -> bytes:
    """The database after a checkpoint of all its WAL."""
    path = folder / "done.db"
    lay_down(path, snapshot.database, snapshot.wal)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.read_bytes()
