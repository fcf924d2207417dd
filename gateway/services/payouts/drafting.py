"""A draft becomes a locked batch: staff look at what is held, then payees and amounts are frozen in the manifest."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from gateway.services.payees.model import AccountKind, PayeeAccount
from gateway.services.payouts import bulk
from gateway.services.payouts.answers import PayoutOutcome, Stop
from gateway.services.payouts.book import STAFF, Log, asset_of, change, held
from gateway.services.payouts.loading import Loading
from gateway.services.payouts.model import BatchState, ItemState, PayoutResult, Rail
from gateway.services.payouts.rules import Manifest, end_to_end_id
from gateway.services.payouts.tables import BATCHES, ITEMS
from gateway.store.rows import Value
from wallet.money import Money

APPROVAL_KIND = "payout_batch"
"""Kind of the approval by which others agree to a batch, and of the document that is signed: the policy has one table
for both. The subject is the batch's id."""
FREEZE_PAGE, MANIFEST_PAGE = 2000, 5000
BEFORE_RELEASE = frozenset({BatchState.LOADING, BatchState.DRAFT, BatchState.LOCKED, BatchState.APPROVED})
_WAITING = (ItemState.RECEIVED.value, ItemState.HELD.value)


class Drafting(Loading):
    """Verbs about a draft, and its lock."""

    async def keep(self, batch_id: str, seqs: Collection[int], staff_id: str, reason: str) -> PayoutResult:
        """Held items are to be paid all the same; none named: all of them."""
        return await self._look(batch_id, seqs, (ItemState.HELD,), ItemState.RECEIVED, staff_id, reason)

    async def drop(self, batch_id: str, seqs: Collection[int], staff_id: str, reason: str) -> PayoutResult:
        """Items are not to be paid by this batch; none named: all that are held."""
        states = (ItemState.HELD, ItemState.RECEIVED) if seqs else (ItemState.HELD,)
        return await self._look(batch_id, seqs, states, ItemState.CANCELLED, staff_id, reason)

    async def lock(self, batch_id: str, staff_id: str, *, without_bad: bool = False) -> PayoutResult:
        """Freeze payees and amounts, and propose the batch to its checkers.

        Refused while a line was not taken (unless `without_bad`), while items are held, and if what was declared of
        count and sum does not come out; of a file with bad lines the sum may be less than declared, never more.
        """
        now = self._clock.now()

        def work(tx: Connection) -> PayoutOutcome:
            row = held(tx, batch_id)
            if row is None or row.state != BatchState.DRAFT:
                return PayoutOutcome.UNKNOWN if row is None else PayoutOutcome.WRONG_STATE
            no = _refusal(tx, row, without_bad=without_bad)
            if no is not None:
                return no
            makers = sorted({*row.makers, staff_id})
            Log(tx, row, STAFF, now, staff_id).batch(
                BatchState.LOCKED, locked_at=now, makers=makers, locked_by=staff_id, due_at=now
            )
            return PayoutOutcome.OK

        outcome = await self._store.write(work)
        if outcome is PayoutOutcome.OK:
            await self._propose_locked(batch_id)
        return PayoutResult(outcome)

    async def refuse(self, batch_id: str, staff_id: str, reason: str) -> PayoutResult:
        """Send a file back whole: nothing of it is paid."""
        return await self._end(batch_id, frozenset({BatchState.DRAFT}), BatchState.REFUSED, staff_id, reason)

    async def cancel(self, batch_id: str, staff_id: str, reason: str) -> PayoutResult:
        """Take a batch back before it is released; what it owes is free for another one."""
        return await self._end(batch_id, BEFORE_RELEASE, BatchState.CANCELLED, staff_id, reason)

    async def approval_refused(self, batch_id: str, approval_id: str) -> str:
        """The checkers have refused. Refuser of APPROVAL_KIND; harmless twice."""
        row = await self._row(batch_id)
        if row is None or row.state != BatchState.LOCKED or row.approval_id not in {"", approval_id}:
            return "nothing to take back"
        await self._end(
            batch_id, frozenset({BatchState.LOCKED}), BatchState.REFUSED, "", Stop.REJECTED.value, stop=Stop.REJECTED
        )
        return "refused"

    async def digest(self, batch_id: str, asset_code: str) -> Manifest:
        """The manifest of what is stored now, read page by page."""
        manifest = Manifest(batch_id, asset_code)
        after = ""
        values = {"a_batch": batch_id, "page": MANIFEST_PAGE}
        while rows := await self._store.read(bulk.CANONICAL, {**values, "after": after}):
            manifest.add([row.line for row in rows], sum(row.amount_minor for row in rows))
            after = rows[-1].id
        return manifest

    async def _end(
        self,
        batch_id: str,
        allowed: frozenset[BatchState],
        state: BatchState,
        staff_id: str,
        reason: str,
        *,
        stop: Stop | None = None,
    ) -> PayoutResult:
        """The batch is over before it was released."""
        reason, now = " ".join(reason.split())[:200], self._clock.now()
        if not reason:
            return PayoutResult(PayoutOutcome.REASON_MISSING)

        def work(tx: Connection) -> PayoutResult:
            row = held(tx, batch_id)
            if row is None:
                return PayoutResult(PayoutOutcome.UNKNOWN)
            if row.state not in allowed or row.hold not in {"", "over"}:
                return PayoutResult(PayoutOutcome.WRONG_STATE)
            # Until its items are given up it is due: a crash in between is finished by the worker.
            ended = {"finished_at": now, "due_at": now, "stopped": stop.value if stop else ""}
            Log(tx, row, STAFF, now, staff_id).batch(state, reason, **ended)
            return PayoutResult(PayoutOutcome.OK)

        result = await self._store.write(work)
        if result.outcome is PayoutOutcome.OK:
            await self._give_up(batch_id)
        return result

    async def _look(
        self,
        batch_id: str,
        seqs: Collection[int],
        states: Sequence[ItemState],
        state: ItemState,
        staff_id: str,
        reason: str,
    ) -> PayoutResult:
        reason, now = " ".join(reason.split())[:200], self._clock.now()
        if not reason:
            return PayoutResult(PayoutOutcome.REASON_MISSING)

        def work(tx: Connection) -> PayoutResult:
            row = held(tx, batch_id)
            if row is None or row.state != BatchState.DRAFT:
                return PayoutResult(PayoutOutcome.UNKNOWN if row is None else PayoutOutcome.WRONG_STATE)
            which = (ITEMS.c.batch_id == batch_id) & ITEMS.c.state.in_([one.value for one in states])
            if seqs:
                which &= ITEMS.c.seq.in_(sorted(set(seqs))[:1000])
            found = tx.execute(select(ITEMS.c.id, ITEMS.c.seq, ITEMS.c.state).where(which).order_by(ITEMS.c.seq)).all()
            values: dict[str, object] = {"state": state.value, "reason": reason, "changed_at": now}
            if state is ItemState.CANCELLED:
                values |= {"once": None, "frozen": False, "tell": "not_paid" if row.source != "file" else ""}
                change(tx, batch_id, due_at=now)
            bulk.change_named(tx, [one.id for one in found], ITEMS.c.batch_id == batch_id, values)
            log = Log(tx, row, STAFF, now, staff_id)
            log.many([(one.seq, one.seq, "", one.state, state.value, reason) for one in found])
            return PayoutResult(PayoutOutcome.OK if found else PayoutOutcome.EMPTY)

        return await self._store.write(work)

    async def _propose_locked(self, batch_id: str) -> None:
        """Freeze, hash and propose; whatever of it a crash has left is done again."""
        row = await self._row(batch_id)
        if row is None or row.state != BatchState.LOCKED or row.approval_id:
            return
        if not row.manifest:
            row = await self._frozen(row)
        amount = Money(row.manifest_minor, asset_of(row))
        payload = {
            "number": f"B{row.number}", "name": row.name, "line": row.line, "amount": str(amount),
            "payments": str(row.manifest_count), "hash": row.manifest.hex(),
        }  # fmt: skip
        proposed = await self._parts.proposals.propose(
            APPROVAL_KIND, batch_id, payload, row.locked_by, amount=amount, not_before=row.cool_until
        )
        mine = (BATCHES.c.id == batch_id) & (BATCHES.c.approval_id == "")
        known = update(BATCHES).where(mine).values(approval_id=proposed.id)
        waits = update(BATCHES).where(BATCHES.c.id == batch_id, BATCHES.c.state == BatchState.LOCKED.value)

        def work(tx: Connection) -> None:
            tx.execute(known)
            tx.execute(waits.values(due_at=None))

        await self._store.write(work)

    async def _frozen(self, row: Row[Any]) -> Row[Any]:
        """Where each item goes is written down, and the hash over all of them."""
        cool_until: datetime | None = None
        after = ""
        to_wallet = bool(row.chosen.get("wallet"))
        columns = (ITEMS.c.id, ITEMS.c.seq, ITEMS.c.person_id, ITEMS.c.name, ITEMS.c.iban, ITEMS.c.rail)
        query = select(*columns).where(ITEMS.c.batch_id == row.id, ITEMS.c.state == ItemState.RECEIVED.value)
        while page := await self._store.read(query.where(ITEMS.c.id > after).order_by(ITEMS.c.id).limit(FREEZE_PAGE)):
            asked = {one.person_id for one in page if not one.iban and one.person_id} if not to_wallet else set()
            accounts = await self._parts.mapper.accounts(asked) if asked else {}
            # Who is frozen is left out at the release: the others do not wait for staff to have called them.
            cools = [one.cool_until for one in accounts.values() if one.cool_until is not None and not one.frozen]
            cool_until = max([*cools, *([cool_until] if cool_until else [])], default=None)
            rows = [there for one in page if (there := _goes(row.number, one, accounts.get(one.person_id))) is not None]
            await self._store.write(_freezing(row.id, rows))
            after = page[-1].id

        manifest = await self.digest(row.id, row.asset)

        def keep(tx: Connection) -> None:
            if _is_freezing(held(tx, row.id)):
                sums = {"manifest_count": manifest.count, "manifest_minor": manifest.total}
                change(tx, row.id, manifest=manifest.digest(), cool_until=cool_until, **sums)

        await self._store.write(keep)
        frozen = await self._row(row.id)
        assert frozen is not None, "batches stay"
        return frozen


