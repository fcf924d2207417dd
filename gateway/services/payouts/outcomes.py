"""What the bank says of payments, taken: as often as it is told, in whatever order."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.errors import Conflict
from gateway.observe import log
from gateway.services.banking.model import News
from gateway.services.iban import masked_iban
from gateway.services.payouts import bulk, pieces
from gateway.services.payouts.answers import DeskState, Flag
from gateway.services.payouts.book import Log, Moved, held
from gateway.services.payouts.calling_off import BANK
from gateway.services.payouts.model import BatchState, ItemState, Rail
from gateway.services.payouts.ports import Known, Verdict
from gateway.services.payouts.rules import AGAIN, REJECTED_LEG, RETURNED_LEG, SETTLED_LEG, step
from gateway.services.payouts.running import Running
from gateway.services.payouts.tables import BATCHES, ITEMS
from gateway.services.telling import NoticeValue, Tell
from wallet.ids import transfer_id
from wallet.money import ASSETS, Money
from wallet.transfers import Transfer, TransferCode

PAGE = 500
TO_BANK, NOT_ARRIVED = "payout_to_bank", "payout_not_arrived"
"""Classes of the notices that a person gets."""
_VERDICTS = {
    ItemState.SETTLED: Verdict.PAID,
    ItemState.REJECTED: Verdict.NOT_PAID,
    ItemState.RETURNED: Verdict.RETURNED,
}


@dataclass(slots=True)
class _Turn:
    """What a page of news does to one item."""

    row: Row[Any]
    state: ItemState
    was_out: bool
    legs: list[str] = field(default_factory=list)
    moves: list[Moved] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    reason: str = ""
    flag: Flag | None = None

    def take(self, news: News) -> None:
        """The next thing that the bank says of it."""
        if news.amount is not None and news.amount != Money(self.row.amount_minor, ASSETS[self.row.asset]):
            self.flag = Flag.AMOUNT_DIFFERS
            return
        done = step(self.state, Rail(self.row.rail), news.what, was_out=self.was_out)
        self.flag = done.flag or self.flag
        if done.state is self.state:
            return
        self.reason = AGAIN if done.state is ItemState.APPROVED else news.reason[:35]
        self.legs += done.legs
        seq = self.row.seq
        self.moves.append((seq, seq, self.row.rail, self.state.value, done.state.value, self.reason))
        self.sources.append(f"bank {news.source}"[:120])
        self.state = done.state

    @property
    def values(self) -> dict[str, object]:
        """The columns that are written."""
        values: dict[str, object] = {"flag": self.flag.value if self.flag else self.row.flag}
        if self.moves:
            verdict = _VERDICTS.get(self.state)
            tell = pieces.told(self.row, verdict) if verdict else self.row.tell
            values |= {"state": self.state.value, "reason": self.reason, "tell": tell}
        if self.state is ItemState.APPROVED and self.moves:
            values["order_id"] = ""
        if self.state is ItemState.REJECTED and self.moves:
            values["once"] = None
        if self.state is ItemState.RETURNED and self.moves:
            values["desk"] = DeskState.OPEN.value
        return values


class Outcomes(Running):
    """A NewsTaker of the banking service."""

    async def take(self, news: Sequence[News]) -> None:
        """Do what follows; a payment that is not ours is left to reconciliation.

        Raises:
            Conflict: Something else has moved one of them meanwhile; told again, it is taken.
        """
        for start in range(0, len(news), PAGE):
            await self._take_news(news[start : start + PAGE])

    async def _take_news(self, news: Sequence[News]) -> None:
        ids = {one.end_to_end_id for one in news}
        query = select(ITEMS, BATCHES.c.asset, BATCHES.c.source).join(BATCHES, BATCHES.c.id == ITEMS.c.batch_id)
        rows = await self._store.read(query.where(ITEMS.c.end_to_end_id.in_(ids)).order_by(ITEMS.c.id))
        turns = {
            row.end_to_end_id: _Turn(row, ItemState(row.state), bool(row.order_id) or row.reason == AGAIN)
            for row in rows
        }
        for one in news:
            if (turn := turns.get(one.end_to_end_id)) is not None:
                turn.take(one)
        await self._book([turn for turn in turns.values() if turn.legs])
        changed = [turn for turn in turns.values() if turn.moves or (turn.flag and turn.flag.value != turn.row.flag)]
        if changed:
            tells = await self._tells([turn for turn in changed if turn.moves])
            await self._store.write(self._taking(changed, tells))

    async def _book(self, turns: Sequence[_Turn]) -> None:
        """Move the money; what the ledger will not book stays as it was, and flagged."""
        assets = {turn.row.asset for turn in turns}
        for code in sorted(assets):
            names = (("rail_payable", BANK), ("trust_bank", ""), ("suspense", ""))
            await self._ledger.open_accounts(*(self._chart.account(*name, ASSETS[code]) for name in names))
        legs = [(turn, self._leg(turn.row, leg)) for turn in turns for leg in turn.legs]
        results = await self._ledger.post(*(transfer for _, transfer in legs)) if legs else []
        for (turn, _), result in zip(legs, results, strict=True):
            if not result.outcome.stands:
                log(service="payouts").error("bank_news_not_booked", item=turn.row.id, outcome=result.outcome.name)
                turn.flag, turn.moves, turn.sources = Flag.LEDGER_REFUSED, [], []
                turn.state = ItemState(turn.row.state)

    def _leg(self, row: Row[Any], leg: str) -> Transfer:
        asset = ASSETS[row.asset]
        chart, amount, id_ = self._chart, Money(row.amount_minor, asset), transfer_id(row.id, leg)
        out = chart.id("rail_payable", BANK, asset)
        if leg == REJECTED_LEG:
            debit = chart.id(row.debit_role, row.debit_owner, asset)
            return pieces.taken_back(pieces.pays(row, debit, out, TransferCode.PAYOUT, asset))
        trust = chart.id("trust_bank", "", asset)
        if leg == SETTLED_LEG:
            return Transfer(id_, out, trust, amount, TransferCode.PAYOUT_SETTLED, row.id)
        assert leg == RETURNED_LEG, "these are all"
        return Transfer(id_, trust, chart.id("suspense", "", asset), amount, TransferCode.PAYOUT_RETURNED, row.id)

    async def _tells(self, turns: Sequence[_Turn]) -> Mapping[str, Tell]:
        """The notices for people whose money has arrived, or has not."""
        classes = {ItemState.SETTLED: TO_BANK, ItemState.REJECTED: NOT_ARRIVED, ItemState.RETURNED: NOT_ARRIVED}
        wanted = [turn for turn in turns if turn.state in classes and turn.row.person_id]
        people = await self._parts.directory.by_ids({turn.row.person_id for turn in wanted}) if wanted else {}
        now = self._clock.now()
        told = {}
        for turn in wanted:
            who: Known | None = people.get(turn.row.person_id)
            if who is not None:
                values: dict[str, NoticeValue] = {
                    "amount": Money(turn.row.amount_minor, ASSETS[turn.row.asset]),
                    "account": masked_iban(turn.row.iban),
                    "at": now,
                }
                told[turn.row.id] = await self._parts.teller.prepared(
                    classes[turn.state],
                    cause=turn.row.id,
                    msisdn=who.msisdn,
                    person_id=who.person_id,
                    language=who.language,
                    values=values,
                    secrets={},
                )
        return told

    def _taking(self, turns: Sequence[_Turn], tells: Mapping[str, Tell]) -> Any:  # noqa: ANN401 - a unit of work
        now = self._clock.now()
        by_batch: defaultdict[str, list[_Turn]] = defaultdict(list)
        for turn in turns:
            by_batch[turn.row.batch_id].append(turn)

        def work(tx: Connection) -> None:
            for batch_id in sorted(by_batch):
                mine = held(tx, batch_id)
                assert mine is not None, "batches stay"
                _write(tx, by_batch[batch_id], now)
                moving = [turn for turn in by_batch[batch_id] if turn.moves]
                entry = Log(tx, mine, BANK, now)
                entry.many(
                    [move for turn in moving for move in turn.moves],
                    [source for turn in moving for source in turn.sources],
                )
                if moving and mine.state in {BatchState.RUNNING, BatchState.DONE}:
                    tx.execute(pieces.due(batch_id, now))
            for tell in tells.values():
                tell(tx)

        return work


def _write(tx: Connection, turns: Sequence[_Turn], now: Any) -> None:  # noqa: ANN401 - a moment
    """Write the items, those that become the same together.

    Raises:
        Conflict: One is not as it was read.
    """
    same: defaultdict[tuple[object, ...], list[_Turn]] = defaultdict(list)
    for turn in turns:
        same[(turn.row.state, turn.row.order_id, bool(turn.moves), *sorted(turn.values.items(), key=str))].append(turn)
    for alike in same.values():
        first = alike[0]
        as_read = (ITEMS.c.state == first.row.state) & (ITEMS.c.order_id == first.row.order_id)
        values = {**first.values, **({"changed_at": now} if first.moves else {})}
        if bulk.change_named(tx, [turn.row.id for turn in alike], as_read, values) != len(alike):
            raise Conflict("a payment moved while news of it was taken")
