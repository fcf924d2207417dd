"""`tapdial mail statement` and `tapdial mail senders add | list | remove`: statements, and who may send by e-mail."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.context import Config, in_house, read_settings

app = typer.Typer(no_args_is_help=True, help="Letters out, and letters that become text messages.")
senders = typer.Typer(no_args_is_help=True, help="Who may send them.")
app.add_typer(senders, name="senders")
Address = Annotated[str, typer.Argument(help="The sender's e-mail address.")]


@app.command()
def statement(
    person_id: Annotated[str, typer.Argument(help="As per_01K….")],
    period: Annotated[str, typer.Option("--period", help="Jalali month that is over, as 1405-08.")],
    config: Config = None,
) -> None:
    """Send a person's statement of a month by e-mail, once; exit status 1 if it is not sent."""
    outcome = in_house(read_settings(config), lambda house: house.statements.send(person_id, period))
    Console().print(outcome.value)
    raise typer.Exit(0 if outcome.value.startswith("sent") else 1)


@senders.command()
def add(
    address: Address,
    name: Annotated[str, typer.Option("--name", help="Who that is.")],
    daily: Annotated[int, typer.Option("--daily", help="SMS parts a day.", min=1)] = 200,
    config: Config = None,
) -> None:
    """Put a sender on the list and show the token, this once; again gives a new token."""
    added = in_house(read_settings(config), lambda house: house.forwarding.add(address, name, daily))
    Console().print(f"{added.address}; token: {added.token}", highlight=False)


@senders.command("list")
def show(config: Config = None) -> None:
    """List the senders and what they have sent today."""
    table = Table("sender", "who", "parts today", "of", "since")
    for one in in_house(read_settings(config), lambda house: house.forwarding.listed()):
        table.add_row(one.address, one.name, str(one.taken_today), str(one.daily_max), f"{one.added_at:%Y-%m-%d}")
    Console().print(table)


@senders.command()
def remove(address: Address, config: Config = None) -> None:
    """Take a sender off the list; exit status 1 if he is not on it."""
    if not in_house(read_settings(config), lambda house: house.forwarding.remove(address)):
        Console().print("not on the list")
        raise typer.Exit(1)
    Console().print("removed")
