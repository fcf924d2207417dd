"""Text as short messages carry it: alphabets, user data headers, and splitting into parts."""

from gateway.wire.gsm.alphabets import (
    Alphabet,
    Coding,
    coding_of,
    decode,
    decode_ucs2,
    encode,
    encode_ucs2,
    transliterate,
)
from gateway.wire.gsm.header import Place, UserData, user_data
from gateway.wire.gsm.splitting import (
    DEFAULT,
    PARTS_MAX,
    PAYLOAD_MAX,
    Part,
    Preview,
    Splitting,
    Style,
    parts_count,
    preview,
    split,
)
from gateway.wire.gsm.tables import Language

__all__ = [
    "DEFAULT",
    "PARTS_MAX",
    "PAYLOAD_MAX",
    "Alphabet",
    "Coding",
    "Language",
    "Part",
    "Place",
    "Preview",
    "Splitting",
    "Style",
    "UserData",
    "coding_of",
    "decode",
    "decode_ucs2",
    "encode",
    "encode_ucs2",
    "parts_count",
    "preview",
    "split",
    "transliterate",
    "user_data",
]
