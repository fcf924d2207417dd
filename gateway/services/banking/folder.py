"""Files of orders on disk: whole or not there, whenever the machine stops."""

import contextlib
import hashlib
import os
import secrets
from asyncio import to_thread
from collections.abc import AsyncIterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

from gateway.errors import Conflict, StoreUnavailable
from gateway.services.banking.model import BankPayment
from gateway.wire.iso20022 import Disagreement, Head, Profile, Writer, written

_HALF = ".half"
_HALF_KEPT = timedelta(hours=6)


class OutFolder:
    """`<order id>.xml` for each order; satisfies OrderBook."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, order_id: str) -> Path:
        """Where the file of an order is."""
        return self._folder / f"{order_id}.xml"

    async def write(self, profile: Profile, head: Head, pages: AsyncIterable[Sequence[BankPayment]]) -> str:
        """Write an order; the file's SHA-256 once it is safe on disk.

        Raises:
            Conflict: The payments do not agree with the order's count and total.
            StoreUnavailable: The disk does not take it; nothing of it stands.
        """
        half = self._folder / f"{head.message_id}.{secrets.token_hex(8)}{_HALF}"
        try:
            file = await to_thread(self._open, half)
            try:
                writer = Writer(file, profile, head)
                await to_thread(writer.begin)
                async for page in pages:
                    await to_thread(writer.add, page)
                await to_thread(writer.finish)
                await to_thread(file.safe)
            finally:
                file.close()
            await to_thread(self._name, half, self.path_of(head.message_id))
        except Disagreement as problem:
            raise Conflict(f"the order's payments are others than it says: {problem}") from problem
        except OSError as problem:
            raise StoreUnavailable(f"the bank's file cannot be written: {os.strerror(problem.errno or 0)}") from problem
        finally:
            with contextlib.suppress(OSError):
                half.unlink(missing_ok=True)
        return file.sha256

    async def read(self, order_id: str, sha256: str) -> bytes | None:
        """The file of an order; None if it is not there, or not what was written."""

        def work() -> bytes | None:
            try:
                octets = self.path_of(order_id).read_bytes()
            except OSError:
                return None
            return octets if hashlib.sha256(octets).hexdigest() == sha256 else None

        return await to_thread(work)

    async def payments_of(self, order_id: str) -> Sequence[tuple[str, int]]:
        """End-to-end id and minor units of each payment of an order; none where its file is not here."""

        def work() -> list[tuple[str, int]]:
            try:
                with self.path_of(order_id).open("rb") as file:
                    return [(end_to_end_id, amount.minor) for end_to_end_id, amount in written(file)]
            except OSError:
                return []

        return await to_thread(work)

    async def tidy(self, now: datetime) -> int:
        """Take away what a crash has left half written; how many."""

        def work() -> int:
            old = now - _HALF_KEPT
            left = [half for half in self._folder.glob(f"*{_HALF}") if half.stat().st_mtime < old.timestamp()]
            for half in left:
                half.unlink(missing_ok=True)
            return len(left)

        try:
            return await to_thread(work)
        except OSError:
            return 0

    def _open(self, half: Path) -> "_Hashed":
        self._folder.mkdir(parents=True, exist_ok=True)
        return _Hashed(half.open("xb"))

    def _name(self, half: Path, path: Path) -> None:
        half.replace(path)
        # The name is safe once the folder is.
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class _Hashed:
    """A file that is being written, with the hash of what is in it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def write(self, octets: bytes) -> int:
        self._digest.update(octets)
        return self._file.write(octets)

    def safe(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            # What a full disk has kept in the buffer is tried once more here, and the file goes anyway.
            self._file.close()
