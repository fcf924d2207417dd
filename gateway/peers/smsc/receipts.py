"""Delivery receipts out of deliver_sm and data_sm: TLVs first, the text of SMPP 3.4 appendix B second.

The text is written by every SMSC a little differently, so the grammar takes any case and order, missing fields, ids in
quotes and letters in `err`.
"""

import re

from gateway.peers.smsc.profile import LinkProfile
from gateway.services.notices import Receipt, ReceiptState
from gateway.wire.smpp import DataSm, DeliverSm, Tag

_TYPE = 0b0011_1100
_DELIVERY_RECEIPT = 0b0000_0100
_INTERMEDIATE = 0b0010_0000
"""esm_class message types (5.2.12)."""

_BY_NUMBER = {
    2: ReceiptState.DELIVERED,
    3: ReceiptState.EXPIRED,
    4: ReceiptState.FAILED,
    5: ReceiptState.FAILED,
    7: ReceiptState.FAILED,
    8: ReceiptState.FAILED,
}
"""message_state (5.2.28); 1 ENROUTE, 6 ACCEPTED and what is not known are not final."""

_BY_WORD = {
    "DELIV": ReceiptState.DELIVERED,
    "EXPIR": ReceiptState.EXPIRED,
    "DELET": ReceiptState.FAILED,
    "UNDEL": ReceiptState.FAILED,
    "UNKNO": ReceiptState.FAILED,
    "REJEC": ReceiptState.FAILED,
}
"""First five letters of `stat:`, which is cut to seven by the standard and to fewer or none by others."""

_FIELD = {name: re.compile(rf'\b{name}:\s*["\']?([^\s"\']*)', re.IGNORECASE) for name in ("id", "stat", "err")}
ERROR_MAX = 20
MESSAGE_ID_MAX = 64
"""message_id (5.2.23) without its NUL; what is no such string names no message of ours, and no store takes a NUL."""


def receipt_of(profile: LinkProfile, pdu: DeliverSm | DataSm) -> Receipt | None:
    """The receipt that this PDU is; None if it is something else, or names no message."""
    receipted = (pdu.tlv(Tag.RECEIPTED_MESSAGE_ID) or b"").rstrip(b"\0").decode("latin-1")
    kind = pdu.esm_class & _TYPE
    if kind not in (_DELIVERY_RECEIPT, _INTERMEDIATE) and not (kind == 0 and receipted):
        return None
    text = pdu.payload.decode("latin-1")
    message_id = receipted or _field(text, "id")
    if not 0 < len(message_id) <= MESSAGE_ID_MAX or not message_id.isascii() or not message_id.isprintable():
        return None
    state = ReceiptState.PENDING if kind == _INTERMEDIATE else _state(pdu, text)
    return Receipt(profile.name, profile.id_of_receipt(message_id), state, _error(pdu, text))


def is_receipt(pdu: DeliverSm | DataSm) -> bool:
    """Whether it says of itself that it is a receipt, readable or not."""
    return pdu.esm_class & _TYPE in (_DELIVERY_RECEIPT, _INTERMEDIATE)


def _state(pdu: DeliverSm | DataSm, text: str) -> ReceiptState:
    number = pdu.tlv(Tag.MESSAGE_STATE)
    if number:
        return _BY_NUMBER.get(number[-1], ReceiptState.PENDING)
    return _BY_WORD.get(_field(text, "stat").upper()[:5], ReceiptState.PENDING)


def _error(pdu: DeliverSm | DataSm, text: str) -> str:
    network = pdu.tlv(Tag.NETWORK_ERROR_CODE)
    if network and len(network) == 3:
        return f"{network[0]}:{int.from_bytes(network[1:], 'big')}"
    # As an id: no store takes a NUL, and a receipt that is never kept would come for ever.
    return "".join(letter for letter in _field(text, "err") if letter.isascii() and letter.isprintable())[:ERROR_MAX]


def _field(text: str, name: str) -> str:
    found = _FIELD[name].search(text)
    return found[1] if found else ""
