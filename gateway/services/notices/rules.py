"""Pure rules of the outbox: how long a notice is wanted, what an unanswered one deserves, what its receipts add up to.

States: ready -> leased -> sent | refused | uncertain | ready again -> delivered | failed | expired. SMPP has no
idempotency key, so a message whose answer was lost may be carried twice or not at all; the class chooses.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.services.notices.notice import NoticeClass
from gateway.services.notices.outgoing import PartState, ReceiptState, Report


class NoticeState(StrEnum):
    """Where a notice stands."""

    READY = "ready"
    LEASED = "leased"
    SENT = "sent"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"
    DELIVERED = "delivered"
    FAILED = "failed"
    EXPIRED = "expired"


OPEN = frozenset({NoticeState.READY, NoticeState.LEASED})
"""States in which it still has to be sent; in all others its secret is wiped."""


@dataclass(frozen=True, slots=True)
class Policy:
    """How a class is carried.

    Attributes:
        lane: Lanes with lower numbers go first.
        valid_s: Nobody wants it after so many seconds; it is never sent or sent again then.
        resends_max: How often it is sent again after an answer was lost.
    """

    lane: int
    valid_s: int
    resends_max: int


_DAY = 86_400
_CODE = Policy(lane=0, valid_s=900, resends_max=2)
_RECEIPT = Policy(lane=1, valid_s=3 * _DAY, resends_max=1)

POLICIES: Mapping[NoticeClass, Policy] = {
    NoticeClass.ONE_TIME_CODE: _CODE,
    NoticeClass.PIN_LOCKED: _RECEIPT,
    NoticeClass.UNLOCKED: _RECEIPT,
    NoticeClass.PIN_CODE_ISSUED: _RECEIPT,
    NoticeClass.CLAIM_RECEIVED: _RECEIPT,
    NoticeClass.BENEFIT_PAID: _RECEIPT,
    NoticeClass.CASH_IN: _RECEIPT,
    NoticeClass.CONTRIBUTION_PAID: _RECEIPT,
    NoticeClass.MONEY_SENT: _RECEIPT,
    NoticeClass.MONEY_RECEIVED: _RECEIPT,
    NoticeClass.CLAIM_CODE: Policy(lane=0, valid_s=7 * _DAY, resends_max=2),
    NoticeClass.CLAIM_CODE_REDEEMED: _RECEIPT,
    NoticeClass.CLAIM_CODE_RETURNED: _RECEIPT,
    NoticeClass.TAP_PAID: _RECEIPT,
    NoticeClass.TAP_REFUNDED: _RECEIPT,
    NoticeClass.LATE_ANSWER: Policy(lane=0, valid_s=3600, resends_max=1),
    NoticeClass.STAFF_MESSAGE: Policy(lane=2, valid_s=_DAY, resends_max=1),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules look at in a leased notice: its class, tries so far, and until when it is wanted."""

    class_: NoticeClass
    attempts: int
    resends: int
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a notice goes; READY has the moment of the next try."""

    state: NoticeState
    next_at: datetime
    resends: int
    status: int = 0


LATER_MAX_S = 60


def settle(standing: Standing, report: Report, now: datetime) -> Settled:
    """Where a notice goes after a try. A refused part ends it, then lost answers count, then postponed parts."""
    states = {part.state for part in report.parts}
    if PartState.REFUSED in states:
        status = next(part.status for part in report.parts if part.state is PartState.REFUSED)
        return Settled(NoticeState.REFUSED, now, standing.resends, status)
    if PartState.UNCERTAIN in states:
        return unanswered(standing, now)
    if PartState.LATER in states:
        wait_s = min(2 ** min(standing.attempts - 1, 6), LATER_MAX_S)
        status = next(part.status for part in report.parts if part.state is PartState.LATER)
        return Settled(NoticeState.READY, now + timedelta(seconds=wait_s), standing.resends, status)
    return Settled(NoticeState.SENT, now, standing.resends)


def unanswered(standing: Standing, now: datetime) -> Settled:
    """Where a notice goes whose answer was lost, or whose sender died with its lease."""
    if standing.resends < POLICIES[standing.class_].resends_max and now < standing.valid_until:
        return Settled(NoticeState.READY, now, standing.resends + 1)
    return Settled(NoticeState.UNCERTAIN, now, standing.resends)


def received(total: int, states: Iterable[ReceiptState | PartState]) -> NoticeState | None:
    """What the parts' receipts add up to; None while one is missing.

    One part that is lost makes the whole unreadable, so a failure outweighs an expiry and both outweigh delivery.
    """
    known = list(states)
    if len(known) < total or PartState.SENT in known or ReceiptState.PENDING in known:
        return None
    for state, whole in ((ReceiptState.FAILED, NoticeState.FAILED), (ReceiptState.EXPIRED, NoticeState.EXPIRED)):
        if state in known:
            return whole
    return NoticeState.DELIVERED
