"""Pure decisions: (book, entries, now) to results and rows. No clock, no chance, no input or output.

Order of precedence, documented once: an id that is known is answered from what is known; then the form of the chain;
then each transfer in order, where the smallest Outcome that applies wins. The first transfer of an entry that is
refused keeps its own reason, the others of the entry get LINKED_FAILED, and nothing of the entry is booked.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from wallet.accounts import AccountState, Constraint
from wallet.ids import AccountId, TransferId
from wallet.ledger.book import Book, Booked, Decision, Refused, Side
from wallet.money import MINOR_MAX
from wallet.transfers import Balances, BalancesAfter, Outcome, PostResult, Transfer, TransferKind

SIDE_MAX = 2**63 - 1
"""Largest sum of one side of one account, holds included: the width of its column, and so a limit like any other."""

_RESOLVES = (TransferKind.CAPTURE, TransferKind.VOID)
_RANDOM_BITS = 80
_FIELDS = ("debit", "credit", "amount", "code", "cause", "kind", "hold_id", "expires_at", "effective_on", "linked")


def entries_of(transfers: Sequence[Transfer]) -> Iterator[tuple[Transfer, ...]]:
    """Cut one call's transfers into entries: each ends with the first transfer that is not linked to a next one."""
    start = 0
    for end, transfer in enumerate(transfers, 1):
        if not transfer.linked or end == len(transfers):
            yield tuple(transfers[start:end])
            start = end


def expiry_id(hold: TransferId) -> TransferId:
    """The id of the EXPIRE that ends a hold: the hold's 48 time bits and 80 bits of a hash over it."""
    digest = hashlib.sha256(b"expire\0" + hold.bytes).digest()
    return TransferId(UUID(int=hold.int >> _RANDOM_BITS << _RANDOM_BITS | int.from_bytes(digest[:10], "big")))


def differing_field(first: Transfer, second: Transfer) -> str | None:
    """The first field in which two transfers of one id differ, None if they are the same."""
    if first == second:
        return None
    for name in _FIELDS:
        one, other = getattr(first, name), getattr(second, name)
        if name == "amount":
            # An asset is known by its code; how it is shown may have changed since.
            one, other = (one.minor, one.asset.code), (other.minor, other.asset.code)
        if one != other:
            return name
    return None


def decide(book: Book, entries: Sequence[Sequence[Transfer]], now: datetime) -> Decision:
    """Decide a group: first the holds that lapsed, then each entry in order, each seeing the former's effect."""
    group = _Group(book, now)
    for hold in book.lapsed:
        group.expire(hold)
    for entry in entries:
        group.take(entry)
    return group.decision


