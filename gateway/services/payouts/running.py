"""A released batch is paid, piece by piece: each piece is posted, then its outcome is written; twice is harmless."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from gateway.errors import Conflict
from gateway.services.banking.model import BankPayment, Scheme
from gateway.services.payouts import bulk, pieces
from gateway.services.payouts.answers import Stop
from gateway.services.payouts.book import LEDGER, SWEEP, Log, asset_of, held
from gateway.services.payouts.calling_off import BANK, CHUNK, CallingOff, bank_order
from gateway.services.payouts.model import OPEN_STATES, BatchState, ItemState, Rail
from gateway.services.payouts.ports import Verdict
from gateway.services.payouts.rules import Amounted, cut, order_id
from gateway.services.payouts.tables import ITEMS, ORDERS
from gateway.services.signing.model import ProofOutcome
from wallet.money import Asset, Money
from wallet.transfers import PostResult, TransferCode

CHUNKS = 8
"""Of those that one look at a batch takes, at most."""
TOLD = 200
"""Items of which a source is told at once."""
LOOK_AGAIN = timedelta(hours=1)


class Running(CallingOff):
    """Steps of a running batch."""

    async def _step(self, row: Row[Any]) -> int:
        """Do the next piece; how many items were moved."""
        if row.stopped == Stop.ABANDONED:
            return await self._abandon(row) or await self._call_off(row) or await self._over(row)
        return (
            await self._call_off(row)
            or await self._pay_wallets(row)
            or await self._post_orders(row)
            or await self._make_orders(row)
            or await self._hand_over(row)
            or await self._over(row)
        )

    async def _over(self, row: Row[Any]) -> int:
        """Nothing is left to hand over."""
        return await self._tell(row) or await self._look_after(row)

    async def _pay_wallets(self, row: Row[Any]) -> int:
        """Pay the next chunks of wallets; what became of one is written while the next one is posted."""
        asset, after, paid = asset_of(row), 0, 0
        writing: asyncio.Task[bool] | None = None
        async with asyncio.TaskGroup() as tasks:
            for _ in range(CHUNKS):
                query = pieces.approved(row.id, Rail.WALLET).where(ITEMS.c.seq > after)
                if not (page := await self._store.read(query.limit(CHUNK))):
                    break
                after, paid = page[-1].seq, paid + len(page)
                if not (page := await self._still(row, page)):
                    continue
                results = await self._post_wallets(page, asset)
                if writing is not None and not await writing:
                    # Paused meanwhile: what is posted is written, nothing more is posted.
                    await self._store.write(self._paid(row, page, results))
                    break
                writing = tasks.create_task(self._store.write(self._paid(row, page, results)))
        return paid

    async def _post_wallets(self, page: Sequence[Row[Any]], asset: Asset) -> Sequence[PostResult]:
        debits = await self._debits(page, asset)
        wallets = {one.person_id: self._chart.account("wallet", one.person_id, asset) for one in page}
        await self._ledger.open_accounts(*wallets.values())
        return await self._ledger.post(
            *(
                pieces.pays(one, debits[one.debit_role, one.debit_owner], wallets[one.person_id].id, one.code, asset)
                for one in page
            )
        )

    def _paid(
        self, row: Row[Any], page: Sequence[Row[Any]], results: Sequence[PostResult]
    ) -> Callable[[Connection], bool]:
        """The unit that writes what became of a chunk: what stands is settled, the rest says why not.

        It says whether the batch still runs.
        """
        first, last, now = page[0].seq, page[-1].seq, self._clock.now()
        refused = pieces.refused(page, results)
        paid = [one.id for one, result in zip(page, results, strict=True) if result.outcome.stands]

        def work(tx: Connection) -> bool:
            mine = held(tx, row.id)
            assert mine is not None, "batches stay"
            entry = Log(tx, mine, LEDGER, now)
            pieces.not_paid(tx, mine, entry, refused, Rail.WALLET, now)
            values = {"state": ItemState.SETTLED.value, "changed_at": now, "tell": pieces.told(mine, Verdict.PAID)}
            # What another process has held meanwhile was paid all the same; what it has written already stays.
            for was in (ItemState.APPROVED, ItemState.HELD):
                standing = ITEMS.c.state == was.value
                if bulk.change_named(tx, paid, standing, {**values, "reason": ""}):
                    entry.items(first, last, Rail.WALLET.value, was.value, ItemState.SETTLED.value)
            return bool(mine.state == BatchState.RUNNING)

        return work

    async def _make_orders(self, row: Row[Any]) -> int:
        """Split the next payments by bank into orders; how many payments."""
        columns = (ITEMS.c.seq, ITEMS.c.amount_minor, ITEMS.c.id, ITEMS.c.person_id, ITEMS.c.iban)
        query = select(*columns).where(pieces.approved_rows(row.id, Rail.BANK), ITEMS.c.order_id == "")
        looked = await self._store.read(query.order_by(ITEMS.c.seq).limit(self._settings.payout_order_items_max))
        if not looked or not (page := await self._still(row, looked)):
            return len(looked)
        alone = self._settings.payout_single_minor
        single = [[Amounted(one.seq, one.amount_minor)] for one in page if one.amount_minor >= alone]
        group = cut(
            [Amounted(one.seq, one.amount_minor) for one in page if one.amount_minor < alone],
            count_max=self._settings.payout_order_items_max,
            minor_max=self._settings.payout_order_minor_max,
        )
        orders = [(Scheme.GROUP, part) for part in group] + [(Scheme.SINGLE, part) for part in single]
        ids = {one.seq: one.id for one in page}
        now = self._clock.now()

        def work(tx: Connection) -> int:
            mine = held(tx, row.id)
            if mine is None or mine.state != BatchState.RUNNING or mine.stopped:
                return 0
            place = tx.execute(select(func.count()).where(ORDERS.c.batch_id == row.id)).scalar_one()
            for number, (scheme, part) in enumerate(orders, start=place + 1):
                name = order_id(mine.number, number)
                free = pieces.approved_rows(row.id, Rail.BANK) & (ITEMS.c.order_id == "")
                taken = bulk.change_named(tx, (ids[one.seq] for one in part), free, {"order_id": name})
                if taken != len(part):
                    raise Conflict("another process orders the same payments")
                values = {
                    "id": name, "batch_id": row.id, "scheme": scheme.value, "first": part[0].seq, "last": part[-1].seq,
                    "item_count": len(part), "total_minor": sum(one.minor for one in part), "state": "made",
                    "made_at": now, "handed_at": None,
                }  # fmt: skip
                tx.execute(insert(ORDERS).values(values))
            return len(page)

        return await self._store.write(work)

    async def _post_orders(self, row: Row[Any]) -> int:
        """Move what the oldest order pays to what is on its way; how many payments were looked at."""
        order = await self._order(row.id, "made")
        if order is None:
            return 0
        asset, after, seen = asset_of(row), 0, 0
        out = self._chart.account("rail_payable", BANK, asset)
        await self._ledger.open_accounts(out)
        query = select(*pieces.COLUMNS).where(pieces.ordered(order.id), ITEMS.c.state == ItemState.APPROVED.value)
        while page := await self._store.read(query.where(ITEMS.c.seq > after).order_by(ITEMS.c.seq).limit(CHUNK)):
            debits = await self._debits(page, asset)
            results = await self._ledger.post(
                *(
                    pieces.pays(one, debits[one.debit_role, one.debit_owner], out.id, TransferCode.PAYOUT, asset)
                    for one in page
                )
            )
            if refused := pieces.refused(page, results):
                await self._store.write(self._refusing(row, refused))
            after, seen = page[-1].seq, seen + len(page)
        await self._store.write(pieces.posted(order.id))
        return max(seen, 1)

    def _refusing(self, row: Row[Any], refused: pieces.Refused) -> Callable[[Connection], None]:
        now = self._clock.now()

        def work(tx: Connection) -> None:
            mine = held(tx, row.id)
            assert mine is not None, "batches stay"
            pieces.not_paid(tx, mine, Log(tx, mine, LEDGER, now), refused, Rail.BANK, now)

        return work

    async def _hand_over(self, row: Row[Any]) -> int:
        """Give the bank what is posted, after the signatures were verified again over the rows as they are now."""
        if await self._order(row.id, "posted") is None:
            return 0
        proof = await self._proof(row)
        if proof is not ProofOutcome.SIGNED:
            await self._stopped(
                row, Stop.SIGNATURE_DIFFERS if proof is ProofOutcome.DIFFERS else Stop.SIGNATURE_INVALID
            )
            return 0
        handed = 0
        while (order := await self._order(row.id, "posted")) is not None:
            handed += await self._handed(row, order)
        return handed

    async def _handed(self, row: Row[Any], order: Row[Any]) -> int:
        if order.item_count:
            await self._parts.banking.order(bank_order(row, order, self._zone), self._payments(row, order.id))
        await self._store.write(self._handed_over(row, order))
        return max(int(order.item_count), 1)

    async def _payments(self, row: Row[Any], order: str) -> AsyncIterator[Sequence[BankPayment]]:
        """All that the order pays, whatever the bank has said of it meanwhile: the same order is the same file."""
        asset, after = asset_of(row), 0
        columns = (ITEMS.c.seq, ITEMS.c.end_to_end_id, ITEMS.c.amount_minor, ITEMS.c.name, ITEMS.c.iban, ITEMS.c.note)
        query = select(*columns, ITEMS.c.purpose).where(pieces.ordered(order)).order_by(ITEMS.c.seq).limit(CHUNK)
        while page := await self._store.read(query.where(ITEMS.c.seq > after)):
            yield [
                BankPayment(
                    one.end_to_end_id,
                    Money(one.amount_minor, asset),
                    one.name,
                    one.iban,
                    one.note or row.name,
                    one.purpose,
                )
                for one in page
            ]
            after = page[-1].seq

    async def _look_after(self, row: Row[Any]) -> int:
        """Nothing is left to hand over: ask after what is silent, end the batch when nothing is open."""
        silent = await self._silent(row)
        still = select(func.count()).where(
            ITEMS.c.batch_id == row.id, ITEMS.c.state.in_([state.value for state in (*OPEN_STATES, ItemState.HELD)])
        )
        if (await self._store.read(still))[0][0]:
            await self._renew(row)
            await self._later(row)
            return silent
        if row.hold_next is not None:
            await self._renew(row)
            return 1
        await self._settle_hold(row)
        now = self._clock.now()
        due = now + timedelta(days=self._settings.payout_return_days)

        def work(tx: Connection) -> int:
            mine = held(tx, row.id)
            if mine is None or mine.state != BatchState.RUNNING:
                return 0
            Log(tx, mine, LEDGER, now).batch(BatchState.DONE, hold="over", finished_at=now, due_at=due)
            return 1

        return await self._store.write(work)

    async def _later(self, row: Row[Any]) -> None:
        """Look again after an hour, unless news has made it due since this look began."""
        at = self._clock.now() + LOOK_AGAIN

        def work(tx: Connection) -> None:
            mine = held(tx, row.id)
            if mine is not None and mine.state == BatchState.RUNNING and mine.due_at == row.due_at:
                tx.execute(pieces.due(row.id, at))

        await self._store.write(work)

    async def _silent(self, row: Row[Any]) -> int:
        """Payments of which nothing was heard are unknown, and the bank is asked; how many are new among them."""
        now = self._clock.now()
        before = now - timedelta(hours=self._settings.payout_silent_h)
        old = (ITEMS.c.batch_id == row.id) & (ITEMS.c.state == ItemState.SENT.value) & (ITEMS.c.changed_at < before)

        def work(tx: Connection) -> int:
            mine = held(tx, row.id)
            assert mine is not None, "batches stay"
            states = (Rail.BANK.value, ItemState.SENT.value, ItemState.UNKNOWN.value, "silent")
            all_sent = (ITEMS.c.batch_id == row.id) & (ITEMS.c.state == ItemState.SENT.value)
            Log(tx, mine, SWEEP, now).many(pieces.moved(tx, all_sent, old, states))
            return tx.execute(update(ITEMS).where(old).values(state=ItemState.UNKNOWN.value, changed_at=now)).rowcount

        fresh = await self._store.write(work) if await self._store.read(select(ITEMS.c.id).where(old).limit(1)) else 0
        asked: defaultdict[str, list[str]] = defaultdict(list)
        unknown = (ITEMS.c.batch_id == row.id) & (ITEMS.c.state == ItemState.UNKNOWN.value)
        query = select(ITEMS.c.order_id, ITEMS.c.end_to_end_id).where(unknown).order_by(ITEMS.c.seq).limit(10 * CHUNK)
        for one in await self._store.read(query):
            asked[one.order_id].append(one.end_to_end_id)
        for order, ids in asked.items():
            await self._parts.banking.enquire(order, ids)
        return int(fresh)

    async def _confirm(self, row: Row[Any]) -> int:
        """The time in which a return could come is over."""
        now = self._clock.now()
        before = now - timedelta(days=self._settings.payout_return_days)
        old = (ITEMS.c.batch_id == row.id) & (ITEMS.c.state == ItemState.SETTLED.value) & (ITEMS.c.changed_at <= before)

        def work(tx: Connection) -> int:
            mine = held(tx, row.id)
            assert mine is not None, "batches stay"
            states = ("", ItemState.SETTLED.value, ItemState.CONFIRMED.value, "")
            settled = (ITEMS.c.batch_id == row.id) & (ITEMS.c.state == ItemState.SETTLED.value)
            Log(tx, mine, SWEEP, now).many(pieces.moved(tx, settled, old, states))
            done = tx.execute(update(ITEMS).where(old).values(state=ItemState.CONFIRMED.value, changed_at=now)).rowcount
            left = tx.execute(select(func.count()).where(settled)).scalar_one()
            tx.execute(pieces.due(row.id, now + timedelta(days=1) if left else None))
            return done

        return await self._store.write(work)

    async def _tell(self, row: Row[Any]) -> int:
        """Tell the source what came of the next items; how many."""
        source = self._parts.sources.get(row.source)
        query = select(ITEMS.c.id, ITEMS.c.source_id, ITEMS.c.tell, ITEMS.c.changed_at)
        waiting = (ITEMS.c.batch_id == row.id) & (ITEMS.c.tell != "")
        page = await self._store.read(query.where(waiting).order_by(ITEMS.c.seq).limit(TOLD))
        if source is None or not page:
            return 0
        async with asyncio.TaskGroup() as tasks:
            for one in page:
                tasks.create_task(source.ended(one.source_id, Verdict(one.tell), one.id, one.changed_at))

        def work(tx: Connection) -> int:
            verdicts = {one.tell for one in page}
            return sum(
                bulk.change_named(
                    tx, [one.id for one in page if one.tell == verdict], ITEMS.c.tell == verdict, {"tell": ""}
                )
                for verdict in sorted(verdicts)
            )

        return await self._store.write(work)

    async def _order(self, batch_id: str, state: str) -> Row[Any] | None:
        query = select(ORDERS).where(ORDERS.c.batch_id == batch_id, ORDERS.c.state == state)
        rows = await self._store.read(query.order_by(ORDERS.c.id).limit(1))
        return rows[0] if rows else None
