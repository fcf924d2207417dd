"""Where a delivery stands in its session, decided from the accumulated text without keeping that text.

A wire that accumulates sends '' first, then `1`, then `1*2`. We keep only the HMAC and the length of the last text
that we answered, because a text may hold a PIN. Source: facts of the CON/END family (Africa's Talking): the same text
again is a repeated delivery, the last text + `*` + something is the next answer, anything else is out of order.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a text is, provided that its first part has the HMAC of the text that was answered last.

    Attributes:
        answered: The part that must be the text answered last.
        delta: What the person typed now; None if the text is the same delivery again. An answer that itself
            holds `*` is one answer.
    """

    answered: str = field(repr=False)
    delta: str | None = field(repr=False)


def candidate(answered_length: int, text: str) -> Candidate | None:
    """Read `text` against a last text of `answered_length` characters; None: it can only be out of order."""
    if len(text) == answered_length:
        return Candidate(text, None)
    if len(text) < answered_length:
        return None
    if answered_length == 0:
        return Candidate("", text)
    if text[answered_length] != "*":
        return None
    return Candidate(text[:answered_length], text[answered_length + 1 :])
