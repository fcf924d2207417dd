"""Pure decisions: (book, entries, now) to results and rows. No clock, no chance, no input or output.

Order of precedence, documented once: an id that is known is answered from what is known; then the form of the chain;
then each transfer in order, where the smallest Outcome that applies wins. The first transfer of an entry that is
refused keeps its own reason, the others of the entry get LINKED_FAILED, and nothing of the entry is booked.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from wallet.ids import AccountId, TransferId
from wallet.ledger.book import Book, Booked, Decision, Refused, Side
from wallet.ledger.refusals import refusal_of, room
from wallet.money import MINOR_MAX, Money
from wallet.transfers import Balances, BalancesAfter, Balancing, Outcome, PostResult, Transfer, TransferKind

_RANDOM_BITS = 80
_FIELDS = (
    "debit", "credit", "amount", "code", "cause", "kind", "hold_id", "expires_at", "effective_on", "linked",
    "cites", "balancing",
)  # fmt: skip


def entries_of(transfers: Sequence[Transfer]) -> Iterator[tuple[Transfer, ...]]:
    """Cut one call's transfers into entries: each ends with the first transfer that is not linked to a next one."""
    start = 0
    for end, transfer in enumerate(transfers, 1):
        if not transfer.linked or end == len(transfers):
            yield tuple(transfers[start:end])
            start = end


def expiry_id(hold: TransferId, salt: bytes = b"") -> TransferId:
    """The id of the EXPIRE that ends a hold: the hold's 48 time bits and 80 bits of a hash over it."""
    digest = hashlib.sha256(b"expire\0" + hold.bytes + salt).digest()
    return TransferId(UUID(int=hold.int >> _RANDOM_BITS << _RANDOM_BITS | int.from_bytes(digest[:10], "big")))


def differing_field(first: Transfer, second: Transfer) -> str | None:
    """The first field in which two transfers of one id differ, None if they are the same."""
    if first == second:
        return None
    for name in _FIELDS:
        one, other = getattr(first, name), getattr(second, name)
        if name == "amount":
            # An asset is known by its code; how it is shown may have changed since.
            asked = one.minor if first.asked_minor is None else first.asked_minor
            one, other = (asked, one.asset.code), (other.minor, other.asset.code)
        if one != other:
            return name
    return None


def decide(
    book: Book, entries: Sequence[Sequence[Transfer]], now: datetime, booked_at: datetime | None = None
) -> Decision:
    """Decide a group: first the holds that lapsed, then each entry in order, each seeing the former's effect.

    `booked_at` is the moment of the rows: `now`, unless the log has seen a later one already.
    """
    group = _Group(book, now, booked_at or now)
    for hold in book.lapsed:
        group.expire(hold)
    for entry in entries:
        group.take(entry)
    return group.decision


