"""Where a delivery stands in its session, decided from the accumulated text without keeping that text.

A wire that accumulates sends '' first, then `1`, then `1*2`. We keep only the HMAC and the length of the last text
that we answered, because a text may hold a PIN. Source: facts of the CON/END family (Africa's Talking): the same text
again is a repeated delivery, the last text + `*` + something is the next answer, anything else is out of order.
"""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from gateway.services.dialogues.events import Event


@dataclass(frozen=True, slots=True)
class DialogueSettings:
    """What holds for all sessions.

    Attributes:
        zone: Where the business day of a dial is taken.
        language: Of callers whom we do not know.
        session_s: How long a session may last.
        budget_s: How long a hop may take before the person is told that an SMS follows.
        resume_s: How long after its last answer a session that was cut off may be resumed; 0 for never.
        kept_days: How long a session that is over is kept for staff.
    """

    zone: ZoneInfo
    language: str = "fa"
    session_s: int = 180
    budget_s: float = 7.0
    resume_s: int = 900
    kept_days: int = 90


def resets(event: Event) -> bool:
    """Whether a BEGIN under a key that is known begins anew: on wires whose keys are used again, or are the number.

    Where answers accumulate, a wire that cannot tell a first delivery from a later one calls each a BEGIN.
    """
    return event.alone or (not event.text and event.session_key.lstrip("+") == event.msisdn.lstrip("+"))


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
