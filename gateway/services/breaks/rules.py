"""What may be posted for a break, and against what: pure.

Two rules stand above the tables. What a rail may still settle, and what rows of ours explain exactly, is never booked,
for it would be booked twice. And a write-off gives up the house's own money alone: what is somebody's goes to suspense,
what we owe is posted by the service that owes it, and what we have booked wrongly is corrected.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gateway.errors import SettingsFault
from gateway.services.breaks.model import (
    DUE_DAYS_MAX,
    BreakOutcome,
    BreakRow,
    BreakState,
    Counter,
    Key,
)
from wallet.reconciliation.rows import BreakType, Row, Side

BANK = "bank"
"""The flow over the trust account; every other one compares two books of ours."""
TRUST, WRITTEN_OFF = "trust_bank", "written_off"
DUE_DAYS_ELSE = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """A break as the rules look at it.

    Attributes:
        ledger: Sum of its rows of that side in minor units, with what was posted since they were read; None where it
            has none; the other two likewise.
        pending: A rail may still settle something of it.
        suggested: Rows of the ledger explain it exactly.
    """

    flow: str
    type: BreakType
    ledger: int | None
    rail: int | None
    bank: int | None
    pending: bool = False
    suggested: bool = False

    @property
    def lacking(self) -> int:
        """By how much the ledger would have to grow to agree, in the flow's sign."""
        other = self.bank if self.flow == BANK else self.rail
        return (other or 0) - (self.ledger or 0)

    @property
    def most(self) -> int:
        """The largest sum that any book says, without its sign."""
        return max(abs(one or 0) for one in (self.ledger, self.rail, self.bank))

    @property
    def rail_lacking(self) -> int:
        """The same of the rail, once the ledger agrees with the bank; 0 where the rail has no say."""
        return 0 if self.rail is None or self.flow != BANK else (self.bank or 0) - self.rail


def facts_of(
    flow: str, type_: BreakType, rows: Iterable[BreakRow], *, pending: bool = False, suggested: bool = False
) -> Facts:
    """From a break's rows."""
    sums: dict[Side, int | None] = dict.fromkeys(Side)
    for row in rows:
        sums[row.side] = (sums[row.side] or 0) + row.minor
    return Facts(flow, type_, sums[Side.LEDGER], sums[Side.RAIL], sums[Side.BANK], pending, suggested)


def write_off(facts: Facts) -> BreakOutcome:
    """OK, or why what the ledger lacks is not given up."""
    if not facts.lacking and not facts.pending:
        return BreakOutcome.NOTHING_DIFFERS
    return _doubt(facts) or (_given_up_at_bank(facts) if facts.flow == BANK else _given_up_of_ours(facts))


def booking(facts: Facts) -> BreakOutcome:
    """OK, or why what the bank has is not booked as it stands."""
    ours = facts.flow != BANK or facts.bank is None or bool(facts.ledger)
    if ours or facts.type in {BreakType.AMOUNT, BreakType.TIMING}:
        return BreakOutcome.NOT_OF_BANK
    if not facts.bank:
        return BreakOutcome.NOTHING_DIFFERS
    return _doubt(facts) or BreakOutcome.OK


def counters(facts: Facts) -> tuple[Counter, ...]:
    """Against what it may be booked, if it may."""
    if booking(facts) is not BreakOutcome.OK:
        return ()
    # Whose it is will turn out: the rail's service, the bank that booked twice, whoever sent it back.
    if facts.rail is not None or facts.type in {BreakType.DUPLICATE, BreakType.RETURNED}:
        return (Counter.SUSPENSE,)
    return tuple(one for one in Counter if facts.lacking > 0 or one is not Counter.CONTRIBUTION_INCOME)


def correction(facts: Facts) -> BreakOutcome:
    """OK, or why nothing of the ledger's is taken back."""
    if facts.ledger is None:
        return BreakOutcome.TRANSFER
    if facts.pending:
        return BreakOutcome.PENDING
    return BreakOutcome.OK if facts.lacking else BreakOutcome.NOTHING_DIFFERS


