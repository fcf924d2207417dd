"""An export needs no more memory for more rows: twenty thousand, or ten times as many, leave nothing behind."""

import gc
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from tests.wallet.books import ALICE, BANK
from wallet.accounts import Account
from wallet.exports import beancount_lines, csv_lines, hledger_lines, write_xlsx
from wallet.ids import AccountId, TransferId
from wallet.money import irr
from wallet.transfers import Balances, BalancesAfter, LogRow, Transfer, TransferCode

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MIB = 2**20


@dataclass(frozen=True)
class Head:
    position: int


@dataclass
class LongLog:
    """A log of `count` rows that are made as they are asked for; `grown` is the most memory it saw in use."""

    count: int
    started: int = 0
    grown: int = 0

    async def head(self) -> Head:
        gc.collect()
        self.started = resident_bytes()
        return Head(self.count)

    async def follow(self, *, after: int, limit: int = 1000) -> Sequence[LogRow]:
        self.grown = max(self.grown, resident_bytes() - self.started)
        return [row(position) for position in range(after + 1, min(after + limit, self.count) + 1)]

    async def account(self, account: AccountId) -> Account | None:
        return {BANK.id: BANK, ALICE.id: ALICE}.get(account)

    async def accounts(
        self, *, after_code: str = "", limit: int = 1000, position: int | None = None
    ) -> list[tuple[Account, Balances]]:
        assert position == self.count
        both = [(BANK, Balances(self.count, 0, 0, 0, 1)), (ALICE, Balances(0, self.count, 0, 0, 1))]
        return [pair for pair in both if pair[0].code > after_code][:limit]


def row(position: int) -> LogRow:
    transfer = Transfer(
        TransferId(UUID(int=position)), BANK.id, ALICE.id, irr(1), TransferCode.CASH_IN, f"csh_{position}"
    )
    after = BalancesAfter(Balances(position, 0, 0, 0, position), Balances(0, position, 0, 0, position))
    return LogRow(position, transfer, NOW, after)


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


LINES: dict[str, Callable[[LongLog], AsyncIterator[str]]] = {
    "csv": csv_lines,
    "hledger": lambda log: hledger_lines(log, UTC),
    "beancount": lambda log: beancount_lines(log, UTC),
}


COUNTS = [20_000, pytest.param(200_000, marks=pytest.mark.rig)]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("form", LINES)
async def test_many_rows_pass_through_little_memory(form: str, count: int) -> None:
    log = LongLog(count)

    written = 0
    async for text in LINES[form](log):
        written += len(text)

    assert written > count * 100
    assert log.grown < 8 * MIB


@pytest.mark.parametrize("count", COUNTS)
async def test_a_workbook_of_many_rows_is_written_through_little_memory(tmp_path: Path, count: int) -> None:
    log = LongLog(count)

    await write_xlsx(log, tmp_path / "book.xlsx")

    assert (tmp_path / "book.xlsx").stat().st_size > count * 20
    assert log.grown < 8 * MIB
