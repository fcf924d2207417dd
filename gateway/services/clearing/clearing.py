"""Clearing as others of the house use it: terminals' batches, cycles, statements, and the worker's tick."""

from datetime import date

from sqlalchemy import Connection, select

from gateway.services.clearing.batches import Batches
from gateway.services.clearing.cycles import Cycles, Told, add_due, untold
from gateway.services.clearing.ports import Parts
from gateway.services.clearing.statements import Statement, Statements
from gateway.services.clearing.tables import CYCLES, DUES
from gateway.services.clearing.views import Views
from wallet.clock import Clock

MERCHANTS_PAGE = 200


class Clearing:
    """Answers terminals about their batches, and settles what they took."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._batches, self._cycles = Batches(parts), Cycles(parts)
        self._statements = Statements(parts)
        self.views = Views(parts)
        self.answer = self._batches.answer
        self._clock: Clock = parts.clock
        self._prepared = False

    async def tick(self) -> int:
        """One round of the worker: cycles that are due are opened and run, batches without totals closed."""
        await self.prepare()
        done = await self._cycles.open_due()
        done += await self._cycles.run_cycles()
        return done + await self._batches.close_unconfirmed()

    async def run(self, *, extra: bool = False, told: Told = untold) -> int:
        """What is due now, told step by step; with `extra` one more cycle that cuts now. How many cycles were run."""
        await self.prepare()
        await self._cycles.open_due()
        if extra:
            await self._cycles.open_now()
        return await self._cycles.run_cycles(told)

    async def ask_now(self) -> str:
        """Open one more cycle that cuts now; the worker runs it. Its id."""
        await self.prepare()
        return await self._cycles.open_now()

    async def statement(self, merchant_id: str, first: date, last: date) -> Statement:
        """What the merchant's payable did from `first` to `last`, both included."""
        return await self._statements.statement(merchant_id, first, last)

    async def prepare(self) -> None:
        """Open the accounts that merchants of an older database lack; once for each process, harmless again.

        Before the first cycle of all, what such a merchant's payable has already becomes a due.
        """
        if self._prepared:
            return
        first = not await self._parts.store.read(select(CYCLES.c.id).limit(1))
        chart, after = self._parts.chart, ""
        while page := await self._parts.shops.merchants(limit=MERCHANTS_PAGE, after=after):
            roles = ("merchant_clearing", "merchant_payable")
            accounts = [chart.account(role, shop.id) for shop in page for role in roles]
            await self._parts.ledger.open_accounts(*accounts)
            for shop in page if first else ():
                await self._owe_before(shop.id)
            after = page[-1].id
        self._prepared = True

    async def _owe_before(self, merchant_id: str) -> None:
        balances = await self._parts.book.balances(self._parts.chart.id("merchant_payable", merchant_id))
        minor = balances.net_credit if balances is not None else 0
        due_id = f"mrc_{merchant_id.partition('_')[2]}:before"

        def work(tx: Connection) -> None:
            known = tx.execute(select(DUES.c.id).where(DUES.c.merchant_id == merchant_id).limit(1)).first()
            settled = tx.execute(select(CYCLES.c.id).limit(1)).first()
            if minor > 0 and known is None and settled is None:
                add_due(tx, due_id, "", merchant_id, minor)

        await self._parts.store.write(work)
