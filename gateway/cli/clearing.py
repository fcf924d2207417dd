"""`tapdial clearing …`: settlement cycles, fees and terminal batches from the command line."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.table import Table

from gateway.cli.context import Config, in_house, read_settings
from gateway.errors import NotFound

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.clearing import ClearingException, Cycle, Statement

app = typer.Typer(no_args_is_help=True, help="Settlement of what terminals took.")
LISTED_MAX = 50


@app.command()
def run(
    now: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--now", help="One more cycle that cuts now, besides those that are due.")
    ] = False,
    config: Config = None,
) -> None:
    """Run the cycles that are due, with progress. Status 1 if one is not done: another process has it."""
    columns = (TextColumn("{task.description}"), TextColumn("{task.completed}"))

    async def settle(house: "House") -> "list[Cycle]":
        with Progress(*columns) as bar:
            tasks = {step: bar.add_task(step, total=None) for step in ("taken", "listed", "posted", "summed")}
            done = await house.clearing.run(extra=now, told=lambda step, count: bar.update(tasks[step], advance=count))
        Console().print(f"{done} cycles were run", highlight=False)
        return await house.clearing.views.cycles(limit=LISTED_MAX)

    cycles = in_house(read_settings(config), settle)
    if any(one.state.value != "done" for one in cycles):
        Console(stderr=True).print("a cycle is not done; another process works on it")
        raise typer.Exit(1)


@app.command()
def report(
    on: Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Only this business date.")] = None,
    config: Config = None,
) -> None:
    """List the newest cycles, and what staff must look at. Status 1 if a cycle is not done or somebody must look."""
    day = on.date() if on is not None else None

    async def find(house: "House") -> "tuple[list[Cycle], list[ClearingException]]":
        views = house.clearing.views
        return await views.cycles(on=day, limit=LISTED_MAX), await views.exceptions(limit=LISTED_MAX)

    cycles, exceptions = in_house(read_settings(config), find)
    table = Table("cycle", "date", "number", "state", "taps", "gross", "fees", "refunds", "fees back")
    for one in cycles:
        figures = (str(figure) for figure in (one.gross, one.fees, one.refunds, one.fees_back))
        table.add_row(one.id, str(one.business_on), str(one.number), one.state.value, str(one.count), *figures)
    Console().print(table)
    if exceptions:
        looked = Table("exception", "type", "about", "terminal", "owner", "since")
        for found in exceptions:
            cells = (found.id, found.type.value, found.subject, found.terminal_id, found.owner)
            looked.add_row(*cells, found.opened_at.isoformat(timespec="minutes"))
        Console().print(looked)
    if exceptions or any(one.state.value != "done" for one in cycles):
        raise typer.Exit(1)


@app.command()
def statement(
    merchant: Annotated[str, typer.Argument(help="The merchant's id, as mer_01K….")],
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")],
    out: Annotated[
        Path | None, typer.Option("--out", help="A .csv or .xlsx file; the screen if absent.", dir_okay=False)
    ] = None,
    config: Config = None,
) -> None:
    """Write a merchant's statement: opening, each cycle, payouts and returns, closing; in minor units."""
    if out is not None and out.suffix not in {".csv", ".xlsx"}:
        raise typer.BadParameter("a file ends in .csv or .xlsx", param_hint="--out")
    from gateway.services.clearing import csv_of, write_xlsx

    found = in_house(read_settings(config), lambda house: _statement(house, merchant, first.date(), last.date()))
    if out is None:
        typer.echo(csv_of(found), nl=False)
    elif out.suffix == ".csv":
        out.write_text(csv_of(found), encoding="utf-8", newline="")
    else:
        write_xlsx(found, out)


async def _statement(house: "House", merchant_id: str, first: date, last: date) -> "Statement":
    if await house.merchants.merchant(merchant_id) is None:
        raise NotFound(f"no merchant {merchant_id}")
    return await house.clearing.statement(merchant_id, first, last)
