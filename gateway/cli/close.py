"""`tapdial close check | day | list | verify`: whether a day can be closed, closing it, and proving closed ones.

Exit status for cron: 0 fine, 1 something blocks or is found, 2 wrong use, 3 could not run. Nothing here signs.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from datetime import date
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from gateway.cli.books import Day, day_of
from gateway.cli.context import Config, in_house, read_settings, staff_named
from gateway.errors import Fault
from wallet.errors import WalletFault

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.closing import Checklist, CloseResult, DayClose, Month, Verified

T = TypeVar("T")
app = typer.Typer(no_args_is_help=True, help="Close days, and prove closed ones.")
LISTED_MAX = 40
LOOK_S = 0.5
CANNOT_RUN = 3


@app.command()
def check(day: Day, config: Config = None) -> None:
    """Show a day's checklist. Status 1 if something blocks."""
    of = day_of(day)
    checklist = _run(config, lambda house: house.closing.checklist(of))
    _show(checklist)
    raise typer.Exit(0 if checklist.clear else 1)


@app.command("day")
def close_day(
    day: Day,
    staff: Annotated[str, typer.Option("--staff", help="User name of the finance officer who asks for it.")],
    config: Config = None,
) -> None:
    """Ask for a day to be closed, and seal it; then somebody else signs by phone. Status 1 if something blocks."""
    of = day_of(day)
    result, close = _run(config, lambda house: _asked(house, of, staff))
    if result.checklist is not None:
        _show(result.checklist)
    said = result.outcome.value if close is None else f"{result.outcome.value} {close.id}: {close.state.value}"
    if result.next_day is not None:
        said += f", {result.next_day} is next"
    if close is not None and close.reason is not None:
        said += f", {close.reason.value}"
    Console().print(said, highlight=False)
    raise typer.Exit(0 if close is not None and close.state.value in {"asked", "signed"} else 1)


@app.command("list")
def show_all(config: Config = None) -> None:
    """List the newest closings of days, and how far months are closed."""
    closes, months = _run(config, _lists)
    shown = Table("day", "id", "state", "asked by", "signed by", "signed at", "hash")
    for one in closes:
        state = one.state.value if one.reason is None else f"{one.state.value}: {one.reason.value}"
        at = "" if one.signed_at is None else one.signed_at.isoformat(timespec="seconds")
        shown.add_row(str(one.day), one.id, state, one.asked_by, ", ".join(one.signed_by), at, one.digest.hex()[:16])
    periods = Table("month", "state", "days", "closed", "signed", "first open day")
    for month in months:
        counts = (str(month.days), str(month.closed), str(month.signed), str(month.gap or ""))
        periods.add_row(f"{month.first:%Y-%m}", month.state.value, *counts)
    Console().print(shown, periods)


@app.command()
def verify(day: Day, config: Config = None) -> None:
    """Compute a closed day's seal again from the rows alone. Status 1 and the first wrong row, or if it is open."""
    of = day_of(day)
    found = _run(config, lambda house: _verified(house, of))
    if found.finding is not None:
        Console().print(Text.assemble(("wrong", "red"), f": {found.finding}"), soft_wrap=True)
    elif not found.close_id:
        Console().print(f"{of} was never signed for", highlight=False)
    else:
        counted = f"{found.rows} rows of the day and {found.transfers} transfers of the book"
        Console().print(f"[green]{of} is as it was signed[/green]: {counted}; {found.close_id}", highlight=False)
    raise typer.Exit(0 if found.sound else 1)


async def _asked(house: "House", day: date, username: str) -> "tuple[CloseResult, DayClose | None]":
    """Ask, and go on until the day is sealed and its signature asked for, whoever does it."""
    from gateway.services.closing import CloseState
    from gateway.services.staff import Role

    member = await staff_named(house, username, {Role.FINANCE})
    result = await house.closing.ask(day, member.id)
    if not result.close_id:
        return result, None
    with _bar() as bar:
        bar.add_task(f"sealing {day}", total=None)
        for looks in itertools.count():
            moved = await house.closing.advance()
            close = await house.closing.by_id(result.close_id)
            # One more step after it was sealed asks for the signature.
            if close is None or (close.state is not CloseState.DRAFT and not moved):
                return result, close
            await asyncio.sleep(LOOK_S if looks else 0)
    raise AssertionError("it counts for ever")


async def _lists(house: "House") -> "tuple[list[DayClose], list[Month]]":
    return await house.closing.days(limit=LISTED_MAX), await house.closing.months()


async def _verified(house: "House", day: date) -> "Verified":
    with _bar() as bar:
        tasks = {what: bar.add_task(f"reading the {what}", total=None) for what in ("rows", "ledger")}

        def show(what: str, done: int, total: int) -> None:
            bar.update(tasks[what], completed=done, total=total)

        return await house.closing.verify(day, show)


def _show(checklist: "Checklist") -> None:
    shown = Table("check", "holds", "shows")
    for one in checklist.checks:
        holds = Text("yes", "green") if one.passed else Text("explained", "yellow") if one.excuse else Text("no", "red")
        facts = [f"{fact.name.value} {fact.of} {fact.cell}".replace("  ", " ").rstrip() for fact in one.facts]
        excuse = [] if one.excuse is None else [f"{one.excuse.staff_id}: {one.excuse.reason}"]
        shown.add_row(one.name.value, holds, Text("\n".join([*facts, *excuse])))
    Console().print(shown)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _run(config: "Config", work: "Callable[[House], Awaitable[T]]") -> T:
    """Do it with the services; what keeps it from being done is status 3."""
    settings = read_settings(config)
    try:
        return in_house(settings, work)
    except (Fault, WalletFault) as problem:
        Console(stderr=True).print(Text(f"{type(problem).__name__}: {problem}", "red"))
        raise typer.Exit(CANNOT_RUN) from problem