def _doubt(facts: Facts) -> BreakOutcome | None:
    if facts.pending:
        return BreakOutcome.PENDING
    return BreakOutcome.SUGGESTED if facts.suggested else None


def _given_up_at_bank(facts: Facts) -> BreakOutcome:
    loss = facts.lacking < 0
    # What was taken back to nothing the ledger does not have.
    if not facts.ledger:
        if facts.rail is not None:
            return BreakOutcome.POSTED_BY_SERVICE
        return BreakOutcome.OK if loss else BreakOutcome.OWED
    if facts.bank is None:
        # We have booked money that the bank never had. Where we have booked more out than it paid, somebody waits.
        missing = facts.type in {BreakType.MISSING_BANK, BreakType.MISSING_RAIL}
        return BreakOutcome.OK if missing and loss else BreakOutcome.CORRECT_IT
    if facts.type is BreakType.MISSING_RAIL:
        # The bank and the ledger have something that our own rail does not know: that is mended there first.
        return BreakOutcome.POSTED_BY_SERVICE
    if facts.type is BreakType.DUPLICATE:
        return BreakOutcome.CORRECT_IT
    return BreakOutcome.OWED if facts.type is BreakType.RETURNED and not loss else BreakOutcome.OK


def _given_up_of_ours(facts: Facts) -> BreakOutcome:
    if facts.ledger is None:
        return BreakOutcome.POSTED_BY_SERVICE
    if facts.type is BreakType.RETURNED:
        return BreakOutcome.CORRECT_IT
    too_much = facts.lacking * facts.ledger < 0 and abs(facts.lacking) <= abs(facts.ledger)
    return BreakOutcome.OK if too_much else BreakOutcome.OWED


def standing(state: BreakState) -> BreakOutcome:
    """OK if somebody may still do something about a break in this state."""
    if state is BreakState.RESOLVED:
        return BreakOutcome.RESOLVED
    return BreakOutcome.WAITING if state is BreakState.PROPOSED else BreakOutcome.OK


def shape(type_: BreakType, minor: int, keys: Iterable[Key]) -> str:
    """Names type, amount and rows of a group; 64 hex digits."""
    text = "\n".join([type_.value, str(minor), *sorted(f"{side.value}:{id_}" for side, id_ in keys)])
    return hashlib.sha256(text.encode()).hexdigest()


def row_of(row: Row) -> BreakRow:
    """What a break keeps of a row."""
    return BreakRow(row.side, row.id, row.minor, row.on, row.own, row.end_to_end_id, row.batch, row.back)


def due_days(setting: str) -> dict[BreakType, int]:
    """Days by type out of the setting `break_due_days`, as `amount 3, missing_bank 5`; DUE_DAYS_ELSE for the others.

    Raises:
        SettingsFault: It says something else.
    """
    found = dict.fromkeys(BreakType, DUE_DAYS_ELSE)
    for part in filter(None, (one.strip() for one in setting.split(","))):
        name, _, days = part.partition(" ")
        known = name in {one.value for one in BreakType}
        if not known or not days.strip().isdecimal() or int(days) > DUE_DAYS_MAX:
            kinds = ", ".join(BreakType)
            raise SettingsFault(f"break_due_days: `{part}` is not one of {kinds} with 0 to {DUE_DAYS_MAX} days")
        found[BreakType(name)] = int(days)
    return found


def due_fits(on: date, today: date) -> bool:
    """Whether somebody may be given until then."""
    return today <= on <= today + timedelta(days=DUE_DAYS_MAX)


def largest(rows: Sequence[BreakRow]) -> BreakRow | None:
    """The ledger's row that a write-off belongs to: the largest, of two equal ones that with the lower id."""
    ours = [row for row in rows if row.side is Side.LEDGER]
    return min(ours, key=lambda row: (-abs(row.minor), row.id), default=None)
