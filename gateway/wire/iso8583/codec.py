"""Bytes <-> messages of a dialect: pyiso8583 reads and writes the elements, everything around them is done here."""

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

import iso8583

from gateway.wire.iso8583.dialect import HOUSE, Dialect
from gateway.wire.iso8583.fields import Field
from gateway.wire.iso8583.message import BODY_BYTES_MAX, MAC_BYTES, BadMessage, Message

_HEX = re.compile(r"[0-9A-Fa-f]*", re.ASCII)
_DIGITS = re.compile(r"[0-9]*", re.ASCII)
_MTI_REST = re.compile("[1-8][0-9]{2}", re.ASCII)
_LAST = 128

_Values = dict[int, str | bytes]


def split_mac(body: bytes, dialect: Dialect = HOUSE) -> tuple[bytes, bytes]:
    """The bytes that the MAC covers, and the MAC; (body, b"") where the dialect lets it be absent and it is.

    Says nothing about what is in the elements; of a dialect whose MAC is always last, nothing about any byte.

    Raises:
        BadMessage: Too short or too long to be a message, or its bitmaps say that the MAC it needs is missing.
    """
    if not dialect.body_bytes_min <= len(body) <= BODY_BYTES_MAX:
        raise BadMessage(f"a body of {len(body)} bytes")
    if dialect.mac_place == "last":
        return bytes(body[:-MAC_BYTES]), bytes(body[-MAC_BYTES:])
    _, numbers, start = _head(body, dialect)
    if not numbers or numbers[-1] not in dialect.mac_fields:
        if dialect.mac_required:
            raise BadMessage("the MAC is missing or is not the last element")
        return bytes(body), b""
    cut = len(body) - dialect.mac_bytes
    if cut < start:
        raise BadMessage(f"DE{numbers[-1]}: the body ends before it")
    mac = bytes(body[cut:])
    return bytes(body[:cut]), mac if dialect.binary == "raw" else _of_hex(mac, numbers[-1], dialect)


def decode(body: bytes, dialect: Dialect = HOUSE) -> Message:
    """Read a body, without what its framing puts before it; the MAC is among the fields, unchecked.

    Raises:
        BadMessage: Anything that is not canonical, or of another type than its element's.
    """
    last = dialect.mac_place == "last"
    span, mac = split_mac(body, dialect) if last else (bytes(body), b"")
    if not dialect.body_bytes_min <= len(body) <= BODY_BYTES_MAX:
        raise BadMessage(f"a body of {len(body)} bytes")
    mti, numbers, start = _head(span, dialect)
    macs: _Values = {}
    if last:
        (number,) = dialect.mac_fields
        if number not in numbers:
            raise BadMessage(f"DE{number} is missing", mti)
        numbers.remove(number)
        macs[number] = mac
    elif dialect.mac_required and (not numbers or numbers[-1] not in dialect.mac_fields):
        raise BadMessage("the MAC is missing or is not the last element", mti)
    known_slots = _slots(dialect)
    for number in numbers:
        if _SLOTS[number] not in known_slots:
            raise BadMessage(f"DE{number} is refused", mti)
    try:
        texts, raw = iso8583.decode(_bare_head(tuple(numbers)) + span[start:], _spec(dialect))
    except iso8583.DecodeError as problem:
        known = _checked(problem.doc_dec, problem.doc_enc, mti, dialect, stop=problem.field)
        raise BadMessage(f"DE{_number(problem.field)}: {problem.msg}", mti, known) from None
    return Message(mti, MappingProxyType({**_checked(texts, raw, mti, dialect), **macs}))


def encode_span(message: Message, dialect: Dialect = HOUSE) -> bytes:
    """Everything before the MAC, with its bit set: what the MAC covers. A MAC among the fields is left out.

    In a dialect whose MAC may be absent, this is what `encode` makes with one.

    Raises:
        BadMessage: Content of another type or length than its element's, a refused element, or too long a body.
    """
    return _encoded(message, dialect, _seal(message, dialect))


def encode(message: Message, dialect: Dialect = HOUSE) -> bytes:
    """The body of a message that has its MAC; without it where the dialect lets it be absent.

    Raises:
        BadMessage: As `encode_span`, or the MAC is missing or is not 8 bytes.
    """
    seal = _seal(message, dialect) if dialect.mac_required or _has_seal(message, dialect) else 0
    if not seal:
        return _encoded(message, dialect, 0)
    mac = message.fields.get(seal)
    if not isinstance(mac, bytes) or len(mac) != MAC_BYTES:
        raise BadMessage(f"DE{seal} is not {MAC_BYTES} bytes", message.mti)
    span = _encoded(message, dialect, seal)
    return span + (mac if dialect.binary == "raw" else mac.hex().upper().encode(dialect.text))


def _has_seal(message: Message, dialect: Dialect) -> bool:
    return max(message.fields, default=0) in dialect.mac_fields


def _seal(message: Message, dialect: Dialect) -> int:
    """Which element is the MAC: the last of the message if it is one, else the first that would be the last."""
    highest = 0 if dialect.mac_place == "last" else max(message.fields, default=0)
    for number in dialect.mac_fields:
        if number >= highest:
            return number
    raise BadMessage(f"DE{highest} has no MAC behind it", message.mti)


