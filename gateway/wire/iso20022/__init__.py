"""Files of banks in ISO 20022: pain.001 out; pain.002, camt.052, camt.053 and camt.054 in."""

from typing import BinaryIO

from gateway.errors import BadInput
from gateway.wire.iso20022 import camt, pain002
from gateway.wire.iso20022.camt import read_camt
from gateway.wire.iso20022.pain001 import Disagreement, Head, Letters, Profile, Version, Writer, written
from gateway.wire.iso20022.pain002 import PaymentStatus, Said, Status, StatusReport, read_pain002
from gateway.wire.iso20022.reading import read
from wallet.reconciliation import BankStatement

__all__ = [
    "Disagreement",
    "Head",
    "Letters",
    "PaymentStatus",
    "Profile",
    "Said",
    "Status",
    "StatusReport",
    "Version",
    "Writer",
    "read_camt",
    "read_message",
    "read_pain002",
    "written",
]


def read_message(source: bytes | BinaryIO) -> list[BankStatement] | StatusReport:
    """The statements of a camt, or the report of a pain.002, as the element below the root says.

    Raises:
        BadInput: Another message, or something in it is not right.
    """
    takers = read(source, {**camt.MAKERS, **pain002.MAKERS})
    reports = [taker for taker in takers if isinstance(taker, pain002.Taken)]
    if not reports:
        return camt.statements_of(takers)
    if len(takers) > 1:
        raise BadInput("several messages with a pain.002 among them: send each in a file of its own")
    return reports[0].report()
