"""What a person has typed or pasted, as what it may be: a phone number, an id or its ends, a reference. Pure."""

import re
import unicodedata
from dataclasses import dataclass

from gateway.services.msisdn import normal_msisdn
from gateway.services.shortnumber import ascii_digits

SHORTEST = 4
"""Fewer letters and digits name too much."""
TYPED_MAX = 200
LONGEST = 64
"""Nothing that we keep as a reference is longer; a UUID has 36, an id 30, EndToEndId and a bank's reference 35."""
ID_DIGITS = 26
_DIGITS = "0-9A-HJKMNP-TV-Z"
_ID = re.compile(rf"([a-z]{{3}})_([{_DIGITS}]{{0,{ID_DIGITS}}})")
_CUT = re.compile(rf"([a-z]{{3}})_?(?:…|\.\.\.)([{_DIGITS}]{{{SHORTEST},{ID_DIGITS}}})")
_PART = re.compile(rf"[{_DIGITS}]{{{SHORTEST},{ID_DIGITS}}}")
_ERAS = ("01", "02")
"""How the digits of ids begin that were made between the years 2004 and 2074."""
_HEX = re.compile(rf"[0-9a-f]{{{SHORTEST},32}}")
_CROCKFORD = str.maketrans("OIL", "011")
"""Letters that no id has, as the digits that they are mistaken for."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a text may be; each part is '' where it cannot be that.

    Attributes:
        text: As it is shown again.
        msisdn: The phone number.
        id: A whole business id.
        kind: The three letters of an id, alone or before its digits.
        start: The first digits of an id.
        tail: The last digits of an id, four at least.
        hex_start: The first hexadecimal digits of a transfer's id.
        hex_tail: The last ones.
        references: The text in the forms in which a reference may be kept.
    """

    text: str
    msisdn: str = ""
    id: str = ""
    kind: str = ""
    start: str = ""
    tail: str = ""
    hex_start: str = ""
    hex_tail: str = ""
    references: tuple[str, ...] = ()

    def bounds(self, kind: str) -> tuple[str, str]:
        """The first and the last id of a kind that begin with `start`."""
        return f"{kind}_{self.start:0<{ID_DIGITS}}", f"{kind}_{self.start:Z<{ID_DIGITS}}"


def is_readable(typed: str) -> bool:
    """Whether the text can be looked for at all: not too long, and nothing in it but what people see."""
    return len(typed) <= TYPED_MAX and len(text := tidied(typed)) <= LONGEST and text.isprintable()


def tidied(typed: str) -> str:
    """Without marks that nobody sees and needless spaces, with Latin digits."""
    seen = "".join(letter for letter in unicodedata.normalize("NFKC", typed[: TYPED_MAX + 1]) if _is_seen(letter))
    return " ".join(ascii_digits(word) for word in seen.replace("...", "…").split())


def _is_seen(letter: str) -> bool:
    """Marks of direction and joiners come along when somebody copies; they are no part of anything."""
    return unicodedata.category(letter) != "Cf"


def letters_of(text: str) -> int:
    """How many letters and digits a text has."""
    return sum(letter.isalnum() for letter in text)


def wanted(typed: str) -> Wanted:
    """What a readable text may be."""
    text = tidied(typed)
    tight = text.replace(" ", "")
    folded = tight[:3].lower() + tight[3:].upper().translate(_CROCKFORD)
    forms = dict.fromkeys(form for said in (text, tight) for form in (said, said.upper(), said.lower()))
    known = Wanted(text, references=tuple(forms), msisdn=_msisdn(tight))
    if found := _ID.fullmatch(folded):
        kind, digits = found.groups()
        whole = len(digits) == ID_DIGITS and digits[0] <= "7"
        return _with(known, id=folded if whole else "", kind=kind, start="" if whole else digits)
    if found := _CUT.fullmatch(folded):
        return _with(known, kind=found[1], tail=found[2])
    digits, hexed = tight.upper().translate(_CROCKFORD), tight.lower().replace("-", "")
    part = digits if _PART.fullmatch(digits) else ""
    hexed = hexed if _HEX.fullmatch(hexed) else ""
    start = part if part.startswith(_ERAS) else ""
    return _with(known, start=start, tail=part, hex_start=hexed, hex_tail=hexed)


def _with(known: Wanted, **parts: str) -> Wanted:
    return Wanted(known.text, known.msisdn, references=known.references, **parts)


def _msisdn(tight: str) -> str:
    # The library reads much; what has letters, or is shorter than any number, is none.
    digits = sum(letter.isdigit() for letter in tight)
    if digits < 8 or any(letter.isalpha() for letter in tight):
        return ""
    return normal_msisdn(tight) or ""