class _Group:
    """The decision of one group while it grows."""

    def __init__(self, book: Book, now: datetime) -> None:
        self.book = book
        self.now = now
        self.decision = Decision()

    def expire(self, hold: Transfer) -> None:
        if hold.id in self.book.resolved:
            return
        transfer = Transfer(
            id=expiry_id(hold.id), debit=hold.debit, credit=hold.credit, amount=hold.amount, code=hold.code,
            cause=hold.cause, kind=TransferKind.EXPIRE, hold_id=hold.id,
        )  # fmt: skip
        self.book.known.setdefault(hold.id, Booked(0, hold, self.now, _NOTHING, hold.id, 0))
        self._book(transfer, transfer.id, 0)
        self.decision.expired += 1

    def take(self, entry: Sequence[Transfer]) -> None:
        if any(transfer.id in self.book.known for transfer in entry) or len({t.id for t in entry}) < len(entry):
            self._take_known(entry)
        elif entry[-1].linked:
            self._refuse(entry, len(entry) - 1, Outcome.CHAIN_OPEN)
        else:
            self._take_new(entry)

    def _take_new(self, entry: Sequence[Transfer]) -> None:
        before = {} if len(entry) == 1 else self._figures(entry)
        mark, position = len(self.decision.booked), self.book.position
        for leg, transfer in enumerate(entry):
            refusal = _refusal(self.book, transfer, self.now)
            if refusal is not None:
                self._undo(mark, position, before)
                self._refuse(entry, leg, refusal)
                return
            self._book(transfer, entry[0].id, leg)
        self.decision.results += [
            PostResult(Outcome.POSTED, booked.transfer, booked.after) for booked in self.decision.booked[mark:]
        ]

    def _take_known(self, entry: Sequence[Transfer]) -> None:
        """Answer an entry some of whose ids are known: the first results again, or the refusal that says why not."""
        known = [self.book.known.get(transfer.id) for transfer in entry]
        differing = [self._differing(entry, leg, row) for leg, row in enumerate(known)]
        is_replay = all(isinstance(row, Booked) for row in known) and not any(differing)
        seen: set[TransferId] = set()
        for leg, (transfer, row) in enumerate(zip(entry, known, strict=True)):
            if row is not None and differing[leg] is None and (is_replay or isinstance(row, Refused)):
                self.decision.results.append(_again(row, transfer))
            elif row is not None or transfer.id in seen:
                field = differing[leg] or "linked"
                self.decision.results.append(PostResult(Outcome.ID_REUSED, transfer, None, field))
            else:
                self._store_refusal(Refused(transfer, Outcome.LINKED_FAILED, self.now, entry[0].id, leg))
            seen.add(transfer.id)

    def _differing(self, entry: Sequence[Transfer], leg: int, row: Booked | Refused | None) -> str | None:
        if row is None:
            return None
        field = differing_field(row.transfer, entry[leg])
        if field is None and len(entry) > 1 and (row.entry_id, row.leg) != (entry[0].id, leg):
            return "linked"  # the same transfer in other company
        return field

    def _refuse(self, entry: Sequence[Transfer], culprit: int, outcome: Outcome) -> None:
        for leg, transfer in enumerate(entry):
            own = outcome if leg == culprit else Outcome.LINKED_FAILED
            self._store_refusal(Refused(transfer, own, self.now, entry[0].id, leg))

    def _store_refusal(self, refused: Refused) -> None:
        self.book.known[refused.transfer.id] = refused
        self.decision.refused.append(refused)
        self.decision.results.append(PostResult(refused.outcome, refused.transfer))

    def _book(self, transfer: Transfer, entry_id: TransferId, leg: int) -> None:
        book = self.book
        debit, credit = book.accounts[transfer.debit], book.accounts[transfer.credit]
        _move(debit, credit, transfer, book)
        debit.version += 1
        credit.version += 1
        book.position += 1
        after = BalancesAfter(debit.balances(), credit.balances())
        booked = Booked(book.position, transfer, self.now, after, entry_id, leg)
        book.known[transfer.id] = booked
        if transfer.hold_id is not None:
            book.resolved[transfer.hold_id] = transfer.kind
        self.decision.booked.append(booked)

    def _figures(self, entry: Sequence[Transfer]) -> dict[AccountId, Balances]:
        ids = {account for transfer in entry for account in (transfer.debit, transfer.credit)}
        return {account: self.book.accounts[account].balances() for account in ids if account in self.book.accounts}

    def _undo(self, mark: int, position: int, before: dict[AccountId, Balances]) -> None:
        for booked in self.decision.booked[mark:]:
            del self.book.known[booked.transfer.id]
            if booked.transfer.hold_id is not None:
                del self.book.resolved[booked.transfer.hold_id]
        del self.decision.booked[mark:]
        self.book.position = position
        for account, balances in before.items():
            self.book.accounts[account].restore(balances)


_NOTHING = BalancesAfter(Balances(0, 0, 0, 0, 0), Balances(0, 0, 0, 0, 0))


def _again(row: Booked | Refused, transfer: Transfer) -> PostResult:
    if isinstance(row, Refused):
        return PostResult(row.outcome, transfer)
    return PostResult(Outcome.DUPLICATE, transfer, row.after)


def _move(debit: Side, credit: Side, transfer: Transfer, book: Book) -> None:
    minor = transfer.amount.minor
    if transfer.kind is TransferKind.HOLD:
        debit.debits_held += minor
        credit.credits_held += minor
        return
    if transfer.hold_id is not None:
        reserved = book.known[transfer.hold_id].transfer.amount.minor
        debit.debits_held -= reserved
        credit.credits_held -= reserved
    if transfer.kind in (TransferKind.POST, TransferKind.CAPTURE):
        debit.debits_posted += minor
        credit.credits_posted += minor


