"""IBANs, read strictly: what a person or a system wrote, as the bank wants it."""

import re
import string

from gateway.services.shortnumber import ascii_digits

_PLAIN = re.compile(r"IR[0-9]{24}", re.ASCII)
_BETWEEN = re.compile(r"[\s\u200c-\u200f\u202a-\u202e\u2066-\u2069-]")
_NUMBERS = str.maketrans({letter: str(int(letter, 36)) for letter in string.ascii_uppercase})
_FORM = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}", re.ASCII)
_BARE = re.compile(r"[0-9]{24}", re.ASCII)
WRITTEN_MAX = 64
"""Characters that are looked at: 34 (ISO 13616), their spaces, and some that people put around them."""

_COUNTRIES = """
IR26 AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FO18
FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25
MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SD18 SE24 SI19 SK24 SM27 ST25
SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20
"""
LENGTHS = {pair[:2]: int(pair[2:]) for pair in _COUNTRIES.split()}
"""Characters of an IBAN by country (SWIFT's IBAN registry, ISO 13616-2); of other countries none is taken."""


def normal_iban(text: str) -> str | None:
    """The IBAN without spaces, in capitals and ASCII digits; None if it is none.

    Digits of any script, spaces and hyphens are read, and of an Iranian one the `IR` need not be written. Letters
    before the country (`IBAN`) are left out. The check is ISO 7064 mod 97-10, as ISO 13616-1 §6 has it.
    """
    if len(text) > WRITTEN_MAX:
        return None
    kept = text if _PLAIN.fullmatch(text) else _kept(text)
    if not _FORM.fullmatch(kept) or LENGTHS.get(kept[:2]) != len(kept):
        return None
    return kept if int(f"{kept[4:]}{kept[:4]}".translate(_NUMBERS)) % 97 == 1 else None


def _kept(text: str) -> str:
    kept = _BETWEEN.sub("", ascii_digits(text)).upper().removeprefix("IBAN")
    return f"IR{kept}" if _BARE.fullmatch(kept) else kept


def masked_iban(iban: str) -> str:
    """`…0001`: what people and staff see of it."""
    return f"…{iban[-4:]}" if iban else ""
