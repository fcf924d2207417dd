"""The ledger's SQL on PostgreSQL is the subset that the documents list: every word of it, and not one more.

The server itself writes down each statement that it is sent, those of the drivers too.
"""

import asyncio
import inspect
import re
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from tests import postgres
from tests.wallet.books import ALICE, BANK, BOB, CHART, FUNDING, end, fund, hold, opened, send
from tests.wallet.old_books import load
from wallet.accounts import AccountChange, AccountState, Limits
from wallet.clock import ManualClock
from wallet.ids import TransferId, new_id, transfer_id
from wallet.ledger import Ledger, Span
from wallet.ledger.lookups import Lookups
from wallet.periods import PeriodClose, PeriodState
from wallet.transfers import Balancing, Outcome, TransferCode, TransferKind

ARCHITECTURE = Path(__file__).parents[2] / "docs/ARCHITECTURE.md"
HEADING = "## The ledger's SQL on PostgreSQL"
DAY = timedelta(days=1)

ABSENT = {
    "notices between sessions": r"\b(LISTEN|NOTIFY|UNLISTEN|pg_notify)\b",
    "advisory locks": r"advisory",
    "sequences": r"\b(SERIAL|BIGSERIAL|SEQUENCE|IDENTITY|nextval|currval|setval)\b",
    "extensions": r"\bEXTENSION\b",
    "bulk copies": r"\bCOPY\b",
    "blocks of code": r"\bDO\s+(\$|LANGUAGE)",
    "deferred constraints": r"\b(DEFERRABLE|DEFERRED)\b",
    "temporary tables": r"\b(TEMP|TEMPORARY|UNLOGGED)\b",
    "transition tables": r"\bREFERENCING\s+(NEW|OLD)\b",
    "locks of tables": r"\bLOCK\s+TABLE\b",
    "skipped locks": r"\b(SKIP\s+LOCKED|NOWAIT)\b",
    "physical places of rows": r"\b(ctid|xmin|xmax)\b",
    "cursors and statements by name": r"\b(DECLARE|PREPARE|DEALLOCATE)\b",
    "settings of a session": r"^\s*SET\b(?!\s+LOCAL)|set_config\('?\w+'?, .*, false\)",
}

OF_DRIVERS = (
    "typeinfo_tree",  # asyncpg looks up the types of arrays, once for each connection, and
    "current_setting('jit')",  # has no need of jit for that
    "set_config('jit', $1, false)",
    "select pg_catalog.version()",  # SQLAlchemy, once for each engine
    "select current_schema()",
    "show standard_conforming_strings",
    "show transaction isolation level",
)
"""What the drivers ask for themselves; both are known to those engines."""


class Used:
    """A ledger that remembers which of its methods were called."""

    def __init__(self, ledger: Ledger | Lookups) -> None:
        self._ledger = ledger
        self.called: set[str] = set()

    def __getattr__(self, name: str) -> Callable[..., Awaitable[object]]:
        self.called.add(name)
        method: Callable[..., Awaitable[object]] = getattr(self._ledger, name)
        return method


async def a_day(url: str, clock: ManualClock) -> set[str]:
    """Everything that a ledger can be asked; the names of what was called."""
    async with opened(url, clock) as ledger:
        await ledger.post(fund(clock, 1000, linked=True), send(clock, 10), send(clock, 9000))
        held, lapsing = hold(clock, 10, clock.now() + 5 * DAY), hold(clock, 3, clock.now() + DAY)
        late = replace(fund(clock, 7), effective_on=clock.now().date() - 10 * DAY)
        sent = send(clock, 20)
        await ledger.post(held, lapsing, late, sent)
        back = replace(sent, id=transfer_id(new_id("pay", clock), "back"), kind=TransferKind.REVERSE, cites=sent.id)
        back = replace(back, debit=sent.credit, credit=sent.debit)
        rest = replace(send(clock, 10_000), balancing=Balancing.DEBIT, cites=sent.id)
        results = await ledger.post(end(clock, held, TransferKind.CAPTURE, 4), back, rest, sent)
        assert [result.outcome for result in results] == [Outcome.POSTED] * 3 + [Outcome.DUPLICATE]
        used = Used(ledger)
        await used.open_accounts(CHART.account("wallet", "per_carol"))
        await used.change(AccountChange(BOB.id, "stf_1", AccountState.FROZEN, Limits(0, 10_000)))
        before = clock.now()
        clock.advance(3 * DAY)
        assert await used.expire_holds() == 1
        await used.post(fund(clock, 1))
        for state in (PeriodState.SOFT, PeriodState.CLOSED):
            await used.close_period(PeriodClose(before.date(), state, "stf_1"))
        await _read(used, sent.id, before.date(), sent.cause, clock)
        await used.follow(after=0)
        await used.verify(lambda _done, _total: None)
        lookups = Used(ledger.lookups)
        await _looked_up(lookups, sent.id, sent.cause)
        return used.called | lookups.called | {"close"}


