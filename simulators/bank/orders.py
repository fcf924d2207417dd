"""Reads payment orders, pain.001.001.03 and .09, as a bank's reader would: strictly, and one payment at a time.

Own reader over expat. What has a document type is refused before anything of it is expanded.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from xml.parsers import expat

VERSIONS = {f"urn:iso:std:iso:20022:tech:xsd:pain.001.001.{version}": version for version in ("03", "09")}
DEPTH_MAX = 16
TEXT_MAX = 2_048
CURRENCY = "IRR"
SINGLE_LEVELS = frozenset({"URGP", "SDVA"})
"""Service levels (ExternalServiceLevel1Code) that are paid at once, each by itself."""
SINGLE_INSTRUMENTS = frozenset({"SATNA", "RTGS"})
_IDENTIFIER = re.compile(r"[A-Za-z0-9+?/:().,'_ -]{1,35}")
_WHOLE = re.compile(r"([0-9]{1,18})(?:\.0{1,2})?")
_PARTY_NAME_MAX = 140


class Malformed(Exception):
    """A file that is no order of ours; `reason` is an ISO 20022 status reason, `msg_id` what could be read of it."""

    def __init__(self, reason: str, text: str, msg_id: str = "") -> None:
        super().__init__(text)
        self.reason = reason
        self.text = text
        self.msg_id = msg_id


@dataclass(frozen=True, slots=True)
class Payment:
    """One CdtTrfTxInf; `amount` is None where it is no whole number of rials."""

    instr_id: str
    end_to_end_id: str
    amount: int | None
    currency: str
    name: str = field(repr=False)
    iban: str = field(repr=False)
    remittance: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """One PmtInf."""

    id: str
    single: bool
    batch_booking: bool
    execute_on: date
    debtor_iban: str
    payments: list[Payment]


@dataclass(frozen=True, slots=True)
class Order:
    """A whole file."""

    version: str
    msg_id: str
    blocks: list[Block]

    @property
    def count(self) -> int:
        """How many payments."""
        return sum(len(block.payments) for block in self.blocks)

    @property
    def total(self) -> int:
        """Their sum, as far as they have amounts."""
        return sum(payment.amount or 0 for block in self.blocks for payment in block.payments)


def read(octets: bytes) -> Order:
    """The order in these octets.

    Raises:
        Malformed: No order that this bank takes.
    """
    reader = _Reader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(octets, True)
    except expat.ExpatError as problem:
        raise Malformed("FF01", f"not well-formed: {problem}", reader.msg_id) from None
    except (LookupError, ValueError):
        # Expat leaves letters that it does not know to Python, which may not know them either.
        raise Malformed("FF01", "letters of an unknown encoding", reader.msg_id) from None
    return reader.order()


def _refuse_doctype(*_about: object) -> None:
    raise Malformed("FF01", "a document type")


class _Reader:
    """Collects texts by their path below the nearest container."""

    def __init__(self) -> None:
        self.msg_id = ""
        self._version = ""
        self._namespace = ""
        self._path: list[str] = []
        self._text: list[str] = []
        self._length = 0
        self._currency = ""
        self._header: dict[str, str] = {}
        self._block: dict[str, str] = {}
        self._payment: dict[str, str] = {}
        self._payments: list[Payment] = []
        self._blocks: list[Block] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        namespace, _, tag = name.rpartition(" ")
        if not self._path:
            if tag != "Document" or namespace not in VERSIONS:
                raise Malformed("FF01", f"neither pain.001.001.03 nor .09 but {namespace or 'nothing'}")
            self._namespace, self._version = namespace, VERSIONS[namespace]
        if namespace != self._namespace or len(self._path) >= DEPTH_MAX:
            raise Malformed("FF01", f"{tag} does not belong here", self.msg_id)
        self._path.append(tag)
        self._text, self._length = [], 0
        if tag == "InstdAmt":
            self._currency = attributes.get("Ccy", "")

    def text(self, text: str) -> None:
        """Some characters."""
        self._length += len(text)
        if self._length > TEXT_MAX:
            raise Malformed("FF01", "a text that is too long", self.msg_id)
        self._text.append(text)

    def end(self, _name: str) -> None:
        """An element ends; a container becomes what it holds."""
        path = self._path
        if len(path) > 3:
            self._keep("".join(self._text).strip())
        self._text, self._length = [], 0
        tag = path.pop()
        if tag == "CdtTrfTxInf" and path[-1:] == ["PmtInf"]:
            self._payments.append(self._one_payment())
            self._payment = {}
        elif tag == "PmtInf" and path[-1:] == ["CstmrCdtTrfInitn"]:
            self._blocks.append(self._one_block())
            self._block, self._payments = {}, []

    def _keep(self, text: str) -> None:
        if not text:
            return
        container, below = self._path[2], "/".join(self._path[3:])
        if container == "GrpHdr":
            self._header[below] = text
            if below == "MsgId":
                self.msg_id = text
        elif container == "PmtInf" and self._path[3] == "CdtTrfTxInf":
            key = "/".join(self._path[4:])
            # Further lines of unstructured remittance belong to the first.
            self._payment[key] = (
                f"{self._payment[key]} {text}" if key == "RmtInf/Ustrd" and key in self._payment else text
            )
        elif container == "PmtInf":
            self._block[below] = text

    def _one_payment(self) -> Payment:
        given = self._payment
        amount = _WHOLE.fullmatch(given.get("Amt/InstdAmt", ""))
        iban = (
            self._needed(given, "CdtrAcct/Id/IBAN")
            if "CdtrAcct/Id/IBAN" in given
            else given.get("CdtrAcct/Id/Othr/Id", "")
        )
        name = self._needed(given, "Cdtr/Nm")
        end_to_end_id = self._identifier(given, "PmtId/EndToEndId")
        if len(name) > _PARTY_NAME_MAX:
            raise Malformed("FF01", "a name that is too long", self.msg_id)
        return Payment(
            instr_id=given.get("PmtId/InstrId", ""),
            end_to_end_id=end_to_end_id,
            amount=int(amount[1]) if amount and int(amount[1]) > 0 else None,
            currency=self._currency,
            name=name,
            iban=iban,
            remittance=given.get("RmtInf/Ustrd", ""),
        )

    def _one_block(self) -> Block:
        given = self._block
        if self._needed(given, "PmtMtd") != "TRF":
            raise Malformed("FF01", "PmtMtd is not TRF", self.msg_id)
        if not self._payments:
            raise Malformed("FF01", "a PmtInf without payments", self.msg_id)
        self._sums(given, [self._payments], within="PmtInf")
        level = given.get("PmtTpInf/SvcLvl/Cd") or given.get("PmtTpInf/SvcLvl/Prtry", "")
        instrument = given.get("PmtTpInf/LclInstrm/Cd") or given.get("PmtTpInf/LclInstrm/Prtry", "")
        return Block(
            id=self._identifier(given, "PmtInfId"),
            single=level in SINGLE_LEVELS or instrument.upper() in SINGLE_INSTRUMENTS,
            batch_booking=given.get("BtchBookg", "true") in ("true", "1"),
            execute_on=self._day(given),
            debtor_iban=self._needed(given, "DbtrAcct/Id/IBAN"),
            payments=self._payments,
        )

    def _day(self, given: dict[str, str]) -> date:
        # The choice of date and moment came with version 08.
        key = "ReqdExctnDt" if self._version == "03" else "ReqdExctnDt/Dt"
        return self._parsed(date.fromisoformat, self._needed(given, key), key)

    def order(self) -> Order:
        """What was read, once the file is over."""
        header = self._header
        msg_id = self._identifier(header, "MsgId")
        self._needed(header, "CreDtTm")
        if "NbOfTxs" not in header:
            raise Malformed("FF01", "NbOfTxs is missing", msg_id)
        if not self._blocks:
            raise Malformed("FF01", "no PmtInf", msg_id)
        self._sums(header, [block.payments for block in self._blocks], within="GrpHdr")
        return Order(self._version, msg_id, self._blocks)

    def _sums(self, given: dict[str, str], parts: list[list[Payment]], *, within: str) -> None:
        """Counts and sums that the file says of itself must be its own (AM18, AM10)."""
        if "NbOfTxs" in given and given["NbOfTxs"] != str(sum(map(len, parts))):
            raise Malformed("AM18", f"NbOfTxs of {within} is another", self.msg_id)
        if "CtrlSum" in given:
            said = _WHOLE.fullmatch(given["CtrlSum"])
            if said is None or int(said[1]) != sum(one.amount or 0 for part in parts for one in part):
                raise Malformed("AM10", f"CtrlSum of {within} is another", self.msg_id)

    def _needed(self, given: dict[str, str], key: str) -> str:
        if not given.get(key):
            raise Malformed("FF01", f"{key} is missing", self.msg_id)
        return given[key]

    def _identifier(self, given: dict[str, str], key: str) -> str:
        value = self._needed(given, key)
        if not _IDENTIFIER.fullmatch(value):
            raise Malformed("FF01", f"{key} is no Max35Text of the interbank alphabet", self.msg_id)
        return value

    def _parsed(self, parse: Callable[[str], date], text: str, key: str) -> date:
        try:
            return parse(text)
        except ValueError:
            raise Malformed("FF01", f"{key} is no date", self.msg_id) from None
