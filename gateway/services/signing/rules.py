"""What is signed, what both screens show, and who may sign: pure."""

import hashlib
import secrets
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.services.signing.model import Document, DocumentState, Need, StartOutcome
from gateway.services.signing.ports import StandIn

SHOWN_MAX = 119
"""Characters that any phone shows whole, whatever its script (see `MobileSigner`)."""
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ"
"""Letters alone, as pages in Persian and Arabic write other digits; without I, L and O, which look like others."""
TAIL = " #00000000 (TXN-0000)"
TEXT_MAX = SHOWN_MAX - len(TAIL)
TITLE_MAX = 200
TIMEOUT_S = 80
"""How long a person has: what services give a SIM."""
SKEW = timedelta(minutes=5)
NEEDED: Mapping[Need, int] = {Need.NONE: 0, Need.PIN: 1, Need.MOBILE: 1, Need.TWO_MOBILE: 2}
FALLBACK = "en"
_JOINERS = {0x200C: " ", 0xA0: " ", 0x202F: " "}
"""Persian and French write with these, which Python does not call printable."""


def new_code() -> str:
    """A code that a person compares on two screens, as `TXN-KDRK`."""
    return "TXN-" + "".join(secrets.choice(CODE_LETTERS) for _ in range(4))


def shown_text(texts: Mapping[str, str], language: str, digits: str, code: str) -> str:
    """What the phone shows: the document's text in its reader's language, its hash's first digits and the code."""
    return f"{texts.get(language) or texts[FALLBACK]} #{digits} ({code})"


def showable(text: str) -> bool:
    """Whether a text shows the same on every screen: no line ends, nothing hidden, nothing that turns its direction."""
    return bool(text.strip()) and text.translate(_JOINERS).isprintable()


def tidy(title: str) -> str:
    """A title of one line that shows as it is, whatever was put into it."""
    return "".join(letter for letter in title.translate(_JOINERS) if letter.isprintable())[:TITLE_MAX] or "-"


def to_sign(kind: str, subject: str, digest: bytes, text: str) -> bytes:
    """The 32 octets that a phone signs.

    Of all four, each with its length, so that a signature under one document proves nothing about another, nor about
    another text: the code in the text is new for each request.
    """
    hashed = hashlib.sha256(b"tapdial signing 1\0")
    for part in (kind.encode(), subject.encode(), digest, text.encode()):
        hashed.update(len(part).to_bytes(4, "big") + part)
    return hashed.digest()


def well_formed(document: Document) -> bool:
    """Whether a service has made a document as the contract says."""
    return (
        len(document.digest) == hashlib.sha256().digest_size
        and FALLBACK in document.texts
        and all(showable(text) and len(text) <= TEXT_MAX for text in document.texts.values())
        and bool(document.roles)
    )


@dataclass(frozen=True, slots=True)
class Paper:
    """A document as the rules look at it; `signed` are pairs of who signed in whose name."""

    state: DocumentState
    need: Need
    roles: AbstractSet[str]
    made_by: AbstractSet[str]
    expires_at: datetime
    signed: Collection[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Hand:
    """Who wants to sign.

    Attributes:
        stands_in: Whom they stand in for now.
        stood_in: Whom they stand in for, or did since it was asked for.
        ones: Whom those who made it stand in for, or did: they count as makers.
    """

    id: str
    roles: AbstractSet[str]
    stands_in: Sequence[StandIn] = ()
    stood_in: AbstractSet[str] = frozenset()
    ones: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Named:
    """They may, in this member's name."""

    principal: str


def in_whose_name(paper: Paper, hand: Hand, now: datetime) -> StartOutcome | Named:
    """The first refusal of StartOutcome's order, or in whose name they sign.

    Who may sign in their own right does so in their own name. A principal and whoever stands in for them are one.
    """
    names = [hand.id] if not hand.roles.isdisjoint(paper.roles) else []
    names += [one.principal for one in hand.stands_in if not one.roles.isdisjoint(paper.roles)]
    if not names:
        return StartOutcome.ROLE_MISSING
    people = {one for pair in paper.signed for one in pair}
    free = [name for name in names if name not in people]
    if hand.id in people or not free:
        return StartOutcome.ALREADY_SIGNED
    if (over := _over(paper, now)) is not None:
        return over
    if hand.id in paper.made_by:
        return StartOutcome.MADE_IT
    one_with_maker = ({hand.id} | hand.stood_in) & (paper.made_by | hand.ones)
    return StartOutcome.STANDS_IN_FOR_MAKER if one_with_maker else Named(free[0])


def _over(paper: Paper, now: datetime) -> StartOutcome | None:
    if paper.state is DocumentState.EXPIRED or (paper.state is DocumentState.WAITING and now >= paper.expires_at):
        return StartOutcome.EXPIRED
    return None if paper.state is DocumentState.WAITING else StartOutcome.NOT_WAITING


def missing(paper: Paper) -> int:
    """How many signatures are missing."""
    return max(0, NEEDED[paper.need] - len(paper.signed))
