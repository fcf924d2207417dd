"""The bodies that smpplib lacks: submit_multi, cancel_sm, replace_sm and outbind (SMPP 3.4, 4.1.7, 4.5, 4.9, 4.10)."""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

DESTS_MAX = 254
BY_ADDRESS, BY_LIST = 1, 2


class BadBody(ValueError):
    """A body that ends too early, or a field longer than it may be; names the field."""


@dataclass(frozen=True, slots=True)
class Dest:
    """One destination of a submit_multi: an address, or the name of a distribution list if `ton` is None."""

    address: str
    ton: int | None = 1
    npi: int = 1


@dataclass(frozen=True, slots=True)
class Unsent:
    """A destination of a submit_multi that was refused, and why."""

    address: str
    status: int
    ton: int = 1
    npi: int = 1


Value = bytes | int | tuple[Dest, ...] | tuple[Unsent, ...]

_SOURCE = (("source_addr_ton", 0), ("source_addr_npi", 0), ("source_addr", 21))
_DEST = (("dest_addr_ton", 0), ("dest_addr_npi", 0), ("destination_addr", 21))
_TIMES = (("schedule_delivery_time", 17), ("validity_period", 17))
SHAPES: Mapping[str, tuple[tuple[str, int], ...]] = {
    "outbind": (("system_id", 16), ("password", 9)),
    "cancel_sm": (("service_type", 6), ("message_id", 65), *_SOURCE, *_DEST),
    "cancel_sm_resp": (),
    "replace_sm": (
        ("message_id", 65), *_SOURCE, *_TIMES, ("registered_delivery", 0), ("sm_default_msg_id", 0),
        ("short_message", 0),
    ),
    "replace_sm_resp": (),
    "submit_multi": (
        ("service_type", 6), *_SOURCE, ("dests", 0), ("esm_class", 0), ("protocol_id", 0), ("priority_flag", 0),
        *_TIMES, ("registered_delivery", 0), ("replace_if_present_flag", 0), ("data_coding", 0),
        ("sm_default_msg_id", 0), ("short_message", 0),
    ),
    "submit_multi_resp": (("message_id", 65), ("unsent", 0)),
}  # fmt: skip
"""Field and, of a C-string, how many octets it may have with its NUL; 0 for anything else."""


def encode(command: str, values: Mapping[str, object]) -> bytes:
    """The body of a command of SHAPES; what is not given is empty.

    Raises:
        ValueError: A field that the command has not, or one that is too long.
    """
    shape = SHAPES[command]
    if unknown := values.keys() - {name for name, _ in shape}:
        raise ValueError(f"{command} has no {unknown.pop()}")
    return b"".join(_field(name, size, values.get(name)) for name, size in shape)


def _field(name: str, size: int, value: object) -> bytes:
    match value:
        case str() | None if size:
            return _string(name, value or "", size)
        case bytes() | None if name == "short_message":
            return struct.pack(">B", len(value or b"")) + (value or b"")
        case tuple() if name == "dests":
            return bytes([len(value)]) + b"".join(map(_dest, value))
        case tuple() | None if name == "unsent":
            return bytes([len(value or ())]) + b"".join(map(_unsent, value or ()))
        case int() | None if name != "dests":
            return struct.pack(">B", value or 0)
        case _:
            raise ValueError(f"{name} is of another type")


def _string(name: str, value: str, size: int) -> bytes:
    if len(value) >= size:
        raise ValueError(f"{name} is too long")
    return value.encode("latin-1") + b"\0"


def _dest(dest: Dest) -> bytes:
    if dest.ton is None:
        return bytes([BY_LIST]) + _string("dl_name", dest.address, 21)
    return bytes([BY_ADDRESS, dest.ton, dest.npi]) + _string("destination_addr", dest.address, 21)


def _unsent(unsent: Unsent) -> bytes:
    address = _string("destination_addr", unsent.address, 21)
    return bytes([unsent.ton, unsent.npi]) + address + struct.pack(">I", unsent.status)


def decode(command: str, body: bytes) -> tuple[dict[str, Value], bytes]:
    """The fields of a command of SHAPES, and what stands behind them.

    Raises:
        BadBody: Too short, too long a C-string, or a destination that is none.
    """
    cursor = _Cursor(body)
    readers: dict[str, Callable[[_Cursor], Value]] = {"short_message": _message, "dests": _dests, "unsent": _unsents}
    values: dict[str, Value] = {}
    for name, size in SHAPES[command]:
        if size:
            values[name] = cursor.string(size)
        else:
            values[name] = readers[name](cursor) if name in readers else cursor.octet()
    return values, body[cursor.at :]


class _Cursor:
    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self.at = 0

    def take(self, count: int) -> bytes:
        self.at += count
        if self.at > len(self._octets):
            raise BadBody("too short")
        return self._octets[self.at - count : self.at]

    def octet(self) -> int:
        return self.take(1)[0]

    def string(self, size: int) -> bytes:
        end = self._octets.find(b"\0", self.at, self.at + size)
        if end < 0:
            raise BadBody("a C-string does not end")
        return self.take(end + 1 - self.at)[:-1]


def _message(cursor: _Cursor) -> bytes:
    return cursor.take(cursor.octet())


def _dests(cursor: _Cursor) -> tuple[Dest, ...]:
    return tuple(_read_dest(cursor) for _ in range(cursor.octet()))


def _read_dest(cursor: _Cursor) -> Dest:
    match cursor.octet():
        case 1:
            ton, npi = cursor.take(2)
            return Dest(cursor.string(21).decode("latin-1"), ton, npi)
        case 2:
            return Dest(cursor.string(21).decode("latin-1"), None)
        case _:
            raise BadBody("dest_flag")


def _unsents(cursor: _Cursor) -> tuple[Unsent, ...]:
    found = []
    for _ in range(cursor.octet()):
        ton, npi = cursor.take(2)
        address = cursor.string(21).decode("latin-1")
        found.append(Unsent(address, int.from_bytes(cursor.take(4), "big"), ton, npi))
    return tuple(found)
