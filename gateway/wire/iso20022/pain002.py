"""pain.002 of any version: what the bank says of an order, of its payment informations, and of single payments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import BinaryIO
from xml.etree.ElementTree import Element

from gateway.errors import BadInput
from gateway.wire.iso20022.reading import Taker, read
from gateway.wire.iso20022.values import amount, code, down, moment, said
from wallet.money import Money

MESSAGE = "CstmrPmtStsRpt"
_REASONS_MAX = 10


class Status(StrEnum):
    """ISO 20022 external codes of a payment's status, and PART, which only a group has."""

    ACCC = "ACCC"
    """Settled on the creditor's account."""
    ACCP = "ACCP"
    ACFC = "ACFC"
    ACIS = "ACIS"
    ACPD = "ACPD"
    ACSC = "ACSC"
    """Settled on the debtor's account."""
    ACSP = "ACSP"
    ACTC = "ACTC"
    ACWC = "ACWC"
    ACWP = "ACWP"
    BLCK = "BLCK"
    CANC = "CANC"
    CPUC = "CPUC"
    PART = "PART"
    PATC = "PATC"
    PDNG = "PDNG"
    PRES = "PRES"
    RCVD = "RCVD"
    RJCT = "RJCT"


@dataclass(frozen=True, slots=True)
class Said:
    """A status and its reasons, codes of ISO 20022 or the bank's own words; `status` is None where none is given."""

    status: Status | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentStatus:
    """What is said of one payment."""

    payment_information_id: str
    end_to_end_id: str
    instruction_id: str
    said: Said
    amount: Money | None


@dataclass(frozen=True, slots=True)
class StatusReport:
    """One pain.002.

    Attributes:
        message_id: The bank's name of it.
        made_at: When the bank made it.
        order_id: OrgnlMsgId: the MsgId of what it answers.
        group: Of the whole; with RJCT nothing of the order is paid.
        informations: By PmtInfId.
        payments: Of single payments, which go before what is said of more than them.
    """

    message_id: str
    made_at: datetime
    order_id: str
    group: Said
    informations: dict[str, Said]
    payments: tuple[PaymentStatus, ...]


@dataclass(slots=True)
class Taken:
    """Takes one message; satisfies reading.Taker."""

    message_id: str = ""
    made_at: datetime | None = None
    order_id: str = ""
    group: Said = Said()
    informations: dict[str, Said] = field(default_factory=dict)
    payments: list[PaymentStatus] = field(default_factory=list)
    information: str = ""
    status: Said = Said()

    def begin(self, part: str) -> None:
        """A part begins."""
        self.status = Said()
        self.information = ""

    def detail(self, details: Element) -> None:
        """A pain.002 has none."""

    def take(self, part: str, record: Element) -> None:
        """A record of it is whole."""
        name, text = record.tag, (record.text or "").strip()[:70]
        if name == "MsgId":
            self.message_id = text
        elif name == "CreDtTm" and part == "GrpHdr":
            self.made_at = moment(text, name)
        elif name == "OrgnlMsgId":
            self.order_id = text
        elif name == "OrgnlPmtInfId":
            self.information = text
        elif name in {"GrpSts", "PmtInfSts"}:
            self.status = Said(_status(text, part), self.status.reasons)
        elif name == "StsRsnInf":
            self.status = Said(self.status.status, _reasons([*self.status.reasons, _reason(record)]))
        elif name == "TxInfAndSts":
            self.payments.append(self._payment(record))

    def end(self, part: str) -> None:
        """It is over."""
        if part == "OrgnlGrpInfAndSts":
            self.group = self.status
        elif part == "OrgnlPmtInfAndSts":
            self.informations[self.information] = self.status

    def report(self) -> StatusReport:
        """What it has taken.

        Raises:
            BadInput: It does not say when it was made and of which order.
        """
        if not self.order_id or self.made_at is None:
            raise BadInput("a report that says neither when it was made nor of which order")
        return StatusReport(
            message_id=self.message_id,
            made_at=self.made_at,
            order_id=self.order_id,
            group=self.group,
            informations=self.informations,
            payments=tuple(self.payments),
        )

    def _payment(self, record: Element) -> PaymentStatus:
        where = f"payment {len(self.payments) + 1}"
        text = said(record, "TxSts")
        status = _status(text, where) if text else None
        reasons = _reasons([_reason(one) for one in record.findall("StsRsnInf")])
        instructed = down(record, "OrgnlTxRef", "Amt", "InstdAmt")
        return PaymentStatus(
            payment_information_id=self.information,
            end_to_end_id=said(record, "OrgnlEndToEndId"),
            instruction_id=said(record, "OrgnlInstrId"),
            said=Said(status, reasons),
            amount=None if instructed is None else amount(instructed, where),
        )


def _status(text: str, where: str) -> Status:
    try:
        return Status(text)
    except ValueError:
        raise BadInput(f"{where}: no status that is known: {text!a:.12}") from None


def _reason(record: Element) -> str:
    return code(record.find("Rsn")) or code(record.find("StsRsn"))


def _reasons(found: list[str]) -> tuple[str, ...]:
    return tuple(reason for reason in found if reason)[:_REASONS_MAX]


MAKERS: Mapping[str, Callable[[], Taker]] = {MESSAGE: Taken}
"""What takes each message."""


def read_pain002(source: bytes | BinaryIO) -> StatusReport:
    """The report in a file.

    Raises:
        BadInput: No such message, or something in it is not right; it names the payment.
    """
    taken, *more = read(source, MAKERS)
    assert isinstance(taken, Taken), "not made by MAKERS"
    if more:
        raise BadInput("several messages: send each in a file of its own")
    return taken.report()
