"""The returns desk, and the batch that follows one that was paid in part."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from gateway.errors import BadInput
from gateway.services.iban import masked_iban, normal_iban
from gateway.services.payouts.answers import DeskState, PayoutOutcome
from gateway.services.payouts.book import STAFF, Log, asset_of, held, item_of
from gateway.services.payouts.budgets import FREE_ROLES
from gateway.services.payouts.loading import SUSPENSE
from gateway.services.payouts.model import Batch, BatchState, Debit, Declared, Item, ItemState, PayoutResult
from gateway.services.payouts.outcomes import Outcomes
from gateway.services.payouts.ports import Verdict
from gateway.services.payouts.tables import BATCHES, ITEMS
from wallet.ids import transfer_id
from wallet.transfers import Transfer, TransferCode

ACCOUNT_WANTED = "payout_account_wanted"
GIVING = "giving"
"""Of an item whose money is being given back; a crash in between is finished by the sweep."""
FOLLOWED = frozenset({ItemState.REJECTED, ItemState.RETURNED, ItemState.CANCELLED})
_AT_DESK = (DeskState.OPEN.value, DeskState.ASKED.value)


class Desk(Outcomes):
    """What becomes of money that did not arrive."""

    async def returned(self, *, limit: int, after: str = "") -> list[Item]:
        """Items whose money lies in suspense and that nobody has dealt with, oldest first, from after id `after`."""
        lies = (ITEMS.c.state == ItemState.RETURNED.value) & ITEMS.c.desk.in_(_AT_DESK) & (ITEMS.c.id > after)
        query = select(ITEMS, BATCHES.c.asset).join(BATCHES, BATCHES.c.id == ITEMS.c.batch_id).where(lies)
        return [item_of(row) for row in await self._store.read(query.order_by(ITEMS.c.id).limit(limit))]

    async def unknown(self, before: datetime, *, limit: int) -> list[Item]:
        """Items that went unknown before a moment and still are, oldest first."""
        under_way = BATCHES.c.state.in_((BatchState.RUNNING.value, BatchState.PAUSED.value))
        query = select(ITEMS, BATCHES.c.asset).join(BATCHES, BATCHES.c.id == ITEMS.c.batch_id).where(under_way)
        query = query.where(ITEMS.c.state == ItemState.UNKNOWN.value, ITEMS.c.changed_at < before)
        rows = await self._store.read(query.order_by(ITEMS.c.changed_at, ITEMS.c.id).limit(limit))
        return [item_of(row) for row in rows]

    async def ask_account(self, item_id: str, staff_id: str) -> PayoutResult:
        """Ask the person by SMS for a new account; once for each item."""
        item = await self.item(item_id)
        if item is None or item.state is not ItemState.RETURNED or item.desk not in _AT_DESK:
            return PayoutResult(PayoutOutcome.UNKNOWN if item is None else PayoutOutcome.NOT_RETURNED)
        people = await self._parts.directory.by_ids({item.person_id}) if item.person_id else {}
        who = people.get(item.person_id)
        if who is None:
            return PayoutResult(PayoutOutcome.UNREACHABLE)
        tell = await self._parts.teller.prepared(
            ACCOUNT_WANTED,
            cause=item.id,
            msisdn=who.msisdn,
            person_id=who.person_id,
            language=who.language,
            values={"amount": item.amount, "account": masked_iban(item.iban)},
            secrets={},
        )

        def work(tx: Connection) -> PayoutOutcome:
            if not self._at_desk(tx, item, DeskState.ASKED.value, staff_id, "asked for a new account"):
                return PayoutOutcome.NOT_RETURNED
            tell(tx)
            return PayoutOutcome.OK

        return PayoutResult(await self._store.write(work))

    async def pay_again(
        self, item_ids: Sequence[str], staff_id: str, *, iban: str = "", to_wallet: bool = False
    ) -> PayoutResult:
        """Make a batch that pays returned items of one batch again out of suspense; it is decided and signed as any.

        To this account, or into the wallet, or to what each person wants by now.
        """
        account = normal_iban(iban) if iban else ""
        if account is None or (account and len(item_ids) != 1):
            return PayoutResult(PayoutOutcome.BAD_ACCOUNT)
        items = [await self.item(one) for one in item_ids[:1000]]
        fit = [one for one in items if one and one.state is ItemState.RETURNED and one.desk in _AT_DESK]
        if not fit or len(fit) != len(items) or len({one.batch_id for one in fit}) != 1:
            return PayoutResult(PayoutOutcome.NOT_RETURNED)
        if to_wallet and not all(one.person_id for one in fit):
            return PayoutResult(PayoutOutcome.UNREACHABLE)
        chosen = {"states": [ItemState.RETURNED.value], "reasons": [], "ids": [one.id for one in fit]}
        batch = await self._follow(fit[0].batch_id, staff_id, {**chosen, "iban": account, "wallet": to_wallet})
        return PayoutResult(PayoutOutcome.OK, batch.id if batch else "")

    async def follow_up(
        self,
        batch_id: str,
        states: Collection[ItemState],
        reasons: Collection[str] = (),
        *,
        staff_id: str,
    ) -> PayoutResult:
        """Make a batch of what this one did not pay, in these states and for these reasons; `about` is its id.

        Raises:
            BadInput: A state in which something may still be paid, or was.
        """
        if not states or not set(states) <= FOLLOWED:
            raise BadInput("only what was rejected, returned or cancelled can be paid by another batch")
        row = await self._row(batch_id)
        if row is None:
            return PayoutResult(PayoutOutcome.UNKNOWN)
        if row.state in {BatchState.LOADING, BatchState.DRAFT, BatchState.LOCKED}:
            return PayoutResult(PayoutOutcome.WRONG_STATE)
        chosen = {"states": sorted(one.value for one in states), "reasons": sorted(reasons), "ids": []}
        batch = await self._follow(batch_id, staff_id, {**chosen, "iban": "", "wallet": False})
        if batch is None:
            return PayoutResult(PayoutOutcome.EMPTY)
        return PayoutResult(PayoutOutcome.OK, batch.id)

    async def give_back(self, item_id: str, staff_id: str, reason: str) -> PayoutResult:
        """The money goes from suspense back to the account that paid, and to the budget; its source may pay it anew."""
        reason = " ".join(reason.split())[:200]
        item = await self.item(item_id)
        if item is None or not reason:
            return PayoutResult(PayoutOutcome.UNKNOWN if item is None else PayoutOutcome.REASON_MISSING)
        if item.state is not ItemState.RETURNED:
            return PayoutResult(PayoutOutcome.NOT_RETURNED)
        if not await self._store.write(lambda tx: self._at_desk(tx, item, GIVING, staff_id, reason)):
            return PayoutResult(PayoutOutcome.NOT_RETURNED)
        await self._given_back(item)
        return PayoutResult(PayoutOutcome.OK)

    async def _sweep_desk(self) -> int:
        """Finish what a crash left half given back; how many."""
        which = (ITEMS.c.state == ItemState.RETURNED.value) & (ITEMS.c.desk == GIVING)
        items = await self._items(which, 100)
        for item in items:
            await self._given_back(item)
        return len(items)

    async def _given_back(self, item: Item) -> None:
        first = await self._first(item)
        row = await self._row(first.batch_id)
        assert row is not None, "an item has its batch"
        asset, chart = item.amount.asset, self._chart
        suspense = chart.account(SUSPENSE, "", asset)
        payer = chart.account(first.debit.role, first.debit.owner, asset)
        of_budget = first.debit.role not in FREE_ROLES
        back = Transfer(
            transfer_id(item.id, "given back"), suspense.id, payer.id, item.amount, TransferCode.CORRECTION, item.id,
            linked=of_budget,
        )  # fmt: skip
        contra, budget = chart.account("budget_contra", "", asset), chart.account("budget", row.line, asset)
        again = Transfer(
            transfer_id(item.id, "budget again"), contra.id, budget.id, item.amount, TransferCode.BUDGET, item.id
        )
        await self._ledger.open_accounts(suspense, payer, contra, budget)
        results = await self._ledger.post(back, *((again,) if of_budget else ()))
        assert all(result.outcome.stands for result in results), "suspense gives what it has"
        now = self._clock.now()

        def work(tx: Connection) -> None:
            mine = held(tx, item.batch_id)
            assert mine is not None, "batches stay"
            tell = Verdict.NOT_PAID.value if mine.source != "file" else ""
            done = update(ITEMS).where(ITEMS.c.id == item.id, ITEMS.c.desk == GIVING)
            tx.execute(done.values(desk=DeskState.GIVEN_BACK.value, once=None, tell=tell))
            # What it paid again is owed by nobody else any more either.
            tx.execute(update(ITEMS).where(ITEMS.c.id == first.id).values(once=None))
            if tell and mine.state == BatchState.DONE:
                tx.execute(update(BATCHES).where(BATCHES.c.id == item.batch_id).values(due_at=now))

        await self._store.write(work)

    async def _first(self, item: Item) -> Item:
        """The item that was paid from its own account, of which this one may be a later try."""
        while item.debit.role in FREE_ROLES and item.follows:
            earlier = await self.item(item.follows)
            assert earlier is not None, "items stay"
            item = earlier
        return item

    def _at_desk(self, tx: Connection, item: Item, desk: str, staff_id: str, note: str) -> bool:
        """Write what the desk does about an item that lies there; False if somebody was faster."""
        row = held(tx, item.batch_id)
        assert row is not None, "an item has its batch"
        lies = (ITEMS.c.id == item.id) & (ITEMS.c.state == ItemState.RETURNED.value) & ITEMS.c.desk.in_(_AT_DESK)
        if tx.execute(update(ITEMS).where(lies).values(desk=desk)).rowcount != 1:
            return False
        state = ItemState.RETURNED.value
        Log(tx, row, STAFF, self._clock.now(), staff_id).items(item.seq, item.seq, item.rail.value, state, state, note)
        return True

    async def _follow(self, batch_id: str, staff_id: str, chosen: dict[str, Any]) -> Batch | None:
        row = await self._row(batch_id)
        assert row is not None, "the batch was there"
        which = (ITEMS.c.batch_id == batch_id) & ITEMS.c.state.in_(chosen["states"])
        if chosen["reasons"]:
            which &= ITEMS.c.reason.in_(chosen["reasons"])
        if not await self._store.read(select(ITEMS.c.id).where(which).limit(1)):
            return None
        values = {
            "name": f"{row.name[:80]} (B{row.number})", "line": row.line, "source": row.source,
            "asset": asset_of(row).code, "staff_id": staff_id,
        }  # fmt: skip
        debit = Debit(row.debit_role, row.debit_owner)
        made = await self._create(values, Declared(), debit, batch_id, chosen)
        return await self.load(made.id)
