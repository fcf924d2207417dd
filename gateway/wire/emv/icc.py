"""DE55 of a request, and what its cryptogram covers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.errors import BadInput
from gateway.wire import tlv
from gateway.wire.emv.iad import Iad
from gateway.wire.emv.tags import TAGS, Form
from gateway.wire.emv.tvr import CardQualifiers, CvmResults, TerminalQualifiers, Tvr
from gateway.wire.tlv import Tlv

AC_TAGS = ("9F02", "9F03", "9F1A", "95", "5F2A", "9A", "9C", "9F37", "82", "9F36", "9F10")
"""What a cryptogram covers, in this order, values only; of the last one a part that the profile says."""

REQUEST_TAGS = (*AC_TAGS, "84", "5F34", "9F26", "9F27")
"""What DE55 of a request to the house must hold, each once."""

VERIFIED_TAGS = (*AC_TAGS, "9F26", "9F27")
"""What must be there for a cryptogram to be verified, each once."""

READ_TAGS = ("84", "5F34", "9F33", "9F34", "9F35", "9F66", "9F6C")
"""What is read where it is there: then at most once, and of its form."""

AID = bytes.fromhex("F05441504449414C01")
CID_ARQC = 0x80
CID_TC = 0x40
CID_AAC = 0x00


@dataclass(frozen=True, slots=True)
class IccData:
    """DE55 of a request, checked. Unknown data objects are kept in `items`.

    `values` has every required tag, and every one of READ_TAGS that was there, with a value of that tag's length;
    numeric ones are decimal.
    """

    items: tuple[Tlv, ...]
    values: Mapping[str, bytes] = field(repr=False)
    iad: Iad = field(repr=False)

    @property
    def atc(self) -> int:
        """Application transaction counter, 0..65535."""
        return int.from_bytes(self.values["9F36"])

    @property
    def cryptogram(self) -> bytes:
        """The AC, 8 bytes."""
        return self.values["9F26"]

    @property
    def kind(self) -> int:
        """CID_ARQC, CID_TC or CID_AAC: whether the phone asks, has approved or has declined; 0xC0 has no meaning.

        The terminal says so (9F27). What the phone signed is `iad.kind`.
        """
        return self.values["9F27"][0] & 0xC0

    @property
    def is_arqc(self) -> bool:
        """Whether the phone asks for an online decision, as the terminal says."""
        return self.kind == CID_ARQC

    @property
    def amount_minor(self) -> int:
        """9F02: what the phone saw and signed."""
        return int(self.values["9F02"].hex())

    @property
    def key_un(self) -> bytes:
        """What the session key takes of the unpredictable number: its four bytes for M/Chip 10 and 11, else nothing."""
        return self.values["9F37"] if self.iad.takes_un else b""

    @property
    def tvr(self) -> Tvr:
        """Terminal verification results (95)."""
        return Tvr.of(self.values["95"])

    @property
    def cvm(self) -> CvmResults | None:
        """How the terminal verified the holder (9F34), where it says so."""
        value = self.values.get("9F34")
        return None if value is None else CvmResults.of(value)

    @property
    def ttq(self) -> TerminalQualifiers | None:
        """What the terminal can do and asked for (9F66), where it says so."""
        value = self.values.get("9F66")
        return None if value is None else TerminalQualifiers.of(value)

    @property
    def ctq(self) -> CardQualifiers | None:
        """What the phone asked for and did (9F6C), where it says so."""
        value = self.values.get("9F6C")
        return None if value is None else CardQualifiers.of(value)

    def __repr__(self) -> str:
        """Tags only."""
        return f"IccData({' '.join(item.tag for item in self.items)})"


def parse_icc(data: bytes, required: Iterable[str] = REQUEST_TAGS) -> IccData:
    """Read DE55 of a request.

    Args:
        data: Data objects one after the other, without a template around them.
        required: Tags of which each must be there once; at least VERIFIED_TAGS.

    Raises:
        BadInput: Not TLV; a required tag missing, doubled or of a wrong length; a numeric one not decimal; 9F10 of no
            known profile.
    """
    items = tlv.decode(data)
    found: dict[str, bytes] = {}
    doubled: set[str] = set()
    for item in items:
        if item.tag in found:
            doubled.add(item.tag)
        found[item.tag] = item.value
    needed = set(required)
    for tag in sorted(needed - found.keys()):
        raise BadInput(f"DE55 lacks {tag}")
    for tag in sorted(doubled & (needed | set(READ_TAGS))):
        raise BadInput(f"DE55: {tag} occurs more than once")
    values = {tag: _checked(tag, found[tag]) for tag in (*needed, *READ_TAGS) if tag in found}
    return IccData(items, values, Iad.parse(values["9F10"]))


def _checked(tag: str, value: bytes) -> bytes:
    known = TAGS[tag]
    if known.length and len(value) != known.length:
        raise BadInput(f"DE55: {tag} has {len(value)} bytes, not {known.length}")
    if known.form is Form.NUMERIC and not value.hex().isdecimal():
        raise BadInput(f"DE55: {tag} is not numeric")
    return value


def ac_data(icc: IccData) -> bytes:
    """What the cryptogram is computed over, without padding: values in the order of AC_TAGS, of 9F10 a part.

    CVN10 covers its CVR (4 bytes), M/Chip its CVR (6 bytes) and for 11 and 15 its counters, all others all of it.
    """
    values = icc.values
    return b"".join([values[tag] for tag in AC_TAGS[:-1]]) + icc.iad.covered
