"""A data element in the notation of the standard: `n6`, `n..19`, `ans...999`, `x+n16`, `n10 MMDDhhmmss`."""

import re
from dataclasses import dataclass

from gateway.errors import SettingsFault

_NOTATION = re.compile(r"(x\+n|[a-z]+)(\.{0,3})(\d{1,3})(?: ([A-Za-z]+))?", re.ASCII)
_CONTENT = {
    "n": r"\d*",
    "x+n": r"[CD]\d+",
    "a": r"[A-Za-z ]*",
    "an": r"[A-Za-z0-9 ]*",
    "ans": r"[ -~]*",
    "z": r"\d{1,19}[=D]\d*F?",
    "b": "",
}
_MOMENTS = {
    "YY": r"\d\d",
    "MM": r"(?:0[1-9]|1[0-2])",
    "DD": r"(?:0[1-9]|[12]\d|3[01])",
    "hh": r"(?:[01]\d|2[0-3])",
    "mm": r"[0-5]\d",
    "ss": r"[0-5]\d",
}


@dataclass(frozen=True, slots=True)
class Field:
    """How a data element is written.

    Attributes:
        kind: `n` digits, `a` letters, `an` both, `ans` any that can be printed, `x+n` C or D and digits, `z` track 2,
            `b` binary.
        prefix: Digits of its length prefix; 0 for a fixed length.
        size: Its length, or its greatest: characters, for `b` bytes, for `x+n` digits behind the letter.
        content: What the whole text must match.
    """

    kind: str
    prefix: int
    size: int
    content: re.Pattern[str]


def parse_field(notation: str) -> Field:
    """Read the notation of one element.

    Raises:
        SettingsFault: It is none.
    """
    found = _NOTATION.fullmatch(notation)
    if found is None or found[1] not in _CONTENT or not int(found[3]):
        raise SettingsFault(f"{notation!r} describes no data element")
    kind, prefix, size, moment = found[1], len(found[2]), int(found[3]), found[4]
    if (prefix and size >= 10**prefix) or (kind == "x+n" and prefix):
        raise SettingsFault(f"{notation!r}: such a length cannot be written")
    content = _moment(notation, moment, size) if moment else _CONTENT[kind]
    return Field(kind, prefix, size, re.compile(content, re.ASCII))


def _moment(notation: str, moment: str, size: int) -> str:
    parts = re.findall("..", moment)
    if len(moment) != size or not set(parts) <= _MOMENTS.keys():
        raise SettingsFault(f"{notation!r}: {moment} is no form of a date or time of {size} digits")
    return "".join(_MOMENTS[part] for part in parts)
