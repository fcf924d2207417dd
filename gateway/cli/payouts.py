"""`tapdial payouts …`: batches of payments from the command line; nothing here agrees, signs or releases."""

import asyncio
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from gateway.cli.context import Config, in_house, read_settings, staff_named
from gateway.errors import Conflict, NotFound

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.payouts import Batch, BatchState, PayoutResult

app = typer.Typer(no_args_is_help=True, help="Batches of payments.")
BatchName = Annotated[str, typer.Argument(metavar="BATCH", help="The batch's id, as bat_01K…, or its number, as B7.")]
Staff = Annotated[str, typer.Option("--staff", help="User name of the payouts officer in whose name it is done.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it stands in the batch's history.")]
LISTED_MAX = 50
BAD_SHOWN = 20
WATCH_S = 1.0
AT_WORK = frozenset({"loading", "locked", "approved", "running"})
"""States in which a batch may move by itself."""


class Unpaid(StrEnum):
    """What a follow-up may take; spelt here so that the command's help waits for no service."""

    REJECTED = "rejected"
    CANCELLED = "cancelled"


@app.command("list")
def show_all(
    state: Annotated[str, typer.Option("--state", help="Only these, as draft or running.")] = "",
    config: Config = None,
) -> None:
    """List the newest batches."""

    async def find(house: "House") -> "list[Batch]":
        from gateway.services.payouts import BatchState

        if state and state not in set(BatchState):
            raise typer.BadParameter(f"one of {', '.join(BatchState)}", param_hint="--state")
        return await house.payouts.list_batches(limit=LISTED_MAX, state=BatchState(state) if state else None)

    table = Table("batch", "id", "name", "state", "payments", "amount", "bad", "line")
    for one in in_house(read_settings(config), find):
        cells = (one.label, one.id, Text(one.name), one.state.value, str(one.count), str(one.total), str(one.bad))
        table.add_row(*cells, one.line)
    Console().print(table)


@app.command()
def show(batch: BatchName, config: Config = None) -> None:
    """Show a batch: where its payments stand, and the first lines that were not taken. Status 1 if it was refused."""
    one = in_house(read_settings(config), lambda house: _shown(house, batch))
    raise typer.Exit(1 if one.state.value == "refused" else 0)


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8 or XLSX.", exists=True, dir_okay=False)],
    name: Annotated[str, typer.Option("--name", help="As colleagues see it.")],
    line: Annotated[str, typer.Option("--line", help="Budget line.")],
    declared: Annotated[
        str, typer.Option("--declared", help="COUNT:SUM as the sender has declared, the sum in rials.")
    ],
    staff: Staff,
    sha256: Annotated[str, typer.Option("--sha256", help="The file's hash in hex digits, if it was declared.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Only to bring the same file once more.")] = "",
    config: Config = None,
) -> None:
    """Make a batch of a file and read it. Status 1 if it was refused, 2 if lines were not taken."""
    counted, _, total = declared.partition(":")
    if not (counted.isdecimal() and total.isdecimal()):
        raise typer.BadParameter("two whole numbers, as 10:55000", param_hint="--declared")
    count = int(counted)

    async def bring(house: "House") -> "Batch":
        from gateway.channels.console.roles import RUN_PAYOUTS
        from gateway.services.payouts import Declared

        maker = await staff_named(house, staff, RUN_PAYOUTS)
        said = Declared(count, int(total), sha256.lower())
        made = await house.payouts.create(name, line=line, staff_id=maker.id, declared=said)
        with file.open("rb") as opened, _bar() as bar:
            task = bar.add_task("brought", total=os.fstat(opened.fileno()).st_size, said="")
            result = await house.payouts.upload(made.id, opened, staff_id=maker.id, reason=reason)
            bar.update(task, completed=opened.tell())
        if result.outcome.value != "ok":
            await house.payouts.cancel(made.id, maker.id, result.outcome.value)
            _told(result)
        await _read(house, made.id, count)
        return await _shown(house, made.id)

    one = in_house(read_settings(config), bring)
    raise typer.Exit(1 if one.state.value == "refused" else 2 if one.bad else 0)


@app.command()
def propose(
    batch: BatchName,
    staff: Staff,
    without_bad: Annotated[  # noqa: FBT002 - a flag of the command line
        bool, typer.Option("--without-bad", help="Although lines were not taken.")
    ] = False,
    config: Config = None,
) -> None:
    """Lock a draft and ask its checkers. Status 1 if it cannot be locked."""

    async def ask(house: "House") -> "PayoutResult":
        batch_id, maker = await _named(house, batch, staff)
        return await house.payouts.lock(batch_id, maker, without_bad=without_bad)

    _told(in_house(read_settings(config), ask))


@app.command()
def pause(batch: BatchName, staff: Staff, reason: Reason = "", config: Config = None) -> None:
    """Hand over nothing more for now. Status 1 if it does not run."""

    async def ask(house: "House") -> "PayoutResult":
        batch_id, by = await _named(house, batch, staff)
        return await house.payouts.pause(batch_id, by, reason)

    _told(in_house(read_settings(config), ask))


