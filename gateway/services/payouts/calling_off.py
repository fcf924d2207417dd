"""What is not to be paid any more: payees who changed their mind, held items, and the rest of a stopped batch."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.observe import log
from gateway.services.banking.model import BankOrder, Scheme
from gateway.services.payees.model import PayeeAccount
from gateway.services.payouts import bulk, pieces
from gateway.services.payouts.answers import HeldReason, PayoutOutcome, Stop
from gateway.services.payouts.book import LEDGER, STAFF, SWEEP, Log, Moved, asset_of, held
from gateway.services.payouts.model import BatchState, ItemState, PayoutResult, Rail
from gateway.services.payouts.ports import Verdict
from gateway.services.payouts.releasing import Releasing
from gateway.services.payouts.tables import IS_FROZEN, ITEMS, ORDERS
from wallet.ids import AccountId, transfer_id
from wallet.money import Asset, Money
from wallet.transfers import Outcome, Transfer, TransferCode, TransferKind

BANK = "bank"
"""Owner of the account of what is on its way by bank."""
CHUNK = 1000
"""Items that are posted and written at once: a group of the ledger's."""
_HELD, _APPROVED = ItemState.HELD.value, ItemState.APPROVED.value
_OF_PAYEE = (HeldReason.PAYEE_FROZEN.value, HeldReason.PAYEE_CHANGED.value)
_CALLED_OFF = HeldReason.CALLED_OFF.value
_STUCK = frozenset({Stop.SIGNATURE_DIFFERS.value, Stop.SIGNATURE_REFUSED.value})


