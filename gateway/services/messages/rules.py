"""Pure rules of messages from people: what is taken, when a delivery is a repeated one, how octets become a text."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from itertools import groupby

from gateway.services.messages.incoming import Incoming
from gateway.wire import gsm

PARTS_MAX = 20
OCTETS_MAX = PARTS_MAX * 160
"""Of a whole text, as the link hands it on: one octet a septet."""
UNFINISHED_MAX = 5
"""Long messages of one number that may lack parts at once; a sixth ends the oldest."""
UNFINISHED_KEPT = timedelta(hours=4)
REPEATED_WITHIN = timedelta(seconds=60)
"""Without a reference: less than a person needs to answer two questions alike, more than a link needs to repeat."""
REFERENCE_KEPT = timedelta(days=1)
PART_REPEATED_WITHIN = timedelta(hours=1)
"""A part of a message that is whole already, or a sentence, which its centre delivers once more."""
FEW_OCTETS_MAX = 40
"""A word, a digit, a keyword with its number: what a person may soon mean once more. Nobody does so with a sentence."""
DONE_KEPT = timedelta(days=7)
_MSISDN = re.compile(r"\+[1-9][0-9]{7,14}", re.ASCII)


class MessageState(StrEnum):
    """Where a message stands."""

    COLLECTING = "collecting"
    """Parts are missing."""
    READY = "ready"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"
    """Handling it broke again and again; staff must look."""


class Limit(StrEnum):
    """What is counted for a number in an hour."""

    ANSWER = "answer"
    HELP = "help"
    """Help that nobody asked for, after a word that we do not know."""
    INCOMPLETE = "incomplete"


ANSWERS_MAX = {Limit.ANSWER: 10, Limit.HELP: 1, Limit.INCOMPLETE: 1}
"""In an hour, to one number: an answering machine at the other end gets no more than this."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The octets of one part and how they read."""

    number: int
    alphabet: gsm.Alphabet
    octets: bytes = field(repr=False)


def may_be_answered(incoming: Incoming) -> bool:
    """Whether a person may have written it: a telephone number, and not the one that was written to (a loop)."""
    return _MSISDN.fullmatch(incoming.source) is not None and incoming.source.lstrip("+") != incoming.dest.lstrip("+")


def is_readable(incoming: Incoming) -> bool:
    """Whether it keeps to the bounds: 1 to PARTS_MAX parts, no more octets than those hold."""
    place = incoming.place
    if place is not None and not 1 <= place.number <= place.total <= PARTS_MAX:
        return False
    return len(incoming.octets) <= OCTETS_MAX


def repeated_within(incoming: Incoming) -> timedelta:
    """For how long the same delivery is taken for a repeated one, and not for the same words once more."""
    if incoming.reference:
        return REFERENCE_KEPT
    return REPEATED_WITHIN if len(incoming.octets) <= FEW_OCTETS_MAX else PART_REPEATED_WITHIN


def text_of(pieces: Iterable[Piece]) -> str:
    """The text of all parts in order.

    Octets of parts that read alike are joined before they are read: some phones cut an escape or a surrogate pair.
    """
    ordered = sorted(pieces, key=lambda piece: piece.number)
    runs = groupby(ordered, key=lambda piece: piece.alphabet)
    return "".join(alphabet.text(b"".join(piece.octets for piece in run)) for alphabet, run in runs)
