"""The book as it was: at any position and any moment, found by the indexes alone."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import ClauseElement, Connection, Executable, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler

from tests.wallet.books import ALICE, BANK, BOB, CHART, FUNDING, end, fund, hold, send
from wallet.clock import ManualClock
from wallet.ids import AccountId
from wallet.ledger import Ledger, asof, engines
from wallet.ledger.asof import Which
from wallet.money import MINOR_MAX, irr
from wallet.opening import opening
from wallet.transfers import Balances, LogRow, TransferKind

MINUTE = timedelta(minutes=1)
NOTHING = Balances(0, 0, 0, 0, 0)
EVERYONE = (BANK, FUNDING, ALICE, BOB)


async def a_morning(ledger: Ledger, clock: ManualClock) -> list[LogRow]:
    """Some posts, holds and their ends, refusals between, minutes apart."""
    for number in range(6):
        clock.advance(MINUTE)
        held = hold(clock, 5, clock.now() + timedelta(seconds=90 - 60 * (number % 2)))
        await ledger.post(fund(clock, 100 + number), send(clock, 10**6), send(clock, 7 * number + 1), held)
        if number % 3 == 0:
            await ledger.post(end(clock, held, TransferKind.CAPTURE, 3))
    return list(await ledger.follow(after=0))


def folded(log: list[LogRow], account: AccountId, position: int) -> Balances:
    """An account's balances as of a position, by reading the log from its start."""
    figures = NOTHING
    for row in log[:position]:
        if account in (row.transfer.debit, row.transfer.credit):
            figures = row.after.debit if row.transfer.debit == account else row.after.credit
    return figures


async def test_balances_as_of_every_position_are_those_of_the_log_up_to_it(ledger: Ledger, clock: ManualClock) -> None:
    log = await a_morning(ledger, clock)

    for account in EVERYONE:
        for position in range(len(log) + 3):
            assert await ledger.balances_at(account.id, position=position) == folded(log, account.id, position)
        assert await ledger.balances_at(account.id) == await ledger.balances(account.id)
    assert await ledger.balances_at(AccountId(log[0].transfer.id), position=1) is None


async def test_balances_as_of_a_moment_are_those_of_what_was_booked_by_then(ledger: Ledger, clock: ManualClock) -> None:
    started = clock.now()
    log = await a_morning(ledger, clock)

    for seconds in range(-30, 420, 30):
        at = started + timedelta(seconds=seconds)
        position = sum(row.booked_at <= at for row in log)
        assert await ledger.position_at(at) == position
        for account in EVERYONE:
            assert await ledger.balances_at(account.id, at=at) == folded(log, account.id, position)


async def test_accounts_as_of_a_position_are_paged_and_sum_to_zero(ledger: Ledger, clock: ManualClock) -> None:
    log = await a_morning(ledger, clock)

    for position in (0, 1, 9, len(log)):
        found, after = [], ""
        while page := await ledger.accounts(after_code=after, limit=3, position=position):
            found += page
            after = page[-1][0].code
        assert dict(found) == {account: folded(log, account.id, position) for account in EVERYONE}
        assert [account.code for account, _ in found] == sorted(account.code for account in EVERYONE)
        assert sum(balances.net_credit for _, balances in found) == 0


async def test_movements_between_positions_are_the_log_s_oldest_first(ledger: Ledger, clock: ManualClock) -> None:
    log = await a_morning(ledger, clock)
    own = [row.position for row in log if ALICE.id in (row.transfer.debit, row.transfer.credit)]

    found = [move.position for move in await ledger.movements_between(ALICE.id, after=3, through=11, limit=5)]

    assert found == [position for position in own if 3 < position <= 11][:5]
    assert [move.position for move in await ledger.movements(ALICE.id, limit=4, before=9)] == [
        position for position in reversed(own) if position < 9
    ][:4]


async def test_sums_of_the_trial_balance_may_pass_the_width_of_a_column(ledger: Ledger, clock: ManualClock) -> None:
    owners = [CHART.account("benefit_expense", f"benefit_{number}") for number in range(2)]
    await ledger.open_accounts(*owners)
    await ledger.post(*(opening(*pair, irr(MINOR_MAX), "opn_1") for pair in zip(owners, (BANK, FUNDING), strict=True)))

    sums = {row.role: (row.debits_posted, row.credits_posted) for row in await ledger.trial_balance()}

    assert sums["benefit_expense"] == (2 * MINOR_MAX, 0)


QUERIES: dict[str, Callable[[str, datetime], tuple[ClauseElement, dict[str, object]]]] = {
    "position_at": lambda _, at: (asof.position_at(), {"at": at}),
    "standing": lambda name, _: (asof.standing(name, Which.ONE), {"position": 9, "own": BOB.id}),
    "shifted": lambda _, at: (asof.shifted("debit", 9, at.date(), 999), {}),
    "movements": lambda name, _: (
        asof.movements(name, "credit", newest=True), {"own": BOB.id, "after": 0, "through": 9, "page": 5}
    ),
}  # fmt: skip
PROBES = {
    "position_at": r"INDEX block_booked|using block_booked",
    "standing": r"INDEX transfer_credit \(credit_id=\? AND position<\?\)|Cond: \(ROW\(credit_id",
    "shifted": r"INDEX transfer_effective \(effective_on<\?\)|using transfer_effective",
    "movements": r"INDEX transfer_credit \(credit_id=\? AND position>\? AND position<\?\)|Cond: \(\(ROW\(credit_id",
}


async def test_no_figure_of_the_past_needs_a_scan(ledger: Ledger, database_url: str, clock: ManualClock) -> None:
    for _ in range(10):
        clock.advance(MINUTE)
        await ledger.post(*(fund(clock, 5) for _ in range(100)))

    for name in QUERIES:
        plan = await explained(database_url, name, clock.now())
        assert re.search(PROBES[name], plan)
        assert not re.search(r"Seq Scan on (transfer|block)|SCAN (?!found|\(|anon_)|Backward using transfer_pkey", plan)
        assert plan.count("using transfer_") + plan.count("INDEX transfer_") <= 4


class Explain(Executable, ClauseElement):
    """`EXPLAIN` before a query, its parameters bound as they are in use."""

    inherit_cache = False

    def __init__(self, query: ClauseElement) -> None:
        self.query = query


@compiles(Explain)
def _explain(element: Explain, compiler: SQLCompiler, **options: object) -> str:
    words = "EXPLAIN QUERY PLAN" if compiler.dialect.name == "sqlite" else "EXPLAIN"
    return f"{words} {compiler.process(element.query, **options)}"


def _plan(connection: Connection, query: ClauseElement, values: dict[str, object]) -> list[tuple[object, ...]]:
    # Past SQLAlchemy's result, which would take the plan's lines for the query's own columns.
    cursor = connection.execute(Explain(query), values).cursor
    assert cursor is not None
    return list(cursor.fetchall())


async def explained(url: str, name: str, at: datetime) -> str:
    """The plan by which a query runs; PostgreSQL knows by then that nearly all rows are of other accounts."""
    opened = engines.connect(url)
    async with opened.reader.connect() as connection:
        dialect = connection.dialect.name
        if dialect == "postgresql":
            await connection.execute(text("ANALYZE"))
            # The few pages of a test are read whole at once; in a long log that costs more than any index.
            await connection.execute(text("SET enable_seqscan = off"))
        plan = await connection.run_sync(_plan, *QUERIES[name](dialect, at))
    await opened.close()
    return "\n".join(str(row[-1]) for row in plan)