class _Group:
    """The decision of one group while it grows."""

    def __init__(self, book: Book, now: datetime, booked_at: datetime) -> None:
        self.book = book
        self.now = now
        self.booked_at = booked_at
        self.decision = Decision()

    def expire(self, hold: Transfer) -> None:
        if hold.id in self.book.resolved:
            return
        own_id = expiry_id(hold.id)
        if own_id in self.book.known:
            # Somebody asked under it before; to the microsecond when the hold would be ended, nobody knew then.
            own_id = expiry_id(hold.id, self.booked_at.isoformat().encode())
        transfer = Transfer(
            id=own_id, debit=hold.debit, credit=hold.credit, amount=hold.amount, code=hold.code,
            cause=hold.cause, kind=TransferKind.EXPIRE, hold_id=hold.id,
        )  # fmt: skip
        self._book(transfer, transfer.id, 0)
        self.decision.expired += 1

    def take(self, entry: Sequence[Transfer]) -> None:
        if len(entry) == 1 and entry[0].id not in self.book.known and not entry[0].linked:
            # By far most entries: nothing to undo, nobody to take down with it.
            self._take_one(entry[0])
            return
        if any(transfer.id in self.book.known for transfer in entry) or len({t.id for t in entry}) < len(entry):
            self._take_known(entry)
        elif entry[-1].linked:
            self._refuse(entry, len(entry) - 1, Outcome.CHAIN_OPEN)
        else:
            self._take_new(entry)

    def _take_one(self, asked: Transfer) -> None:
        transfer = asked if asked.balancing is Balancing.NO else self._balanced(asked)
        refusal = refusal_of(self.book, transfer, self.now)
        if refusal is not None:
            self._store_refusal(Refused(asked, refusal, self.booked_at, asked.id, 0))
            return
        booked = self._book(transfer, transfer.id, 0)
        self.decision.results.append(PostResult(Outcome.POSTED, transfer, booked.after))

    def _take_new(self, entry: Sequence[Transfer]) -> None:
        before = self._figures(entry)
        mark, position = len(self.decision.booked), self.book.position
        for leg, asked in enumerate(entry):
            transfer = asked if asked.balancing is Balancing.NO else self._balanced(asked)
            refusal = refusal_of(self.book, transfer, self.now)
            if refusal is not None:
                self._undo(mark, position, before)
                self._refuse(entry, leg, refusal)
                return
            self._book(transfer, entry[0].id, leg)
        self.decision.results += [
            PostResult(Outcome.POSTED, booked.transfer, booked.after) for booked in self.decision.booked[mark:]
        ]

    def _balanced(self, asked: Transfer) -> Transfer:
        """The same transfer of what there is room for; one that moves nothing keeps its amount, to be refused."""
        known = asked.debit in self.book.accounts and asked.credit in self.book.accounts
        if not known or asked.amount.minor > MINOR_MAX:
            return asked
        moved = min(asked.amount.minor, room(self.book, asked))
        if moved < 1:
            return asked
        return replace(asked, amount=Money(moved, asked.amount.asset), asked_minor=asked.amount.minor)

    def _take_known(self, entry: Sequence[Transfer]) -> None:
        """Answer an entry some of whose ids are known: the first results again, or the refusal that says why not."""
        known = [self.book.known.get(transfer.id) for transfer in entry]
        differing = [self._differing(entry, leg, row) for leg, row in enumerate(known)]
        is_replay = all(isinstance(row, Booked) for row in known) and not any(differing)
        seen: dict[TransferId, Transfer] = {}
        for leg, (transfer, row) in enumerate(zip(entry, known, strict=True)):
            if row is not None and differing[leg] is None and (is_replay or isinstance(row, Refused)):
                self.decision.results.append(_again(row, transfer))
            elif row is not None or transfer.id in seen:
                # Twice in one entry: compared with its first one, so that asking again names the same field.
                field = differing[leg] or (differing_field(seen[transfer.id], transfer) if row is None else None)
                self.decision.results.append(PostResult(Outcome.ID_REUSED, transfer, None, field or "linked"))
            else:
                self._store_refusal(Refused(transfer, Outcome.LINKED_FAILED, self.booked_at, entry[0].id, leg))
            seen.setdefault(transfer.id, transfer)

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
            self._store_refusal(Refused(transfer, own, self.booked_at, entry[0].id, leg))

    def _store_refusal(self, refused: Refused) -> None:
        self.book.known[refused.transfer.id] = refused
        self.decision.refused.append(refused)
        self.decision.results.append(PostResult(refused.outcome, refused.transfer))

    def _book(self, transfer: Transfer, entry_id: TransferId, leg: int) -> Booked:
        book = self.book
        debit, credit = book.accounts[transfer.debit], book.accounts[transfer.credit]
        _move(debit, credit, transfer, book)
        debit.version += 1
        credit.version += 1
        book.position += 1
        after = BalancesAfter(debit.balances(), credit.balances())
        booked = Booked(book.position, transfer, self.booked_at, after, entry_id, leg)
        book.known[transfer.id] = booked
        if transfer.hold_id is not None:
            book.resolved[transfer.hold_id] = transfer.kind
        if transfer.kind is TransferKind.REVERSE and transfer.cites is not None:
            book.reversed[transfer.cites] = book.reversed.get(transfer.cites, 0) + transfer.amount.minor
        self.decision.booked.append(booked)
        return booked

    def _figures(self, entry: Sequence[Transfer]) -> dict[AccountId, Balances]:
        ids = {account for transfer in entry for account in (transfer.debit, transfer.credit)}
        return {account: self.book.accounts[account].balances() for account in ids if account in self.book.accounts}

    def _undo(self, mark: int, position: int, before: dict[AccountId, Balances]) -> None:
        for booked in self.decision.booked[mark:]:
            del self.book.known[booked.transfer.id]
            if booked.transfer.hold_id is not None:
                del self.book.resolved[booked.transfer.hold_id]
            if booked.transfer.kind is TransferKind.REVERSE and booked.transfer.cites is not None:
                self.book.reversed[booked.transfer.cites] -= booked.transfer.amount.minor
        del self.decision.booked[mark:]
        self.book.position = position
        for account, balances in before.items():
            self.book.accounts[account].restore(balances)


def _again(row: Booked | Refused, transfer: Transfer) -> PostResult:
    if isinstance(row, Refused):
        return PostResult(row.outcome, transfer)
    return PostResult(Outcome.DUPLICATE, row.transfer, row.after)


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
    if transfer.kind.moves:
        debit.debits_posted += minor
        credit.credits_posted += minor