async def _read(used: Used, sent: TransferId, day: date, cause: str, clock: ManualClock) -> None:
    position = 5
    await used.balances(ALICE.id)
    await used.account(ALICE.id)
    await used.state(ALICE.id)
    await used.balances_at(ALICE.id, position=position)
    await used.balances_at(ALICE.id, at=clock.now())
    await used.position_at(clock.now())
    await used.accounts()
    await used.accounts_among([BANK.id])
    await used.accounts(after_code=BANK.code, position=position, limit=2)
    await used.movements(ALICE.id, limit=3)
    await used.movements(ALICE.id, limit=3, before=position)
    await used.movements_between(ALICE.id, after=0, through=position, limit=9)
    await used.transfer(sent)
    await used.result(sent)
    await used.caused_by(cause)
    await used.citing(sent)
    await used.trial_balance()
    await used.standings(position, limit=2)
    await used.standings(position, limit=2, after=FUNDING.id)
    for side in ("debit", "credit"):
        await used.shifts(side, position, day, 9)
    await used.periods()
    await used.open_holds(ALICE.id)
    await used.head()
    await used.block(1)
    await used.coded([TransferCode.PAYOUT], after=0, through=position, limit=9)
    await used.transfers_among([sent])
    await used.late(0, position, after=0, limit=9)


async def _looked_up(used: Used, sent: TransferId, cause: str) -> None:
    await used.references(0, 9)
    await used.references_at([1, 2])
    for of_ids in (True, False):
        await used.ending(cause[-4:], of_ids=of_ids, after=0, limit=9)
    await used.causes_between([Span(f"{cause[:8]}0", f"{cause[:8]}z", cause[:6])], 9)
    await used.ids_between(sent, sent, 9)
    await used.some_caused_by([cause], 9)
    await used.rows_at([1, 2])
    await used.moved("wallet", after=0, through=9)


@dataclass(frozen=True, slots=True)
class Life:
    """What was asked of a ledger, and the statements of each part of its life."""

    asked: set[str]
    always: list[str]
    schema: list[str]
    step: list[str]

    @property
    def parts(self) -> dict[str, list[str]]:
        return {"always": self.always, "schema": self.schema, "step": self.step}


@pytest.fixture(scope="module")
def life() -> Life:
    """One journey, written down by its own server."""
    with postgres.server("log_statement=all", "log_line_prefix=%d|") as folder, ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _live(folder)).result()


async def _live(folder: str) -> Life:
    log = Path(folder) / "log"
    admin = await asyncpg.connect(host=folder, user="tapdial", database="postgres")
    for name in ("made", "stepped"):
        await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    made, stepped = (f"postgresql://tapdial@/{name}?host={folder}" for name in ("made", "stepped"))
    await Ledger.upgrade(made)
    await load(stepped)
    schema_end = log.stat().st_size
    asked = await a_day(made, ManualClock(datetime(2026, 11, 22, 8, 0, tzinfo=UTC)))
    day_end = log.stat().st_size
    await Ledger.upgrade(stepped)
    text = log.read_bytes()
    return Life(
        asked,
        _statements(text[schema_end:day_end], "made"),
        _statements(text[:schema_end], "made"),
        _statements(text[day_end:], "stepped"),
    )


def test_whatever_the_ledger_can_be_asked_is_in_the_journey(life: Life) -> None:
    # Those of the class open, upgrade and verify, which every journey does.
    methods = {
        name
        for name, method in (vars(Ledger) | vars(Lookups)).items()
        if inspect.iscoroutinefunction(method) and not name.startswith("_")
    }

    assert methods - life.asked == set()
    assert all(len(statements) > 10 for statements in life.parts.values())


def _statements(log: bytes, database: str) -> list[str]:
    """Each statement in the server's log, whose later lines begin with a tab."""
    entry = re.compile(rf"^{database}\|LOG:  (?:statement|execute [^:]*): (.*(?:\n\t.*)*)", re.MULTILINE)
    statements = [found.replace("\n\t", "\n") for found in entry.findall(log.decode())]
    return [one for one in statements if not any(words in one for words in OF_DRIVERS)]


@pytest.mark.parametrize("feature", ABSENT)
def test_what_other_engines_do_not_share_is_absent(life: Life, feature: str) -> None:
    pattern = re.compile(ABSENT[feature], re.IGNORECASE | re.MULTILINE)

    assert [one for part in life.parts.values() for one in part if pattern.search(one)] == []


def test_the_documents_list_every_word_of_the_ledgers_sql_and_no_other(life: Life) -> None:
    listed, found = _listed(), dict[str, set[str]]()
    for part, statements in life.parts.items():
        words = {word for statement in statements for word in _words(statement)}
        found[part] = words - set().union(*found.values())

    for part in life.parts:
        assert listed[part] == found[part], part


def _listed() -> dict[str, set[str]]:
    section = ARCHITECTURE.read_text("utf-8").partition(HEADING)[2].partition("\n## ")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in section.splitlines() if line.startswith("| ")]
    listed: dict[str, set[str]] = {"always": set(), "schema": set(), "step": set()}
    for _feature, words, when, *_ in rows[1:]:
        new = set(words.strip("`").split())
        assert not new & set().union(*listed.values()), f"listed twice: {new}"
        listed[when] |= new
    return listed


def _words(statement: str) -> set[str]:
    """Key words and types in capitals, functions in small letters; names of ours, values and comments left out."""
    bare = re.sub(r"\$\$.*\$\$|'[^']*'|\"[^\"]*\"|--.*", " ", statement, flags=re.DOTALL)
    bare = re.sub(r"\) (?:AS )?\w+\(", ") (", bare)  # the columns of an alias
    calls = {
        f"{name}()"
        for name in re.findall(r"(?<![.\w])([a-z_]+)\(", re.sub(r"\bINTO \S+|\bON \S+|\bTABLE \S+", " ", bare))
    }
    types = {name.upper() for name in re.findall(r"::\s*([A-Za-z]+)", bare)}
    return calls | types | set(re.findall(r"(?<![.\w:$])([A-Z][A-Z]+)(?!\w)", bare))
