"""Orders: wanted, written, handed over, and asked for before they are handed over again."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from datetime import timedelta

from sqlalchemy import Connection, select, update

from gateway.errors import BadInput, Conflict, PeerUnavailable, SettingsFault
from gateway.observe import log
from gateway.services.banking.book import order_of
from gateway.services.banking.model import BankOrder, BankPayment, News, OrderRow, OrderState, PaymentNews
from gateway.services.banking.ports import Bank
from gateway.services.banking.tables import ORDERS
from gateway.services.banking.telling import Telling
from gateway.store import insert_ignore
from gateway.wire.iso20022 import Head
from wallet.money import Money

SENDING_S = 90
"""How long the bank may take to take a file."""
LEASE_S = 180
"""After which an order that nobody has said anything of is asked for by somebody else."""
SHIPPED_AT_ONCE = 10
PAUSE_S, PAUSE_MAX_S = 5, 600
REFUSED_FILE = "FF01"
"""ISO 20022 external status reason: invalid file format."""
NEVER_HAD = "the bank has never had it"
WITHDRAWN = "withdrawn before it was handed over"
PAGE = 2000
Pages = AsyncIterable[Sequence[BankPayment]]
_ASKED = frozenset({OrderState.WRITING, OrderState.SENT})
"""Orders that nothing else will move: an answered one the bank has had, a written one is on its way."""
_FIELDS = ("cause", "scheme", "execute_on", "count", "minor", "asset")
_LOG = log(part="banking")


class Ordering(Telling):
    """Writes and ships."""

    async def order(self, order: BankOrder, payments: Sequence[BankPayment] | Pages) -> None:
        """Write the order's file, to be handed over by `ship`; the same order again is the same file, written once.

        After a crash the caller orders again: until the file is whole nothing is handed over.

        Args:
            order: What is ordered.
            payments: All of them, or pages of them for an order that nobody holds in memory.

        Raises:
            SettingsFault: Nobody has said what the bank wants.
            Conflict: It was withdrawn, another order has that id, or the payments do not agree with count and total.
            StoreUnavailable: The file could not be written, nothing of it stands.
        """
        if self._parts.profile is None:
            raise SettingsFault("nothing can be ordered of the bank until bank_profile_file is set")
        row = await self._wanted(order)
        if row.state is OrderState.REFUSED and row.reason == WITHDRAWN:
            raise Conflict("the order was withdrawn")
        here = row.state is OrderState.WRITTEN and await self._out.read(order.id, row.sha256) is not None
        if here or row.state not in {OrderState.WRITING, OrderState.WRITTEN}:
            return
        head = Head(order.id, row.created_at, order.execute_on, order.count, order.total)
        pages = _pages(payments) if isinstance(payments, Sequence) else payments
        sha256 = await self._out.write(self._parts.profile.of(order.scheme), head, pages)
        await self._written(order.id, sha256)

    async def withdraw(self, order: BankOrder) -> bool:
        """Close an order that was not handed over, also one that nobody has ordered yet; False if it was, or may be."""
        kept = await self._wanted(order)
        for state in (OrderState.WRITING, OrderState.WRITTEN):
            if await self._moved(order.id, OrderState.REFUSED, state, reason=WITHDRAWN):
                return True
        return kept.state is OrderState.REFUSED and kept.reason == WITHDRAWN

    async def ship(self) -> int:
        """Hand written orders over to the bank; how many it has taken. A worker's tick."""
        bank = self._parts.bank
        if bank is None:
            return 0
        shipped = 0
        for _ in range(SHIPPED_AT_ONCE):
            if (claimed := await self._claim()) is None:
                break
            row, doubtful = claimed
            shipped += await self._ship(bank, row, doubtful=doubtful)
        return shipped

    async def enquire(self, order_id: str, end_to_end_ids: Sequence[str]) -> None:
        """Ask the bank after payments of which nothing is heard; what it has never had comes as news.

        An order that was never handed over, or that the bank has never had, is closed before that is told: whoever
        hears it may pay again by another order. A bank that does not answer is asked another time.
        """
        row = await self.order_by_id(order_id)
        if row is None or (row.state not in _ASKED and row.reason not in {NEVER_HAD, WITHDRAWN}):
            return
        if row.state is OrderState.SENT and await self._known_there(order_id):
            return
        if row.state in _ASKED and not await self._moved(order_id, OrderState.REFUSED, row.state, reason=NEVER_HAD):
            return
        now, never = self._clock.now(), PaymentNews.UNKNOWN_THERE
        news = [(1, News(one, never, None, "", f"enquiry {order_id}", now)) for one in end_to_end_ids]
        await self._keep_news(order_id, 0, news)

    async def _known_there(self, order_id: str) -> bool:
        """Whether the bank has an order; also while nobody can say."""
        if (bank := self._parts.bank) is None:
            return True
        try:
            async with asyncio.timeout(SENDING_S):
                return await bank.enquire(order_id)
        except (PeerUnavailable, TimeoutError):
            _LOG.warning("bank_enquiry_unanswered", order=order_id)
            return True

    async def _wanted(self, order: BankOrder) -> OrderRow:
        assert order.total.minor > 0 and order.count > 0, "an order of nothing"  # noqa: PT018 - one thing
        now = self._clock.now()
        row: dict[str, object] = {
            "id": order.id, "cause": order.cause, "scheme": order.scheme.value, "execute_on": order.execute_on,
            "count": order.count, "minor": order.total.minor, "asset": order.total.asset.code,
            "state": OrderState.WRITING.value, "sha256": "", "status": "", "reason": "", "attempts": 0,
            "next_at": None, "created_at": now, "changed_at": now,
        }  # fmt: skip

        def work(tx: Connection) -> OrderRow | str:
            insert_ignore(tx, ORDERS, row)
            kept = tx.execute(select(ORDERS).where(ORDERS.c.id == order.id)).one()
            differing = next((name for name in _FIELDS if kept._mapping[name] != row[name]), "")  # noqa: SLF001 - public
            return differing or order_of(kept)

        kept = await self._store.write(work)
        if isinstance(kept, str):
            raise Conflict(f"another order has this id: its {kept} differs")
        return kept

    async def _written(self, order_id: str, sha256: str) -> None:
        now = self._clock.now()

        writing = ORDERS.c.state.in_([OrderState.WRITING.value, OrderState.WRITTEN.value])
        values = {"state": OrderState.WRITTEN.value, "sha256": sha256, "next_at": now, "changed_at": now, "reason": ""}
        writes = update(ORDERS).where(ORDERS.c.id == order_id, writing).values(**values)
        await self._store.write(lambda tx: tx.execute(writes).rowcount)
        self._parts.metrics.bank_orders.labels(OrderState.WRITTEN.value).inc()
        _LOG.info("bank_order_moved", order=order_id, state=OrderState.WRITTEN.value)

    async def _claim(self) -> tuple[OrderRow, bool] | None:
        """An order to hand over, and whether it may have been handed over before; nobody else has it for LEASE_S."""
        now = self._clock.now()

        def work(tx: Connection) -> tuple[OrderRow, bool] | None:
            waiting = select(ORDERS).where(ORDERS.c.next_at <= now).order_by(ORDERS.c.next_at, ORDERS.c.id)
            row = tx.execute(waiting.limit(1).with_for_update(key_share=True)).one_or_none()
            if row is None:
                return None
            leased = {"state": OrderState.SENDING.value, "next_at": now + timedelta(seconds=LEASE_S)}
            tx.execute(update(ORDERS).where(ORDERS.c.id == row.id).values(**leased, attempts=row.attempts + 1))
            return order_of(row), row.state == OrderState.SENDING

        return await self._store.write(work)

    async def _ship(self, bank: Bank, row: OrderRow, *, doubtful: bool) -> int:
        order_id = row.order.id
        try:
            async with asyncio.timeout(SENDING_S):
                if not (doubtful and await bank.enquire(order_id)):
                    octets = await self._out.read(order_id, row.sha256)
                    if octets is None:
                        await self._moved(order_id, OrderState.WRITING, reason="the file is gone: order it again")
                        return 0
                    await bank.send(order_id, f"{order_id}.xml", octets)
        except (PeerUnavailable, TimeoutError) as problem:
            await self._later(row, str(problem) or "no answer in time")
            return 0
        except BadInput as problem:
            await self._refused(row, str(problem))
            return 0
        await self._moved(order_id, OrderState.SENT)
        return 1

    async def _later(self, row: OrderRow, reason: str) -> None:
        pause_s = min(PAUSE_S * 2 ** min(row.attempts, 10), PAUSE_MAX_S)
        next_at = self._clock.now() + timedelta(seconds=pause_s)
        _LOG.warning("bank_order_unsent", order=row.order.id, attempts=row.attempts + 1)
        sending = (ORDERS.c.id == row.order.id) & (ORDERS.c.state == OrderState.SENDING.value)
        waits = update(ORDERS).where(sending).values(next_at=next_at, reason=reason[:200])
        await self._store.write(lambda tx: tx.execute(waits).rowcount)

    async def _refused(self, row: OrderRow, reason: str) -> None:
        """The bank does not take the file: nothing of it will be paid, which is told before the order is closed."""
        ordered = await self._ordered.payments_of(row.order.id)
        asset, now = row.order.total.asset, self._clock.now()
        rejected = PaymentNews.REJECTED
        news = [
            (0, News(key, rejected, Money(minor, asset), REFUSED_FILE, f"order {row.order.id}", now))
            for key, minor in ordered
        ]
        await self._keep_news(row.order.id, 0, news)
        await self._moved(row.order.id, OrderState.REFUSED, reason=reason)

    async def _moved(
        self, order_id: str, state: OrderState, out_of: OrderState = OrderState.SENDING, *, reason: str = ""
    ) -> bool:
        """Bring an order into `state`, unless it has left `out_of`: one that was answered meanwhile stays answered."""
        values = {"state": state.value, "next_at": None, "reason": reason[:200], "changed_at": self._clock.now()}
        moves = update(ORDERS).where(ORDERS.c.id == order_id, ORDERS.c.state == out_of.value).values(**values)
        moved = await self._store.write(lambda tx: tx.execute(moves).rowcount)
        if moved:
            self._parts.metrics.bank_orders.labels(state.value).inc()
            _LOG.info("bank_order_moved", order=order_id, state=state.value)
        return bool(moved)


async def _pages(payments: Sequence[BankPayment]) -> AsyncIterator[Sequence[BankPayment]]:
    for begin in range(0, len(payments), PAGE):
        yield payments[begin : begin + PAGE]
