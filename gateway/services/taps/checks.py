"""What was checked of a tap, step by step, and what was decided."""

import functools
import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gateway.services.taps.rules import Verdict

_ENCODER = json.JSONEncoder(separators=(",", ":"))


class CheckName(StrEnum):
    """Every check, in the order in which they are made."""

    LINK = "link"
    """The MAC of the message."""
    FORMAT = "format"
    ENTRY_MODE = "entry_mode"
    TERMINAL = "terminal"
    AMOUNT = "amount"
    TOKEN = "token"  # noqa: S105 - no password
    CRYPTOGRAM = "cryptogram"
    COUNTER = "counter"
    PHONE = "phone"
    """What the phone itself says: its month, and whether it declined, which 9F27 must repeat as it was signed."""
    STATUS = "status"
    """The token's state and its limited-use key."""
    SWITCH = "switch"
    CHANNEL = "channel"
    MERCHANT = "merchant"
    CATEGORY = "category"
    PLACE = "place"
    HOURS = "hours"
    PROGRAMME = "programme"
    DAY = "day"
    """The day that the phone signed, against ours."""
    VERIFICATION = "verification"
    """TVR."""
    AGREEMENT = "agreement"
    """Whether phone and terminal say the same: CVR, CTQ, CVM results."""
    RELAY = "relay"
    CVM = "cvm"
    TAP_AMOUNT = "tap_amount"
    DAY_AMOUNT = "day_amount"
    DAY_COUNT = "day_count"
    WEEK_AMOUNT = "week_amount"
    WEEK_COUNT = "week_count"
    MONTH_AMOUNT = "month_amount"
    MONTH_COUNT = "month_count"
    FUNDS = "funds"


@dataclass(frozen=True, slots=True)
class Check:
    """One check.

    Attributes:
        detail: What was found, for staff; never a secret, a PAN or a balance.
        noted: It failed, but the goods are gone already (an advice of an offline approval): it refuses nothing.
    """

    name: CheckName
    passed: bool
    detail: str = ""
    noted: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided so far.

    Attributes:
        verdict: APPROVED as long as nothing has failed.
        approved_minor: 0 with a refusal.
        checks: In the order in which they were made; the last one is what refused.
    """

    verdict: Verdict
    approved_minor: int
    checks: tuple[Check, ...]

    @property
    def refused(self) -> bool:
        """Whether a check has failed."""
        return self.verdict not in {Verdict.APPROVED, Verdict.PARTIAL}

    def json(self) -> str:
        """The checks as they are stored with the tap."""
        return stored_checks(self.checks)


def stored_checks(checks: Iterable[Check]) -> str:
    """As they are kept; `checks_of` reads them."""
    return f"[{','.join(map(_kept, checks))}]"


def checks_of(stored: str) -> tuple[Check, ...]:
    """The checks that `stored_checks` made; '' is none."""
    rows = json.loads(stored) if stored else []
    return tuple(Check(CheckName(row["name"]), row["passed"], row["detail"], row.get("noted", False)) for row in rows)


# Cached: most taps pass the same checks, and each is stored twice.
@functools.lru_cache(4096)
def _kept(check: Check) -> str:
    row: dict[str, object] = {"name": check.name, "passed": check.passed, "detail": check.detail}
    return _ENCODER.encode({**row, "noted": True} if check.noted else row)
