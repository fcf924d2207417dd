"""`tapdial breaks …`: what does not agree, who looks after it, and a word about it, from the command line."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.cli.context import Config, in_house, read_settings, staff_named
from gateway.errors import NotFound

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.breaks import Break, BreakOutcome, Happening
    from gateway.services.staff import StaffMember

app = typer.Typer(no_args_is_help=True, help="What reconciliation found not to agree.")
LISTED_MAX = 200
Id = Annotated[str, typer.Argument(help="The break's id, as brk_01K….")]
By = Annotated[str, typer.Option("--by", help="User name of the member of finance in whose name it is done.")]


@app.command("list")
def list_breaks(
    flow: Annotated[str, typer.Option(help="Only this flow.")] = "",
    owner: Annotated[str | None, typer.Option(help="Only of this user name; '' for those that nobody has.")] = None,
    config: Config = None,
) -> None:
    """List what stands open, oldest first. Status 1 if anything does."""

    async def find(house: "House") -> "list[tuple[Break, str]]":
        who = owner and (await _member(house, owner)).id
        found = await house.breaks.breaks(flow=flow, owner=who, standing=True, limit=LISTED_MAX)
        names = {one: await house.staff.by_id(one) for one in {each.owner for each in found} - {""}}
        return [(one, getattr(names.get(one.owner), "username", one.owner)) for one in found]

    found = in_house(read_settings(config), find)
    table = Table("break", "flow", "type", "difference", "since", "due", "owner", "state", "reason")
    for one, name in found:
        amount = f"{one.minor} {one.asset}"
        days = (one.opened_on.isoformat(), one.due_on.isoformat())
        table.add_row(one.id, one.flow, one.type.value, amount, *days, name, one.state.value, one.reason or "")
    Console().print(table)
    if found:
        raise typer.Exit(1)


@app.command()
def show(break_id: Id, config: Config = None) -> None:
    """Show one break, its rows and its history."""

    async def find(house: "House") -> "tuple[Break, list[Happening]]":
        found = await house.breaks.by_id(break_id)
        if found is None:
            raise NotFound(f"no break {break_id}")
        return found, await house.breaks.history(break_id)

    found, history = in_house(read_settings(config), find)
    console = Console()
    console.print(
        f"{found.id} {found.flow} {found.type.value} {found.minor} {found.asset}: {found.state.value}", highlight=False
    )
    for side, row_id in found.keys:
        console.print(f"  {side.value} {row_id}", highlight=False, markup=False)
    table = Table("when", "what", "by", "note")
    for one in history:
        table.add_row(
            one.at.isoformat(timespec="seconds"), one.what.value, one.staff_id or one.run_id, escape(one.note)
        )
    console.print(table)


@app.command()
def assign(
    break_id: Id,
    owner: Annotated[str, typer.Argument(help="User name of who looks after it from now on; '' for nobody.")],
    by: By,
    config: Config = None,
) -> None:
    """Give a break to a member of finance."""

    async def give(house: "House") -> "BreakOutcome":
        to = (await _member(house, owner)).id if owner else ""
        return await house.breaks.assign(break_id, to, (await _member(house, by)).id)

    _said(in_house(read_settings(config), give))


@app.command()
def comment(
    break_id: Id, text: Annotated[str, typer.Argument(help="One line.")], by: By, config: Config = None
) -> None:
    """Write a comment into a break's history."""

    async def write(house: "House") -> "BreakOutcome":
        return await house.breaks.comment(break_id, text, (await _member(house, by)).id)

    _said(in_house(read_settings(config), write))


async def _member(house: "House", username: str) -> "StaffMember":
    from gateway.services.staff import Role

    return await staff_named(house, username, [Role.FINANCE])


def _said(outcome: "BreakOutcome") -> None:
    Console().print(outcome.value, highlight=False)
    if outcome.value != "ok":
        raise typer.Exit(1)
