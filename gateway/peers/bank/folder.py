"""A bank that exchanges files over two folders, such as a mounted SFTP account: ours in `out`, the bank's in `in`.

A file appears under its name in one step. `sent` remembers what was handed over, because the bank takes files away;
`taken` keeps what came, because what lies in `in` is what waits.
"""

import asyncio
import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from gateway.errors import BadInput, PeerUnavailable
from gateway.peers.bank.bounds import FILE_BYTES_MAX, FILE_NAME, ORDER_ID, TAKEN_BYTES_MAX, checked_order
from gateway.services.banking.ports import Arrived

UNFINISHED = (".part", ".tmp", ".filepart", ".new")
"""How programs call a file that they are still writing."""
FOLDERS = ("out", "in", "staged", "sent", "taken")
HANDED = "handed.json"
T = TypeVar("T")


class FolderBank:
    """The folders below `root`, made if need be. Use `async with`."""

    def __init__(self, root: Path, *, timeout_s: float) -> None:
        self._root = root
        self._timeout_s = timeout_s
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bank-folder")

    async def __aenter__(self) -> Self:
        """The door itself."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the thread."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def send(self, order_id: str, name: str, octets: bytes) -> None:
        """Put a file into `out`; an order that was put there before is left alone.

        Raises:
            PeerUnavailable: The folder cannot be written; `enquire` says more.
            BadInput: The order was sent with another content.
        """
        digest = checked_order(order_id, name, octets)
        await self._in_thread(self._put, order_id, name, octets, digest)

    async def enquire(self, order_id: str) -> bool:
        """Whether that order was put into `out`: from there on it is the bank's.

        Raises:
            PeerUnavailable: The folder cannot be read.
        """
        assert ORDER_ID.fullmatch(order_id), "ids of orders are ours"
        return await self._in_thread(self._was_put, order_id)

    async def arrivals(self, *, after: str, limit: int) -> Sequence[Arrived]:
        """Files that wait in `in`, oldest first; those given before, up to `after`, are put away into `taken`.

        Time stamps lie: a file may come late with an old one. So a file waits until it was given and named back,
        whatever its place.

        Raises:
            PeerUnavailable: The folder cannot be read, or its first file is longer than we take.
        """
        return await self._in_thread(self._arrived, after, limit)

    async def _in_thread(self, work: Callable[..., T], *arguments: object) -> T:
        running = asyncio.get_running_loop()
        try:
            # A mount that hangs keeps its thread, but not whoever waits for it; what queues behind it is given up.
            async with asyncio.timeout(self._timeout_s):
                return await running.run_in_executor(self._thread, work, *arguments)
        except (OSError, TimeoutError) as problem:
            raise PeerUnavailable(f"the bank's folder cannot be used: {type(problem).__name__}") from problem

    def _put(self, order_id: str, name: str, octets: bytes, digest: str) -> None:
        with self._locked():
            staged, sent = self._root / "staged" / order_id, self._root / "sent" / f"{order_id}.json"
            if sent.exists():
                if json.loads(sent.read_text("utf-8"))["sha256"] != digest:
                    raise BadInput(f"order {order_id} was sent with another content")
            else:
                _write(staged, octets)
                _write(sent, json.dumps({"name": name, "sha256": digest}).encode())
            if staged.exists():
                # After a crash the name of the first attempt holds: it may be all that the bank tells orders apart by.
                self._release(staged, json.loads(sent.read_text("utf-8"))["name"])

    def _release(self, staged: Path, name: str) -> None:
        target = self._root / "out" / name
        if target.exists():
            raise FileExistsError(name)
        staged.rename(target)
        _sync(target.parent)

    def _was_put(self, order_id: str) -> bool:
        with self._locked():
            return (self._root / "sent" / f"{order_id}.json").exists() and not (
                self._root / "staged" / order_id
            ).exists()

    def _arrived(self, after: str, limit: int) -> list[Arrived]:
        self._make_folders()
        self._put_away(after)
        self._put_away_again()
        taken: list[Arrived] = []
        held = 0
        for path, size in self._waiting():
            held += size
            if len(taken) == limit or (taken and held > TAKEN_BYTES_MAX):
                break
            if size > FILE_BYTES_MAX:
                if taken:
                    break
                raise PeerUnavailable(f"the bank's file {path.name} is longer than we take")
            taken.append(Arrived(path.name, path.read_bytes()))
        names = [one.name for one in taken]
        if names != self._handed():
            _write(self._root / HANDED, json.dumps(names).encode())
        return taken

    def _put_away(self, after: str) -> None:
        """Everything that was given up to `after` has been taken."""
        handed = self._handed()
        for name in handed[: handed.index(after) + 1] if after in handed else []:
            self._into_taken(name)

    def _put_away_again(self) -> None:
        """A file that was taken and comes once more as it was: nobody names it back, and it would come for ever."""
        for path, size in self._waiting():
            before = self._root / "taken" / path.name
            if before.exists() and before.stat().st_size == size and before.read_bytes() == path.read_bytes():
                path.replace(before)

    def _into_taken(self, name: str) -> None:
        target, number = self._root / "taken" / name, 1
        while target.exists():
            # Another content under a name that was there before.
            number += 1
            target = self._root / "taken" / f"{name}~{number}"
        with suppress(FileNotFoundError):
            (self._root / "in" / name).rename(target)

    def _handed(self) -> list[str]:
        """What was given last, also by a process that is gone."""
        try:
            handed = json.loads((self._root / HANDED).read_text("utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return [name for name in handed if isinstance(name, str) and FILE_NAME.fullmatch(name)]

    def _waiting(self) -> list[tuple[Path, int]]:
        """Files whose names are whole, oldest first."""
        found = []
        for entry in os.scandir(self._root / "in"):
            if FILE_NAME.fullmatch(entry.name) and not entry.name.endswith(UNFINISHED) and entry.is_file():
                about = entry.stat()
                found.append((about.st_mtime_ns, entry.name, about.st_size))
        return [(self._root / "in" / name, size) for _, name, size in sorted(found)]

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One process at a time writes orders."""
        self._make_folders()
        with (self._root / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make_folders(self) -> None:
        for folder in FOLDERS:
            (self._root / folder).mkdir(parents=True, exist_ok=True)


def _write(path: Path, octets: bytes) -> None:
    """Whole or not at all, and on the disk before anybody is told."""
    fresh = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(octets)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
