"""Layouts compiled, once each: what `codec` calls to write the mandatory parameters of a PDU and to read them.

Neighbours are taken together, since every step costs as much as the work in it: reading takes a C-string and the octets
behind it in one step, writing fills a whole run of both into one template.
"""

import struct
from collections.abc import Callable, Iterator
from itertools import groupby
from operator import attrgetter, ge
from typing import Any

from gateway.wire.smpp.faults import PduFault
from gateway.wire.smpp.messages import Dest, DistributionList, Unsuccess
from gateway.wire.smpp.numbers import Status
from gateway.wire.smpp.pdus import Field, Kind, Pdu

Read = Callable[[bytes, int, list[Any]], int]
"""Append what lies at an offset to the values, and say where it ends."""
Write = Callable[[Pdu], bytes]

ADDRESS_SIZE = 21
"""Most octets of an address or a list's name in submit_multi and its response, with the NUL."""

_unsuccess_status = struct.Struct(">I")


def readers(layout: tuple[Field, ...]) -> tuple[Read, ...]:
    """The steps that read a layout; each raises PduFault for what has not its form."""
    steps: list[Read] = []
    at = 0
    while at < len(layout):
        first, behind = layout[at], at + (layout[at].kind is not Kind.BYTE)
        end = behind
        while end < len(layout) and layout[end].kind is Kind.BYTE:
            end += 1
        if first.kind in (Kind.TEXT, Kind.BYTE):
            steps.append(_text_and_octets(first, end - behind) if behind > at else _octets(first.name, end - behind))
        else:
            steps.append(_SPECIAL_READERS[first.kind](first))
            end = behind
        at = end
    return tuple(steps)


def writers(layout: tuple[Field, ...]) -> tuple[Write, ...]:
    """The steps that write a layout; each raises PduFault for what does not fit."""
    steps: list[Write] = []
    for plain, run in groupby(layout, key=lambda field: field.kind in (Kind.TEXT, Kind.BYTE)):
        if plain:
            steps.append(_template(tuple(run)))
        else:
            steps += [_SPECIAL_WRITERS[field.kind](field) for field in run]
    return tuple(steps)


def c_string(name: str, value: str, size: int) -> bytes:
    """Octets of a C-string with its NUL, at most `size`.

    Raises:
        PduFault: It is longer, has a NUL in it or is not Latin-1; the text names the field, never its value.
    """
    try:
        octets = value.encode("latin-1")
    except UnicodeEncodeError:
        raise PduFault(f"{name} is not Latin-1", Status.INVALID_PARAMETER_LENGTH) from None
    if len(octets) >= size or 0 in octets:
        raise PduFault(f"{name} is longer than {size - 1} octets or has a NUL", Status.INVALID_PARAMETER_LENGTH)
    return octets + b"\0"


def _text_and_octets(field: Field, count: int) -> Read:
    name, _, size = field

    def read(octets: bytes, at: int, values: list[Any]) -> int:
        stop = octets.find(0, at, at + size)
        if stop < 0:
            raise PduFault(f"{name} has no end", Status.INVALID_PARAMETER_LENGTH)
        values.append(octets[at:stop].decode("latin-1") if stop > at else "")
        at = stop + 1 + count
        if at > len(octets):
            raise PduFault(f"octets behind {name} are missing", Status.INVALID_COMMAND_LENGTH)
        values += octets[stop + 1 : at]
        return at

    return read


def _octets(name: str, count: int) -> Read:
    def read(octets: bytes, at: int, values: list[Any]) -> int:
        if at + count > len(octets):
            raise PduFault(f"{name} is missing", Status.INVALID_COMMAND_LENGTH)
        values += octets[at : at + count]
        return at + count

    return read


def _sized(field: Field) -> Read:
    name, _, size = field

    def read(octets: bytes, at: int, values: list[Any]) -> int:
        start = at + 1
        if start > len(octets):
            raise PduFault(f"{name} is missing", Status.INVALID_COMMAND_LENGTH)
        end = start + octets[at]
        if octets[at] > size or end > len(octets):
            raise PduFault(f"{name} is longer than it may be", Status.INVALID_MESSAGE_LENGTH)
        values.append(octets[start:end])
        return end

    return read


_address = (_octets("ton", 2), _text_and_octets(Field("address", Kind.TEXT, ADDRESS_SIZE), 0))
_list_name = _text_and_octets(Field("list name", Kind.TEXT, ADDRESS_SIZE), 0)
_failed = (_address[0], _text_and_octets(Field("address", Kind.TEXT, ADDRESS_SIZE), _unsuccess_status.size))