def _encoded(message: Message, dialect: Dialect, seal: int) -> bytes:
    """All elements but the MAC `seal`, whose bit is set; 0 for none."""
    mti = message.mti
    if not _is_mti(mti, dialect):
        raise BadMessage(f"the message type is not one of {dialect.name}")
    plain = {number: value for number, value in message.fields.items() if number != seal}
    texts, slots = {"t": "0000"}, _slots(dialect)
    for number, value in sorted(plain.items()):
        slot = _SLOTS[number] if 2 <= number <= _LAST else ""
        if slot not in slots:
            raise BadMessage(f"DE{number} is refused", mti)
        texts[slot] = _to_wire(value, number, slots[slot][1], dialect, mti)
    try:
        encoded, _ = iso8583.encode(texts, _spec(dialect))
    except iso8583.EncodeError as problem:
        raise BadMessage(f"DE{_number(problem.field)}: {problem.msg}", mti) from None
    numbers = sorted([*plain, seal] if seal else plain)
    span = _written_head(mti, numbers, dialect) + bytes(encoded[len(_bare_head(tuple(plain))) :])
    size = len(span) + (dialect.mac_bytes if seal else 0)
    if size > BODY_BYTES_MAX:
        raise BadMessage(f"a body of {size} bytes", mti)
    return span


def _head(body: bytes, dialect: Dialect) -> tuple[str, list[int], int]:
    """The message type, the numbers of the elements in order, and where the first begins."""
    head = body[: dialect.mti_bytes]
    mti = head.decode(dialect.text, "replace") if dialect.mti == "text" else head.hex()
    if not _is_mti(mti, dialect):
        raise BadMessage(f"the message type is not one of {dialect.name}")
    at = dialect.mti_bytes
    bits, at = _bitmap(body, at, "bitmap", dialect, mti)
    numbers = [*_numbers(bits & (1 << 63) - 1, 64)]
    if bits >> 63:
        bits, at = _bitmap(body, at, "second bitmap", dialect, mti)
        if not bits and not dialect.empty:
            raise BadMessage("the second bitmap is empty", mti)
        numbers += _numbers(bits, _LAST)
    return mti, numbers, at


# Cached, as is the head below: terminals send few kinds of messages.
@lru_cache(256)
def _numbers(bits: int, last: int) -> tuple[int, ...]:
    """The elements of a bitmap whose last bit is `last`'s, in order."""
    numbers: list[int] = []
    while bits:
        lowest = bits & -bits
        numbers.append(last + 1 - lowest.bit_length())
        bits ^= lowest
    return tuple(reversed(numbers))


def _is_mti(mti: str, dialect: Dialect) -> bool:
    return len(mti) == 4 and mti[0] in dialect.versions and bool(_MTI_REST.fullmatch(mti, 1))


def _bitmap(body: bytes, at: int, name: str, dialect: Dialect, mti: str) -> tuple[int, int]:
    piece = body[at : at + dialect.bitmap_bytes]
    if dialect.bitmap == "binary":
        if len(piece) != 8:
            raise BadMessage(f"the {name} is not 8 bytes", mti)
        return int.from_bytes(piece), at + 8
    text = piece.decode(dialect.text, "replace")
    if len(text) != 16 or not _HEX.fullmatch(text):
        raise BadMessage(f"the {name} is not 16 hex digits", mti)
    return int(text, 16), at + 16


def _written_head(mti: str, numbers: list[int], dialect: Dialect) -> bytes:
    first = sum(1 << 64 - number for number in numbers if number <= 64)
    second = sum(1 << _LAST - number for number in numbers if number > 64)
    bitmaps = [first | 1 << 63, second] if second else [first]
    head = mti.encode(dialect.text) if dialect.mti == "text" else bytes.fromhex(mti)
    if dialect.bitmap == "binary":
        return head + b"".join(bits.to_bytes(8) for bits in bitmaps)
    return head + "".join(f"{bits:016X}" for bits in bitmaps).encode(dialect.text)


# pyiso8583 takes bit 65 for a third bitmap, so from DE65 on each element has the place behind its own.


_SLOTS = tuple(str(number if number < 65 else number + 1) for number in range(_LAST + 1))


def _number(slot: str) -> str:
    """The element's number for a message; what pyiso8583 calls otherwise stays."""
    return str(_SLOTS.index(slot)) if slot in _SLOTS else slot


@cache
def _slots(dialect: Dialect) -> Mapping[str, tuple[int, Field]]:
    """The elements of a dialect, by their places for pyiso8583."""
    fields = ((number, dialect.field_of(number)) for number in range(2, _LAST + 1))
    return {_SLOTS[number]: (number, field) for number, field in fields if field is not None}


@lru_cache(256)
def _bare_head(numbers: tuple[int, ...]) -> bytes:
    """A message type and bitmaps as `_spec` has them, with the places of these elements."""
    slots = [number if number < 65 else number + 1 for number in numbers]
    highest = max(slots, default=0)
    count = 1 + (highest > 64) + (highest > _LAST)
    if count > 1:
        slots.append(1)
    if count > 2:
        slots.append(65)
    last = 64 * count
    return b"0000" + sum(1 << last - slot for slot in slots).to_bytes(8 * count)


