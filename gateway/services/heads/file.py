"""The file of published heads: one line of JSON each, oldest first, only ever added to. Made to be copied away."""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from gateway.errors import Conflict, StoreUnavailable
from wallet.heads import LINE_BYTES_MAX, NotAHead, SignedHead, head_of, line_of

HEADS_FILE = "heads.jsonl"
"""Its name in the data folder."""


class HeadFile:
    """Blocks on the disk: call it from a thread. Several processes may share the file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def last(self) -> SignedHead | None:
        """The head of the last whole line; None while there is none.

        Raises:
            Conflict: The file does not end with a head; somebody else has written to it.
            StoreUnavailable: It cannot be read.
        """
        with self._faults():
            if not self.path.exists():
                return None
            with self.path.open("rb") as file:
                return self._tail(file)[0]

    def append(self, heads: Sequence[SignedHead]) -> None:
        """Add the heads of blocks after the last line's, in this order; they are on the disk when it returns.

        A line that a crash has torn is taken away first, for it is written anew.

        Raises:
            Conflict: As for `last`.
            StoreUnavailable: It cannot be written.
        """
        with self._faults():
            is_new = not self.path.exists()
            with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644), "r+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                last, end = self._tail(file)
                fresh = [head for head in heads if last is None or head.block > last.block]
                file.truncate(end)
                file.seek(end)
                file.write("".join(f"{line_of(head)}\n" for head in fresh).encode())
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                _sync_folder(self.path.parent)

    def _tail(self, file: BinaryIO) -> tuple[SignedHead | None, int]:
        """The last whole line's head, and where that line ends."""
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - 2 * LINE_BYTES_MAX)
        file.seek(start)
        data = file.read(2 * LINE_BYTES_MAX)
        end = data.rfind(b"\n") + 1
        if len(data) - end >= LINE_BYTES_MAX:
            raise Conflict(f"{self.path} does not end with a published head; move it away")
        if not end:
            return None, 0
        try:
            return head_of(data[data.rfind(b"\n", 0, end - 1) + 1 : end]), start + end
        except NotAHead as problem:
            raise Conflict(f"{self.path} does not end with a published head; move it away") from problem

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except OSError as problem:
            raise StoreUnavailable(f"file of heads {self.path}: {problem.strerror}") from problem


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
