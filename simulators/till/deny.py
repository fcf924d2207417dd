"""Tokens that a terminal must not take, as a snapshot in a file, read without a line.

Text, one entry a line: first `tapdial-deny 1 SALT` (hex digits), then SHA-256 of salt and token PAN in hex, or `*` and
the last digits of the PAN (4 at least), which denies all that end so. Lines with `#` are remarks. Modelled.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

HEAD = "tapdial-deny 1 "
LAST_MIN = 4


class DenyListError(ValueError):
    """No deny list; says which line."""


@dataclass(frozen=True, slots=True)
class DenyList:
    """A snapshot; the empty one denies nobody."""

    salt: bytes = b""
    hashes: frozenset[bytes] = frozenset()
    endings: tuple[str, ...] = ()

    def denies(self, pan: str) -> bool:
        """Whether a token PAN is on it."""
        return digest(self.salt, pan) in self.hashes or pan.endswith(self.endings)

    @classmethod
    def load(cls, file: Path) -> "DenyList":
        """Read a snapshot.

        Raises:
            OSError: There is none.
            DenyListError: A line is not of the form.
        """
        lines = [text.strip() for text in file.read_text("ascii").splitlines()]
        lines = [text for text in lines if text and not text.startswith("#")]
        if not lines or not lines[0].startswith(HEAD):
            raise DenyListError(f"{file}: its first line is not {HEAD}and a salt")
        hashes, endings = set(), []
        try:
            for number, text in enumerate(lines[1:], start=2):
                if text.startswith("*"):
                    if len(text) <= LAST_MIN or not text[1:].isdecimal():
                        raise DenyListError(f"{file}: entry {number} has not {LAST_MIN} digits")
                    endings.append(text[1:])
                else:
                    hashes.add(bytes.fromhex(text))
            return cls(bytes.fromhex(lines[0].removeprefix(HEAD)), frozenset(hashes), tuple(endings))
        except ValueError as problem:
            raise problem if isinstance(problem, DenyListError) else DenyListError(f"{file}: {problem}") from problem


def digest(salt: bytes, pan: str) -> bytes:
    """The entry of a token PAN."""
    return hashlib.sha256(salt + pan.encode()).digest()
