"""Published heads: the end of the log, signed, so that others can hold the book to it.

A head that lies at a second institution makes a rewritten book visible: whoever changes a row and computes the chain
anew gets other hashes, and cannot get the old signature for them. Pure: no keys are held here, no book is read.

What is signed: the text `tapdial ledger head` and a zero byte, then big-endian a version (1), block number (8),
position (8), block hash (32), moment of booking (8) and of publishing (8), both microseconds since 1970, and the key id
(8). The signature is Ed25519 (RFC 8032 §5.1). One head is one line of JSON with its fields in a fixed order; a line
that is not exactly what `line_of` writes is no head.
"""

import hashlib
import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import IO, TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from wallet.clock import to_us

if TYPE_CHECKING:
    from wallet.ledger.chain import Block

PUBLIC_KEY_BYTES = 32
LINE_BYTES_MAX = 512
"""A line is shorter than this, its end included."""
_PURPOSE = b"tapdial ledger head\0"
_VERSION = 1
_FIELDS = struct.Struct(">BQQ32sqq8s")
_NUMBER_MAX = 2**63 - 1
_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
_LINE = re.compile(
    r'\{"version":1,"block":([1-9][0-9]{0,18}),"position":(0|[1-9][0-9]{0,18}),"hash":"([0-9a-f]{64})",'
    rf'"booked_at":"({_MOMENT})","published_at":"({_MOMENT})","key_id":"([0-9a-f]{{16}})",'
    r'"signature":"([0-9a-f]{128})"\}'
)


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The end of the log at some moment, as an institution has put its name to it."""

    block: int
    """Number of the last block, from 1."""
    position: int
    """Position of the last transfer; 0 if there were refusals only."""
    hash: bytes
    """The block's hash, 32 bytes: it vouches for all before it."""
    booked_at: datetime
    published_at: datetime
    key_id: str
    """First 8 bytes of SHA-256 of the public key, 16 hex digits."""
    signature: bytes = b""
    """64 bytes; empty before it is signed."""


class HeadFault(StrEnum):
    """Why a published head proves nothing, or proves that something was changed."""

    NOT_A_HEAD = "this is no published head"
    UNKNOWN_KEY = "it was signed with a key that is not at hand"
    BAD_SIGNATURE = "its signature is wrong"
    CONTRADICTION = "it contradicts an earlier head of the same block, both signed: proof of tampering"
    BLOCK_MISSING = "the book has no such block: history was cut off"
    REWRITTEN = "the book's block of that number is another one: history was rewritten"


class NotAHead(ValueError):
    """A line that is no published head."""


def key_id(public_key: bytes) -> str:
    """The name of a public key of 32 bytes: 16 hex digits."""
    return hashlib.sha256(public_key).digest()[:8].hex()


def bytes_of(head: SignedHead) -> bytes:
    """What is signed; the signature itself is not part of it."""
    booked_us, published_us = to_us(head.booked_at), to_us(head.published_at)
    fields = (_VERSION, head.block, head.position, head.hash, booked_us, published_us, bytes.fromhex(head.key_id))
    return _PURPOSE + _FIELDS.pack(*fields)


def line_of(head: SignedHead) -> str:
    """The head as one line of JSON, without an end of line."""
    return (
        f'{{"version":{_VERSION},"block":{head.block},"position":{head.position},"hash":"{head.hash.hex()}",'
        f'"booked_at":"{_shown(head.booked_at)}","published_at":"{_shown(head.published_at)}",'
        f'"key_id":"{head.key_id}","signature":"{head.signature.hex()}"}}'
    )


def head_of(line: bytes) -> SignedHead:
    """The head of a line, with or without its end of line (LF or CR LF).

    Raises:
        NotAHead: It is not exactly what `line_of` writes.
    """
    found = _LINE.fullmatch(line[:LINE_BYTES_MAX].decode("ascii", "replace").removesuffix("\n").removesuffix("\r"))
    if found is None or len(line) > LINE_BYTES_MAX:
        raise NotAHead("not the form of a published head")
    block, position, hash_, booked_at, published_at, key, signature = found.groups()
    if int(block) > _NUMBER_MAX or int(position) > _NUMBER_MAX:
        raise NotAHead("a number beyond every book")
    return SignedHead(
        int(block),
        int(position),
        bytes.fromhex(hash_),
        _moment(booked_at),
        _moment(published_at),
        key,
        bytes.fromhex(signature),
    )


def lines_in(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file, each cut at the length of a head, so that none without an end fills the memory."""
    while line := file.readline(LINE_BYTES_MAX + 1):
        yield line


def in_book(head: SignedHead, block: "Block | None") -> HeadFault | None:
    """What is wrong between a head and the book's block of its number, which is None if there is none."""
    if block is None:
        return HeadFault.BLOCK_MISSING
    last_position = block.first_position + block.transfers - 1
    return None if (head.hash, head.position) == (block.hash, last_position) else HeadFault.REWRITTEN


@dataclass(slots=True)
class HeadCheck:
    """Reads published heads one after the other: each must be signed, and none may contradict another.

    Attributes:
        keys: Public keys of 32 bytes by their key id.
    """

    keys: Mapping[str, bytes]
    _seen: dict[int, tuple[bytes, int]] = field(default_factory=dict)

    def signed(self, head: SignedHead) -> HeadFault | None:
        """Whether a key at hand signed this head, and agrees with the heads before it."""
        public_key = self.keys.get(head.key_id)
        if public_key is None:
            return HeadFault.UNKNOWN_KEY
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(head.signature, bytes_of(head))
        except InvalidSignature:
            return HeadFault.BAD_SIGNATURE
        said = (head.hash, head.position)
        return None if self._seen.setdefault(head.block, said) == said else HeadFault.CONTRADICTION


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as problem:
        raise NotAHead("no such moment") from problem
    if _shown(moment) != text:
        raise NotAHead("no such moment")
    return moment