def _counted(field: Field, item: Callable[[bytes, int], tuple[Any, int]]) -> Read:
    name, _, count_max = field

    def read(octets: bytes, at: int, values: list[Any]) -> int:
        if at >= len(octets):
            raise PduFault(f"{name} are missing", Status.INVALID_COMMAND_LENGTH)
        count, at = octets[at], at + 1
        if count > count_max:
            raise PduFault(f"more than {count_max} {name}", Status.INVALID_DESTS_COUNT)
        items = []
        for _ in range(count):
            made, at = item(octets, at)
            items.append(made)
        values.append(tuple(items))
        return at

    return read


def _dest(octets: bytes, at: int) -> tuple[Dest | DistributionList, int]:
    given: list[Any] = []
    match octets[at : at + 1]:
        case b"\1":
            at = _address[1](octets, _address[0](octets, at + 1, given), given)
            return Dest(*given), at
        case b"\2":
            at = _list_name(octets, at + 1, given)
            return DistributionList(*given), at
        case _:
            raise PduFault("a destination is neither a phone nor a list", Status.INVALID_DEST_FLAG)


def _unsuccess(octets: bytes, at: int) -> tuple[Unsuccess, int]:
    given: list[Any] = []
    at = _failed[1](octets, _failed[0](octets, at, given), given)
    ton, npi, address, *status = given
    return Unsuccess(ton, npi, address, int.from_bytes(status)), at


def _template(run: tuple[Field, ...]) -> Write:
    """C-strings and octets in one `%` template; what it spoils is looked for only when something is wrong."""
    template = "".join("%s\0" if field.kind is Kind.TEXT else "%c" for field in run)
    values = _getter([field.name for field in run])
    texts = _getter([field.name for field in run if field.kind is Kind.TEXT])
    sizes = tuple(field.size for field in run if field.kind is Kind.TEXT)

    def write(pdu: Pdu) -> bytes:
        given = texts(pdu)
        if any(map(ge, map(len, given), sizes)) or "\0" in "".join(given):
            return _one_by_one(pdu, run)
        try:
            return (template % values(pdu)).encode("latin-1")
        except (ValueError, OverflowError):
            return _one_by_one(pdu, run)

    return write


def _getter(names: list[str]) -> Callable[[Pdu], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda pdu: tuple(getattr(pdu, name) for name in names)


def _one_by_one(pdu: Pdu, run: tuple[Field, ...]) -> bytes:
    return b"".join(
        c_string(name, getattr(pdu, name), size) if kind is Kind.TEXT else _octet(name, getattr(pdu, name))
        for name, kind, size in run
    )


def _octet(name: str, value: int) -> bytes:
    if not 0 <= value <= 0xFF:
        raise PduFault(f"{name} is not an octet", Status.INVALID_PARAMETER_LENGTH)
    return bytes([value])


def _write_sized(field: Field) -> Write:
    name, _, size = field
    value_of = attrgetter(name)

    def write(pdu: Pdu) -> bytes:
        value: bytes = value_of(pdu)
        if len(value) > size:
            raise PduFault(f"{name} is longer than {size} octets", Status.INVALID_PARAMETER_LENGTH)
        return bytes((len(value),)) + value

    return write


def _write_counted(field: Field, item: Callable[[Any], Iterator[bytes]]) -> Write:
    name, _, count_max = field

    def write(pdu: Pdu) -> bytes:
        items = getattr(pdu, name)
        if len(items) > count_max:
            raise PduFault(f"more than {count_max} {name}", Status.INVALID_DESTS_COUNT)
        return bytes([len(items)]) + b"".join(part for each in items for part in item(each))

    return write


def _write_dest(dest: Dest | DistributionList) -> Iterator[bytes]:
    match dest:
        case Dest(ton, npi, address):
            yield b"\1" + _octet("ton", ton) + _octet("npi", npi) + c_string("address", address, ADDRESS_SIZE)
        case DistributionList(name):
            yield b"\2" + c_string("list name", name, ADDRESS_SIZE)


def _write_unsuccess(failed: Unsuccess) -> Iterator[bytes]:
    ton, npi, address, status = failed
    yield _octet("ton", ton) + _octet("npi", npi) + c_string("address", address, ADDRESS_SIZE)
    if not 0 <= status <= 0xFFFF_FFFF:
        raise PduFault("status is not 32 bits", Status.INVALID_PARAMETER_LENGTH)
    yield _unsuccess_status.pack(status)


_SPECIAL_READERS: dict[Kind, Callable[[Field], Read]] = {
    Kind.OCTETS: _sized,
    Kind.DESTS: lambda field: _counted(field, _dest),
    Kind.UNSUCCESS: lambda field: _counted(field, _unsuccess),
}
_SPECIAL_WRITERS: dict[Kind, Callable[[Field], Write]] = {
    Kind.OCTETS: _write_sized,
    Kind.DESTS: lambda field: _write_counted(field, _write_dest),
    Kind.UNSUCCESS: lambda field: _write_counted(field, _write_unsuccess),
}
