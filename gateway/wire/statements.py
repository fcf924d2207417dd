"""Files of a bank, whatever form they have: it is seen by their content, and what is not known is refused."""

from gateway.errors import BadInput
from gateway.wire.bankcsv import CsvProfile, read_csv
from gateway.wire.iso20022 import StatusReport, read_message
from gateway.wire.mt940 import looks_like, read_mt940
from wallet.reconciliation import BankStatement

_HEAD = 16_384
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
    head = octets[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"<"):
        return read_message(octets.removeprefix(b"\xef\xbb\xbf").lstrip())
    if looks_like(head.decode("latin-1").replace("\r\n", "\n").replace("{4:", "\n")):
        return read_mt940(octets)
    if csv is None:
        raise BadInput("neither XML nor MT940, and no CSV profile is set")
    return [read_csv(octets, csv)]


def read(octets: bytes, csv: CsvProfile | None = None) -> list[BankStatement]:
    """The statements of a file: camt.052, camt.053, camt.054, MT940, or CSV as the profile says.

    Raises:
        BadInput: No statement that is known, or something in it is not right.
    """
    found = read_any(octets, csv)
    if isinstance(found, StatusReport):
        raise BadInput("a pain.002 tells of orders, it is no statement")
    return found
