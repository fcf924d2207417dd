"""The standing result of reconciliation as CSV, XLSX and JSON, written page by page."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TextIO

from gateway.services.sheets import harmless, write

HEADINGS = (
    "flow", "side", "id", "group", "verdict", "rule", "broken", "difference_minor", "since", "minor", "asset", "on",
    "value_on", "own", "end_to_end_id", "batch", "reference",
)  # fmt: skip
"""Columns: a line for each row of each book."""
ROWS_MAX = 1_000_000
"""Rows on one sheet, headings apart; Excel takes 1,048,576."""

Cells = tuple[str | int, ...]
Pages = AsyncIterator[Sequence[Cells]]


async def write_csv(pages: Pages, out: TextIO) -> None:
    """RFC 4180, headings first; no text begins as a formula does."""
    writer = csv.writer(out)
    writer.writerow(HEADINGS)
    async for page in pages:
        writer.writerows([_inert(value) for value in cells] for cells in page)


async def write_json(pages: Pages, out: TextIO) -> None:
    """One object a row, on a line each."""
    async for page in pages:
        out.writelines(json.dumps(dict(zip(HEADINGS, cells, strict=True))) + "\n" for cells in page)


async def write_xlsx(pages: Pages, path: Path, *, rows_max: int = ROWS_MAX) -> None:
    """A workbook with as many sheets as it takes."""
    import xlsxwriter

    # Rows go to a temporary file at once, and texts stand in their cells instead of in a table of all texts.
    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
    try:
        bold = workbook.add_format({"bold": True})
        number, at = 1, 0
        sheet = workbook.add_worksheet("Reconciliation 1")
        sheet.write_row(0, 0, HEADINGS, bold)
        async for page in pages:
            for cells in page:
                if at == rows_max:
                    number, at = number + 1, 0
                    sheet = workbook.add_worksheet(f"Reconciliation {number}")
                    sheet.write_row(0, 0, HEADINGS, bold)
                at += 1
                for place, value in enumerate(cells):
                    write(sheet, at, place, value)
    finally:
        await asyncio.to_thread(workbook.close)


def _inert(value: str | int) -> str | int:
    return harmless(value) if isinstance(value, str) else value
