"""Files of payments, as tests write them."""

import io
import zipfile
from collections.abc import Mapping, Sequence

import openpyxl

from tests.gateway.services.payouts.house import iban

HEAD = b"reference,msisdn,iban,name,amount\n"


def to_wallet(reference: str, place: int, minor: int) -> bytes:
    return b"%s,0912%07d,,,%d\n" % (reference.encode(), place, minor)


def to_bank(reference: str, place: int, minor: int) -> bytes:
    return b"%s,,%s,Ali Rezaei,%d\n" % (reference.encode(), iban(place).encode(), minor)


def sheet(rows: Sequence[Sequence[object]]) -> bytes:
    """A workbook with one sheet."""
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(list(row))
    book.save(out)
    return out.getvalue()


def packed(workbook: bytes, changes: Mapping[str, bytes]) -> bytes:
    """The workbook with parts changed or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name, old.read(name)))
        for name in changes.keys() - set(old.namelist()):
            new.writestr(name, changes[name])
    return out.getvalue()
