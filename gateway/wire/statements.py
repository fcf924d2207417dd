"""Files of a bank, whatever form they have: it is seen by their content, and what is not known is refused."""

import re

from gateway.errors import BadInput
from gateway.wire.bankcsv import CsvProfile, read_csv
from gateway.wire.iso20022 import StatusReport, read_message
from gateway.wire.mt940 import looks_like, read_mt940
from wallet.reconciliation import BankStatement

_HEAD = 16_384
_DECLARATION = re.compile(r"<\?xml[^>]{0,200}\?>")
_SAYS_UTF16 = re.compile(rb"<\?xml[^>]{0,200}?encoding=[\"']utf-16", re.IGNORECASE)
_UNPACK = "unpack it, or pack it as ZIP"
_OTHERS = {
    b"PK\x03\x04": "a ZIP or a spreadsheet: unpack it, or save it as CSV",
    b"%PDF": "a PDF, which is for people: ask the bank for camt.053, MT940 or CSV",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet: save it as CSV",
    b"\x1f\x8b": "compressed: unpack it",
    b"7z\xbc\xaf\x27\x1c": f"a 7z archive: {_UNPACK}",
    b"Rar!": f"a RAR archive: {_UNPACK}",
    b"BZh": f"compressed by bzip2: {_UNPACK}",
    b"\xfd7zXZ": f"compressed by xz: {_UNPACK}",
    b"\x28\xb5\x2f\xfd": f"compressed by zstd: {_UNPACK}",
    b"\x1f\x9d": f"compressed by compress: {_UNPACK}",
    b"MSCF": f"a CAB archive: {_UNPACK}",
    b"-----BEGIN PGP": "encrypted or signed by PGP: take that off first",
    b"\xff\xfe\0\0": "UTF-32: save it as UTF-8",
    b"\0\0\xfe\xff": "UTF-32: save it as UTF-8",
    b"{\\rtf": "a text for people (RTF): ask the bank for camt.053, MT940 or CSV",
}
_PAGES = (b"<!doctype html", b"<html")
_JSON = re.compile(rb"[\[{]\s*[\[{\"]")


def read_any(octets: bytes, csv: CsvProfile | None = None) -> list[BankStatement] | StatusReport:
    """Statements, or what the bank says of an order (pain.002).

    Raises:
        BadInput: Nothing that is known, or something in it is not right.
    """
    if not octets.strip():
        raise BadInput("an empty file")
    _refused_by_sight(octets)
    octets = _from_utf16(octets)
    head = octets[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head:
        # So long a run of white space is cut once, and not looked at again.
        octets = octets.removeprefix(b"\xef\xbb\xbf").lstrip()
        head = octets[:_HEAD]
    if head[:20].lower().startswith(_PAGES):
        raise BadInput("a web page and no message of ISO 20022: the root is no Document")
    if head.startswith(b"<"):
        return read_message(_said_truly(octets.removeprefix(b"\xef\xbb\xbf").lstrip()))
    if looks_like(head.decode("latin-1")):
        return read_mt940(octets)
    if csv is None:
        raise BadInput("neither XML nor MT940, and no CSV profile is set")
    if _JSON.match(head):
        raise BadInput("JSON, which is not read: ask the bank for camt.053, MT940 or CSV")
    return [read_csv(octets, csv)]


def _refused_by_sight(octets: bytes) -> None:
    for begins, said in _OTHERS.items():
        if octets.startswith(begins):
            raise BadInput(said)
    if octets[257:262] == b"ustar":
        raise BadInput(f"a tar archive: {_UNPACK}")
    if b"PK\x05\x06" in octets[-_HEAD:] and b"PK\x03\x04" in octets:
        raise BadInput("a ZIP with something before it: pack it anew")


def _from_utf16(octets: bytes) -> bytes:
    """A message or an MT940 in UTF-16 as UTF-8; anything else as it came, since a CSV has its profile's.

    Raises:
        BadInput: It is cut off, or no UTF-16.
    """
    marked = octets.startswith((b"\xff\xfe", b"\xfe\xff"))
    charset = "utf-16" if marked else _UNMARKED.get(octets[:2], "")
    if not charset:
        return octets
    head = octets[: _HEAD * 2].decode(charset, "replace").lstrip()
    if not head.startswith("<") and not looks_like(head):
        return octets
    try:
        text = octets.decode(charset).lstrip()
    except UnicodeDecodeError:
        raise BadInput("no UTF-16, though it begins so") from None
    # What a declaration says of the encoding is true no more.
    return _DECLARATION.sub("", text, count=1).encode("utf-8", "replace")


_UNMARKED = {b"<\0": "utf-16-le", b"\0<": "utf-16-be", b":\0": "utf-16-le", b"\0:": "utf-16-be"}
"""How a message or an MT940 begins in UTF-16 without its mark."""


def _said_truly(octets: bytes) -> bytes:
    """Some programs declare UTF-16, for that is how they keep texts, and write UTF-8."""
    if not _SAYS_UTF16.match(octets):
        return octets
    return octets[octets.index(b"?>") + 2 :]


def read(octets: bytes, csv: CsvProfile | None = None) -> list[BankStatement]:
    """The statements of a file: camt.052, camt.053, camt.054, MT940, or CSV as the profile says.

    Raises:
        BadInput: No statement that is known, or something in it is not right.
    """
    found = read_any(octets, csv)
    if isinstance(found, StatusReport):
        raise BadInput("a pain.002 tells of orders, it is no statement")
    return found
