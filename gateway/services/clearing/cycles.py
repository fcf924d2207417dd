"""Settlement cycles: opened once for each cut, they take what is unsettled, post it, and say what is owed to whom.

Each step is finished before the next begins and is harmless to repeat: takings are marked, items stored once, posted
under ids that follow from them, and summed once a merchant. A cycle that was killed goes on where it stopped.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from gateway.observe import log
from gateway.services.clearing import book, bulk, money
from gateway.services.clearing.bulk import NewItem
from gateway.services.clearing.calendar import EXTRA_FROM, Cut
from gateway.services.clearing.fees import fee_back
from gateway.services.clearing.model import Cycle, CycleState, DueState, ExceptionType, Kind
from gateway.services.clearing.ports import Parts, Taking
from gateway.services.clearing.rounds import begun_for
from gateway.services.clearing.tables import CARRIED, CYCLES, DUES, ITEMS, SHARES
from gateway.store import insert_ignore
from wallet.ids import new_id
from wallet.transfers import Outcome, PostResult, Transfer

PAGE = 1000
"""Takings that are marked and stored at once."""
CHUNK = 250
"""Items that are posted with one call of the ledger."""
MERCHANTS_PAGE = 200
CATCH_UP = timedelta(days=7)
"""A house that was away longer cuts the days before together."""
WORKER_S = 120
"""How long a process that says nothing more is believed to work on a cycle."""
Told = Callable[[str, int], None]
"""Is told the step and how many more were done."""


def untold(_step: str, _count: int) -> None:
    """Nobody is told."""
    return


class _Lost(Exception):
    """Another process works on the cycle: this one was silent for too long."""


class Cycles:
    """Opens and runs cycles."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._store, self._clock = parts.store, parts.clock
        self._me = new_id("wrk", parts.clock)

    async def open_due(self) -> int:
        """Open the cycles whose cuts have passed; how many. Whatever the number of processes, each once."""
        now = self._clock.now()
        scheduled = select(func.max(CYCLES.c.cut_at).label("last")).where(CYCLES.c.number < EXTRA_FROM)
        last = (await self._store.read(scheduled))[0].last
        calendar = self._parts.calendar
        cuts = [calendar.latest(now)] if last is None else list(calendar.due(max(last, now - CATCH_UP), now))
        opened = [await self._opened(cut) for cut in cuts]
        return sum(one is not None for one in opened)

    async def open_now(self) -> str:
        """Open a cycle that cuts now, between those of the calendar; its id."""
        now = self._clock.now()
        day = self._parts.calendar.business_on(now)
        while True:
            highest = select(func.max(CYCLES.c.number).label("highest")).where(CYCLES.c.business_on == day)
            number = max((await self._store.read(highest))[0].highest or 0, EXTRA_FROM - 1) + 1
            made = await self._opened(Cut(day, number, now))
            if made is not None:
                return made

    async def _opened(self, cut: Cut) -> str | None:
        """The new cycle's id; None if it was opened before."""
        row = {
            "id": new_id("cyc", self._clock), "business_on": cut.business_on, "number": cut.number, "cut_at": cut.at,
            "state": CycleState.MARKING.value, "item_count": 0, "gross_minor": 0, "fee_minor": 0, "refund_minor": 0,
            "fee_back_minor": 0, "opened_at": self._clock.now(), "finished_at": None, "worker": "",
            "worker_until": None,
        }  # fmt: skip
        made = await self._store.write(lambda tx: insert_ignore(tx, CYCLES, row))
        return str(row["id"]) if made else None

    async def run_cycles(self, told: Told = untold) -> int:
        """Finish the cycles that are open, oldest cut first; how many. Stops at one that another process has."""
        done = 0
        is_open = CYCLES.c.state != CycleState.DONE.value
        for row in await self._store.read(select(CYCLES).where(is_open).order_by(CYCLES.c.cut_at, CYCLES.c.id)):
            if not await self._mine(row.id):
                break
            try:
                await self._run(book.cycle_of(row), told)
            except _Lost:
                log(service="clearing").warning("cycle_lost", cycle=row.id)
                break
            done += 1
        return done

    async def _run(self, cycle: Cycle, told: Told) -> None:
        state = cycle.state
        if state is CycleState.MARKING:
            await self._mark(cycle, told)
            state = await self._step(cycle.id, CycleState.MARKING, CycleState.POSTING)
        if state is CycleState.POSTING:
            for kind in (Kind.PURCHASE, Kind.REFUND):
                await self._list(cycle, kind, told)
            await self._post(cycle, told)
            state = await self._step(cycle.id, CycleState.POSTING, CycleState.SUMMING)
        if state is CycleState.SUMMING:
            await self._sum(cycle, told)

    async def _mine(self, cycle_id: str) -> bool:
        """Whether this process works on the cycle from now on: it was free, or its worker has fallen silent."""
        now = self._clock.now()
        free = or_(CYCLES.c.worker.in_(["", self._me]), CYCLES.c.worker_until < now)
        mine = update(CYCLES).where(CYCLES.c.id == cycle_id, free, CYCLES.c.state != CycleState.DONE.value)
        values = {"worker": self._me, "worker_until": now + timedelta(seconds=WORKER_S)}
        return await self._store.write(lambda tx: tx.execute(mine.values(**values)).rowcount) == 1

    async def _still_mine(self, cycle_id: str) -> None:
        """Work on, for a while longer.

        Raises:
            _Lost: Another process has taken over: what were marked from now on might be in no sum of it any more.
        """
        if not await self._mine(cycle_id):
            raise _Lost

    async def _step(self, cycle_id: str, was: CycleState, state: CycleState) -> CycleState:
        step = update(CYCLES).where(CYCLES.c.id == cycle_id, CYCLES.c.state == was.value).values(state=state.value)
        await self._store.write(lambda tx: tx.execute(step).rowcount)
        return state

    async def _mark(self, cycle: Cycle, told: Told) -> None:
        """Take what is unsettled before the cut, and what staff want asked for again."""
        again = update(ITEMS).where(ITEMS.c.state == "again")
        once_more = again.values(cycle_id=cycle.id, state="waiting", attempt=ITEMS.c.attempt + 1)
        await self._store.write(lambda tx: tx.execute(once_more).rowcount)
        after = ""
        while page := await self._parts.takings.unsettled(cycle.cut_at, after=after, limit=PAGE):
            marked = await self._parts.takings.mark([one.id for one in page], cycle.id)
            told("taken", len(marked))
            after = page[-1].id
            await self._still_mine(cycle.id)

    async def _list(self, cycle: Cycle, kind: Kind, told: Told) -> None:
        """Store what is taken as items with their fees; purchases first, since refunds ask what they were."""
        after = ""
        while page := await self._parts.takings.settling(cycle.id, after=after, limit=PAGE):
            ones = [one for one in page if one.kind == kind.value]
            items = await (self._purchases(ones) if kind is Kind.PURCHASE else self._refunds(ones))
            await self._store.write(partial(self._listed, cycle_id=cycle.id, items=items))
            told("listed", len(items))
            after = page[-1].id
            await self._still_mine(cycle.id)

    def _listed(self, tx: Connection, *, cycle_id: str, items: Sequence[NewItem]) -> None:
        bulk.put_items(tx, cycle_id, items)
        begun_for(tx, self._clock, items)

    async def _purchases(self, takings: Sequence[Taking]) -> list[NewItem]:
        shops = await self._parts.shops.by_ids({one.merchant_id for one in takings})
        items = []
        for one in takings:
            day, shop = self._day(one), shops[one.merchant_id]
            # A refund that was taken back late pays none: its purchase has paid, and what was given back stays so.
            fee = 0
            if not one.original_id:
                fee = self._parts.schedule.fee(one.settles_minor, day, shop.category, shop.fee_class)
            items.append(_item(one, day, fee))
        return items

    async def _refunds(self, takings: Sequence[Taking]) -> list[NewItem]:
        """Refunds, each with the share of the fee that it gives back: counted over all refunds of its purchase."""
        originals = sorted({one.original_id for one in takings if one.original_id})
        bought = select(ITEMS.c.taking_id, ITEMS.c.amount_minor, ITEMS.c.fee_minor)
        rows = await self._store.read(bought.where(ITEMS.c.taking_id.in_(originals)))
        settled = {row.taking_id: row for row in rows}
        first = takings[0].id if takings else ""
        before = await self._refunded(originals, first)
        items = []
        for one in takings:
            of = settled.get(one.original_id)
            so_far = before.get(one.original_id, 0)
            back = fee_back(of.fee_minor, of.amount_minor, so_far, one.settles_minor) if of is not None else 0
            before[one.original_id] = so_far + one.settles_minor
            items.append(_item(one, self._day(one), back))
        return items

    async def _refunded(self, originals: Sequence[str], before_id: str) -> dict[str, int]:
        earlier = ITEMS.c.original_id.in_(originals) & (ITEMS.c.taking_id < before_id)
        earlier &= ITEMS.c.kind == Kind.REFUND.value
        query = select(ITEMS.c.original_id, func.sum(ITEMS.c.amount_minor).label("minor")).where(earlier)
        rows = await self._store.read(query.group_by(ITEMS.c.original_id))
        return {row.original_id: int(row.minor) for row in rows}

    async def _post(self, cycle: Cycle, told: Told) -> None:
        waiting = select(ITEMS).where(ITEMS.c.cycle_id == cycle.id, ITEMS.c.state == "waiting")
        while page := await self._store.read(waiting.order_by(ITEMS.c.taking_id).limit(CHUNK)):
            await self._open_accounts(sorted({row.merchant_id for row in page}))
            refused = await self._refused(page)
            await self._store.write(partial(self._posted, page=page, refused=refused))
            told("posted", len(page))
            await self._still_mine(cycle.id)

    async def _open_accounts(self, merchant_ids: Sequence[str]) -> None:
        chart, roles = self._parts.chart, ("merchant_clearing", "merchant_payable")
        owned = [chart.account(role, merchant_id) for merchant_id in merchant_ids for role in roles]
        await self._parts.ledger.open_accounts(chart.account("fee_income"), *owned)

    async def _refused(self, page: Sequence[Row[Any]]) -> Mapping[str, Outcome]:
        """Post what these items ask for; those that the ledger has refused, each with the first reason."""
        legs: list[tuple[str, Transfer]] = [
            (row.taking_id, leg) for row in page for leg in money.transfers_of(row, self._parts.chart)
        ]
        results: Sequence[PostResult] = await self._parts.ledger.post(*(leg for _, leg in legs)) if legs else []
        refused: dict[str, Outcome] = {}
        for (taking_id, _), result in zip(legs, results, strict=True):
            known = refused.get(taking_id, Outcome.LINKED_FAILED)
            if not result.outcome.stands and known is Outcome.LINKED_FAILED:
                refused[taking_id] = result.outcome
        return refused

    def _posted(self, tx: Connection, *, page: Sequence[Row[Any]], refused: Mapping[str, Outcome]) -> None:
        bulk.set_state(tx, [row.taking_id for row in page if row.taking_id not in refused], "waiting", "posted")
        bulk.set_state(tx, refused, "waiting", "refused")
        for row in page:
            outcome = refused.get(row.taking_id)
            if outcome is None:
                continue
            log(service="clearing").error("taking_not_settled", taking=row.taking_id, outcome=outcome.name)
            detail = {"why": outcome.name.lower(), "amount_minor": str(row.amount_minor), "cycle": row.cycle_id}
            opened = book.open_exception(
                tx, self._clock, ExceptionType.NOT_POSTED, row.taking_id, detail,
                merchant_id=row.merchant_id, terminal_id=row.terminal_id,
            )  # fmt: skip
            if not opened:
                book.reopen_exception(tx, ExceptionType.NOT_POSTED, row.taking_id, detail)

    async def _sum(self, cycle: Cycle, told: Told) -> None:
        after = ""
        merchants = select(ITEMS.c.merchant_id).where(ITEMS.c.cycle_id == cycle.id).distinct()
        ordered = merchants.order_by(ITEMS.c.merchant_id).limit(MERCHANTS_PAGE)
        while page := await self._store.read(ordered.where(ITEMS.c.merchant_id > after)):
            ids = [row.merchant_id for row in page]
            await self._store.write(partial(_shared, cycle=cycle, merchant_ids=ids))
            told("summed", len(ids))
            after = ids[-1]
            await self._still_mine(cycle.id)
        await self._store.write(partial(_freed_are_eaten, cycle=cycle))
        await self._store.write(partial(_finished, cycle_id=cycle.id, now=self._clock.now()))
        log(service="clearing").info("cycle_done", cycle=cycle.id, business_on=str(cycle.business_on))

    def _day(self, one: Taking) -> date:
        return self._parts.calendar.business_on(one.taken_at)


