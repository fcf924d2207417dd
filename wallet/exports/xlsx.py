"""The log and the trial balance as an Excel workbook, written row by row."""

import asyncio
from pathlib import Path

import xlsxwriter

from wallet.exports import log
from wallet.exports.csv import HEADINGS, values

ROWS_MAX = 1_000_000
"""Rows on one sheet, headings apart; Excel takes 1,048,576."""
_EXACT_MAX = 2**53
"""Excel's numbers are doubles; a larger integer is written as text rather than rounded."""


async def write_xlsx(source: log.Source, path: Path, *, rows_max: int = ROWS_MAX) -> None:
    """Write a workbook with the sheets `Trial balance`, `Journal 1`, `Journal 2` and so on."""
    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
    try:
        bold = workbook.add_format({"bold": True})
        sheet = workbook.add_worksheet("Trial balance")
        sheet.write_row(0, 0, ("account", "asset", "debits_minor", "credits_minor"), bold)
        at = 0
        async for account, balances in log.all_accounts(source):
            at += 1
            _write(sheet, at, (account.code, account.asset.code, balances.debits_posted, balances.credits_posted))
        at, sheets = rows_max, 0
        async for line in log.lines(source):
            if at == rows_max:
                at, sheets = 0, sheets + 1
                sheet = workbook.add_worksheet(f"Journal {sheets}")
                sheet.write_row(0, 0, HEADINGS, bold)
            at += 1
            _write(sheet, at, values(line))
    finally:
        await asyncio.to_thread(workbook.close)


def _write(sheet: xlsxwriter.worksheet.Worksheet, row: int, cells: tuple[str | int, ...]) -> None:
    for column, value in enumerate(cells):
        if isinstance(value, int) and abs(value) <= _EXACT_MAX:
            sheet.write_number(row, column, value)
        else:
            sheet.write_string(row, column, str(value))
