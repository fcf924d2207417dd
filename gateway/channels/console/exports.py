"""Tables as files. A spreadsheet runs what begins like a formula, so no text of ours does."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterable, Sequence
from pathlib import Path

import xlsxwriter

from gateway.channels.console.cells import Cell, Link, Share, plain
from gateway.channels.console.words import Words
from gateway.services.sheets import harmless, write
from wallet.money import Money

XLSX_ROWS_MAX = 100_000
BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""Without it spreadsheets read UTF-8 as Latin-1."""


def csv_lines(rows: Sequence[Sequence[Cell]], words: Words) -> str:
    """RFC 4180 lines of these rows."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_safe(cell, words) for cell in row])
    return out.getvalue()


def _safe(cell: Cell, words: Words) -> str | int:
    """A cell as data; an amount or a share is a number even where it is negative."""
    value = plain(cell, words)
    figure = isinstance(cell.text if isinstance(cell, Link) else cell, Money | Share)
    return harmless(value) if isinstance(value, str) and not figure else value


async def xlsx(name: str, heads: Sequence[str], rows: AsyncIterable[Sequence[Cell]], words: Words) -> tuple[bytes, int]:
    """A workbook with one sheet, and how many rows it has: XLSX_ROWS_MAX at most, below which it says that it ends."""
    with tempfile.TemporaryDirectory(prefix="tapdial") as folder:
        path = Path(folder) / "table.xlsx"
        options = {"constant_memory": True, "tmpdir": folder, "strings_to_formulas": False, "strings_to_urls": False}
        book = xlsxwriter.Workbook(str(path), options)
        sheet = book.add_worksheet(name[:31])
        if words.direction == "rtl":
            sheet.right_to_left()
        bold = book.add_format({"bold": True, "bottom": 1})
        for place, head in enumerate(heads):
            sheet.write_string(0, place, head, bold)
        sheet.freeze_panes(1, 0)
        count = 0
        async for row in rows:
            if count == XLSX_ROWS_MAX:
                sheet.write_string(count + 1, 0, words.t("shell.sheet_cut", rows=count), bold)
                break
            count += 1
            for place, cell in enumerate(row):
                write(sheet, count, place, _safe(cell, words))
        await asyncio.to_thread(book.close)
        return path.read_bytes(), count
