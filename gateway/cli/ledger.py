"""`tapdial ledger verify | export`: prove the books, and hand them to other programs.

The wallet is imported by the commands that read it: the other ones need not wait for a database's libraries.
"""

import asyncio
import contextlib
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.progress import Progress

from gateway.cli.context import Config, opened_ledger, read_settings
from gateway.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Read, verify, export and keep the ledger.")


class Format(StrEnum):
    """What `ledger export` can write."""

    HLEDGER = "hledger"
    BEANCOUNT = "beancount"
    CSV = "csv"
    XLSX = "xlsx"


@app.command()
def verify(
    config: Config = None,
    url: Annotated[
        str | None,
        typer.Option("--url", help="A read replica or a restored copy to read instead; nothing is written there."),
    ] = None,
) -> None:
    """Re-read the whole ledger: balances, versions, holds, limits, periods, chain; status 1 and the first wrong row."""
    raise typer.Exit(asyncio.run(_verify(read_settings(config), url)))


async def _verify(settings: Settings, url: str | None) -> int:
    from wallet.ledger import Ledger

    console = Console()
    with Progress(console=console) as progress:
        task = progress.add_task("reading the log", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        if url is not None:
            found = await Ledger.verify_at(url, show)
        else:
            async with opened_ledger(settings) as ledger:
                found = await ledger.verify(show)
    if found.finding is not None:
        console.print(f"[red]wrong[/red]: {found.finding}", highlight=False)
        return 1
    counted = (
        f"{found.transfers} transfers, {found.refusals} refusals, {found.changes} changes of accounts, "
        f"{found.periods} closings of periods, {found.blocks} blocks, {found.accounts} accounts"
    )
    console.print(f"[green]the ledger is sound[/green]: {counted}; head {found.head.hex()}", highlight=False)
    return 0


@app.command()
def export(
    config: Config = None,
    form: Annotated[Format, typer.Option("--format", help="What to write.")] = Format.HLEDGER,
    output: Annotated[Path | None, typer.Option("--output", help="File to write; standard output if absent.")] = None,
) -> None:
    """Write every transfer of the ledger in a form that other programs read."""
    if form is Format.XLSX and output is None:
        raise typer.BadParameter("xlsx needs --output")
    asyncio.run(_export(read_settings(config), form, output))


async def _export(settings: Settings, form: Format, output: Path | None) -> None:
    from wallet import exports

    async with opened_ledger(settings) as ledger:
        if form is Format.XLSX and output is not None:
            await exports.write_xlsx(ledger, output)
            return
        zone = ZoneInfo(settings.zone)
        if form is Format.CSV:
            lines = exports.csv_lines(ledger)
        else:
            journal = exports.hledger_lines if form is Format.HLEDGER else exports.beancount_lines
            lines = journal(ledger, zone)
        with output.open("w", encoding="utf-8") if output else contextlib.nullcontext(sys.stdout) as out:
            async for line in lines:
                out.write(line)
