"""Files of a type 4 tag (NFC Forum T4T 2.0 and 3.0): the capability container, and the message with its length."""

from dataclasses import dataclass

from gateway.errors import BadInput
from gateway.wire.ndef.records import MESSAGE_BYTES_MAX, Record, decode, encode

AID = bytes.fromhex("D2760000850101")
"""Name of the tag application."""
CC_FILE = 0xE103
NDEF_FILE = 0xE104
_VERSIONS = (0x20, 0x30)
_NDEF_CONTROL = (0x04, 0x06)
_RESERVED_FILES = frozenset({0x0000, 0x3F00, 0x3FFF, 0xE102, CC_FILE, 0xFFFF})
_HEAD_BYTES = 7
_CC_BYTES = 15
_NLEN_BYTES = 2
_READABLE, _WRITABLE, _READ_ONLY = 0x00, 0x00, 0xFF


@dataclass(frozen=True, slots=True)
class Container:
    """What a tag says of itself.

    Attributes:
        file_id: File of the message.
        size_max: Most bytes of that file, its length of two bytes among them; 5 to 0xFFFE.
        read_max: Most bytes that one READ BINARY answers, at least 15.
        write_max: Most bytes that one UPDATE BINARY takes, at least 1.
        writable: Whether everybody may write it.
        version: Of the mapping, 0x20 or 0x30.
    """

    file_id: int = NDEF_FILE
    size_max: int = MESSAGE_BYTES_MAX
    read_max: int = 0xF0
    write_max: int = 0xF0
    writable: bool = False
    version: int = 0x20

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises:
            BadInput: A value out of its range.
        """
        if self.version not in _VERSIONS or self.file_id in _RESERVED_FILES or not 5 <= self.size_max <= 0xFFFE:
            raise BadInput("NDEF: a container of another version, file or size")
        if self.read_max < 0x0F or self.write_max < 1:
            raise BadInput("NDEF: a container that cannot be read")

    def encode(self) -> bytes:
        """The capability container file, 15 bytes."""
        head = _CC_BYTES.to_bytes(2) + bytes([self.version]) + self.read_max.to_bytes(2) + self.write_max.to_bytes(2)
        access = bytes([_READABLE, _WRITABLE if self.writable else _READ_ONLY])
        return head + bytes(_NDEF_CONTROL) + self.file_id.to_bytes(2) + self.size_max.to_bytes(2) + access


def read_container(file: bytes) -> Container:
    """Read a capability container file; further control blocks after the first are passed over.

    Raises:
        BadInput: Another length than it says, version or layout, or a file that not everybody may read.
    """
    if len(file) < _CC_BYTES or int.from_bytes(file[:2]) != len(file):
        raise BadInput("NDEF: a container of another length")
    if tuple(file[7:9]) != _NDEF_CONTROL:
        raise BadInput("NDEF: a container whose first file is not one of messages")
    _pass_over(file, _CC_BYTES)
    if file[13] != _READABLE or file[14] not in {_WRITABLE, _READ_ONLY}:
        raise BadInput("NDEF: a file that not everybody may read")
    return Container(
        file_id=int.from_bytes(file[9:11]),
        size_max=int.from_bytes(file[11:13]),
        read_max=int.from_bytes(file[3:5]),
        write_max=int.from_bytes(file[5:7]),
        writable=file[14] == _WRITABLE,
        version=file[2],
    )


def write_file(records: tuple[Record, ...], size_max: int = MESSAGE_BYTES_MAX) -> bytes:
    """The file of a message: its length in two bytes, and it; without a record the length alone, which is zero.

    Raises:
        BadInput: More than `size_max` bytes.
    """
    message = encode(records) if records else b""
    if _NLEN_BYTES + len(message) > size_max:
        raise BadInput("NDEF: longer than the file")
    return len(message).to_bytes(_NLEN_BYTES) + message


def read_file(file: bytes, size_max: int = MESSAGE_BYTES_MAX) -> tuple[Record, ...]:
    """The records of a file that was read as far as its length says; none for a length of zero.

    Raises:
        BadInput: Its length is not that of what follows, or above `size_max`; or no message.
    """
    if not _NLEN_BYTES <= len(file) <= size_max:
        raise BadInput("NDEF: a file without a length, or too long")
    if int.from_bytes(file[:_NLEN_BYTES]) != len(file) - _NLEN_BYTES:
        raise BadInput("NDEF: a file of another length than it says")
    message = file[_NLEN_BYTES:]
    return decode(message) if message else ()


def _pass_over(file: bytes, at: int) -> None:
    while at < len(file):
        if at + 2 > len(file):
            raise BadInput("NDEF: a control block ends after the container")
        at += 2 + file[at + 1]
    if at != len(file):
        raise BadInput("NDEF: a control block ends after the container")
