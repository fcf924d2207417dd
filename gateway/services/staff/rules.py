"""Pure rules of the staff: roles, forms of names and passwords, growing locks, one-time codes that work once."""

import hmac
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import pyotp

FAILURES_FREE = 4
"""Failures in a row that cost nothing; the fifth locks."""
LOCK_FIRST_S = 30
LOCK_MAX_S = 3600
FAILURES_KEPT = timedelta(days=1)
"""A name that nobody has tried for this long starts afresh."""
SIGN_IN_MAX = timedelta(hours=12)
"""However busy, a sign-in ends after this long."""
SIGN_INS_KEPT = timedelta(days=45)
TOTP_STEP_S = 30
PASSWORD_MIN, PASSWORD_MAX = 12, 200
_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


class Role(StrEnum):
    """What a member of staff may do; a member may have several."""

    BENEFITS_OFFICER = "benefits_officer"
    BENEFITS_RELEASER = "benefits_releaser"
    BRANCH_CLERK = "branch_clerk"
    PAYOUTS_OFFICER = "payouts_officer"
    PAYOUTS_CHECKER = "payouts_checker"
    PROVIDERS_OFFICER = "providers_officer"
    MERCHANTS_OFFICER = "merchants_officer"
    SIGNATORY = "signatory"
    FINANCE = "finance"
    ADMINISTRATOR = "administrator"


class StaffRefusal(StrEnum):
    """Why an account was not created."""

    NAME_TAKEN = "name_taken"
    NAME_FORM = "name_form"
    """Not 2 to 40 of a-z, 0-9, dot, dash and underscore."""
    PASSWORD_FORM = "password_form"  # noqa: S105  - the name of a refusal
    """Not 12 to 200 characters, of at least five kinds, or containing the user name."""
    NO_ROLE = "no_role"


class SignInOutcome(StrEnum):
    """Every answer to a sign-in. WRONG does not say which of the three was wrong."""

    OK = "ok"
    WRONG = "wrong"
    CODE_USED = "code_used"
    """Everything is right, but this code (or a later one) has worked before: wait for the next."""
    LOCKED = "locked"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A member of staff as the rest of the house sees one."""

    id: str
    username: str
    name: str
    language: str
    roles: frozenset[Role]
    branch: str
    """The branch whose cash they take in; '' for none."""
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class NewStaff:
    """A member just created, with the TOTP seed (base 32) that is shown this once."""

    staff: StaffMember
    totp_seed: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignInResult:
    """The answer to a sign-in; `token` only with OK, `wait_s` only with LOCKED."""

    outcome: SignInOutcome
    token: str = field(default="", repr=False)
    wait_s: int = 0


def username_of(text: str) -> str | None:
    """The user name in its one form, or None if `text` cannot be one."""
    name = unicodedata.normalize("NFKC", text).strip().lower()
    return name if _USERNAME.fullmatch(name) else None


def password_fits(username: str, password: str) -> bool:
    """Whether a password may be taken: length, five different characters, not around the user name (NIST 800-63B)."""
    return (
        PASSWORD_MIN <= len(password) <= PASSWORD_MAX and len(set(password)) >= 5 and username not in password.lower()
    )


def lock_s(failures: int) -> int:
    """How long the name is locked after so many failures in a row: 0 up to four, then 30 s doubling to an hour."""
    if failures <= FAILURES_FREE:
        return 0
    return int(min(LOCK_MAX_S, LOCK_FIRST_S << min(failures - FAILURES_FREE - 1, 12)))


def totp_step(seed: str, code: str, now: datetime) -> int | None:
    """The 30-second step whose code this is, one step early or late allowed; None if it is no code of ours.

    All three candidates are always compared, each in constant time. Source: RFC 6238 §5.2.
    """
    totp = pyotp.TOTP(seed)
    step_now = int(now.timestamp()) // TOTP_STEP_S
    found = None
    for step in (step_now - 1, step_now, step_now + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            found = step
    return found


def expiry(created_at: datetime, now: datetime, sliding: timedelta) -> datetime:
    """When a sign-in used at `now` ends."""
    return min(now + sliding, created_at + SIGN_IN_MAX)
