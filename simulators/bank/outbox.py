"""Files that the bank holds out; their names sort as they were written, and a customer asks from after the last."""

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from simulators.faults import BankFaults, BankMishap


@dataclass(frozen=True, slots=True)
class Listed:
    """A file that waits."""

    name: str
    size: int
    sha256: str


class Outbox:
    """Writes within the transaction of whoever calls."""

    def __init__(self, base: sqlite3.Connection, faults: BankFaults) -> None:
        self._base = base
        self._faults = faults

    def add(self, kind: str, ending: str, write: Callable[[str], bytes], at: datetime, mishap: BankMishap) -> None:
        """Write a file; `write` is given a message id. Where `mishap` hits, the same octets come under two names."""
        number = int(self._base.execute("SELECT coalesce(max(seq), 0) + 1 FROM files").fetchone()[0])
        octets = write(f"B{at:%y%m%d}{number:09d}")
        names = [f"{number:010d}-{kind}.{ending}"]
        if self._faults.hits(mishap, names[0]):
            names.append(f"{number + 1:010d}-{kind}-again.{ending}")
        digest = hashlib.sha256(octets).hexdigest()
        self._base.executemany(
            "INSERT INTO files (name, octets, sha256, made_at) VALUES (?, ?, ?, ?)",
            [(name, octets, digest, at.isoformat()) for name in names],
        )

    def listed(self, after: str, limit: int) -> list[Listed]:
        """Files from after that name."""
        rows = self._base.execute(
            "SELECT name, length(octets) AS size, sha256 FROM files WHERE name > ? ORDER BY name LIMIT ?",
            (after, limit),
        )
        return [Listed(row["name"], row["size"], row["sha256"]) for row in rows]

    def octets(self, name: str) -> bytes | None:
        """A file."""
        row = self._base.execute("SELECT octets FROM files WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row["octets"])

    def count(self) -> int:
        """How many there are."""
        return int(self._base.execute("SELECT count(*) FROM files").fetchone()[0])
