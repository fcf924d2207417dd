"""`tapdial reports NAME`: trial balance, general ledger, float cover, settlements, benefit spending."""

import contextlib
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.context import Config, in_house, read_settings

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.reports import Report

_DAY = ["%Y-%m-%d"]
TABLE_ROWS_MAX = 10_000
"""A table is laid out as a whole, so it ends somewhere; files do not."""


class Name(StrEnum):
    """Every report, said again: the service's own names come with a database's libraries."""

    TRIAL_BALANCE = "trial_balance"
    GENERAL_LEDGER = "general_ledger"
    FLOAT_COVER = "float_cover"
    MERCHANTS = "merchants"
    PROVIDERS = "providers"
    BENEFITS = "benefits"


class Form(StrEnum):
    """What a report is written as."""

    TABLE = "table"
    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


def reports(
    name: Annotated[Name, typer.Argument(help="Which report.")],
    first: Annotated[datetime, typer.Option("--from", formats=_DAY, help="First business day.")],
    last: Annotated[datetime, typer.Option("--to", formats=_DAY, help="Last business day.")],
    what: Annotated[
        str, typer.Option("--of", help="Account or kind:role of a general ledger; `accounts` for a long trial balance.")
    ] = "",
    form: Annotated[Form, typer.Option("--format", help="What to write.")] = Form.TABLE,
    output: Annotated[
        Path | None, typer.Option("--output", help="File to write; standard output if absent.", dir_okay=False)
    ] = None,
    config: Config = None,
) -> None:
    """Write a report. A trial balance is that at the end of the last day, by effective date."""
    if form is Form.XLSX and output is None:
        raise typer.BadParameter("xlsx needs --output")

    async def write(house: "House") -> None:
        from gateway.services.reports import ReportName

        report = await house.reports.named(ReportName(name.value), first.date(), last.date(), what=what)
        await _written(report, form, output)

    in_house(read_settings(config), write)


async def _written(report: "Report", form: Form, output: Path | None) -> None:
    from gateway.services.reports import files

    if form is Form.XLSX and output is not None:
        await files.write_xlsx(report, output)
        return
    with output.open("w", encoding="utf-8", newline="") if output else contextlib.nullcontext(sys.stdout) as out:
        if form is Form.TABLE:
            Console(file=out, width=None if output is None else 200).print(await _table(report))
            return
        async for line in files.csv_lines(report) if form is Form.CSV else files.json_lines(report):
            out.write(line)


async def _table(report: "Report") -> Table:
    from gateway.services.reports.files import plain

    table = Table(*(column.name for column in report.columns))
    async for page in report.pages:
        for row in page:
            table.add_row(*(str(plain(cell)) for cell in row.cells))
        if table.row_count >= TABLE_ROWS_MAX:
            table.add_row("…")
            break
    table.add_section()
    for row in report.totals:
        table.add_row(*(str(plain(cell)) for cell in row.cells), style="bold")
    return table
