"""BER-TLV as EMV uses it (ISO/IEC 7816-4, EMV Book 3 annex B): one level at a time, nothing lost, nothing guessed.

Order, duplicates, unknown and long tags are kept. Zero bytes before, between and after data objects are skipped, as EMV
allows. Indefinite lengths and lengths of more than three bytes are refused. Every error names offset and, where it is
known, the tag. Time is linear in the input.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gateway.errors import BadInput

TAG_BYTES_MAX = 4
LENGTH_MAX = 0xFFFFFF


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object.

    Attributes:
        tag: Upper-case hex, as `9F26`.
        value: Its bytes; for a constructed object the encoding of its children.
        offset: Where its tag begins in the input; 0 for one that was made here. Two equal objects may differ in it.
    """

    tag: str
    value: bytes
    offset: int = field(default=0, compare=False)

    @property
    def is_constructed(self) -> bool:
        """Whether the value is made of further data objects (bit 6 of the first tag byte)."""
        return bool(int(self.tag[:2], 16) & 0x20)

    def children(self) -> tuple["Tlv", ...]:
        """The data objects inside a constructed one.

        Raises:
            BadInput: The value is not a sequence of data objects.
        """
        return decode(self.value)

    def __repr__(self) -> str:
        """Tag and length only: values hold card data."""
        return f"Tlv({self.tag}, {len(self.value)} bytes)"


def decode(data: bytes) -> tuple[Tlv, ...]:
    """The data objects of one level, in order.

    Raises:
        BadInput: Truncated, an overlong tag, an indefinite or overlong length.
    """
    found: list[Tlv] = []
    at = 0
    while at < len(data):
        if data[at] == 0:
            at += 1
            continue
        start = at
        tag, at = read_tag(data, at)
        length, at = _length(data, at, tag)
        if length > len(data) - at:
            raise BadInput(f"TLV: value of {tag} at {start} ends after the data: {length} of {len(data) - at} bytes")
        found.append(Tlv(tag, data[at : at + length], start))
        at += length
    return tuple(found)


def encode(items: Iterable[Tlv]) -> bytes:
    """The data objects one after the other, each with its shortest length.

    Raises:
        BadInput: A tag that is not one, or a value above 16 MiB.
    """
    return b"".join(encode_one(item.tag, item.value) for item in items)


def encode_one(tag: str, value: bytes) -> bytes:
    """One data object; `tag` is hex.

    Raises:
        BadInput: A tag that is not one, or a value above 16 MiB.
    """
    try:
        head = bytes.fromhex(tag)
    except ValueError as problem:
        raise BadInput("TLV: a tag is not hex") from problem
    if not head or head[0] == 0 or read_tag(head, 0)[1] != len(head):
        raise BadInput(f"TLV: {head.hex().upper()} is not one tag")
    if len(value) > LENGTH_MAX:
        raise BadInput(f"TLV: value of {tag} is too long")
    if len(value) < 0x80:
        return head + bytes([len(value)]) + value
    size = (len(value).bit_length() + 7) // 8
    return head + bytes([0x80 | size]) + len(value).to_bytes(size) + value


def read_tag(data: bytes, at: int) -> tuple[str, int]:
    """The tag that begins at `at`, as upper-case hex, and where its length begins.

    Raises:
        BadInput: Truncated, or more than four bytes.
    """
    end = at + 1
    if data[at] & 0x1F == 0x1F:
        while True:
            if end == len(data):
                raise BadInput(f"TLV: tag at {at} ends after the data")
            if end - at == TAG_BYTES_MAX:
                raise BadInput(f"TLV: tag at {at} has more than {TAG_BYTES_MAX} bytes")
            end += 1
            if not data[end - 1] & 0x80:
                break
    return data[at:end].hex().upper(), end


def only(items: Sequence[Tlv], tag: str) -> bytes | None:
    """The value of `tag`, or None when it is absent.

    Raises:
        BadInput: It occurs more than once.
    """
    values = [item.value for item in items if item.tag == tag]
    if len(values) > 1:
        raise BadInput(f"TLV: {tag} occurs {len(values)} times")
    return values[0] if values else None


def _length(data: bytes, at: int, tag: str) -> tuple[int, int]:
    if at == len(data):
        raise BadInput(f"TLV: {tag} has no length at {at}")
    first = data[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    if not 1 <= size <= 3:
        raise BadInput(f"TLV: length of {tag} at {at} is {'indefinite' if size == 0 else 'too long'}")
    if at + 1 + size > len(data):
        raise BadInput(f"TLV: length of {tag} at {at} ends after the data")
    return int.from_bytes(data[at + 1 : at + 1 + size]), at + 1 + size