def _item(one: Taking, day: date, fee_minor: int) -> NewItem:
    return NewItem(
        one.id, one.merchant_id, one.terminal_id, one.batch_number, one.kind, one.original_id, day.isoformat(),
        one.settles_minor, fee_minor,
    )  # fmt: skip


def _shared(tx: Connection, *, cycle: Cycle, merchant_ids: Sequence[str]) -> None:
    """What the cycle came to for these merchants, once for each, with what they are owed or carry on."""
    mine = (ITEMS.c.cycle_id == cycle.id) & ITEMS.c.merchant_id.in_(merchant_ids) & (ITEMS.c.state == "posted")
    sums = (func.count().label("item_count"), func.sum(ITEMS.c.amount_minor), func.sum(ITEMS.c.fee_minor))
    by = (ITEMS.c.merchant_id, ITEMS.c.kind)
    found = {(row[0], row[1]): row for row in tx.execute(select(*by, *sums).where(mine).group_by(*by))}
    for merchant_id in merchant_ids:
        bought = found.get((merchant_id, Kind.PURCHASE.value), (merchant_id, "", 0, 0, 0))
        refunded = found.get((merchant_id, Kind.REFUND.value), (merchant_id, "", 0, 0, 0))
        gross, fees, refunds, back = int(bought[3]), int(bought[4]), int(refunded[3]), int(refunded[4])
        net = gross - fees - refunds + back
        row = {
            "cycle_id": cycle.id, "merchant_id": merchant_id, "item_count": bought[2] + refunded[2],
            "gross_minor": gross, "fee_minor": fees, "refund_minor": refunds, "fee_back_minor": back, "net_minor": net,
            "due_minor": 0, "carried_minor": 0,
        }  # fmt: skip
        if insert_ignore(tx, SHARES, row):
            result = _net(tx, cycle, merchant_id, net)
            mine = (SHARES.c.cycle_id == cycle.id) & (SHARES.c.merchant_id == merchant_id)
            said = {"due_minor": result.due_minor, "carried_minor": result.carried_minor}
            tx.execute(update(SHARES).where(mine).values(**said))


