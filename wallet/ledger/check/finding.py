"""What a check comes to."""

from collections.abc import Callable
from dataclasses import dataclass

Progress = Callable[[int, int], None]
"""Called with the positions read so far and all of them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that cannot be right: its table, its key, and what is wrong with it."""

    table: str
    key: str
    what: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.table} {self.key}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verified:
    """How many rows were found right, up to which hash, and the first wrong one if there is one."""

    transfers: int
    refusals: int
    changes: int
    periods: int
    blocks: int
    accounts: int
    head: bytes
    finding: Finding | None
