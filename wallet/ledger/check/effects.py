"""What a transfer adds to the sums of its sides by its kind, or what is wrong with its hold, its citation, its day."""

from collections.abc import Mapping

from wallet.ledger.check.leaves import BALANCINGS, KINDS, ordinal
from wallet.ledger.check.raw import Earlier, Raw

MOVES_OR_HOLDS = frozenset((b"post", b"hold", b"reverse"))
"""Kinds that need open accounts; the others end what was reserved while they were."""
_ENDS = frozenset((b"capture", b"void", b"expire"))
_BALANCES = frozenset((b"post", b"hold"))
_CITES = frozenset((b"post", b"reverse"))
_REVERSIBLE = frozenset((b"post", b"capture"))

Effect = tuple[int, int]
"""What is added to the posted and to the held sums, in minor units."""


class Effects:
    """The effects of one run's transfers.

    Attributes:
        position: Last position before the run.
        before: Holds that were open before the run; None if nobody knows.
        opened: Holds of the run that are open.
        ended: Holds from before the run that it ended.
        at: The moment by which the block was decided, in microseconds since 1970.
        closed_through: Last day of the closed periods, as text.
        soft_through: Last day of the soft-closed periods.
        named: Transfers that rows of this page name, by id.
        reversed: What was taken back of each of them so far.
    """

    def __init__(self, position: int, before: Mapping[bytes, Earlier] | None) -> None:
        self.position = position
        self.before = before
        self.opened: dict[bytes, Earlier] = {}
        self.ended: dict[bytes, Earlier] = {}
        self.at = 0
        self.closed_through: bytes | None = None
        self.soft_through: bytes | None = None
        self.named: Mapping[bytes, Earlier] = {}
        self.reversed: dict[bytes, int] = {}

    def of(self, row: Raw) -> Effect | str:
        """The effect of a raw transfer, or what is wrong with it."""
        fault = _form(row, self.at) or self._day(row)
        if fault is not None:
            return fault
        position, id_, _, _, _, debit_id, credit_id, amount = row[:8]
        kind, expires_at, cites = row[20], row[25], row[27]
        if kind == b"hold":
            self.opened[id_] = Earlier(position, kind, debit_id, credit_id, amount, expires_at)
            return 0, amount
        if kind in _ENDS:
            return self._end(row)
        fault = None if cites is None else self._citation(row)
        return (amount, 0) if fault is None else fault

    def _day(self, row: Raw) -> str | None:
        day, cites = row[26], row[27]
        if day is None:
            return None
        ordinal(day)
        if self.closed_through is not None and day <= self.closed_through:
            return "it is dated into a closed period"
        if cites is None and self.soft_through is not None and day <= self.soft_through:
            return "it is dated into a soft-closed period and cites nothing"
        return None

    def _end(self, row: Raw) -> Effect | str:
        kind, amount, hold_id = row[20], row[7], row[24]
        hold = self.opened.pop(hold_id, None) or self._hold_from_before(hold_id)
        if hold is None or hold.expires_at is None:
            return "it resolves no open hold"
        whole = amount == hold.amount or (kind == b"capture" and amount < hold.amount)
        if not whole or (hold.debit_id, hold.credit_id) != row[5:7]:
            return "it differs from its hold"
        if (kind == b"expire") != (hold.expires_at <= self.at):
            return "it resolves its hold too early or too late"
        return amount if kind == b"capture" else 0, -hold.amount

    def _hold_from_before(self, id_: bytes) -> Earlier | None:
        hold = (self.named if self.before is None else self.before).get(id_)
        if hold is None or hold.kind != b"hold" or hold.position > self.position or id_ in self.ended:
            return None
        self.ended[id_] = hold
        return hold

    def _citation(self, row: Raw) -> str | None:
        cites, amount = row[27], row[7]
        cited = self.named.get(cites)
        if cited is None or cited.position >= row[0]:
            return "it cites no earlier transfer"
        if row[20] == b"post":
            return None
        if cited.kind not in _REVERSIBLE or (cited.credit_id, cited.debit_id) != row[5:7]:
            return "it differs from what it takes back"
        taken_back = self.reversed[cites] = self.reversed.get(cites, 0) + amount
        return "more is taken back than was moved" if taken_back > cited.amount else None


def _form(row: Raw, at: int) -> str | None:
    """Whether the special columns of a transfer belong together."""
    kind, amount = row[20], row[7]
    hold_id, expires_at, _, cites, balancing, asked = row[24:]
    if kind not in KINDS or balancing not in BALANCINGS:
        return "it is of no kind of ours"
    if (kind in _ENDS) != (hold_id is not None):
        return "it resolves a hold, or it does not"
    if (kind == b"hold") != (expires_at is not None) or (expires_at is not None and expires_at <= at):
        return "a hold, and nothing else, has an expiry that lies ahead"
    if cites is None and kind == b"reverse":
        return "it takes back nothing"
    if cites is not None and kind not in _CITES:
        return "a transfer of its kind cites nothing"
    return _balancing_fault(kind, amount, balancing, asked)


def _balancing_fault(kind: bytes, amount: int, balancing: bytes | None, asked: int | None) -> str | None:
    if balancing is None:
        return None if asked is None else "it was asked something else, though it balances nothing"
    fits = kind in _BALANCES and asked is not None and asked >= amount
    return None if fits else "it does not balance what it was asked"
