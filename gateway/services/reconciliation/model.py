"""Flows, runs, the standing result of each flow, what staff have said of rows, and every answer about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from wallet.reconciliation import BreakType, Reason, Row, Rule, Side, Verdict

Key = tuple[Side, str]
"""A row: whose book, and its id there."""
BEGINNING = date(1970, 1, 1)
"""First day of a run where no day is closed yet: everything is read."""


class FlowName(StrEnum):
    """Ways of money that are reconciled, each by itself."""

    BANK = "bank"
    """The trust account in the ledger, payments by bank, statements of the bank."""
    WALLETS = "wallets"
    """What batches pay into wallets: ledger and payout items."""
    TAPS = "taps"
    """What cycles settle for merchants: ledger and items of cycles."""
    FEES = "fees"
    """What providers are owed and paid: ledger, fees and payout items."""


class RunState(StrEnum):
    """Where a run stands: reading -> matched -> done, or stopped."""

    READING = "reading"
    """Asked for, or at work: books are read, rows matched, groups written; nothing of it shows yet."""
    MATCHED = "matched"
    """Its result stands; breaks are being opened of it."""
    DONE = "done"
    STOPPED = "stopped"
    """It came to nothing: its reason says why; what stood before still stands."""


@dataclass(frozen=True, slots=True)
class Run:
    """One reading of all books of a flow.

    Attributes:
        id: `rcn_…`; later ones are greater.
        flow: Which.
        first: First day that was read, BEGINNING where no day was closed.
        through: Last day that had to agree.
        on: Day under which its results are sealed: `through`, or the day on which it ran if that is earlier.
        state: See RunState.
        staff_id: Who asked for it, '' for the clock.
        started_at: When it was asked for.
        finished_at: When it was over, or None.
        position: The ledger's log was read up to here.
        lines: Rows read so far of each book.
        groups: Groups of its result by verdict; empty before MATCHED.
        changes: How many things it explains that are different from what stood before.
        reason: Why it was stopped, or ''.
    """

    id: str
    flow: FlowName
    first: date
    through: date
    on: date
    state: RunState
    staff_id: str
    started_at: datetime
    finished_at: datetime | None
    position: int
    lines: Mapping[Side, int]
    groups: Mapping[Verdict, int]
    changes: int
    reason: str

    @property
    def agrees(self) -> bool:
        """Whether it found everything matched."""
        return not any(count for verdict, count in self.groups.items() if verdict is not Verdict.MATCHED)


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as it stands or stood; what is in it never changes: another result is another group.

    Attributes:
        id: `rcg_…`.
        flow: Which.
        rows: At least one, ordered by side and id. Of matched ones without party, account and text.
        verdict: See Verdict.
        rule: The weakest that was needed.
        broken: None exactly with MATCHED.
        difference_minor: As of wallet.reconciliation.Group.
        asset: Code.
        run_id: The run that made it, or on whose result staff have made it.
        since: Day of its first row.
        stands: Whether it is part of the standing result.
    """

    id: str
    flow: FlowName
    rows: tuple[Row, ...]
    verdict: Verdict
    rule: Rule
    broken: BreakType | None
    difference_minor: int
    asset: str
    run_id: str
    since: date
    stands: bool = True

    @property
    def keys(self) -> tuple[Key, ...]:
        """Its rows by name."""
        return tuple((row.side, row.id) for row in self.rows)


@dataclass(frozen=True, slots=True)
class SuggestionRow:
    """What might belong together, as the last run thinks.

    Attributes:
        id: `run:place`.
        rows: Of open groups, each of them whole.
        score: 1 to 100.
        reasons: The strongest first.
        group_ids: Those groups.
    """

    id: str
    rows: tuple[Row, ...]
    score: int
    reasons: tuple[Reason, ...]
    group_ids: tuple[str, ...]


