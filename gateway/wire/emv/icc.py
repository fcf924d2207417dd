"""DE55 of a request, and what its cryptogram covers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import BadInput
from gateway.wire import tlv
from gateway.wire.emv.iad import Iad
from gateway.wire.emv.tags import TAGS, Form
from gateway.wire.tlv import Tlv

AC_TAGS = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36", "9F10")
"""What the house profile's cryptogram covers, in this order, values only."""

REQUEST_TAGS = (*AC_TAGS, "84", "5F34", "9F26", "9F27")
"""What DE55 of a request must hold, each once."""

AID = bytes.fromhex("F05441504449414C01")
CID_ARQC = 0x80


@dataclass(frozen=True, slots=True)
class IccData:
    """DE55 of a request, checked. Unknown data objects are kept in `items`.

    `values` has every tag of REQUEST_TAGS with a value of that tag's length; numeric ones are decimal.
    """

    items: tuple[Tlv, ...]
    values: Mapping[str, bytes]
    iad: Iad

    @property
    def atc(self) -> int:
        """Application transaction counter, 0..65535."""
        return int.from_bytes(self.values["9F36"])

    @property
    def cryptogram(self) -> bytes:
        """The AC, 8 bytes."""
        return self.values["9F26"]

    @property
    def is_arqc(self) -> bool:
        """Whether the phone asks for an online decision; it may also have declined itself."""
        return self.values["9F27"][0] & 0xC0 == CID_ARQC

    @property
    def amount_minor(self) -> int:
        """9F02: what the phone saw and signed."""
        return int(self.values["9F02"].hex())

    def __repr__(self) -> str:
        """Tags only."""
        return f"IccData({' '.join(item.tag for item in self.items)})"


def parse_icc(data: bytes) -> IccData:
    """Read DE55 of a request.

    Raises:
        BadInput: Not TLV; a required tag missing, doubled or of a wrong length; a numeric one not decimal.
    """
    items = tlv.decode(data)
    values = {tag: _required(items, tag) for tag in REQUEST_TAGS}
    return IccData(items, values, Iad.parse(values["9F10"]))


def _required(items: Sequence[Tlv], tag: str) -> bytes:
    value = tlv.only(items, tag)
    if value is None:
        raise BadInput(f"DE55 lacks {tag}")
    known = TAGS[tag]
    if known.length and len(value) != known.length:
        raise BadInput(f"DE55: {tag} has {len(value)} bytes, not {known.length}")
    if known.form is Form.NUMERIC and not value.hex().isdecimal():
        raise BadInput(f"DE55: {tag} is not numeric")
    return value


def ac_data(values: Mapping[str, bytes]) -> bytes:
    """What the cryptogram of the house profile is computed over: the values of AC_TAGS, concatenated."""
    return b"".join(values[tag] for tag in AC_TAGS)
