"""Files of a bank, whatever form they have: it is seen by their content, and what is not known is refused."""

import re

from gateway.errors import BadInput
from gateway.wire.bankcsv import CsvProfile, read_csv
from gateway.wire.iso20022 import StatusReport, read_message
from gateway.wire.mt940 import looks_like, read_mt940
from wallet.reconciliation import BankStatement

_HEAD = 16_384
_DECLARATION = re.compile(r"<\?xml[^>]{0,200}\?>")
_OTHERS = {
    b"PK\x03\x04": "a ZIP or a spreadsheet: unpack it, or save it as CSV",
    b"%PDF": "a PDF, which is for people: ask the bank for camt.053, MT940 or CSV",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet: save it as CSV",
    b"\x1f\x8b": "compressed: unpack it",
}


def read_any(octets: bytes, csv: CsvProfile | None = None) -> list[BankStatement] | StatusReport:
    """Statements, or what the bank says of an order (pain.002).

    Raises:
        BadInput: Nothing that is known, or something in it is not right.
    """
    if not octets.strip():
        raise BadInput("an empty file")
    for begins, said in _OTHERS.items():
        if octets.startswith(begins):
            raise BadInput(said)
    octets = _from_utf16(octets)
    head = octets[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<"):
        return read_message(octets.removeprefix(b"\xef\xbb\xbf").lstrip())
    if looks_like(head.decode("latin-1").replace("\r\n", "\n").replace("{4:", "\n")):
        return read_mt940(octets)
    if csv is None:
        raise BadInput("neither XML nor MT940, and no CSV profile is set")
    return [read_csv(octets, csv)]


def _from_utf16(octets: bytes) -> bytes:
    """A message or an MT940 in UTF-16 with its mark as UTF-8; anything else as it came, since a CSV has its profile's.

    Raises:
        BadInput: It is cut off, or no UTF-16.
    """
    if not octets.startswith((b"\xff\xfe", b"\xfe\xff")):
        return octets
    head = octets[: _HEAD * 2].decode("utf-16", "replace").lstrip()
    if not head.startswith("<") and not looks_like(head.replace("\r\n", "\n")):
        return octets
    try:
        text = octets.decode("utf-16").lstrip()
    except UnicodeDecodeError:
        raise BadInput("no UTF-16, though it begins so") from None
    # What a declaration says of the encoding is true no more.
    return _DECLARATION.sub("", text, count=1).encode("utf-8", "replace")


def read(octets: bytes, csv: CsvProfile | None = None) -> list[BankStatement]:
    """The statements of a file: camt.052, camt.053, camt.054, MT940, or CSV as the profile says.

    Raises:
        BadInput: No statement that is known, or something in it is not right.
    """
    found = read_any(octets, csv)
    if isinstance(found, StatusReport):
        raise BadInput("a pain.002 tells of orders, it is no statement")
    return found
