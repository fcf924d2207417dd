"""EMV values of a tap: tags, DOL filling, DE55 of the house profile, and what its cryptogram covers. Pure.

Sources: EMV Book 3 §5.4 (DOL), annex A (tags); the AES house profile is ours (gateway.keys.aes_profile).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from gateway.errors import BadInput
from gateway.wire import tlv
from gateway.wire.tlv import Tlv


class Form(Enum):
    """How a data element counts its content, which decides how a DOL pads and cuts it."""

    BINARY = "b"
    NUMERIC = "n"
    COMPRESSED = "cn"


@dataclass(frozen=True, slots=True)
class Tag:
    """A data element: its tag in hex, form, and length in bytes (0: it varies)."""

    tag: str
    name: str
    form: Form = Form.BINARY
    length: int = 0


TAGS: Mapping[str, Tag] = {
    tag.tag: tag
    for tag in (
        Tag("4F", "application identifier"),
        Tag("50", "application label"),
        Tag("57", "track 2 equivalent data"),
        Tag("5A", "application PAN", Form.COMPRESSED),
        Tag("5F24", "application expiration date", Form.NUMERIC, 3),
        Tag("5F2A", "transaction currency code", Form.NUMERIC, 2),
        Tag("5F34", "PAN sequence number", Form.NUMERIC, 1),
        Tag("82", "application interchange profile", length=2),
        Tag("84", "dedicated file name"),
        Tag("87", "application priority indicator", length=1),
        Tag("8A", "authorisation response code", length=2),
        Tag("91", "issuer authentication data"),
        Tag("95", "terminal verification results", length=5),
        Tag("9A", "transaction date", Form.NUMERIC, 3),
        Tag("9C", "transaction type", Form.NUMERIC, 1),
        Tag("9F02", "amount, authorised", Form.NUMERIC, 6),
        Tag("9F03", "amount, other", Form.NUMERIC, 6),
        Tag("9F10", "issuer application data"),
        Tag("9F19", "token requestor id", Form.NUMERIC, 6),
        Tag("9F1A", "terminal country code", Form.NUMERIC, 2),
        Tag("9F24", "payment account reference", length=29),
        Tag("9F26", "application cryptogram", length=8),
        Tag("9F27", "cryptogram information data", length=1),
        Tag("9F33", "terminal capabilities", length=3),
        Tag("9F34", "CVM results", length=3),
        Tag("9F35", "terminal type", Form.NUMERIC, 1),
        Tag("9F36", "application transaction counter", length=2),
        Tag("9F37", "unpredictable number", length=4),
        Tag("9F38", "PDOL"),
        Tag("9F66", "terminal transaction qualifiers", length=4),
        Tag("9F6C", "card transaction qualifiers", length=2),
        Tag("9F6E", "form factor indicator"),
    )
}
"""The data elements that the house knows."""

AC_TAGS = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36", "9F10")
"""What the house profile's cryptogram covers, in this order, values only."""

REQUEST_TAGS = (*AC_TAGS, "84", "5F34", "9F26", "9F27")
"""What DE55 of a request must hold, each once."""

AID = bytes.fromhex("F05441504449414C01")
CID_ARQC = 0x80
IAD_BYTES = 12
_DKI, _CVN_HOUSE_AES = 0x01, 0xA1
_CVR_CDCVM = 0x80


@dataclass(frozen=True, slots=True)
class DolItem:
    """One entry of a data object list: a tag and how many bytes of it are asked for."""

    tag: str
    length: int


def parse_dol(data: bytes) -> tuple[DolItem, ...]:
    """The entries of a DOL: tags, each with one length byte.

    Raises:
        BadInput: Truncated, or an overlong tag.
    """
    items: list[DolItem] = []
    at = 0
    while at < len(data):
        tag, at = tlv.read_tag(data, at)
        if at == len(data):
            raise BadInput(f"DOL: {tag} has no length at {at}")
        items.append(DolItem(tag, data[at]))
        at += 1
    return tuple(items)


def fill_dol(dol: Sequence[DolItem], values: Mapping[str, bytes]) -> bytes:
    """The values that a DOL asks for, each cut or padded to its length (EMV Book 3 §5.4).

    Numeric ones keep their right end and are padded left with zeros, compressed ones are padded right with FF, all
    others keep their left end and are padded right with zeros. A missing or constructed one becomes zeros.
    """
    return b"".join(_fitted(item, values.get(item.tag)) for item in dol)


def _fitted(item: DolItem, value: bytes | None) -> bytes:
    if value is None or Tlv(item.tag, b"").is_constructed:
        return bytes(item.length)
    known = TAGS.get(item.tag)
    form = known.form if known else Form.BINARY
    if form is Form.NUMERIC:
        return value[max(0, len(value) - item.length) :].rjust(item.length, b"\0")
    return value[: item.length].ljust(item.length, b"\xff" if form is Form.COMPRESSED else b"\0")


@dataclass(frozen=True, slots=True)
class Iad:
    """Issuer application data (9F10) of the house profile: 01 A1, CVR (4), LUK id (4), two zero bytes."""

    cvr: bytes
    luk_id: bytes

    @property
    def cdcvm_done(self) -> bool:
        """Whether the phone says that it verified its holder itself."""
        return bool(self.cvr[0] & _CVR_CDCVM)

    @classmethod
    def parse(cls, value: bytes) -> "Iad":
        """Read 12 bytes.

        Raises:
            BadInput: Another length, key index, cryptogram version, or a tail that is not zero.
        """
        if len(value) != IAD_BYTES:
            raise BadInput(f"9F10 has {len(value)} bytes, not {IAD_BYTES}")
        if value[0] != _DKI or value[1] != _CVN_HOUSE_AES or value[10:] != b"\0\0":
            raise BadInput("9F10 is not of the house profile")
        return cls(value[2:6], value[6:10])

    def encode(self) -> bytes:
        """The 12 bytes."""
        return bytes([_DKI, _CVN_HOUSE_AES]) + self.cvr + self.luk_id + b"\0\0"


@dataclass(frozen=True, slots=True)
class TapData:
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
        return f"TapData({' '.join(item.tag for item in self.items)})"


def parse_tap_data(data: bytes) -> TapData:
    """Read DE55 of a request.

    Raises:
        BadInput: Not TLV; a required tag missing, doubled or of a wrong length; a numeric one not decimal.
    """
    items = tlv.decode(data)
    values = {tag: _required(items, tag) for tag in REQUEST_TAGS}
    return TapData(items, values, Iad.parse(values["9F10"]))


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


def luhn_digit(digits: str) -> str:
    """The check digit that makes `digits` + it pass ISO/IEC 7812-1 annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)
