"""Service codes: which of the house's codes was dialled, and what stands behind it.

Source: 3GPP TS 22.030 clause 6.5.3.2 and TS 22.090: one to three of `*` and `#`, digits, parts that begin with `*`, and
a `#` at the end. One code may be another's beginning (`*711#` and `*711*22#`), so the longest one wins, and a code ends
only where a part ends: `*1420#` is not the beginning of `*14201#`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

DIALLED_MAX = 182
"""Characters of a dialled string, as of every USSD string."""
_CODE = re.compile(r"[*#]{1,3}[0-9]{1,8}(?:\*[0-9]{1,8}){0,4}#", re.ASCII)
_FIRST = re.compile(r"[*#]{0,3}[0-9]{0,8}", re.ASCII)
_BARE = re.compile(r"[0-9]{1,8}(?:\*[0-9]{1,8}){0,4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Dialled:
    """A dialled string, cut in two.

    Attributes:
        service_code: The house's code, `*1420#`; of a string that is not ours the first part alone, since the house
            keeps codes and nobody can tell which of the other parts is a PIN.
        answers: What was dialled behind it, `3*500`; may hold a PIN.
        ours: Whether the house serves the code.
    """

    service_code: str
    answers: str = field(default="", repr=False)
    ours: bool = True


class Codes:
    """The codes that the house serves."""

    def __init__(self, codes: Iterable[str]) -> None:
        """Take codes as they are dialled, `*1420#`, or bare, `1420`.

        Raises:
            ValueError: One of them is no code.
        """
        made = [normal_code(code) for code in codes]
        if None in made:
            raise ValueError("a service code is written *1420#")
        # The longest first, so that the first that fits is the longest that fits.
        self._codes = tuple(sorted({code for code in made if code is not None}, key=len, reverse=True))

    @property
    def all(self) -> tuple[str, ...]:
        """Every code, the longest first."""
        return self._codes

    def split(self, dialled: str) -> Dialled:
        """Cut `*1420*3*500#` (or `1420*3*500`) behind the longest code of ours that it begins with."""
        whole = dialled.strip()
        if whole and whole[0] not in "*#":
            whole = f"*{whole}"
        if not whole.endswith("#"):
            whole += "#"
        for code in self._codes:
            if whole == code:
                return Dialled(code)
            if whole.startswith(f"{code[:-1]}*"):
                return Dialled(code, whole[len(code) : -1])
        first = _FIRST.match(whole)
        assert first is not None, "it matches nothing as well"
        return Dialled(f"{first[0].removesuffix('#')}#", ours=False)


def normal_code(code: str) -> str | None:
    """`*1420#` of `*1420#` or `1420`; None if it is no service code."""
    if _BARE.fullmatch(code):
        return f"*{code}#"
    return code if _CODE.fullmatch(code) else None


__all__ = ["DIALLED_MAX", "Codes", "Dialled", "normal_code"]
