"""Pure rules of the outbox: how long a notice is wanted, what an unanswered one deserves, what its receipts add up to.

States: ready -> leased -> sent | refused | uncertain | ready again -> delivered | failed | expired. SMPP has no
idempotency key, so a message whose answer was lost may be carried twice or not at all; the class chooses.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import IntEnum, StrEnum
from zoneinfo import ZoneInfo

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


class Lane(IntEnum):
    """Lanes with lower numbers go first; those from NOTICES on wait while people sleep."""

    CODES = 0
    ANSWERS = 1
    """Receipts and answers: a person has just done something, or somebody for him, and waits to hear of it."""
    NOTICES = 2
    """Notices and reminders."""
    CAMPAIGNS = 3


QUIET_LANE_MAX = Lane.ANSWERS
"""The last lane that is carried in quiet hours."""


@dataclass(frozen=True, slots=True)
class QuietHours:
    """The hours of each day in which only what people wait for is carried; they may span midnight."""

    begin: time
    end: time
    zone: ZoneInfo

    @classmethod
    def of(cls, hours: str, zone: str) -> "QuietHours | None":
        """Read `21:00-08:00`; '' is None."""
        if not hours:
            return None
        begin, _, end = hours.partition("-")
        return cls(time.fromisoformat(begin), time.fromisoformat(end), ZoneInfo(zone))

    def cover(self, moment: datetime) -> bool:
        """Whether `moment` lies in them; equal ends cover nothing."""
        local = moment.astimezone(self.zone).time()
        if self.begin <= self.end:
            return self.begin <= local < self.end
        return local >= self.begin or local < self.end


@dataclass(frozen=True, slots=True)
class Policy:
    """How a class is carried.

    Attributes:
        lane: See Lane.
        valid_s: Nobody wants it after so many seconds; it is never sent or sent again then.
        resends_max: How often it is sent again after an answer was lost; 0 for what must never be read twice.
    """

    lane: int
    valid_s: int
    resends_max: int

    @property
    def is_quiet(self) -> bool:
        """Whether it waits for the end of quiet hours."""
        return self.lane > QUIET_LANE_MAX


_DAY = 86_400
_CODE = Policy(lane=Lane.CODES, valid_s=900, resends_max=2)
_RECEIPT = Policy(lane=Lane.ANSWERS, valid_s=3 * _DAY, resends_max=1)
_ONCE = Policy(lane=Lane.ANSWERS, valid_s=3 * _DAY, resends_max=0)
"""Money that left a wallet: told twice, it looks as if it had left twice."""
_REFUSED_TAP = Policy(lane=Lane.ANSWERS, valid_s=6 * 3600, resends_max=0)
"""Why a tap was refused: who stands at the till wants to know now, or not at all."""
_REPLY = Policy(lane=Lane.ANSWERS, valid_s=_DAY, resends_max=1)
"""Answers to what a person wrote: a day later they would answer something forgotten."""

POLICIES: Mapping[NoticeClass, Policy] = {
    NoticeClass.ONE_TIME_CODE: _CODE,
    NoticeClass.PIN_LOCKED: _RECEIPT,
    NoticeClass.UNLOCKED: _RECEIPT,
    NoticeClass.PIN_CODE_ISSUED: _RECEIPT,
    NoticeClass.CLAIM_RECEIVED: _RECEIPT,
    NoticeClass.CLAIM_UNCONFIRMED: _RECEIPT,
    NoticeClass.CLAIM_REFUSED_LATE: _RECEIPT,
    NoticeClass.CLAIM_REFUSED_UNCONFIRMED: _RECEIPT,
    NoticeClass.CLAIM_REFUSED_PAPERS: _RECEIPT,
    NoticeClass.CLAIM_REFUSED_CONTRIBUTIONS: _RECEIPT,
    NoticeClass.CLAIM_REFUSED_OTHER: _RECEIPT,
    NoticeClass.CLAIM_REFUSED_AGAIN: _RECEIPT,
    NoticeClass.OBJECTION_RECEIVED: _RECEIPT,
    NoticeClass.ATTEST_EMPLOYER: Policy(lane=Lane.NOTICES, valid_s=3 * _DAY, resends_max=2),
    NoticeClass.ATTEST_PROVIDER: Policy(lane=Lane.NOTICES, valid_s=3 * _DAY, resends_max=2),
    NoticeClass.BENEFIT_PAID: _RECEIPT,
    NoticeClass.PAYOUT_PAID: _RECEIPT,
    NoticeClass.PAYOUT_TO_BANK: _RECEIPT,
    NoticeClass.PAYOUT_NOT_ARRIVED: _RECEIPT,
    NoticeClass.PAYOUT_ACCOUNT_WANTED: _RECEIPT,
    NoticeClass.CASH_IN: _RECEIPT,
    NoticeClass.CONTRIBUTION_PAID: _ONCE,
    NoticeClass.MONEY_SENT: _ONCE,
    NoticeClass.MONEY_RECEIVED: _RECEIPT,
    NoticeClass.CLAIM_CODE: Policy(lane=Lane.CODES, valid_s=7 * _DAY, resends_max=2),
    NoticeClass.CLAIM_CODE_REDEEMED: _RECEIPT,
    NoticeClass.CLAIM_CODE_RETURNED: _RECEIPT,
    NoticeClass.TAP_PAID: _ONCE,
    NoticeClass.TAP_REFUNDED: _ONCE,
    NoticeClass.TAP_DECLINED_FUNDS: _REFUSED_TAP,
    NoticeClass.TAP_DECLINED_UNLOCK: _REFUSED_TAP,
    NoticeClass.TAP_DECLINED_LIMIT: _REFUSED_TAP,
    NoticeClass.TAP_DECLINED_OFF: _REFUSED_TAP,
    NoticeClass.TAP_DECLINED_RULES: _REFUSED_TAP,
    NoticeClass.TAP_DECLINED_PHONE: _REFUSED_TAP,
    NoticeClass.TAP_DECLINED_LOCKED: _REFUSED_TAP,
    NoticeClass.TAP_DECLINED_SAFETY: _REFUSED_TAP,
    NoticeClass.TAP_DECLINED_LATER: _REFUSED_TAP,
    NoticeClass.PHONE_KEY: Policy(lane=Lane.ANSWERS, valid_s=_DAY, resends_max=2),
    NoticeClass.PHONES_LOCKED: _RECEIPT,
    NoticeClass.PHONES_UNLOCKED: _RECEIPT,
    NoticeClass.PHONE_MOVED: _RECEIPT,
    NoticeClass.PHONE_ENDS: Policy(lane=Lane.NOTICES, valid_s=7 * _DAY, resends_max=1),
    NoticeClass.LATE_ANSWER: Policy(lane=Lane.CODES, valid_s=3600, resends_max=1),
    NoticeClass.STAFF_MESSAGE: Policy(lane=Lane.NOTICES, valid_s=_DAY, resends_max=1),
    NoticeClass.CAMPAIGN: Policy(lane=Lane.CAMPAIGNS, valid_s=_DAY, resends_max=0),
    NoticeClass.DEBT_NOTICE: Policy(lane=Lane.CAMPAIGNS, valid_s=3 * _DAY, resends_max=0),
    NoticeClass.INVOICE: Policy(lane=Lane.CAMPAIGNS, valid_s=3 * _DAY, resends_max=0),
    NoticeClass.FORWARDED_MAIL: Policy(lane=Lane.NOTICES, valid_s=_DAY, resends_max=1),
    NoticeClass.STATEMENT: Policy(lane=Lane.NOTICES, valid_s=7 * _DAY, resends_max=1),
    NoticeClass.PROVIDER_STATEMENT: Policy(lane=Lane.NOTICES, valid_s=7 * _DAY, resends_max=1),
    NoticeClass.REPLY_HELP: _REPLY,
    NoticeClass.REPLY_BALANCE: _REPLY,
    NoticeClass.REPLY_DUE: _REPLY,
    NoticeClass.REPLY_NOTHING_DUE: _REPLY,
    NoticeClass.REPLY_NOT_ENROLLED: _REPLY,
    NoticeClass.REPLY_CLAIM_WAITING: _REPLY,
    NoticeClass.REPLY_CLAIM_PAID: _REPLY,
    NoticeClass.REPLY_CLAIM_DECIDED: _REPLY,
    NoticeClass.REPLY_CLAIM_UNKNOWN: _REPLY,
    NoticeClass.REPLY_STOPPED: _REPLY,
    NoticeClass.REPLY_STARTED: _REPLY,
    NoticeClass.REPLY_THANKS: _REPLY,
    NoticeClass.REPLY_CHOOSE: _REPLY,
    NoticeClass.REPLY_ATTESTED: _REPLY,
    NoticeClass.REPLY_NOT_ATTESTED: _REPLY,
    NoticeClass.REPLY_ATTEST_WRONG: _REPLY,
    NoticeClass.REPLY_ATTEST_LATE: _REPLY,
    NoticeClass.REPLY_COMPLAINT: _REPLY,
    NoticeClass.REPLY_COMPLAINT_HOW: _REPLY,
    NoticeClass.REPLY_COMPLAINT_MANY: _REPLY,
    NoticeClass.REPLY_PIN_TYPED: _REPLY,
    NoticeClass.REPLY_INCOMPLETE: _REPLY,
    NoticeClass.COMPLAINT_ANSWERED: _RECEIPT,
    NoticeClass.DISPUTE_OPENED: _RECEIPT,
    NoticeClass.VISIT_OPENED: _RECEIPT,
    NoticeClass.VISIT_WITHOUT_YOU: _RECEIPT,
    NoticeClass.VISIT_TO_BILL: _RECEIPT,
    NoticeClass.SHARE_TAKEN: _ONCE,
    NoticeClass.SHARE_AT_DESK: _RECEIPT,
    NoticeClass.FEE_OWED: _RECEIPT,
    NoticeClass.PAYEE_IBAN: _RECEIPT,
    NoticeClass.PAYEE_WALLET: _RECEIPT,
    NoticeClass.PAYEE_FROZEN: _RECEIPT,
}

BY_SMS = frozenset(class_ for class_, policy in POLICIES.items() if policy is _REPLY) | {
    NoticeClass.COMPLAINT_ANSWERED,
    NoticeClass.DISPUTE_OPENED,
    NoticeClass.PAYEE_IBAN,
    NoticeClass.PAYEE_WALLET,
    NoticeClass.PAYEE_FROZEN,
}
"""Who wrote an SMS, or said something on the phone's screen, reads the answer on that phone, whatever channel they have
chosen for what we say unasked."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules look at in a leased notice: its class, tries so far, and until when it is wanted."""

    class_: NoticeClass
    attempts: int
    resends: int
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a notice goes, with its counts; READY has the moment of the next try."""

    state: NoticeState
    next_at: datetime
    attempts: int
    resends: int
    status: int = 0


LATER_MAX_S = 60


def settle(standing: Standing, report: Report, now: datetime) -> Settled:
    """Where a notice goes after a try. A refused part ends it, then lost answers count, then postponed parts."""
    states = {part.state for part in report.parts}
    if PartState.REFUSED in states:
        return Settled(
            NoticeState.REFUSED, now, standing.attempts, standing.resends, _status(report, PartState.REFUSED)
        )
    if PartState.UNCERTAIN in states:
        return unanswered(standing, now)
    if PartState.LATER in states:
        return _postponed(standing, report, now)
    return Settled(NoticeState.SENT, now, standing.attempts, standing.resends)


def _postponed(standing: Standing, report: Report, now: datetime) -> Settled:
    status = _status(report, PartState.LATER)
    if report.wait_s is not None:
        # The link knows when, and nothing went wrong with this message: it is as if it had not been tried.
        due = now + timedelta(seconds=max(0.0, report.wait_s))
        return Settled(NoticeState.READY, due, max(0, standing.attempts - 1), standing.resends, status)
    if report.pauses_s:
        if standing.attempts > len(report.pauses_s):
            return Settled(NoticeState.REFUSED, now, standing.attempts, standing.resends, status)
        due = now + timedelta(seconds=report.pauses_s[max(0, standing.attempts - 1)])
        return Settled(NoticeState.READY, due, standing.attempts, standing.resends, status)
    wait_s = min(2 ** min(max(0, standing.attempts - 1), 6), LATER_MAX_S)
    return Settled(NoticeState.READY, now + timedelta(seconds=wait_s), standing.attempts, standing.resends, status)


def _status(report: Report, state: PartState) -> int:
    return next(part.status for part in report.parts if part.state is state)


def unanswered(standing: Standing, now: datetime) -> Settled:
    """Where a notice goes whose answer was lost, or whose sender died with its lease."""
    if standing.resends < POLICIES[standing.class_].resends_max and now < standing.valid_until:
        return Settled(NoticeState.READY, now, standing.attempts, standing.resends + 1)
    return Settled(NoticeState.UNCERTAIN, now, standing.attempts, standing.resends)


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
