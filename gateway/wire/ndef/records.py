"""NDEF messages (NFC Forum NDEF 1.0): records, written in their shortest form and read strictly."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from gateway.errors import BadInput

MESSAGE_BYTES_MAX = 0xFFFE
"""What the file of a type 4 tag can hold."""
_MB, _ME, _CF, _SR, _IL = 0x80, 0x40, 0x20, 0x10, 0x08


class Tnf(IntEnum):
    """Type name format: what the type of a record is a name in."""

    EMPTY = 0
    WELL_KNOWN = 1
    MEDIA = 2
    URI = 3
    EXTERNAL = 4
    UNKNOWN = 5
    UNCHANGED = 6
    """The further chunks of a record, which are joined when they are read."""


_NAMED = frozenset({Tnf.WELL_KNOWN, Tnf.MEDIA, Tnf.URI, Tnf.EXTERNAL})


@dataclass(frozen=True, slots=True)
class Record:
    """One record.

    Attributes:
        tnf: Never UNCHANGED.
        type: Printable ASCII, 1 to 255 characters; empty for EMPTY and UNKNOWN.
        payload: Empty for EMPTY.
        id: Up to 255 bytes; empty for EMPTY.
    """

    tnf: Tnf
    type: str = ""
    payload: bytes = field(default=b"", repr=False)
    id: bytes = b""

    def __post_init__(self) -> None:
        """Check what the formats demand.

        Raises:
            BadInput: A type that is not one of its format, or an empty record that is not empty.
        """
        if self.tnf is Tnf.UNCHANGED or (self.tnf in _NAMED) != bool(self.type):
            raise BadInput(f"NDEF: a type of {len(self.type)} characters in format {self.tnf.value}")
        if not (self.type.isascii() and self.type.isprintable() and len(self.type) <= 255 and len(self.id) <= 255):
            raise BadInput("NDEF: a type or an id that is not one")
        if self.tnf is Tnf.EMPTY and (self.payload or self.id):
            raise BadInput("NDEF: an empty record is not empty")


def encode(records: Sequence[Record]) -> bytes:
    """A message of one or more records.

    Raises:
        BadInput: No record, or longer than MESSAGE_BYTES_MAX.
    """
    if not records:
        raise BadInput("NDEF: a message has a record")
    last = len(records) - 1
    message = b"".join(
        _encoded(record, (_MB if at == 0 else 0) | (_ME if at == last else 0)) for at, record in enumerate(records)
    )
    if len(message) > MESSAGE_BYTES_MAX:
        raise BadInput("NDEF: too long")
    return message


def decode(message: bytes) -> tuple[Record, ...]:
    """The records of one whole message; chunked ones are joined.

    Raises:
        BadInput: Empty, too long or truncated; flags, lengths or chunks that contradict each other; bytes after it.
    """
    if len(message) > MESSAGE_BYTES_MAX:
        raise BadInput("NDEF: too long")
    records: list[Record] = []
    chunks: list[_Chunk] = []
    at, ended = 0, False
    while not ended:
        chunk, at = _chunk(message, at)
        if bool(chunk.flags & _MB) != (not records and not chunks):
            raise BadInput("NDEF: a message begins with its first record")
        if (chunk.tnf is Tnf.UNCHANGED) != bool(chunks):
            raise BadInput("NDEF: a chunk without its record")
        chunks.append(chunk)
        ended = bool(chunk.flags & _ME)
        if not chunk.flags & _CF:
            records.append(_joined(chunks))
            chunks = []
    if chunks:
        raise BadInput("NDEF: a record ends after the message")
    if at != len(message):
        raise BadInput("NDEF: bytes after the message")
    return tuple(records)


@dataclass(frozen=True, slots=True)
class _Chunk:
    flags: int
    tnf: Tnf
    type: bytes
    id: bytes
    payload: bytes


def _encoded(record: Record, flags: int) -> bytes:
    short = len(record.payload) <= 0xFF
    flags |= record.tnf | (_SR if short else 0) | (_IL if record.id else 0)
    name = record.type.encode("ascii")
    head = bytes([flags, len(name)]) + len(record.payload).to_bytes(1 if short else 4)
    return head + (bytes([len(record.id)]) if record.id else b"") + name + record.id + record.payload


def _chunk(message: bytes, at: int) -> tuple[_Chunk, int]:
    """The record or chunk that begins at `at`, and where the next one does."""
    if at == len(message):
        raise BadInput("NDEF: the message does not end")
    flags = message[at]
    if flags & 0x07 > Tnf.UNCHANGED:
        raise BadInput(f"NDEF: a format that does not exist at {at}")
    type_size, after_type = _number(message, at + 1, 1)
    payload_size, after_payload = _number(message, after_type, 1 if flags & _SR else 4)
    id_size, start = _number(message, after_payload, 1) if flags & _IL else (0, after_payload)
    end = start + type_size + id_size + payload_size
    if end > len(message):
        raise BadInput(f"NDEF: the record at {at} ends after the message")
    middle = start + type_size
    name, ident, payload = message[start:middle], message[middle : middle + id_size], message[middle + id_size : end]
    tnf = Tnf(flags & 0x07)
    if tnf is Tnf.UNCHANGED and (name or flags & _IL):
        raise BadInput(f"NDEF: the chunk at {at} has a type or an id")
    if tnf is Tnf.EMPTY and flags & _CF:
        raise BadInput(f"NDEF: an empty record at {at} is chunked")
    return _Chunk(flags, tnf, name, ident, payload), end


def _number(message: bytes, at: int, size: int) -> tuple[int, int]:
    if at + size > len(message):
        raise BadInput("NDEF: the message ends in a header")
    return int.from_bytes(message[at : at + size]), at + size


def _joined(chunks: Sequence[_Chunk]) -> Record:
    first = chunks[0]
    try:
        name = first.type.decode("ascii")
    except UnicodeDecodeError as problem:
        raise BadInput("NDEF: a type that is not ASCII") from problem
    return Record(first.tnf, name, b"".join(chunk.payload for chunk in chunks), first.id)
