"""`tapdial attesters …`: the register of employers whose phones confirm claims."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.context import Config, in_house, read_settings, staff_named

if TYPE_CHECKING:
    from gateway.app import House

app = typer.Typer(no_args_is_help=True, help="Employers, and the phones that confirm claims for them.")


class Sort(StrEnum):
    """Sorts as the service has them; spelt here so that the command's help waits for no service."""

    EMPLOYER = "employer"
    PROVIDER = "provider"


@app.command("list")
def show(config: Config = None) -> None:
    """List the first hundred, by code."""
    table = Table("code", "kind", "name", "phone", "language")
    for one in in_house(read_settings(config), lambda house: house.attesters.list_attesters()):
        table.add_row(one.code, one.sort.value, Text(one.name), f"…{one.msisdn[-4:]}", one.language)
    Console().print(table)


@app.command()
def add(
    code: Annotated[str, typer.Argument(help="Short code of 4 to 8 digits that people name.")],
    name: Annotated[str, typer.Argument(help="As people know it.")],
    msisdn: Annotated[str, typer.Argument(help="The phone that confirms, as 09120000001.")],
    staff: Annotated[str, typer.Option("--staff", help="User name of who vouches for the number.")],
    sort: Annotated[Sort, typer.Option("--kind", help="What it is.")] = Sort.EMPLOYER,
    language: Annotated[str, typer.Option("--language", help="Of the SMS that asks: en, fa, fr or ar.")] = "fa",
    config: Config = None,
) -> None:
    """Put an employer into the register. Status 1 if the code is taken."""
    from gateway.channels.console.roles import ENROL_ATTESTERS
    from gateway.services.benefits import AttesterSort

    async def put(house: "House") -> bool:
        by = await staff_named(house, staff, ENROL_ATTESTERS)
        return await house.attesters.add(code, AttesterSort(sort.value), name, msisdn, by.id, language=language)

    if not in_house(read_settings(config), put):
        typer.echo("this code is taken")
        raise typer.Exit(1)
    typer.echo("added")
