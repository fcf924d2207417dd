"""Delivery receipts: what becomes of a message, and the deliver_sm that says so (SMPP 3.4, appendix B and 5.2.28)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum, StrEnum
from typing import Any

from smpplib import consts

from simulators.smsc import wire

RECEIPT, INTERMEDIATE = 0x04, 0x20
"""esm_class of a delivery receipt and of an intermediate notification (5.2.12)."""
WANT_FINAL, WANT_FAILURE, WANT_INTERMEDIATE = 0x01, 0x02, 0x10
"""Bits of registered_delivery (5.2.17)."""
TEXT_CHARACTERS = 20


class State(IntEnum):
    """message_state (5.2.28)."""

    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8

    @property
    def final(self) -> bool:
        """Whether nothing comes after it."""
        return self not in (State.ENROUTE, State.ACCEPTED, State.UNKNOWN)


_STAT = {
    State.ENROUTE: "ENROUTE", State.DELIVERED: "DELIVRD", State.EXPIRED: "EXPIRED", State.DELETED: "DELETED",
    State.UNDELIVERABLE: "UNDELIV", State.ACCEPTED: "ACCEPTD", State.UNKNOWN: "UNKNOWN", State.REJECTED: "REJECTD",
}  # fmt: skip


class ReceiptForm(StrEnum):
    """What a receipt holds."""

    FULL = "full"
    """Text as in appendix B, and TLVs."""
    TEXT = "text"
    TLV = "tlv"
    """TLVs, and no text at all."""
    PARTIAL = "partial"
    """A text that has only `id`, `stat` and `err`, as some operators send it."""


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of messages to a number: the states that follow each other, the last one final, and its error."""

    states: tuple[State, ...] = (State.DELIVERED,)
    error: int = 0


@dataclass(slots=True, eq=False)
class Message:
    """One message to one phone. `number` is what its id is written from, `account` the system id that sent it."""

    number: int
    account: str
    service_type: str
    source: str
    source_ton: int
    source_npi: int
    dest: str
    text: str
    data_coding: int
    registered: int
    submitted_at: datetime
    state: State = State.ENROUTE
    error: int = 0
    done_at: datetime | None = None
    held: bool = False


def wanted(message: Message) -> bool:
    """Whether the ESME asked to be told of the state that the message has now."""
    registered = message.registered
    if not message.state.final:
        return bool(registered & WANT_INTERMEDIATE)
    failed = message.state is not State.DELIVERED
    return bool(registered & WANT_FINAL) or (failed and bool(registered & WANT_FAILURE))


def receipt(message: Message, written_id: str, form: ReceiptForm, sequence: int) -> bytes:
    """The deliver_sm that tells the message's state."""
    values: dict[str, Any] = {}
    if form is not ReceiptForm.TLV:
        values["short_message"] = said(message, written_id, form).encode("latin-1", "replace")
    if form in (ReceiptForm.FULL, ReceiptForm.TLV):
        values |= {"receipted_message_id": written_id, "message_state": int(message.state)}
        if message.error:
            values["network_error_code"] = b"\x03" + message.error.to_bytes(2, "big")
    return wire.make(
        "deliver_sm", sequence, service_type=message.service_type,
        source_addr=message.dest, source_addr_ton=consts.SMPP_TON_INTL, source_addr_npi=consts.SMPP_NPI_ISDN,
        destination_addr=message.source, dest_addr_ton=message.source_ton, dest_addr_npi=message.source_npi,
        esm_class=RECEIPT if message.state.final else INTERMEDIATE, **values,
    )  # fmt: skip


def said(message: Message, written_id: str, form: ReceiptForm) -> str:
    """The text of a receipt."""
    error, stat = f"err:{message.error:03d}", f"stat:{_STAT[message.state]}"
    if form is ReceiptForm.PARTIAL:
        return f"id:{written_id} {stat} {error}"
    done = message.done_at or datetime.now(UTC)
    return (
        f"id:{written_id} sub:001 dlvrd:{int(message.state is State.DELIVERED):03d} "
        f"submit date:{message.submitted_at:%y%m%d%H%M} done date:{done:%y%m%d%H%M} "
        f"{stat} {error} text:{message.text[:TEXT_CHARACTERS]}"
    )
