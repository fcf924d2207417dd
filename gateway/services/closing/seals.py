"""What is signed of a day, and the pages of leaves under it: pure, so that anybody can compute it again.

A leaf is a row's name and the SHA-256 of its content. Leaves stand in pages of a thousand at most. A page's root is
SHA-256 over its columns as they are stored, that of a section over the roots of its pages; what is signed is SHA-256
over a purpose, a version byte, and each sealed column of `closing_days` in its order with name and length. The roots of
the sections are one of these columns. No page, nor a part of one, can be changed without changing what is signed.
"""

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

LEAF_BYTES = 32
PAGE = 1000
NAME_MAX = 200
SEALED_COLUMNS = (
    "id", "day", "checks", "roots", "block", "position", "head_hash", "trial_seal", "asked_by", "asked_at",
    "sealed_at", "expires_at",
)  # fmt: skip
_PURPOSE = b"tapdial day close\0"
_PAGE, _SECTION = b"tapdial page of leaves\0", b"tapdial section\0"
_VERSION = 1
_LEVEL = 6
_NAMES_MAX = PAGE * (4 * NAME_MAX + 1)

Leaf = tuple[str, bytes]
"""A row's name, and SHA-256 of its content."""


class SpoiltPage(ValueError):
    """A stored page of leaves is none any more."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of leaves as it is stored."""

    count: int
    names: bytes
    leaves: bytes
    root: bytes


def packed(leaves: Sequence[Leaf]) -> Page:
    """Leaves as a page; at least one of them."""
    for name, leaf in leaves:
        assert name.isprintable(), "a name is one line"
        assert 0 < len(name) <= NAME_MAX, "a name has a length"
        assert len(leaf) == LEAF_BYTES, "a leaf is a SHA-256"
    names = zlib.compress("\n".join(name for name, _ in leaves).encode(), _LEVEL)
    joined = b"".join(leaf for _, leaf in leaves)
    return Page(len(leaves), names, joined, _page_root(len(leaves), names, joined))


def unpacked(page: Page) -> list[Leaf]:
    """The leaves of a page.

    Raises:
        SpoiltPage: It is not what `packed` gives.
    """
    if _page_root(page.count, page.names, page.leaves) != page.root:
        raise SpoiltPage("its leaves are not those of its root")
    try:
        unpacker = zlib.decompressobj()
        names = unpacker.decompress(page.names, _NAMES_MAX).decode().split("\n")
    except (zlib.error, UnicodeDecodeError) as problem:
        raise SpoiltPage("its names cannot be read") from problem
    whole = unpacker.eof and not unpacker.unused_data
    if not whole or len(names) != page.count or len(page.leaves) != LEAF_BYTES * page.count:
        raise SpoiltPage("names and leaves are not as many as it says")
    starts = range(0, len(page.leaves), LEAF_BYTES)
    return [(name, page.leaves[at : at + LEAF_BYTES]) for name, at in zip(names, starts, strict=True)]


def section_root(pages: Sequence[bytes]) -> bytes:
    """The root over the roots of a section's pages."""
    return hashlib.sha256(_SECTION + b"".join(pages)).digest()


def digest_of(columns: Mapping[str, bytes | None]) -> bytes:
    """What is signed, of the octets of each sealed column."""
    digest = hashlib.sha256(_PURPOSE + bytes([_VERSION]))
    for name in SEALED_COLUMNS:
        value = columns[name]
        digest.update(_prefixed(name.encode()) + (b"-" if value is None else _prefixed(value)))
    return digest.digest()


def _page_root(count: int, names: bytes, leaves: bytes) -> bytes:
    return hashlib.sha256(_PAGE + _prefixed(str(count).encode()) + _prefixed(names) + _prefixed(leaves)).digest()


def _prefixed(data: bytes) -> bytes:
    return b"%d:%b" % (len(data), data)