class What(StrEnum):
    """What staff have said of rows; each time a new row, never a change of one."""

    LINKED = "linked"
    UNLINKED = "unlinked"
    """They do not belong together, and no rule may say so again."""
    PARTED = "parted"
    """What was linked with this row is linked no longer; rules may say what they like."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody has said of rows.

    Attributes:
        id: `rcd_…`.
        flow: Which.
        what: See What.
        keys: Of which rows.
        staff_id: Who.
        reason: Why.
        at: When.
        on: Business day of that.
        run_id: On whose result.
    """

    id: str
    flow: FlowName
    what: What
    keys: tuple[Key, ...]
    staff_id: str
    reason: str
    at: datetime
    on: date
    run_id: str


class LinkOutcome(StrEnum):
    """Answers to `link`, `unlink` and `part`, in the order in which they are looked at."""

    LINKED = "linked"
    DIFFERS = "differs"
    """Linked; their amounts do not agree, so the group stays open."""
    UNLINKED = "unlinked"
    REASON = "reason"
    """A reason is missing."""
    TOO_FEW = "too_few"
    """Two rows at least belong together."""
    TOO_MANY = "too_many"
    UNKNOWN = "unknown"
    """A row that is in no book, a group that does not stand, or rows of which nothing was said."""
    ALREADY = "already"
    """They are in one matched group."""
    OPEN_ONLY = "open_only"
    """A row is matched with others: undo that first."""
    NOT_LINKED = "not_linked"
    """The group is open: there is nothing to undo."""
    SEALED = "sealed"
    """The day is closed."""
    BUSY = "busy"
    """A run is being written; ask again in a moment."""


@dataclass(frozen=True, slots=True)
class LinkResult:
    """The answer; with LINKED and DIFFERS the group that stands now, '' if that is for the next run to say."""

    outcome: LinkOutcome
    group_id: str = ""

    @property
    def kept(self) -> bool:
        """Whether what was asked for holds now."""
        return self.outcome in {LinkOutcome.LINKED, LinkOutcome.DIFFERS, LinkOutcome.UNLINKED, LinkOutcome.ALREADY}


class ChangeKind(StrEnum):
    """What a run found different from what stood before it; each has its words in every language."""

    APPEARED = "appeared"
    """No run had read it, and it is open."""
    MATCHED = "matched"
    """It was open, and belongs together now."""
    REOPENED = "reopened"
    """It was matched, and is open now."""
    REGROUPED = "regrouped"
    """It was open and is, with other rows or for another reason."""
    AMENDED = "amended"
    """Its book says something else of this row now."""
    VANISHED = "vanished"
    """It is in no book any more: the bank has sent another statement, or a service has taken it back."""


@dataclass(frozen=True, slots=True)
class Change:
    """One of them.

    Attributes:
        id: `run:number`; sorts as they were found.
        run_id: By which run.
        kind: See ChangeKind.
        side: Of the row that it is about, or of the group's first row.
        row_id: Its id.
        group_id: Where it stands now, '' if it does not.
        was_id: Where it stood before, or ''.
    """

    id: str
    run_id: str
    kind: ChangeKind
    side: Side
    row_id: str
    group_id: str
    was_id: str


@dataclass(frozen=True, slots=True)
class TotalLine:
    """Rows of one book in groups of one verdict: how many, and their sum in minor units."""

    verdict: Verdict
    side: Side
    asset: str
    count: int
    minor: int


@dataclass(frozen=True, slots=True)
class Totals:
    """What stands in a flow.

    Attributes:
        flow: Which.
        run: Whose result stands, or None before the first one.
        groups: How many by verdict: open ones all, matched ones since the last closed day.
        lines: Rows and sums of the same.
        at_work: The run that reads now, or None.
    """

    flow: FlowName
    run: Run | None
    groups: Mapping[Verdict, int]
    lines: tuple[TotalLine, ...]
    at_work: Run | None = None

    @property
    def open(self) -> int:
        """Groups that are not matched."""
        return sum(count for verdict, count in self.groups.items() if verdict is not Verdict.MATCHED)
