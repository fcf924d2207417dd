"""A merchant's statement as a file: CSV and XLSX, amounts in minor units."""

import csv
import io
from pathlib import Path

import xlsxwriter

from gateway.services.clearing.statements import Statement

HEADINGS = (
    "kind", "about", "business_date", "cycle", "gross_minor", "fees_minor", "fees_back_minor", "refunds_minor",
    "payouts_minor", "returns_minor", "other_minor", "net_minor", "balance_minor",
)  # fmt: skip
Row = tuple[str | int, ...]


def rows_of(statement: Statement) -> list[Row]:
    """Opening, each line with the balance after it, closing."""
    first, last = statement.first.isoformat(), statement.last.isoformat()
    balance = statement.opening.minor
    rows: list[Row] = [("opening", "", first, "", *(0,) * 8, balance)]
    for line in statement.lines:
        balance += line.net
        rows.append(
            (
                line.kind.value, line.about, line.on.isoformat(), line.number or "", line.gross, line.fees,
                line.fees_back, line.refunds, line.payouts, line.returns, line.other, line.net, balance,
            )
        )  # fmt: skip
    names = ("gross", "fees", "fees_back", "refunds", "payouts", "returns", "other", "net")
    sums = tuple(statement.total(name).minor for name in names)
    rows.append(("closing", "", last, "", *sums, statement.closing.minor))
    return rows


def csv_of(statement: Statement) -> str:
    """RFC 4180, headings first; no cell begins as a formula does: kinds and ids are ours, the rest are numbers."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(HEADINGS)
    writer.writerows(rows_of(statement))
    return buffer.getvalue()


def write_xlsx(statement: Statement, path: Path) -> None:
    """A workbook of one sheet; blocks, so it belongs into a thread."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False}) as workbook:
        sheet = workbook.add_worksheet("Statement")
        sheet.write_row(0, 0, HEADINGS, workbook.add_format({"bold": True}))
        for place, cells in enumerate(rows_of(statement), start=1):
            sheet.write_row(place, 0, cells)
