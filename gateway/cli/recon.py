"""`tapdial recon …`: ledger, rails and bank side by side, for cron and for people.

Exit status: 0 all agrees, 1 something is open, 2 wrong use or settings, 3 it could not be done.
"""

import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from gateway.cli.context import Config, in_house, read_settings
from gateway.cli.recon_sheets import Cells, write_csv, write_json, write_xlsx
from gateway.errors import BadInput, Fault, NotFound, SettingsFault
from gateway.observe import logs_aside
from wallet.errors import WalletFault

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.reconciliation import FlowName, GroupRow, Run, Totals

OPEN, WRONG, FAILED = 1, 2, 3
PAGE = 1000
SHOWN_MAX = 50
COMMAND = "command line"
"""Who has asked for a run, where nobody is signed in."""

app = typer.Typer(no_args_is_help=True, help="Reconciliation of ledger, rails and bank.")


class FlowChoice(StrEnum):
    """Every flow, said again: the service's own names come with a database's libraries."""

    BANK = "bank"
    WALLETS = "wallets"
    TAPS = "taps"
    FEES = "fees"


class Form(StrEnum):
    """What a report is written as."""

    TABLE = "table"
    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"


Flows = Annotated[list[FlowChoice], typer.Option("--flow", help="Only these; all if absent.")]


@app.command()
def run(
    flow: Flows = [],  # noqa: B006 - typer makes a new one
    through: Annotated[
        datetime | None,
        typer.Option("--through", formats=["%Y-%m-%d"], help="Last business day; the last that is over if absent."),
    ] = None,
    as_json: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--json", help="One JSON object a flow, on a line each.")
    ] = False,
    config: Config = None,
) -> None:
    """Read all books again and match them. Status 0 if all agrees, 1 if something is open, 2 wrong use, 3 not done."""
    day = through.date() if through is not None else None
    runs = _done(config, lambda house: _reconciled(house, flow, day, quiet=as_json))
    if as_json:
        for one in runs:
            typer.echo(json.dumps(_facts(one)))
    else:
        Console().print(_runs_table(runs))
    if not all(one.agrees for one in runs):
        raise typer.Exit(OPEN)


@app.command()
def report(
    flow: Flows = [],  # noqa: B006 - typer makes a new one
    only_open: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--open", help="Only what does not agree.")
    ] = False,
    form: Annotated[Form, typer.Option("--format", help="What to write; json is one object a row, on a line each.")] = (
        Form.TABLE
    ),
    output: Annotated[
        Path | None, typer.Option("--output", help="File to write; standard output if absent.", dir_okay=False)
    ] = None,
    config: Config = None,
) -> None:
    """Show what stands, without reading any book again. Status 0 if all agrees, 1 if not, 2 wrong use, 3 no run yet."""
    if form is Form.XLSX and output is None:
        raise typer.BadParameter("xlsx needs --output", param_hint="--output")

    async def write(house: "House") -> "list[Totals]":
        found = [await house.reconciliation.totals(one) for one in _named(house, flow)]
        missing = [one.flow.value for one in found if one.run is None]
        if missing:
            raise NotFound(f"no run of {', '.join(missing)} yet: tapdial recon run")
        if form is Form.TABLE:
            with _opened(output) as out:
                await _tables(house, found, Console(file=out), only_open=only_open)
        elif form is Form.XLSX:
            assert output is not None, "looked at before"
            await write_xlsx(_rows(house, found, only_open=only_open), output)
        else:
            writing = write_csv if form is Form.CSV else write_json
            with _opened(output) as out:
                await writing(_rows(house, found, only_open=only_open), out)
        return found

    if any(one.open for one in _done(config, write)):
        raise typer.Exit(OPEN)


def _done(config: Path | None, work: "Callable[[House], Any]") -> Any:  # noqa: ANN401 - what the work gives
    """Do it; what goes wrong is said on one line, and has its status."""
    try:
        with logs_aside():
            return in_house(read_settings(config), work)
    except (Fault, WalletFault) as problem:
        said = Text.assemble((type(problem).__name__, "red"), f": {problem}")
        Console(stderr=True).print(said, highlight=False)
        raise typer.Exit(WRONG if isinstance(problem, (SettingsFault, BadInput)) else FAILED) from problem