def _freed_are_eaten(tx: Connection, *, cycle: Cycle) -> None:
    """Dues that a batch gave up after refunds had exceeded sales: payable is short of them, so they are netted now."""
    free = select(DUES.c.merchant_id).where(DUES.c.state == DueState.FREE.value)
    owing = select(CARRIED.c.merchant_id).where(CARRIED.c.minor > 0, CARRIED.c.merchant_id.in_(free))
    for merchant_id in tx.execute(owing.order_by(CARRIED.c.merchant_id).limit(MERCHANTS_PAGE)).scalars().all():
        _net(tx, cycle, merchant_id, 0)


def _net(tx: Connection, cycle: Cycle, merchant_id: str, net_minor: int) -> money.Netted:
    insert_ignore(tx, CARRIED, {"merchant_id": merchant_id, "minor": 0})
    locked = select(CARRIED.c.minor).where(CARRIED.c.merchant_id == merchant_id)
    carried = tx.execute(locked.with_for_update(key_share=True)).scalar_one()
    is_free = (DUES.c.merchant_id == merchant_id) & (DUES.c.state == DueState.FREE.value)
    free = tx.execute(select(DUES).where(is_free).order_by(DUES.c.id).with_for_update(key_share=True)).all()
    result = money.netted(net_minor, carried, [money.Owed(row.id, row.amount_minor) for row in free])
    by_id = {row.id: row for row in free}
    for due_id, left in result.eaten:
        tx.execute(update(DUES).where(DUES.c.id == due_id).values(state=DueState.NETTED.value))
        if left:
            # Under another name: a batch that has read the old one a moment ago must not pay it.
            add_due(tx, f"{due_id}r", by_id[due_id].cycle_id, merchant_id, left)
    if result.due_minor:
        due_id = f"mrc_{merchant_id.partition('_')[2]}:{cycle.business_on}:{cycle.number}"
        add_due(tx, due_id, cycle.id, merchant_id, result.due_minor)
    tx.execute(update(CARRIED).where(CARRIED.c.merchant_id == merchant_id).values(minor=result.carried_minor))
    return result


def add_due(tx: Connection, due_id: str, cycle_id: str, merchant_id: str, minor: int) -> None:
    """A due that no batch has."""
    row = {
        "id": due_id, "merchant_id": merchant_id, "cycle_id": cycle_id, "amount_minor": minor,
        "state": DueState.FREE.value,
        "batch_id": "", "heard": "", "item_id": "", "reason": "", "paid_at": None, "returned_at": None,
    }  # fmt: skip
    tx.execute(insert(DUES).values(**row))


def _finished(tx: Connection, *, cycle_id: str, now: datetime) -> None:
    names = ("item_count", "gross_minor", "fee_minor", "refund_minor", "fee_back_minor")
    sums = (func.coalesce(func.sum(SHARES.c[name]), 0) for name in names)
    values = tx.execute(select(*sums).where(SHARES.c.cycle_id == cycle_id)).one()
    said = dict(zip(names, map(int, values), strict=True))
    open_ = (CYCLES.c.id == cycle_id) & (CYCLES.c.state == CycleState.SUMMING.value)
    done = {"state": CycleState.DONE.value, "finished_at": now, "worker": "", "worker_until": None}
    tx.execute(update(CYCLES).where(open_).values(**said, **done))