@app.command()
def resume(batch: BatchName, staff: Staff, config: Config = None) -> None:
    """Go on, if what was signed is still what is paid. Status 1 if not."""

    async def ask(house: "House") -> "PayoutResult":
        return await house.payouts.resume(*await _named(house, batch, staff))

    _told(in_house(read_settings(config), ask))


@app.command()
def cancel(
    batch: BatchName,
    staff: Staff,
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the batch's history.")],
    config: Config = None,
) -> None:
    """Take a batch back before it is released. Status 1 if it is too late."""

    async def ask(house: "House") -> "PayoutResult":
        batch_id, by = await _named(house, batch, staff)
        return await house.payouts.cancel(batch_id, by, reason)

    _told(in_house(read_settings(config), ask))


@app.command("follow-up")
def follow_up(
    batch: BatchName,
    staff: Staff,
    state: Annotated[list[Unpaid], typer.Option("--state", help="What is taken, once for each.")] = [Unpaid.REJECTED],  # noqa: B006 - typer makes a new one
    reason: Annotated[list[str], typer.Option("--reason", help="Only these reasons, as AC04.")] = [],  # noqa: B006 - typer makes a new one
    config: Config = None,
) -> None:
    """Make a batch of what this one did not pay. Status 1 if there is nothing."""

    async def ask(house: "House") -> "PayoutResult":
        from gateway.services.payouts import ItemState

        batch_id, maker = await _named(house, batch, staff)
        states = [ItemState(one.value) for one in state]
        return await house.payouts.follow_up(batch_id, states, reason, staff_id=maker)

    _told(in_house(read_settings(config), ask))


@app.command()
def watch(batch: BatchName, config: Config = None) -> None:
    """Show progress until nothing moves by itself any more. Status 1 unless it is done."""

    async def follow(house: "House") -> "BatchState":
        batch_id = (await _batch(house, batch)).id
        with _bar() as bar:
            task = bar.add_task("paid", total=None, said="")
            while True:
                one, now = await _batch(house, batch_id), await house.payouts.progress(batch_id)
                assert now is not None, "batches stay"
                said = ", ".join(f"{tally.count} {tally.state.value}" for tally in now.tallies)
                bar.update(task, completed=now.done, total=now.count or None, said=f"{one.state.value}: {said}")
                if one.state.value not in AT_WORK or one.stopped:
                    return one.state
                await asyncio.sleep(WATCH_S)

    state = in_house(read_settings(config), follow)
    Console().print(state.value)
    raise typer.Exit(0 if state.value == "done" else 1)


async def _read(house: "House", batch_id: str, count: int) -> None:
    """Read it here, with a bar; a gateway that runs may be at it already, then watch it."""

    async def seen(bar: Progress) -> None:
        task = bar.add_task("read", total=count, said="")
        while True:
            now = await house.payouts.progress(batch_id)
            bar.update(task, completed=now.lines if now else 0)
            await asyncio.sleep(WATCH_S / 4)

    with _bar() as bar:
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(seen(bar))
            try:
                while (await _batch(house, batch_id)).state.value == "loading":
                    try:
                        await house.payouts.load(batch_id)
                    except Conflict:
                        await asyncio.sleep(WATCH_S)
            finally:
                watching.cancel()


async def _shown(house: "House", batch: str) -> "Batch":
    one = await _batch(house, batch)
    now = await house.payouts.progress(one.id)
    assert now is not None, "batches stay"
    out = Console()
    stopped = f", stopped: {one.stopped}" if one.stopped else ""
    out.print(
        f"{one.label} {one.id} {one.state.value}{stopped}: {one.count} payments, {one.total}, {one.bad} bad lines"
    )
    totals = Table("rail", "state", "payments", "amount")
    for tally in now.tallies:
        totals.add_row(tally.rail.value, tally.state.value, str(tally.count), str(tally.total))
    out.print(totals)
    if one.bad:
        faults = Table("line", "column", "fault")
        for row in await house.payouts.bad_rows(one.id, limit=BAD_SHOWN):
            faults.add_row(str(row.line), row.column, row.fault.value)
        out.print(faults)
    return one


async def _batch(house: "House", batch: str) -> "Batch":
    number = batch[1:] if batch[:1] in {"B", "b"} and batch[1:].isdecimal() else ""
    found = await (house.payouts.by_number(int(number)) if number else house.payouts.by_id(batch))
    if found is None:
        raise NotFound(f"no batch {batch}")
    return found


async def _named(house: "House", batch: str, staff: str) -> tuple[str, str]:
    """Ids of the batch and of the payouts officer."""
    from gateway.channels.console.roles import RUN_PAYOUTS

    return (await _batch(house, batch)).id, (await staff_named(house, staff, RUN_PAYOUTS)).id


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, TextColumn("{task.fields[said]}"))


def _told(result: "PayoutResult") -> None:
    Console().print(f"{result.outcome.value} {result.about}".strip(), highlight=False)
    if result.outcome.value != "ok":
        raise typer.Exit(1)