def _refusal(book: Book, transfer: Transfer, now: datetime) -> Outcome | None:
    """The smallest Outcome that speaks against a transfer with a fresh id, None if there is none."""
    refusal = _form_refusal(transfer, now)
    if refusal is not None:
        return refusal
    debit, credit = book.accounts.get(transfer.debit), book.accounts.get(transfer.credit)
    if debit is None:
        return Outcome.DEBIT_UNKNOWN
    if credit is None:
        return Outcome.CREDIT_UNKNOWN
    if not debit.asset == credit.asset == transfer.amount.asset.code:
        return Outcome.ASSET_DIFFERS
    if transfer.kind in _RESOLVES:
        # The money was reserved while the accounts were open, so a hold may always be brought to its end.
        return _hold_refusal(book, transfer, now) or _period_refusal(book, transfer)
    return _state_refusal(debit, credit) or _plain_refusal(book, transfer, debit, credit)


def _form_refusal(transfer: Transfer, now: datetime) -> Outcome | None:
    if not 1 <= transfer.amount.minor <= MINOR_MAX:
        return Outcome.AMOUNT_INVALID
    if transfer.debit == transfer.credit:
        return Outcome.SAME_ACCOUNT
    if transfer.kind is TransferKind.HOLD:
        lies_ahead = transfer.expires_at is not None and transfer.expires_at > now
        return None if lies_ahead else Outcome.EXPIRY_INVALID
    return None if transfer.expires_at is None else Outcome.EXPIRY_INVALID


def _state_refusal(debit: Side, credit: Side) -> Outcome | None:
    if debit.state is AccountState.CLOSED:
        return Outcome.DEBIT_CLOSED
    if credit.state is AccountState.CLOSED:
        return Outcome.CREDIT_CLOSED
    if debit.state is AccountState.FROZEN:
        return Outcome.DEBIT_FROZEN
    if credit.state is AccountState.FROZEN:
        return Outcome.CREDIT_FROZEN
    return None


def _hold_refusal(book: Book, transfer: Transfer, now: datetime) -> Outcome | None:
    row = book.known.get(transfer.hold_id) if transfer.hold_id is not None else None
    if row is None or isinstance(row, Refused):
        return Outcome.HOLD_UNKNOWN
    hold = row.transfer
    if hold.kind is not TransferKind.HOLD:
        return Outcome.HOLD_NOT_A_HOLD
    voids_other_amount = transfer.kind is TransferKind.VOID and transfer.amount.minor != hold.amount.minor
    if (hold.debit, hold.credit) != (transfer.debit, transfer.credit) or voids_other_amount:
        return Outcome.HOLD_DIFFERS
    match book.resolved.get(hold.id):
        case TransferKind.CAPTURE:
            return Outcome.HOLD_CAPTURED
        case TransferKind.VOID:
            return Outcome.HOLD_VOIDED
        case TransferKind.EXPIRE:
            return Outcome.HOLD_EXPIRED
        case _ if hold.expires_at is not None and hold.expires_at <= now:
            return Outcome.HOLD_EXPIRED
        case _:
            return Outcome.HOLD_EXCEEDED if transfer.amount.minor > hold.amount.minor else None


def _period_refusal(book: Book, transfer: Transfer) -> Outcome | None:
    if book.closed_through is None or transfer.effective_on is None:
        return None
    return Outcome.PERIOD_CLOSED if transfer.effective_on <= book.closed_through else None


def _plain_refusal(book: Book, transfer: Transfer, debit: Side, credit: Side) -> Outcome | None:
    if transfer.hold_id is not None or transfer.kind is TransferKind.EXPIRE:
        return Outcome.HOLD_NOT_A_HOLD
    if _period_refusal(book, transfer) is not None:
        return Outcome.PERIOD_CLOSED
    debits = debit.debits_posted + debit.debits_held + transfer.amount.minor
    credits_ = credit.credits_posted + credit.credits_held + transfer.amount.minor
    overdrawn = debit.constraint is Constraint.DEBITS_WITHIN_CREDITS and debits > debit.credits_posted
    underdrawn = credit.constraint is Constraint.CREDITS_WITHIN_DEBITS and credits_ > credit.debits_posted
    if overdrawn or underdrawn or debits > SIDE_MAX or credits_ > SIDE_MAX:
        return Outcome.INSUFFICIENT_FUNDS
    return None
