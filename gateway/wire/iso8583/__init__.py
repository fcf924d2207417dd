"""ISO 8583 messages, 1987 and 1993, in dialects that are data: bytes <-> `Message`, and dialects <-> the house's own.

    message = decode(body, dialect)             fields typed: text as str, binary as bytes; BadMessage names the field
    span, mac = split_mac(body, dialect)        the exact bytes that the MAC covers, and it (b"" where there is none)
    body = encode(message, dialect)             canonical bytes of a message that has its MAC, or needs none
    span = encode_span(message, dialect)        everything before the MAC, with the MAC's bit set; body = span + mac
    to_house(message, dialect)                  what a message of another dialect says, as services read it
    from_house(message, dialect, request)       the way back; `request` gives an answer what the house does not keep

A body has no length before it: that is the framing's. Without `dialect` all of them speak the house's: `HOUSE`. Others
are in `DIALECTS` by name: `iso87_ascii` (all text, bitmap in hex digits), `iso87_mixed` (text, binary bitmap and binary
fields), `iso87_binary` (BCD numbers and lengths), `iso87_ebcdic`, `iso93_ascii`, `shetab93` (modelled after a public
table of fields). `read_dialect` makes one of a TOML file; every file of this package is an example. What lies below is
pyiso8583; added are: content checked by type, canonical lengths and bitmaps, DE65 and DE128 as the fields they are,
fields of unknown meaning kept, 2 KiB at most, the bytes under the MAC, MTIs of both versions.
"""

from gateway.wire.iso8583.codec import decode, encode, encode_span, split_mac
from gateway.wire.iso8583.dialect import DIALECTS, HOUSE, Dialect, read_dialect
from gateway.wire.iso8583.message import (
    ACQUIRER,
    BODY_BYTES_MAX,
    LENGTH_BYTES,
    MAC_BYTES,
    BadMessage,
    Message,
    answer_mti,
    frame,
    is_request,
)
from gateway.wire.iso8583.translation import action_of, from_house, to_house

__all__ = [
    "ACQUIRER",
    "BODY_BYTES_MAX",
    "DIALECTS",
    "HOUSE",
    "LENGTH_BYTES",
    "MAC_BYTES",
    "BadMessage",
    "Dialect",
    "Message",
    "action_of",
    "answer_mti",
    "decode",
    "encode",
    "encode_span",
    "frame",
    "from_house",
    "is_request",
    "read_dialect",
    "split_mac",
    "to_house",
]
