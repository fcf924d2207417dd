"""A forger with every right: leaves, roots, hashes and the head computed anew over rows that were changed.

Only rules that the check knows by itself can then tell that a row is wrong.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.wallet.sql import execute
from wallet.ledger.chain import GENESIS
from wallet.ledger.check import leaves, pages
from wallet.ledger.check.fold import Fold, Mark
from wallet.ledger.check.raw import BlockRow, ChangeRow, PeriodRow, RefusalRow
from wallet.ledger.check.sources import opened

_ALL = 2**62
_Row = TypeVar("_Row", RefusalRow, ChangeRow, PeriodRow)


@dataclass
class _Words:
    """Statements of one engine."""

    url: str
    statements: list[str] = field(default_factory=list)

    def bytes(self, value: bytes) -> str:
        return f"X'{value.hex()}'" if self.url.startswith("sqlite") else f"'\\x{value.hex()}'::bytea"

    def update(self, table: str, sets: str, where: str) -> None:
        self.statements.append(" ".join(("UPDATE", table, "SET", sets, "WHERE", where)))


async def reseal(url: str) -> None:
    """Make the chain fit the rows again."""
    words, previous = _Words(url), GENESIS
    last: BlockRow | None = None
    async with opened(url) as source:
        fold = Fold(Mark(0, 0, GENESIS, 0, None, None))
        for block in await pages.blocks(source, 0, _ALL, 10_000):
            page = await pages.page(source, fold, [block])
            sealed = [leaves.transfer(row) for row in page.transfers]
            for row, leaf in zip(page.transfers, sealed, strict=True):
                words.update("transfer", f"leaf = {words.bytes(leaf)}", f"position = {row[0]}")
            sealed += _leaves(words, "refusal", leaves.refusal, page.refusals.get(block.number, ()))
            sealed += _leaves(words, "account_change", leaves.change, page.changes.get(block.number, ()))
            sealed += _leaves(words, "period", leaves.period, page.periods.get(block.number, ()))
            made = block._replace(previous=previous, root=leaves.root(sealed))
            previous = leaves.block(made)
            sets = {"previous": made.previous, "root": made.root, "hash": previous}
            words.update(
                "block", ", ".join(f"{name} = {words.bytes(value)}" for name, value in sets.items()),
                f"number = {block.number}",
            )  # fmt: skip
            last = block
    assert last is not None, "a book has blocks"
    words.update("head", f"hash = {words.bytes(previous)}, moved_at = {last.booked_at}", "id = 1")
    await execute(url, *words.statements)


def _leaves(words: _Words, table: str, leaf_of: Callable[[_Row], bytes], rows: Sequence[_Row]) -> list[bytes]:
    found: list[bytes] = []
    for row in rows:
        leaf = leaf_of(row)
        words.update(table, f"leaf = {words.bytes(leaf)}", f"block = {row.block} AND place = {row.place}")
        found.append(leaf)
    return found
