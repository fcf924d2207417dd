"""Answers to a terminal: what is echoed, what is added, the approval code, and the MAC."""

import secrets

from gateway.keys import KeyStore
from gateway.services.taps.rules import Verdict
from gateway.wire import tlv
from gateway.wire.iso8583 import Message, answer_mti, encode_span

_ECHOED = (3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49, 70)
_ECHOED_ADVICE = (*_ECHOED, 38, 90)
_APPROVAL_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 of them, so that bytes choose evenly."""
_ORIGINAL_AMOUNT = "0057"
"""Account type unspecified, amount type "original amount" (ISO 8583:1987 DE54)."""


def fresh_approval() -> str:
    """Six letters and digits (DE38) that nobody can guess and everybody can read out."""
    return "".join(_APPROVAL_LETTERS[one % 32] for one in secrets.token_bytes(6))


async def build(
    keys: KeyStore,
    request: Message,
    terminal_id: str,
    verdict: Verdict,
    *,
    approval: str = "",
    arpc: bytes = b"",
    part_minor: int = 0,
) -> bytes:
    """The body that answers `request`, with its MAC under the terminal's key. DE2 is never echoed.

    `approval` (DE38) is of what was approved; `arpc` is tag 91 in DE55. `part_minor` is what was approved of the amount
    when that is not all of it: DE4 has it then, and DE54 what was asked.
    """
    echoed = _ECHOED_ADVICE if 90 in request.fields else _ECHOED
    fields = {number: request.fields[number] for number in echoed if number in request.fields}
    fields[39] = verdict.de39
    if approval:
        fields[38] = approval
    if part_minor:
        fields[54] = f"{_ORIGINAL_AMOUNT}{request.text(49)}D{request.text(4)}"
        fields[4] = f"{part_minor:012d}"
    if arpc:
        fields[55] = tlv.encode_one("91", arpc)
    span = encode_span(Message(answer_mti(request.mti), fields))
    return span + await keys.link_mac("acquirer", terminal_id, span)
