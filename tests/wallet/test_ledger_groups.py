"""However a sequence of calls is cut into groups, its answers and its rows are those of one call a group."""

import asyncio
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from tests.wallet.auditor import Auditor
from tests.wallet.memory import both, plain, same_books
from tests.wallet.strategies import START, Step, stories, world
from wallet.accounts import AccountChange, ChangeOutcome
from wallet.ledger import Ledger
from wallet.ledger.engines import connect
from wallet.ledger.rules import entries_of
from wallet.ledger.store import Group, run_group
from wallet.transfers import PostResult, Transfer

CUTS = st.lists(st.booleans(), max_size=30)
"""Whether a group ends before this call; where there is no word of it, it does not."""


@dataclass
class Batch:
    """What makes one group: changes, then calls, at one moment."""

    now: datetime
    changes: list[AccountChange] = field(default_factory=list)
    calls: list[list[Transfer]] = field(default_factory=list)


def batches(steps: Sequence[Step], cuts: Sequence[bool] | None) -> Iterator[Batch]:
    """Cut a story: without `cuts` each step makes its own group."""
    batch = Batch(START)
    for number, step in enumerate(steps):
        is_cut = cuts is None or (number < len(cuts) and cuts[number])
        if isinstance(step, datetime):
            yield batch
            batch = Batch(step)
        elif is_cut or (batch.calls and isinstance(step, AccountChange)):
            yield batch
            batch = Batch(batch.now)
        if isinstance(step, AccountChange):
            batch.changes.append(step)
        elif isinstance(step, list):
            batch.calls.append(step)
    yield batch


@given(stories(10, 30), CUTS)
def test_any_split_of_a_story_books_the_same_rows(steps: list[Step], cuts: list[bool]) -> None:
    serial, auditor = both()
    grouped, _ = both()
    results: list[PostResult] = []
    changes: list[ChangeOutcome] = []
    for batch in batches(steps, cuts):
        changes += [grouped.change(change, batch.now) for change in batch.changes]
        if batch.calls:
            entries = [entry for call in batch.calls for entry in entries_of(call)]
            results += grouped.commit(entries, batch.now).results

    one_by_one = serial.follow(steps)

    assert [outcome.name for outcome in changes] == [answer for answer in one_by_one if isinstance(answer, str)]
    assert [plain(result) for result in results] == [
        answer for answers in one_by_one if isinstance(answers, list) for answer in answers
    ]
    assert (grouped.log, grouped.refused, grouped.changed) == (serial.log, serial.refused, serial.changed)
    assert grouped.sides == serial.sides
    auditor.follow(steps)
    assert same_books(grouped, auditor)


ROWS = (
    "SELECT * FROM transfer ORDER BY position",
    "SELECT * FROM account_change ORDER BY block, place",
    "SELECT * FROM refusal ORDER BY block, place",
    "SELECT * FROM account ORDER BY id",
    "SELECT * FROM open_hold ORDER BY id",
)
"""What a group leaves."""
EXAMPLES = max(15, settings().max_examples // 20)
"""Databases that one test fills."""


class Book:
    """The ledger's tables in one file, group by group without a writer."""

    def __init__(self, path: Path, lapsed_max: int = 1000) -> None:
        self.engines = connect(f"sqlite:///{path}")
        self.lapsed_max = lapsed_max
        self.results: list[PostResult] = []
        self.changes: list[ChangeOutcome] = []

    def take(self, steps: Sequence[Step], cuts: Sequence[bool] | None) -> None:
        self._commit(Group(accounts=world("")), START)
        for batch in batches(steps, cuts):
            group = Group(changes=batch.changes, lapsed_max=self.lapsed_max if batch.calls else 0)
            group.entries = [entry for call in batch.calls for entry in entries_of(call)]
            self._commit(group, batch.now)

    def rows(self) -> list[list[dict[str, object]]]:
        """Everything but which group a row was in."""
        with self._connection() as connection:
            tables = [connection.execute(text(query)) for query in ROWS]
            rows = [[dict(row) for row in table.mappings()] for table in tables]
        return [
            [{name: value for name, value in row.items() if name not in ("block", "place")} for row in table]
            for table in rows
        ]

    def close(self) -> None:
        asyncio.run(self.engines.close())

    def _connection(self) -> Connection:
        assert self.engines.sqlite is not None
        return self.engines.sqlite.connect()

    def _commit(self, group: Group, now: datetime) -> None:
        with self._connection() as connection:
            committing = run_group(connection, group, now)
            connection.commit()
        self.results += committing.decision.results
        self.changes += committing.decision.changes


def _template(folder: Path) -> Path:
    path = folder / "template.db"
    asyncio.run(Ledger.upgrade(f"sqlite:///{path}"))
    return path


def test_any_split_of_a_story_leaves_the_same_rows_in_a_database(tmp_path: Path) -> None:
    template = _template(tmp_path)

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(stories(10, 25), CUTS)
    def split(steps: list[Step], cuts: list[bool]) -> None:
        books = [Book(Path(shutil.copy(template, tmp_path / name))) for name in ("serial.db", "grouped.db")]
        serial, grouped = books
        try:
            serial.take(steps, None)
            grouped.take(steps, cuts)

            assert (grouped.results, grouped.changes) == (serial.results, serial.changes)
            assert grouped.rows() == serial.rows()
        finally:
            for book in books:
                book.close()

    split()


def test_a_group_that_ends_but_one_lapsed_hold_of_others_still_answers_the_same(tmp_path: Path) -> None:
    template = _template(tmp_path)

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(stories(10, 25), CUTS)
    def split(steps: list[Step], cuts: list[bool]) -> None:
        onwards = _onwards(steps)
        book = Book(Path(shutil.copy(template, tmp_path / "narrow.db")), lapsed_max=1)
        try:
            book.take(onwards, cuts)

            answers = Auditor(world("")).follow(onwards)
            told = [plain(result) for result in book.results]
            assert told == [answer for step in answers if isinstance(step, list) for answer in step]
        finally:
            book.close()

    split()


def _onwards(steps: Sequence[Step]) -> list[Step]:
    """The same story by a clock that never goes back."""
    latest, onwards = START, list[Step]()
    for step in steps:
        if isinstance(step, datetime):
            latest = max(latest, step)
        onwards.append(latest if isinstance(step, datetime) else step)
    return onwards
