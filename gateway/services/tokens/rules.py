"""Pure rules of tokens: PANs, expiry, activation codes, and the window of transaction counters."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import assert_never

from gateway.wire.emv import luhn_digit

BIN = "581420"
PSN = "00"
PAN_DIGITS = 16
SERIALS = 10 ** (PAN_DIGITS - len(BIN) - 1)
CODE_DIGITS = 8
CODE_TRIES_MAX = 5
CODE_VALID_S = 600
YEARS_VALID = 3
NUMBER_DIGITS = 8
ATC_WINDOW = 64
"""How far behind the highest counter a late one still counts, and how far an advice may jump ahead."""
ATC_AHEAD_ONLINE = 10
"""How far the counter of a tap that is answered while it waits may jump ahead of all that is known of its phone."""
_BITS = (1 << ATC_WINDOW) - 1
_SIGN = 1 << (ATC_WINDOW - 1)
_CODE = re.compile(rf"\d{{{CODE_DIGITS}}}", re.ASCII)


def is_activation_code(text: str) -> bool:
    """Whether this is eight ASCII digits."""
    return _CODE.fullmatch(text) is not None


def token_pan(serial: int) -> str:
    """Sixteen digits: BIN, nine digits of serial number, check digit."""
    assert 0 <= serial < SERIALS, "a serial number has nine digits"
    digits = f"{BIN}{serial:0{PAN_DIGITS - len(BIN) - 1}d}"
    return digits + luhn_digit(digits)


def expiry_of(made_at: datetime) -> str:
    """YYMM, the month three years after the token was made; it is valid to that month's end, UTC."""
    return f"{(made_at.year + YEARS_VALID) % 100:02d}{made_at.month:02d}"


def is_expired(expiry: str, now: datetime) -> bool:
    """Whether the month `expiry` (YYMM, of this century) is over."""
    year, month = 2000 + int(expiry[:2]), int(expiry[2:])
    last = calendar.monthrange(year, month)[1]
    return now >= datetime(year, month, last, tzinfo=UTC) + timedelta(days=1)


def expiring(now: datetime) -> str:
    """The month (YYMM) after this one: tokens of it, and of earlier ones, end soon."""
    year, month = now.year + now.month // 12, now.month % 12 + 1
    return f"{year % 100:02d}{month:02d}"


def month_of(now: datetime) -> str:
    """This month, YYMM, UTC; tokens of earlier ones have ended."""
    return f"{now.year % 100:02d}{now.month:02d}"


def luk_id(made_at: datetime, number: int) -> bytes:
    """Four bytes: days since 1970, and the key's number of that day."""
    days = (made_at - datetime(1970, 1, 1, tzinfo=UTC)).days
    return days.to_bytes(2) + number.to_bytes(2)


@dataclass(frozen=True, slots=True)
class AtcWindow:
    """Counters that were seen: the highest, and 64 bits of which bit n says that `high - n` was.

    A fresh one is AtcWindow(0, 0): nothing was seen, and the first counter may be 1..64.
    """

    high: int
    seen: int

    @classmethod
    def stored(cls, high: int, seen: int) -> "AtcWindow":
        """From columns: `seen` is a signed 64-bit integer there."""
        return cls(high, seen & _BITS)

    @property
    def seen_signed(self) -> int:
        """The bits as a signed 64-bit integer."""
        return self.seen - (1 << ATC_WINDOW) if self.seen & _SIGN else self.seen

    def advanced(self, atc: int, *, ahead: int = ATC_WINDOW, proved: int = 0) -> "AtcWindow | None":
        """The window with `atc` seen; None if it was seen, is too old to tell, or jumps too far ahead.

        It may jump `ahead` of the highest one that was seen, or that the phone itself has `proved` since.
        """
        step = atc - self.high
        if atc > max(self.high, proved) + ahead or step <= -ATC_WINDOW:
            return None
        if step >= ATC_WINDOW:
            return AtcWindow(atc, 1)
        if step > 0:
            return AtcWindow(atc, (self.seen << step | 1) & _BITS)
        bit = 1 << -step
        return None if self.seen & bit else AtcWindow(self.high, self.seen | bit)


class CodeCheck(StrEnum):
    """What an activation code turned out to be."""

    OK = "ok"
    USED = "used"
    WRONG = "wrong"
    EXPIRED = "expired"
    TOO_MANY = "too_many"


def refusal(check: CodeCheck) -> "ProvisionOutcome | None":
    """The answer to a provisioning whose code is not good; None to go on."""
    match check:
        case CodeCheck.OK:
            return None
        case CodeCheck.USED | CodeCheck.WRONG:
            return ProvisionOutcome.WRONG_CODE
        case CodeCheck.EXPIRED:
            return ProvisionOutcome.EXPIRED
        case CodeCheck.TOO_MANY:
            return ProvisionOutcome.TOO_MANY
        case unreachable:
            assert_never(unreachable)


class ProvisionOutcome(StrEnum):
    """Answers to `provision`."""

    OK = "ok"
    WRONG_CODE = "wrong_code"
    """Unknown number, no code, used code, other code: outside they look the same."""
    EXPIRED = "expired"
    """The right code, too late."""
    TOO_MANY = "too_many"
    """The right code, after too many wrong ones."""
    BAD_KEY = "bad_key"
    """A device or seal key that is not a point to work with."""
