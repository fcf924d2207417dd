"""What a file of the bank says, brought into tables: statements with their lines, reports as news. Harmless twice."""

from asyncio import to_thread
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from sqlalchemy import Connection, select, update

from gateway.errors import StoreUnavailable
from gateway.services.banking import rules, series
from gateway.services.banking.bulk import CHUNK, put
from gateway.services.banking.model import Finding, News, OrderState, PaymentNews
from gateway.services.banking.ordering import Ordering
from gateway.services.banking.tables import LINES, ORDERS, STATEMENTS
from gateway.store import insert_ignore
from gateway.wire.iso20022 import StatusReport
from wallet.ids import new_id
from wallet.reconciliation import BankStatement, StatementLine

_COLUMNS = (
    "statement_id", "number", "kind", "minor", "booked_on", "value_on", "bank_reference", "end_to_end_id",
    "message_id", "payment_information_id", "count", "reversal", "return_reason", "counterparty",
    "counterparty_account", "remittance", "code",
)  # fmt: skip
_REPORTED = (OrderState.SENDING.value, OrderState.SENT.value, OrderState.ANSWERED.value)


@dataclass(frozen=True, slots=True)
class Source:
    """The file that something stands in."""

    file_id: str
    position: int
    on: date
    """The day on which it came, for statements that name none."""