@cache
def _spec(dialect: Dialect) -> Mapping[str, Mapping[str, Any]]:
    """The dialect as pyiso8583 wants it, behind message type and bitmaps as `_bare_head` writes them."""
    plain = {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, "max_len": 0, "desc": ""}
    bitmap = {**plain, "data_enc": "b", "max_len": 8}
    spec: dict[str, Mapping[str, Any]] = {"h": plain, "t": {**plain, "max_len": 4}, "p": bitmap, "1": bitmap}
    for slot, (_, field) in _slots(dialect).items():
        spec[slot] = _line(field, dialect)
    return spec


def _line(field: Field, dialect: Dialect) -> dict[str, Any]:
    lengths = {"text": dialect.text, "bcd": "bcd", "binary": "b"}[dialect.lengths]
    width = field.prefix if dialect.lengths == "text" else (field.prefix + 1) // 2
    line: dict[str, Any] = {"data_enc": dialect.text, "len_enc": lengths, "len_type": width, "desc": ""}
    line["max_len"] = field.size
    if field.kind == "b":
        most = 10**field.prefix - 1 if field.prefix else 2 * field.size
        hexed = {"max_len": min(2 * field.size, most)}
        return line | ({"data_enc": "b", "len_count": "bytes"} if dialect.binary == "raw" else hexed)
    packed = dialect.numbers == "bcd"
    if field.kind == "x+n":
        signed = {"data_enc": "b", "len_count": "bytes", "max_len": 1 + (field.size + 1) // 2}
        return line | (signed if packed else {"max_len": 1 + field.size})
    if packed and field.kind in {"n", "z"}:
        side = "right_pad" if field.prefix and dialect.pad == "right" else "left_pad"
        return line | {"data_enc": "b", "len_count": "nibbles", side: "0"}
    return line


def _to_wire(value: str | bytes, number: int, field: Field, dialect: Dialect, mti: str) -> str:
    """A value as pyiso8583 takes it."""
    if isinstance(value, bytes) is not (field.kind == "b"):
        raise BadMessage(f"DE{number}: its content has another type", mti)
    if not value and not (dialect.empty and field.prefix):
        raise BadMessage(f"DE{number} is empty", mti)
    if isinstance(value, bytes):
        return value.hex().upper()
    if not field.content.fullmatch(value):
        raise BadMessage(f"DE{number}: its content has another type", mti)
    if dialect.numbers == "bcd" and field.kind == "x+n":
        if len(value) != 1 + field.size:
            raise BadMessage(f"DE{number}: not {1 + field.size} characters", mti)
        return value[0].encode(dialect.text).hex() + f"{value[1:]:0>{(field.size + 1) // 2 * 2}}"
    return value.replace("=", "D") if dialect.numbers == "bcd" and field.kind == "z" else value


def _from_wire(text: str, data: bytes, number: int, field: Field, dialect: Dialect) -> str | bytes:
    """A value out of what pyiso8583 gives."""
    if field.kind == "b":
        return data if dialect.binary == "raw" else _of_hex(data, number, dialect)
    if dialect.numbers == "bcd" and field.kind == "x+n":
        digits = data[1:].hex()
        if field.size % 2 and digits[:1] != "0":
            raise BadMessage(f"DE{number}: its content has another type")
        text = data[:1].decode(dialect.text, "replace") + digits[field.size % 2 :]
    if not field.content.fullmatch(text):
        raise BadMessage(f"DE{number}: its content has another type")
    return text


def _of_hex(data: bytes, number: int, dialect: Dialect) -> bytes:
    text = data.decode(dialect.text, "replace")
    if len(text) % 2 or not _HEX.fullmatch(text):
        raise BadMessage(f"DE{number}: not hex digits")
    return bytes.fromhex(text)


def _checked(
    texts: Mapping[str, str], raw: Mapping[str, Mapping[str, bytes]], mti: str, dialect: Dialect, *, stop: str = ""
) -> _Values:
    """The elements with their types; `stop` is the one at which pyiso8583 gave up."""
    values: _Values = {}
    slots, counted = _slots(dialect), dialect.lengths == "text"
    for slot, text in texts.items():
        if slot == stop or slot not in slots:
            continue
        number, field = slots[slot]
        data = raw[slot]["data"]
        if not data and not (dialect.empty and field.prefix):
            raise BadMessage(f"DE{number} is empty", mti, values)
        # int() of pyiso8583 takes " +3" for 3.
        if field.prefix and counted and not _DIGITS.fullmatch(raw[slot]["len"].decode(dialect.text, "replace")):
            raise BadMessage(f"DE{number}: its length is not {field.prefix} digits", mti, values)
        try:
            values[number] = _from_wire(text, data, number, field, dialect) if data else _EMPTY[field.kind == "b"]
        except BadMessage as problem:
            raise BadMessage(str(problem), mti, values) from None
    return values


_EMPTY: tuple[str | bytes, str | bytes] = ("", b"")
