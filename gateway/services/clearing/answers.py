"""Answers to what a terminal says of its batch: what is echoed, what is added, and the MAC."""

from gateway.keys import KeyStore
from gateway.services.clearing.requests import CLASSES
from gateway.wire.iso8583 import Message, answer_mti, encode_span

AGREED, DIFFERS, BAD_FORMAT, DUPLICATE, UNKNOWN_TERMINAL, MALFUNCTION = "00", "95", "30", "94", "03", "96"
"""DE39 (ISO 8583:1987); 95 is "reconcile error": the terminal sends its items, then its totals again."""
_ECHOED = (3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 60)
_ECHOED_TOTALS = (*_ECHOED, 74, 75, 76, 77, 86, 87, 88, 89, 97)


async def build(keys: KeyStore, request: Message, terminal_id: str, code: str) -> bytes:
    """The body that answers `request` with this DE39, with its MAC under the terminal's key."""
    echoed = _ECHOED_TOTALS if CLASSES.get(request.mti) == "0500" else _ECHOED
    fields = {number: request.fields[number] for number in echoed if number in request.fields}
    span = encode_span(Message(answer_mti(request.mti), {**fields, 39: code}))
    return span + await keys.link_mac("acquirer", terminal_id, span)