def _named(house: "House", flows: Sequence[FlowChoice]) -> "list[FlowName]":
    from gateway.services.reconciliation import FlowName

    return [FlowName(one.value) for one in flows] or list(house.reconciliation.flows)


async def _reconciled(house: "House", flows: Sequence[FlowChoice], day: date | None, *, quiet: bool) -> "list[Run]":
    through = day or await house.reconciliation.due_day()
    runs = []
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed} rows"))
    shown = Console(stderr=True)
    with Progress(*columns, console=shown, transient=True, disable=quiet or not shown.is_terminal) as bar:
        for name in _named(house, flows):
            task = bar.add_task(name.value, total=None)

            def told(count: int, task: Any = task) -> None:  # noqa: ANN401 - rich's id
                bar.update(task, completed=count)

            runs.append(await house.reconciliation.reconcile(name, through, COMMAND, told))
    return runs


def _facts(one: "Run") -> dict[str, object]:
    return {
        "flow": one.flow.value,
        "run": one.id,
        "state": one.state.value,
        "through": one.through.isoformat(),
        "position": one.position,
        "lines": {side.value: count for side, count in one.lines.items()},
        "groups": {verdict.value: count for verdict, count in one.groups.items()},
        "changes": one.changes,
        "agrees": one.agrees,
    }


def _runs_table(runs: "Sequence[Run]") -> Table:
    table = Table("flow", "run", "through", "ledger", "rail", "bank", "matched", "open", "changes")
    for one in runs:
        matched = sum(count for verdict, count in one.groups.items() if verdict.value == "matched")
        lines = {side.value: count for side, count in one.lines.items()}
        books = (str(lines.get(side, 0)) for side in ("ledger", "rail", "bank"))
        still = sum(one.groups.values()) - matched
        table.add_row(
            one.flow.value, one.id, one.through.isoformat(), *books, str(matched), str(still), str(one.changes)
        )  # fmt: skip
    return table


async def _groups(house: "House", found: "Sequence[Totals]", *, only_open: bool) -> "AsyncIterator[list[GroupRow]]":
    for one in found:
        after = ""
        while page := await house.reconciliation.groups(one.flow, open=only_open, limit=PAGE, after=after):
            yield page
            after = page[-1].id


async def _rows(house: "House", found: "Sequence[Totals]", *, only_open: bool) -> AsyncIterator[Sequence[Cells]]:
    async for page in _groups(house, found, only_open=only_open):
        yield [cells for group in page for cells in _cells(group)]


def _cells(group: "GroupRow") -> Iterator[Cells]:
    """A line for each row of a group, under the headings of a sheet."""
    broken = group.broken.value if group.broken else ""
    about = (group.id, group.verdict.value, group.rule.value, broken, group.difference_minor, group.since.isoformat())
    for row in group.rows:
        yield (
            group.flow.value, row.side.value, row.id, *about, row.minor, row.asset, row.on.isoformat(),
            row.value_on.isoformat(), row.own, row.end_to_end_id, row.batch, row.reference,
        )  # fmt: skip


async def _tables(house: "House", found: "Sequence[Totals]", out: Console, *, only_open: bool) -> None:
    totals = Table("flow", "through", "verdict", "groups", "book", "rows", "minor", "asset")
    for one in found:
        through = one.run.through.isoformat() if one.run else ""
        for line in one.lines:
            groups = str(one.groups.get(line.verdict, 0))
            figures = (line.side.value, str(line.count), str(line.minor), line.asset)
            totals.add_row(one.flow.value, through, line.verdict.value, groups, *figures)
    out.print(totals)
    shown = Table("group", "verdict", "what", "since", "difference", "rows")
    async for page in _groups(house, found, only_open=True):
        for group in page[: SHOWN_MAX - shown.row_count]:
            rows = Text(", ".join(f"{row.side.value} {row.id} {row.minor}" for row in group.rows[:6]))
            broken = group.broken.value if group.broken else ""
            since = group.since.isoformat()
            shown.add_row(group.id, group.verdict.value, broken, since, str(group.difference_minor), rows)
    if shown.row_count:
        out.print(shown)
    elif not only_open:
        out.print("all agrees")


@contextlib.contextmanager
def _opened(output: Path | None) -> Iterator[Any]:
    if output is None:
        yield sys.stdout
        return
    with output.open("w", encoding="utf-8", newline="") as out:
        yield out