def _is_freezing(row: Row[Any] | None) -> bool:
    return row is not None and row.state == BatchState.LOCKED and not row.manifest


def _freezing(batch_id: str, rows: Sequence[tuple[Value, ...]]) -> Any:  # noqa: ANN401 - a unit of work
    def work(tx: Connection) -> None:
        if _is_freezing(held(tx, batch_id)):
            bulk.freeze(tx, rows)

    return work


def _goes(number: int, item: Row[Any], account: PayeeAccount | None) -> tuple[Value, ...] | None:
    """Name, account, rail and EndToEndId of an item that goes by bank; None if it stays as it is, for the wallet."""
    if item.iban:
        return item.id, item.name, item.iban, Rail.BANK.value, end_to_end_id(number, item.seq)
    if account is None or account.kind is AccountKind.WALLET:
        return None
    return item.id, account.name or item.name, account.iban, Rail.BANK.value, end_to_end_id(number, item.seq)


def _refusal(tx: Connection, row: Row[Any], *, without_bad: bool) -> PayoutOutcome | None:
    """Why a draft cannot be locked; the first reason of these."""
    mine = select(ITEMS.c.state, func.count()).where(ITEMS.c.batch_id == row.id, ITEMS.c.state.in_(_WAITING))
    counts = {found[0]: found[1] for found in tx.execute(mine.group_by(ITEMS.c.state))}
    if row.bad and not without_bad:
        return PayoutOutcome.BAD_ROWS
    if counts.get(ItemState.HELD.value):
        return PayoutOutcome.HELD_ROWS
    if not counts.get(ItemState.RECEIVED.value):
        return PayoutOutcome.EMPTY
    count, total = row.declared["count"], row.declared["total_minor"]
    if count is not None and count != row.item_count + row.bad:
        return PayoutOutcome.COUNT_DIFFERS
    if total is not None and (row.total_minor > total if row.bad else row.total_minor != total):
        return PayoutOutcome.TOTAL_DIFFERS
    return None