class Taking(Ordering):
    """Takes reports and statements."""

    async def _take_report(self, source: Source, report: StatusReport) -> str:
        """Keep what a report says of each payment; what staff should know of it, or ''.

        Raises:
            StoreUnavailable: It concerns payments of an order whose file is not here.
        """
        order = await self.order_by_id(report.order_id)
        if order is None:
            return "it tells of an order that is not ours"
        ordered = await self._ordered.payments_of(report.order_id)
        if not ordered and rules.speaks_of_all(report):
            raise StoreUnavailable("the order's own file is not here, so nobody knows which payments are meant")
        news = await to_thread(rules.news_of_report, report, ordered, order.order.total.asset)
        await self._keep_news(source.file_id, source.position, [(0, one) for one in news])
        status = report.group.status or rules.overall(report).status
        answered = {"state": OrderState.ANSWERED.value, "status": status or "", "next_at": None}
        answers = update(ORDERS).where(ORDERS.c.id == report.order_id, ORDERS.c.state.in_(_REPORTED))
        moves = answers.values(**answered, reason="", changed_at=self._clock.now())
        await self._store.write(lambda tx: tx.execute(moves).rowcount)
        return ""

    async def _take_statement(self, source: Source, statement: BankStatement) -> tuple[str, bool]:
        """Keep a statement, its lines and what they say; its id, and whether it is new."""
        statement_id, whole = await self._begin(source, statement)
        if whole:
            return statement_id, False
        rows = _rows(statement_id, statement.lines)
        while chunk := list(islice(rows, CHUNK)):

            def work(tx: Connection, chunk: list[tuple[str | int | None, ...]] = chunk) -> None:
                put(tx, LINES, _COLUMNS, chunk)

            await self._store.write(work)
            self._watcher(len(chunk))
        news, findings = await self._said(statement)
        await self._keep_news(statement_id, source.position, news)
        await self._finish(statement_id, findings)
        return statement_id, True

    async def _begin(self, source: Source, statement: BankStatement) -> tuple[str, bool]:
        """The statement's id, and whether it was in already, whole."""
        digest = await to_thread(rules.digest_of, statement)
        row: dict[str, object] = {
            "id": new_id("stm", self._clock), "file_id": source.file_id, "root": statement.root,
            "statement_id": statement.statement_id, "account": statement.account, "asset": statement.asset,
            "sequence": statement.sequence, "digest": digest, "opening": statement.opening,
            "closing": statement.closing, "from_on": statement.from_on, "to_on": statement.to_on,
            "order_on": statement.to_on or statement.from_on or source.on, "count": len(statement.lines),
            "left_out": statement.left_out, "whole": False, "findings": [], "at": self._clock.now(),
        }  # fmt: skip
        same = (STATEMENTS.c.account == statement.account) & (STATEMENTS.c.root == statement.root)
        same &= (STATEMENTS.c.sequence == statement.sequence) & (STATEMENTS.c.digest == digest)

        def work(tx: Connection) -> tuple[str, bool]:
            insert_ignore(tx, STATEMENTS, row)
            kept = tx.execute(select(STATEMENTS.c.id, STATEMENTS.c.whole).where(same)).one()
            return kept.id, kept.whole

        return await self._store.write(work)

    async def _said(self, statement: BankStatement) -> tuple[list[tuple[int, News]], tuple[Finding, ...]]:
        """What the lines say of payments; and whether there is a booking of a whole order that is not understood."""
        orders = await self._orders_named(statement.lines)
        incoming = [line.end_to_end_id for line in statement.lines if line.end_to_end_id and line.signed > 0]
        paid_here = {line.end_to_end_id for line in statement.lines if line.signed < 0}
        ours = await self._spoken_of(incoming) | paid_here
        settled: dict[int, rules.Settled] = {}
        findings: tuple[Finding, ...] = ()
        for line in statement.lines:
            if order_id := rules.order_of(line, orders) if orders else "":
                among = await self._settled_by(order_id, line)
                settled[line.number] = among or ()
                findings = findings if among else (Finding.BATCH,)
        news = await to_thread(rules.news_of_statement, statement, settled, ours, self._parts.zone)
        return news, findings

    async def _settled_by(self, order_id: str, line: StatementLine) -> list[tuple[str, int]] | None:
        ordered = await self._ordered.payments_of(order_id)
        if not ordered:
            return None
        rejected = await self._spoken_of([key for key, _ in ordered], PaymentNews.REJECTED)
        return rules.settled_by(line.amount.minor, ordered, rejected)

    async def _orders_named(self, lines: Sequence[StatementLine]) -> dict[str, None]:
        named = {line.payment_information_id for line in lines} | {line.message_id for line in lines}
        wanted, found = sorted(named - {""}), dict[str, None]()
        for begin in range(0, len(wanted), CHUNK):
            query = select(ORDERS.c.id).where(ORDERS.c.id.in_(wanted[begin : begin + CHUNK]))
            found.update(dict.fromkeys(row.id for row in await self._store.read(query)))
        return found

    async def _finish(self, statement_id: str, findings: tuple[Finding, ...]) -> None:
        """Everything of it is in: say so, and what does not fit with its neighbours, also those that came before it."""

        def work(tx: Connection) -> None:
            tx.execute(update(STATEMENTS).where(STATEMENTS.c.id == statement_id).values(whole=True))
            _judge(tx, statement_id, findings)
            row = tx.execute(select(STATEMENTS).where(STATEMENTS.c.id == statement_id)).one()
            for later in tx.execute(series.after(row)).scalars().all():
                _judge(tx, later, None)

        await self._store.write(work)


def _rows(statement_id: str, lines: Sequence[StatementLine]) -> Iterator[tuple[str | int | None, ...]]:
    for line in lines:
        yield (
            statement_id, line.number, line.kind.value, line.amount.minor, line.booked_on.isoformat(),
            line.value_on.isoformat(), line.bank_reference, line.end_to_end_id, line.message_id,
            line.payment_information_id, line.count, int(line.reversal), line.return_reason, line.counterparty,
            line.counterparty_account, line.remittance, line.code,
        )  # fmt: skip


def _judge(tx: Connection, statement_id: str, own: tuple[Finding, ...] | None) -> None:
    """Write what does not fit; `own` is what was found in the statement itself, None to keep what is known of that."""
    row = tx.execute(select(STATEMENTS).where(STATEMENTS.c.id == statement_id).with_for_update()).one()
    before, twin = (tx.execute(query(row)).one_or_none() for query in (series.before, series.twins))
    findings = series.judged(row, before, twin=twin is not None)
    known = own if own is not None else series.own(row.findings)
    told = [finding.value for finding in (*findings, *known)]
    tx.execute(update(STATEMENTS).where(STATEMENTS.c.id == statement_id).values(findings=told))
