"""Reports as CSV, XLSX and JSON: plain values, Latin digits, ISO 8601, amounts in the unit of their asset."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime
from pathlib import Path

import xlsxwriter

from gateway.services.reports.model import Cell, Report, ReportRow
from gateway.services.sheets import harmless, write
from wallet.money import Money

SHEET_ROWS_MAX = 1_000_000


def plain(cell: Cell) -> str | int:
    """A cell as data."""
    match cell:
        case None:
            return ""
        case Money():
            return str(cell).partition(" ")[0] if cell.asset.exponent else cell.minor
        case datetime() | date():
            return cell.isoformat()
        case str() | int():
            return cell


def _inert(cell: Cell) -> str | int:
    """The same for a spreadsheet, which would run a text that begins like a formula."""
    return harmless(cell) if isinstance(cell, str) else plain(cell)


async def csv_lines(report: Report) -> AsyncIterator[str]:
    """RFC 4180, headings first, totals last."""
    yield _line([column.name for column in report.columns])
    async for page in report.pages:
        yield "".join(_line([_inert(cell) for cell in row.cells]) for row in page)
    yield "".join(_line([_inert(cell) for cell in row.cells]) for row in report.totals)


def _line(cells: Sequence[str | int]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()


async def json_lines(report: Report) -> AsyncIterator[str]:
    """A JSON object a line: rows, then totals, which say so."""
    names = [column.name for column in report.columns]
    async for page in report.pages:
        for row in page:
            yield _object(names, row) + "\n"
    for row in report.totals:
        yield _object(["total", *names], ReportRow((1, *row.cells), ())) + "\n"


def _object(names: Sequence[str], row: ReportRow) -> str:
    return json.dumps(dict(zip(names, map(plain, row.cells), strict=True)), ensure_ascii=False)


async def write_xlsx(report: Report, path: Path) -> int:
    """A workbook of one sheet; how many rows it has. A longer report ends at SHEET_ROWS_MAX and has no totals."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    workbook = xlsxwriter.Workbook(str(path), options)
    try:
        sheet = workbook.add_worksheet(report.name.value[:31])
        bold = workbook.add_format({"bold": True})
        sheet.write_row(0, 0, [column.name for column in report.columns], bold)
        at = 0
        async for page in report.pages:
            for row in page[: SHEET_ROWS_MAX - at]:
                at += 1
                _write(sheet, at, row)
        if at < SHEET_ROWS_MAX:
            for row in report.totals:
                at += 1
                _write(sheet, at, row)
        return at
    finally:
        await asyncio.to_thread(workbook.close)


def _write(sheet: xlsxwriter.worksheet.Worksheet, at: int, row: ReportRow) -> None:
    for place, cell in enumerate(row.cells):
        write(sheet, at, place, _inert(cell))
