"""A token in a phone, and the house profile's numbers, all computed with `openssl` from the text of the profile."""

from dataclasses import replace

from simulators.nfc_phone import NfcPhone, Token
from simulators.trace import Trace

PAN = "5814200000000001"
LUK = "f4e5fa2aea5016cf6d651f571a275d4f"
TOKEN = Token(
    token_id="tok_01K0000000000000000000000A",
    pan=PAN,
    psn="00",
    expiry="2911",
    par="P" * 29,
    luk_id="20260001",
    luk=LUK,
    uses_max=10,
    valid_until="2999-01-01T00:00:00+00:00",
    atc=6,
)


def phone_with_token(**changes: object) -> NfcPhone:
    """A phone that was provisioned before."""
    phone = NfcPhone("+989120000002", "http://127.0.0.1:9", Trace())
    phone.token = replace(TOKEN, **changes)  # type: ignore[arg-type]
    return phone
