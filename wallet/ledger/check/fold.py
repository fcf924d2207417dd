"""The fold of one run of blocks, pure: each row is compared with what must follow from the rows before it.

With the book before the run at hand nothing is taken for granted. Without it, the first row of an account tells what
its figures were before; those, limits, states, and holds from earlier runs are taken as they look and told by `end`,
for `standing` to compare. So runs can be folded in any order and by many processes.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from wallet.ledger.check import leaves
from wallet.ledger.check.effects import MOVES_OR_HOLDS, Effect, Effects
from wallet.ledger.check.finding import Finding
from wallet.ledger.check.raw import PLAIN, BlockRow, ChangeRow, Earlier, Figures, PeriodRow, Raw, RefusalRow
from wallet.ledger.check.track import Standing, Terms, Touched, Track, credit_excess, debit_excess
from wallet.money import MINOR_MAX
from wallet.transfers import Outcome, TransferCode

_STATES = frozenset((b"open", b"frozen", b"closed"))
_OUTCOMES = frozenset(int(outcome) for outcome in Outcome if not outcome.stands)
_CODES = frozenset(map(int, TransferCode))
_OLD = b"schema_2"
"""The cause of the change rows that an upgraded book got for the accounts of version 1."""
_UNREADABLE = "it cannot be read"


class Mark(NamedTuple):
    """The log between two blocks: the last block and position, what it had booked and closed."""

    block: int
    position: int
    hash: bytes
    booked_at: int
    closed_through: bytes | None
    soft_through: bytes | None


class Page(NamedTuple):
    """The rows of a few blocks, and what is stored of transfers that they name.

    Attributes:
        named: Transfers that rows of the page name: holds from before, cited ones, refused ids that are booked.
        reversed: What reversals before the page took back, by cited id.
    """

    transfers: Sequence[Raw]
    refusals: Mapping[int, Sequence[RefusalRow]]
    changes: Mapping[int, Sequence[ChangeRow]]
    periods: Mapping[int, Sequence[PeriodRow]]
    named: Mapping[bytes, Earlier]
    reversed: Mapping[bytes, int]


class Counts(NamedTuple):
    """How many rows were found right."""

    refusals: int = 0
    changes: int = 0
    periods: int = 0

    def plus(self, block: BlockRow, periods: int) -> "Counts":
        """With those of one more block."""
        return Counts(
            self.refusals + block.refusals, self.changes + block.changes - periods, self.periods + periods
        )  # fmt: skip


class Run(NamedTuple):
    """What a sound run of blocks shows, and what it took for granted."""

    start: Mark
    end: Mark
    counts: Counts
    accounts: Mapping[bytes, Touched]
    opened: Mapping[bytes, Earlier]
    """Holds of the run that are open at its end."""
    ended: Mapping[bytes, Earlier]
    """Holds from before that it ended."""
    seals: Sequence[PeriodRow]
    """Periods that it closed for good, whose seals are to be computed again."""


class Book(NamedTuple):
    """The accounts and the open holds before a run."""

    accounts: Mapping[bytes, Standing]
    holds: Mapping[bytes, Earlier]


class Fold:
    """The fold of one run: `header` for some blocks, `block` for each of them, and `end`.

    `start` is the log before the run; its hash, position and moment are those that the first block claims, if nobody
    knows better. `book` is the book before the run, None if it is not known.

    Attributes:
        mark: The log after the last sound block.
        position: The last sound position.
        counts: Rows of sound blocks.
    """

    def __init__(self, start: Mark, book: Book | None = None) -> None:
        self.start = self.mark = self._headed = start
        self.position = start.position
        self.counts = Counts()
        self.tracks: dict[bytes, Track] = {}
        self._book = book
        self._effects = Effects(start.position, None if book is None else book.holds)
        self._effects.closed_through, self._effects.soft_through = start.closed_through, start.soft_through
        self._seals: list[PeriodRow] = []
        self._entry: tuple[bytes, int] | None = None
        """The entry that goes on, and its next leg."""

    def header(self, block: BlockRow) -> Finding | None:
        """Whether a block follows the one before; asked before its rows are read."""
        last, key = self._headed, str(block.number)
        if block.number != last.block + 1:
            return Finding("block", str(last.block + 1), "is missing")
        if block.previous != last.hash:
            return Finding("block", key, "does not continue the chain")
        if leaves.block(block) != block.hash:
            return Finding("block", key, "its hash is not that of its content")
        if block.booked_at < last.booked_at or block.lag_us < 0:
            return Finding("block", key, "is older than the one before")
        if block.first_position != last.position + 1:
            return Finding("block", key, "does not start where the one before ends")
        if min(block[2:4]) < 0 or block.changes < 0 or not block.transfers + block.refusals + block.changes:
            return Finding("block", key, "seals nothing")
        position = last.position + block.transfers
        self._headed = last._replace(
            block=block.number, position=position, hash=block.hash, booked_at=block.booked_at
        )  # fmt: skip
        return None

    def names(self, transfers: Sequence[Raw]) -> tuple[set[bytes], set[bytes]]:
        """Ids of transfers outside these which they name, as hold or as citation, and those that are taken back."""
        own = self._effects.opened.keys() | {row[1] for row in transfers if row[20] == b"hold"}
        holds = {row[24] for row in transfers if row[24] is not None} - own if self._book is None else set()
        cited = {row[27] for row in transfers if row[27] is not None}
        return holds | cited, {row[27] for row in transfers if row[20] == b"reverse" and row[27] is not None}

    def page(self, blocks: Sequence[BlockRow], page: Page) -> Finding | None:
        """Whether the rows of these blocks, whose headers are sound, are what they sealed and follow."""
        self._effects.named, self._effects.reversed = page.named, dict(page.reversed)
        first = 0
        for block in blocks:
            rows = page.transfers[first : first + block.transfers]
            first += block.transfers
            finding = self._block(block, rows, page)
            if finding is not None:
                return finding
        return None

    def end(self) -> Run:
        """What the run shows, all of it being sound."""
        accounts = {id_: track.touched() for id_, track in self.tracks.items()}
        return Run(self.start, self.mark, self.counts, accounts, self._effects.opened, self._effects.ended, self._seals)

    def _block(self, block: BlockRow, transfers: Sequence[Raw], page: Page) -> Finding | None:
        changes, periods = page.changes.get(block.number, ()), page.periods.get(block.number, ())
        refusals = page.refusals.get(block.number, ())
        self._effects.at = block.booked_at - block.lag_us
        finding = (
            self._changes(block, changes, len(periods))
            or self._periods(block, periods)
            or self._transfers(block, transfers)
            or _refusals(block, refusals, page.named)
        )
        if finding is not None:
            return finding
        sealed = [row[23] for row in transfers]
        for others in (refusals, changes, periods):
            sealed += [row.leaf for row in others]
        if leaves.root(sealed) != block.root:
            return Finding("block", str(block.number), "its rows are not those that it sealed")
        self.counts = self.counts.plus(block, len(periods))
        closed, soft = self._effects.closed_through, self._effects.soft_through
        self.mark = Mark(block.number, self.position, block.hash, block.booked_at, closed, soft)
        return None

    def _changes(self, block: BlockRow, rows: Sequence[ChangeRow], periods: int) -> Finding | None:
        if len(rows) + periods != block.changes:
            return Finding("block", str(block.number), "its changes are not as many as it sealed")
        for place, row in enumerate(rows):
            if row.asset is None:
                return Finding("account_change", f"{row.block}/{row.place}", "its account does not exist")
            what = "it does not stand in its place" if row.place != place else self._change(row, block)
            if what is not None:
                return Finding("account_change", leaves.code_of(row).decode(), what)
        return None

    def _change(self, row: ChangeRow, block: BlockRow) -> str | None:
        if leaves.change(row) != row.leaf:
            return "its content is not what was sealed"
        if row.changed_at != block.booked_at:
            return "it was not made with its block"
        if row.state not in _STATES or row.code != leaves.code_of(row):
            return _UNREADABLE
        assert row.asset is not None, "the account was looked for"
        track = self.tracks.get(row.account_id)
        if track is None:
            track = self.tracks[row.account_id] = self._track(row.account_id, row.asset)
        if track.asset != row.asset:
            return "its account is of another asset"
        terms = Terms(row.state, row.debit_excess_max, row.credit_excess_max, row.cause == _OLD)
        fits = track.change(terms, in_time=row.changed_at == row.opened_at, known=self._book is not None)
        return None if fits else "its account does not allow it"

    def _track(self, id_: bytes, asset: bytes) -> Track:
        """The track of an account that the run meets for the first time."""
        if self._book is None:
            return Track(asset)
        return Track.of(self._book.accounts.get(id_) or Standing(asset))

    def _periods(self, block: BlockRow, rows: Sequence[PeriodRow]) -> Finding | None:
        for place, row in enumerate(rows):
            what = "it does not stand in its place" if row.place != place else self._period(row, block)
            if what is not None:
                return Finding("period", f"{row.state.decode()} {row.through.decode()}", what)
        return None

    def _period(self, row: PeriodRow, block: BlockRow) -> str | None:
        effects = self._effects
        if leaves.period(row) != row.leaf:
            return "its content is not what was sealed"
        if row.closed_at != block.booked_at:
            return "it was not closed with its block"
        closed, soft = effects.closed_through or b"", effects.soft_through or b""
        final = row.state == b"closed"
        follows = closed < row.through <= soft if final else max(closed, soft) < row.through
        if not follows or (row.seal is not None) != final or not 0 <= row.position <= self.position:
            return "it does not follow from the closings before"
        if final:
            effects.closed_through = row.through
            self._seals.append(row)
        else:
            effects.soft_through = row.through
        return None

    def _transfers(self, block: BlockRow, rows: Sequence[Raw]) -> Finding | None:
        for row in rows:
            if row[0] != self.position + 1:
                break
            try:
                what = self._transfer(row, block.booked_at)
            except (ValueError, TypeError, struct.error):
                what = _UNREADABLE
            if what is not None:
                return Finding("transfer", str(row[0]), what)
            self.position += 1
        if self.position != block.first_position + block.transfers - 1:
            return Finding("transfer", str(self.position + 1), "is missing")
        return None if self._entry is None else Finding("transfer", str(self.position), "its entry has no end")

    def _transfer(self, row: Raw, booked_at: int) -> str | None:
        id_ = row[1]
        if row[2:4] != (self._entry or (id_, 0)):
            return "it does not stand in its entry"
        self._entry = (row[2], row[3] + 1) if row[4] else None
        if row[9] != booked_at:
            return "it was not booked with its block"
        kind, amount = row[20], row[7]
        effect: Effect | str = (amount, 0)
        if kind != b"post" or row[24:] != PLAIN:
            effect = self._effects.of(row)
            if isinstance(effect, str):
                return effect
        if not 0 < amount <= MINOR_MAX or row[5] == row[6] or row[8] not in _CODES:
            return "it moves nothing, or for no reason of ours"
        what = self._sides(row, *effect)
        if what is None and leaves.transfer(row) != row[23]:
            what = "its content is not what was sealed"
        return what

    def _sides(self, row: Raw, posted: int, held: int) -> str | None:
        """Whether the balances after a transfer follow from those before it and keep within the limits."""
        debit_id, credit_id, asset = row[5], row[6], row[21]
        debit_after, credit_after = row[10:15], row[15:20]
        debit, credit = self.tracks.get(debit_id), self.tracks.get(credit_id)
        if debit is None or debit.after is None:
            debit = self._met(debit_id, asset, debit_after, (posted, 0, held, 0))
        if credit is None or credit.after is None:
            credit = self._met(credit_id, asset, credit_after, (0, posted, 0, held))
        assert debit.after is not None, "its first transfer told"
        assert credit.after is not None, "its first transfer told"
        if not debit.asset == credit.asset == asset:
            return "its accounts are not of its asset"
        if not (debit.open and credit.open) and row[20] in MOVES_OR_HOLDS and not _claim_open(debit, credit):
            return "an account of it is not open"
        one, other, three, four, version = debit.after
        if debit_after != (one + posted, other, three + held, four, version + 1):
            return "its balances do not follow from those before"
        one, other, three, four, version = credit.after
        if credit_after != (one, other + posted, three, four + held, version + 1):
            return "its balances do not follow from those before"
        debit.after, credit.after = debit_after, credit_after
        return _limits(debit, credit)

    def _met(self, id_: bytes, asset: bytes, after: Figures, added: tuple[int, int, int, int]) -> Track:
        """The track of an account at its first transfer of the run, which tells what its figures were before."""
        track = self.tracks.get(id_)
        if track is None:
            track = self.tracks[id_] = self._track(id_, asset)
        if track.after is None:
            one, other, three, four = added
            track.before = track.after = (
                after[0] - one, after[1] - other, after[2] - three, after[3] - four, after[4] - 1,
            )  # fmt: skip
        return track


def _claim_open(debit: Track, credit: Track) -> bool:
    return debit.claim_open() and credit.claim_open()


def _limits(debit: Track, credit: Track) -> str | None:
    """Whether both accounts keep within the limits on the side where a transfer can only bring them nearer."""
    assert debit.after is not None, "a transfer has just touched it"
    assert credit.after is not None, "a transfer has just touched it"
    excess = debit_excess(debit.after)
    sound = excess <= debit.debit_bound or debit.claim_debit(excess)
    excess = credit_excess(credit.after)
    sound = sound and (excess <= credit.credit_bound or credit.claim_credit(excess))
    return None if sound else "it breaks an account's limits"


def _refusals(block: BlockRow, rows: Sequence[RefusalRow], named: Mapping[bytes, Earlier]) -> Finding | None:
    if len(rows) != block.refusals:
        return Finding("block", str(block.number), "its refusals are not as many as it sealed")
    for place, row in enumerate(rows):
        what = _refusal_fault(row, place, block)
        if what is None and row.id in named:
            what = "this id is in the book too"
        if what is not None:
            return Finding("refusal", str(UUID(bytes=row.id)), what)
    return None


def _refusal_fault(row: RefusalRow, place: int, block: BlockRow) -> str | None:
    try:
        leaf = leaves.refusal(row)
    except (ValueError, KeyError):
        return _UNREADABLE
    if leaf != row.leaf:
        return "its content is not what was sealed"
    if row.outcome not in _OUTCOMES:
        return "it is no refusal"
    if row.refused_at != block.booked_at:
        return "it was not refused with its block"
    return None if row.place == place else "it does not stand in its place"
