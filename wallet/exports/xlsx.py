"""The log and the trial balance at its end as an Excel workbook, written row by row to a file beside it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import xlsxwriter

from wallet.exports import log
from wallet.exports.csv import HEADINGS, values

ROWS_MAX = 1_000_000
"""Rows on one sheet, headings apart; Excel takes 1,048,576."""
_EXACT_MAX = 2**53
"""Excel's numbers are doubles; a larger integer is written as text rather than rounded."""
_ACCOUNT_HEADINGS = ("account", "asset", "debits_minor", "credits_minor")

_Cells = Sequence[str | int]


async def write_xlsx(source: log.Source, path: Path, *, rows_max: int = ROWS_MAX) -> None:
    """Write a workbook with the sheets `Trial balance 1`, `Journal 1` and as many more of each as it takes."""
    # Rows go to a temporary file at once, and texts stand in their cells instead of in a table of all texts.
    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
    try:
        through = (await source.head()).position
        await _sheets(workbook, "Trial balance", _ACCOUNT_HEADINGS, _accounts(source, through), rows_max)
        await _sheets(workbook, "Journal", HEADINGS, _journal(source, through), rows_max)
    finally:
        await asyncio.to_thread(workbook.close)


async def _accounts(source: log.Source, through: int) -> AsyncIterator[_Cells]:
    async for account, balances in log.all_accounts(source, through):
        yield account.code, account.asset.code, balances.debits_posted, balances.credits_posted


async def _journal(source: log.Source, through: int) -> AsyncIterator[_Cells]:
    async for line in log.lines(source, through):
        yield values(line)


async def _sheets(
    workbook: xlsxwriter.Workbook, name: str, headings: _Cells, rows: AsyncIterator[_Cells], rows_max: int
) -> None:
    number, at = 1, 0
    sheet = _sheet(workbook, f"{name} 1", headings)
    async for cells in rows:
        if at == rows_max:
            number, at = number + 1, 0
            sheet = _sheet(workbook, f"{name} {number}", headings)
        at += 1
        _write(sheet, at, cells)


def _sheet(workbook: xlsxwriter.Workbook, name: str, headings: _Cells) -> xlsxwriter.worksheet.Worksheet:
    sheet = workbook.add_worksheet(name)
    sheet.write_row(0, 0, headings, workbook.add_format({"bold": True}))
    return sheet


def _write(sheet: xlsxwriter.worksheet.Worksheet, row: int, cells: _Cells) -> None:
    for column, value in enumerate(cells):
        if isinstance(value, int) and abs(value) <= _EXACT_MAX:
            sheet.write_number(row, column, value)
        else:
            sheet.write_string(row, column, str(value))
