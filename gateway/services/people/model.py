"""Who deals with the institution, in which state, and every answer that the verbs of this service give."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.languages import RIGHT_TO_LEFT
from gateway.services.people.rules import masked
from ussd_menus import Style

PLAIN = Style()
"""The digits of the language, rials, the usual texts."""


class PersonState(StrEnum):
    """How far a person has come; only ACTIVE may move money."""

    CODE_PENDING = "code_pending"
    """Number and national number belong together; the one-time code was not typed yet."""
    CHOOSE_PIN = "choose_pin"
    """The phone is proven; a PIN is to be chosen, for the first time or after an unlock."""
    ACTIVE = "active"
    LOCKED = "locked"
    """Too many wrong PINs."""


class PersonStatus(StrEnum):
    """What the next dial of a number begins with."""

    UNKNOWN = "unknown"
    BRANCH_CODE = "branch_code"
    """Not known yet, but a branch has proven the identity and handed out an activation code that is still valid."""
    CODE_PENDING = "code_pending"
    CHOOSE_PIN = "choose_pin"
    ACTIVE = "active"
    LOCKED = "locked"


class EnrolOutcome(StrEnum):
    """Answers to `enrol`."""

    CODE_SENT = "code_sent"
    MISMATCH = "mismatch"
    """Number and national number do not belong together, or the national number is enrolled with another number."""
    INVALID = "invalid"
    """Not a national number: length or check digit."""
    TOO_MANY = "too_many"
    UNAVAILABLE = "unavailable"
    """The registry does not answer; nothing was stored."""


class ActivateOutcome(StrEnum):
    """Answers to `activate`."""

    CODE_SENT = "code_sent"
    WRONG_CODE = "wrong_code"
    TOO_MANY = "too_many"


class UnlockOutcome(StrEnum):
    """Answers to `unlock_with_code`."""

    OK = "ok"
    WRONG_CODE = "wrong_code"
    TOO_MANY = "too_many"


class CodeOutcome(StrEnum):
    """Answers to `confirm_code`."""

    OK = "ok"
    WRONG = "wrong"
    EXPIRED = "expired"
    """The newest code is too old, was used, or there is none: ask for a new one."""
    TOO_MANY = "too_many"


@dataclass(frozen=True, slots=True)
class CodeResult:
    """Answer to `confirm_code`; `tries_left` of this code."""

    outcome: CodeOutcome
    tries_left: int = 0


class ResendOutcome(StrEnum):
    """Answers to `resend_code`."""

    CODE_SENT = "code_sent"
    TOO_MANY = "too_many"
    NOT_PENDING = "not_pending"
    """The number waits for no code: it is unknown, or was confirmed meanwhile."""


class PinForm(StrEnum):
    """Answers to `offer_pin`."""

    OK = "ok"
    TRIVIAL = "trivial"
    BAD_FORM = "bad_form"


class PinRepeat(StrEnum):
    """Answers to `repeat_pin`."""

    OK = "ok"
    DIFFERS = "differs"
    """Not what was offered, or nothing was offered: begin again with `offer_pin`."""


class PinOutcome(StrEnum):
    """Answers to `check_pin`."""

    OK = "ok"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class PinCheck:
    """Answer to `check_pin`."""

    outcome: PinOutcome
    tries_left: int


class BranchPurpose(StrEnum):
    """What a branch code is for."""

    ACTIVATE = "activate"
    UNLOCK = "unlock"


@dataclass(frozen=True, slots=True)
class Person:
    """A person as other services see them: never the national number, never anything of the PIN.

    Attributes:
        id: `per_…`.
        msisdn: `+989…`, one person a number.
        name: In Latin letters.
        name_fa: In Persian letters, which people who read Arabic read too, or ''.
        language: `en`, `fa`, `fr` or `ar`.
        state: See PersonState.
        email: Where receipts go besides, or ''.
        created_at: When enrolment began.
        email_bounced: Why letters to `email` came back for good, as `5.1.1` (RFC 3463); '' while they arrive.
        branch: At whose desk the papers were seen last, as `tehran-01`; '' for none.
        style: How pages are shown: whose digits, rials or toman, easy.
    """

    id: str
    msisdn: str
    name: str
    name_fa: str
    language: str
    state: PersonState
    email: str
    created_at: datetime
    email_bounced: str = ""
    branch: str = ""
    style: Style = PLAIN

    @property
    def letters_to(self) -> str:
        """Where letters may be sent; '' for nowhere."""
        return "" if self.email_bounced else self.email

    @property
    def enrolled(self) -> bool:
        """Whether the phone is proven, so that money may be sent to this person's wallet."""
        return self.state is not PersonState.CODE_PENDING

    def name_in(self, language: str) -> str:
        """The name in the letters of `language`."""
        return self.name_fa if language in RIGHT_TO_LEFT and self.name_fa else self.name

    def masked_name_in(self, language: str) -> str:
        """`M***m A***i`, in the letters of `language`: enough to recognise whom one knows, and no more."""
        return masked(self.name_in(language))


@dataclass(frozen=True, slots=True)
class PersonView:
    """What a member of staff sees; each one shown has left a row in the access log."""

    person: Person
    national_number: str
    failures: int
    """Wrong PINs since the last right one."""
    locked_at: datetime | None
    pin_changed_at: datetime | None