class CallingOff(Releasing):
    """Verbs about released items that are held, and about giving up the rest; and the steps that do it.

    Another process may be paying the same item in this moment. So nothing is cancelled before the ledger has refused
    to pay it: under the id of its payment something is posted that no ledger takes, and a refusal stays one. Where the
    payment was faster, it counts.
    """

    async def keep(self, batch_id: str, seqs: Collection[int], staff_id: str, reason: str) -> PayoutResult:
        """Held items are to be paid all the same; none named: all of them.

        Once released that is looked at again: a payee who has still frozen the account, or wants another, is held.
        """
        row = await self._row(batch_id)
        if row is None or row.state not in {BatchState.RUNNING, BatchState.PAUSED}:
            return await super().keep(batch_id, seqs, staff_id, reason)
        return await self._decided(batch_id, seqs, {"state": _APPROVED, "reason": ""}, staff_id, reason)

    async def drop(self, batch_id: str, seqs: Collection[int], staff_id: str, reason: str) -> PayoutResult:
        """Items are not to be paid by this batch; none named: all that are held."""
        row = await self._row(batch_id)
        if row is None or row.state not in {BatchState.RUNNING, BatchState.PAUSED}:
            return await super().drop(batch_id, seqs, staff_id, reason)
        return await self._decided(batch_id, seqs, {"state": _HELD, "reason": _CALLED_OFF}, staff_id, reason)

    async def abandon(self, batch_id: str, staff_id: str, reason: str) -> PayoutResult:
        """Give up what a stopped batch has not handed over: it is cancelled, what was sent is followed to its end."""
        reason, now = " ".join(reason.split())[:200], self._clock.now()
        if not reason:
            return PayoutResult(PayoutOutcome.REASON_MISSING)

        def work(tx: Connection) -> PayoutOutcome:
            row = held(tx, batch_id)
            if row is None:
                return PayoutOutcome.UNKNOWN
            # An agreed one that stopped while its hold was being asked for cannot be cancelled any more.
            stuck = row.state == BatchState.APPROVED and row.stopped in _STUCK and row.hold not in {"", "over"}
            if row.state != BatchState.PAUSED and not stuck:
                return PayoutOutcome.WRONG_STATE
            entry = Log(tx, row, STAFF, now, staff_id)
            entry.batch(BatchState.RUNNING, reason, stopped=Stop.ABANDONED.value, due_at=now, hold="held")
            return PayoutOutcome.OK

        return PayoutResult(await self._store.write(work))

    async def _decided(
        self, batch_id: str, seqs: Collection[int], values: Mapping[str, object], staff_id: str, reason: str
    ) -> PayoutResult:
        """What staff say of items that were held after the release."""
        reason, now = " ".join(reason.split())[:200], self._clock.now()
        if not reason:
            return PayoutResult(PayoutOutcome.REASON_MISSING)
        which = (ITEMS.c.batch_id == batch_id) & (ITEMS.c.state == _HELD) & (ITEMS.c.reason != _CALLED_OFF)
        if seqs:
            which &= ITEMS.c.seq.in_(sorted(set(seqs))[:1000])
        state = str(values["state"])
        if state == _APPROVED:
            # What was held before anybody signed was signed by nobody.
            which &= IS_FROZEN

        def work(tx: Connection) -> PayoutOutcome:
            row = held(tx, batch_id)
            assert row is not None, "batches stay"
            if row.stopped == Stop.ABANDONED or row.state not in {BatchState.RUNNING, BatchState.PAUSED}:
                return PayoutOutcome.WRONG_STATE
            found = tx.execute(select(ITEMS.c.id, ITEMS.c.seq).where(which).order_by(ITEMS.c.seq)).all()
            bulk.change_named(tx, [one.id for one in found], which, {**values, "changed_at": now})
            entry = Log(tx, row, STAFF, now, staff_id)
            entry.many([(one.seq, one.seq, "", _HELD, state, reason) for one in found])
            if row.state == BatchState.RUNNING:
                tx.execute(pieces.due(batch_id, now))
            return PayoutOutcome.OK if found else PayoutOutcome.EMPTY

        return PayoutResult(await self._store.write(work))

    async def _still(self, row: Row[Any], page: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
        """Those of a page whose payee still wants it so; the others are held."""
        asked = {one.person_id for one in page if one.person_id} if not row.chosen.get("wallet") else set()
        accounts = await self._parts.mapper.accounts(asked) if asked else {}
        why = {one.id: no for one in page if (no := _objection(row, one, accounts.get(one.person_id)))}
        if not why:
            return page
        now = self._clock.now()
        log(service="payouts").warning("payout_payees_held", batch_id=row.id, items=len(why))

        def work(tx: Connection) -> None:
            mine = held(tx, row.id)
            assert mine is not None, "batches stay"
            entry = Log(tx, mine, SWEEP, now)
            for one in page:
                if (no := why.get(one.id)) is None:
                    continue
                values = {"state": _HELD, "reason": no.value, "changed_at": now}
                free = (ITEMS.c.state == _APPROVED) & (ITEMS.c.order_id == "")
                if bulk.change_named(tx, [one.id], free, values):
                    entry.items(one.seq, one.seq, "", _APPROVED, _HELD, no.value)

        await self._store.write(work)
        return [one for one in page if one.id not in why]

    async def _abandon(self, row: Row[Any]) -> int:
        """The next piece of giving up: the hold is made certain, orders are taken back, then items are called off."""
        if row.released_at is None:
            # Whoever was asking for the hold may come later: now it stands, and is settled with the batch.
            await self._ledger.open_accounts(*(account for pair in self._accounts(row).values() for account in pair))
            await self._post(self._holds(row, row.hold_try))
        query = select(ORDERS).where(ORDERS.c.batch_id == row.id, ORDERS.c.state.in_(("made", "posted")))
        for order in await self._store.read(query.order_by(ORDERS.c.id).limit(1)):
            wanted = bank_order(row, order, self._zone)
            if order.item_count and not await self._parts.banking.withdraw(wanted):
                await self._store.write(self._handed_over(row, order))
            else:
                await self._store.write(_withdrawing(row.id, order.id))
            return 1
        now = self._clock.now()
        which = (ITEMS.c.batch_id == row.id) & (
            (ITEMS.c.state == _APPROVED) | ((ITEMS.c.state == _HELD) & ITEMS.c.reason.in_(_OF_PAYEE))
        )
        called = {"state": _HELD, "reason": _CALLED_OFF, "changed_at": now}

        def work(tx: Connection) -> int:
            mine = held(tx, row.id)
            assert mine is not None, "batches stay"
            entry = Log(tx, mine, STAFF, now)
            page = tx.execute(select(ITEMS.c.id, ITEMS.c.seq, ITEMS.c.state).where(which).limit(CHUNK)).all()
            entry.many(_runs(page, _HELD, _CALLED_OFF))
            return bulk.change_named(tx, [one.id for one in page], which, called)

        return await self._store.write(work)

    def _handed_over(self, row: Row[Any], order: Row[Any]) -> Any:  # noqa: ANN401 - a unit of work
        now = self._clock.now()

        def work(tx: Connection) -> None:
            mine = held(tx, row.id)
            assert mine is not None, "batches stay"
            # What the bank has answered meanwhile has left APPROVED already.
            sent = pieces.ordered(order.id) & (ITEMS.c.state == _APPROVED)
            values = {"state": ItemState.SENT.value, "changed_at": now, "reason": ""}
            states = (Rail.BANK.value, _APPROVED, ItemState.SENT.value, "")
            entry = Log(tx, mine, f"order {order.id}", now)
            entry.many(pieces.moved(tx, pieces.approved_rows(row.id, Rail.BANK), sent, states))
            tx.execute(update(ITEMS).where(sent).values(**values))
            mark = update(ORDERS).where(ORDERS.c.id == order.id)
            tx.execute(mark.values(state="handed", handed_at=now))

        return work

    async def _call_off(self, row: Row[Any]) -> int:
        """Make sure that the next called-off items are not paid, and cancel them; how many."""
        off = (ITEMS.c.batch_id == row.id) & (ITEMS.c.state == _HELD) & (ITEMS.c.reason == _CALLED_OFF)
        query = select(*pieces.COLUMNS).where(off).order_by(ITEMS.c.seq).limit(CHUNK)
        if not (page := await self._store.read(query)):
            return 0
        paid = await self._paid_after_all(row, page)
        now = self._clock.now()

        def work(tx: Connection) -> int:
            mine = held(tx, row.id)
            assert mine is not None, "batches stay"
            entry, done = Log(tx, mine, LEDGER, now), 0
            for state, verdict, ones in (
                (ItemState.SETTLED, Verdict.PAID, [one for one in page if one.id in paid]),
                (ItemState.CANCELLED, Verdict.NOT_PAID, [one for one in page if one.id not in paid]),
            ):
                values: dict[str, object] = {"state": state.value, "changed_at": now}
                values |= {"tell": pieces.told(mine, verdict)}
                values |= {"once": None} if state is ItemState.CANCELLED else {"reason": ""}
                entry.many([(first, last, "", _HELD, state.value, _CALLED_OFF) for first, last in _spans(ones)])
                done += bulk.change_named(tx, [one.id for one in ones], off, values)
            return done

        await self._store.write(work)
        return len(page)

    async def _paid_after_all(self, row: Row[Any], page: Sequence[Row[Any]]) -> frozenset[str]:
        """Make the ledger refuse these payments for ever, or take back those on their way; ids of what wallets have."""
        asset = asset_of(row)
        debits = await self._debits(page, asset)
        out = self._chart.account("rail_payable", BANK, asset)
        await self._ledger.open_accounts(out)
        payments = {one.id: self._payment(one, debits, out.id, asset) for one in page}
        refusals = [_refusable(one) for one in payments.values()]
        results = await self._ledger.post(*refusals)
        faster = [one for one, result in zip(page, results, strict=True) if result.outcome is Outcome.ID_REUSED]
        again = await self._ledger.post(*(payments[one.id] for one in faster)) if faster else []
        stands = [one for one, result in zip(faster, again, strict=True) if result.outcome.stands]
        back = [pieces.taken_back(payments[one.id]) for one in stands if one.rail == Rail.BANK]
        results = await self._ledger.post(*back) if back else []
        assert all(result.outcome.stands for result in results), "what is on its way comes back"
        return frozenset(one.id for one in stands if one.rail == Rail.WALLET)

    def _payment(
        self, one: Row[Any], debits: Mapping[tuple[str, str], AccountId], out: AccountId, asset: Asset
    ) -> Transfer:
        """The transfer that would pay an item."""
        debit = debits[one.debit_role, one.debit_owner]
        if one.rail == Rail.BANK:
            return pieces.pays(one, debit, out, TransferCode.PAYOUT, asset)
        return pieces.pays(one, debit, self._chart.id("wallet", one.person_id, asset), one.code, asset)

    async def _debits(self, page: Iterable[Row[Any]], asset: Asset) -> Mapping[tuple[str, str], AccountId]:
        """The accounts that pay, opened."""
        keys = {(one.debit_role, one.debit_owner) for one in page}
        accounts = {key: self._chart.account(key[0], key[1], asset) for key in keys}
        await self._ledger.open_accounts(*accounts.values())
        return {key: account.id for key, account in accounts.items()}


def bank_order(row: Row[Any], order: Row[Any], zone: Any) -> BankOrder:  # noqa: ANN401 - a time zone
    """An order as the bank's side knows it; always the same."""
    day, total = order.made_at.astimezone(zone).date(), Money(order.total_minor, asset_of(row))
    return BankOrder(order.id, row.id, Scheme(order.scheme), day, order.item_count, total)


def _objection(row: Row[Any], item: Row[Any], account: PayeeAccount | None) -> HeldReason | None:
    """Why the payee would not have it so any more."""
    if account is None:
        return None
    if account.frozen:
        return HeldReason.PAYEE_FROZEN
    moved = account.since is not None and row.locked_at is not None and account.since > row.locked_at
    return HeldReason.PAYEE_CHANGED if moved and account.iban != item.iban else None


def _refusable(payment: Transfer) -> Transfer:
    """What no ledger takes: a reversal of nothing, under the id of a payment that is not to be made."""
    nothing = transfer_id(payment.cause, "called off")
    return replace(payment, kind=TransferKind.REVERSE, cites=nothing)


def _withdrawing(batch_id: str, order_id: str) -> Any:  # noqa: ANN401 - a unit of work
    """The bank will never have it: its items are free."""

    def work(tx: Connection) -> None:
        held(tx, batch_id)
        open_ = ORDERS.c.state.in_(("made", "posted"))
        if tx.execute(update(ORDERS).where(ORDERS.c.id == order_id, open_).values(state="withdrawn")).rowcount:
            free = pieces.ordered(order_id) & (ITEMS.c.state == _APPROVED)
            tx.execute(update(ITEMS).where(free).values(order_id=""))

    return work


def _runs(page: Sequence[Row[Any]], state: str, reason: str) -> list[Moved]:
    """Changes that say that these items leave the state that each has."""
    found: list[Moved] = []
    for was in sorted({one.state for one in page}):
        ones = [one for one in page if one.state == was]
        found += [(first, last, "", was, state, reason) for first, last in _spans(ones)]
    return found


def _spans(page: Sequence[Row[Any]]) -> list[tuple[int, int]]:
    """Runs of places that follow one another."""
    runs: list[tuple[int, int]] = []
    for place in sorted(one.seq for one in page):
        if runs and runs[-1][1] == place - 1:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return runs
