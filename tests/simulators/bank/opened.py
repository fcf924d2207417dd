"""Books of a bank, and what a customer reads of its files."""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime

from lxml import etree

from simulators.bank import Books, Format, Terms
from simulators.bank.books import Taken
from tests.simulators.bank.pain import Pain

BALANCE = 1_000_000
NOON = datetime(2026, 11, 27, 8, 30, tzinfo=UTC)
ALL = Terms(formats=frozenset(Format))
Open = Callable[..., Books]


def take(books: Books, pain: Pain, order_id: str = "") -> Taken:
    octets = pain.octets()
    return books.take(order_id or pain.msg_id, hashlib.sha256(octets).hexdigest(), octets)


def files(books: Books, kind: str) -> list[bytes]:
    listed = books.listed("", 500)
    return [books.octets(one.name) or b"" for one in listed if f"-{kind}" in one.name]


def tree(octets: bytes) -> etree._Element:
    """The document without its namespace."""
    return etree.fromstring(re.sub(rb' xmlns="[^"]+"', b"", octets, count=1))


def said(books: Books) -> list[tuple[str, list[tuple[str | None, str | None, str | None]]]]:
    """Each pain.002: status of the group, then id, status and reason of each payment."""
    found = []
    for octets in files(books, "pain002"):
        document = tree(octets)
        payments = [
            (one.findtext("OrgnlEndToEndId"), one.findtext("TxSts"), one.findtext("StsRsnInf/Rsn/Cd"))
            for one in document.iter("TxInfAndSts")
        ]
        found.append((document.findtext(".//GrpSts") or "", payments))
    return found


def balance(books: Books) -> int:
    return books.view().accounts[0].balance
