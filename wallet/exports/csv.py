"""The log as CSV (RFC 4180), one line a transfer, amounts in minor units."""

import csv
import io
from collections.abc import AsyncIterator

from wallet.exports import log

HEADINGS = (
    "position", "booked_at", "effective_on", "transfer", "kind", "code", "cause", "debit", "credit", "asset",
    "amount_minor", "hold", "debit_net_minor", "credit_net_minor", "cites", "balancing", "asked_minor",
)  # fmt: skip
"""Columns; a net is debits over credits posted on the debit side, credits over debits on the credit side.

`asked_minor` is what a balancing transfer was asked to move at most; `amount_minor` is what it moved.
"""


def values(line: log.Line) -> tuple[str | int, ...]:
    """The columns of one row."""
    row, transfer = line.row, line.row.transfer
    return (
        row.position, row.booked_at.isoformat(), transfer.effective_on.isoformat() if transfer.effective_on else "",
        str(transfer.id), transfer.kind.value, transfer.code.name, transfer.cause, line.debit.code, line.credit.code,
        transfer.amount.asset.code, transfer.amount.minor, str(transfer.hold_id or ""),
        -row.after.debit.net_credit, row.after.credit.net_credit, str(transfer.cites or ""),
        transfer.balancing.value, "" if transfer.asked_minor is None else transfer.asked_minor,
    )  # fmt: skip


async def csv_lines(source: log.Source) -> AsyncIterator[str]:
    """The file, one line at a time, headings first."""
    through = (await source.head()).position
    yield _line(HEADINGS)
    async for line in log.lines(source, through):
        yield _line([_inert(value) for value in values(line)])


def _line(cells: tuple[str, ...] | list[str | int]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


def _inert(value: str | int) -> str | int:
    # A spreadsheet would run a text that starts like a formula.
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t" and value else value
