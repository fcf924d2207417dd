"""`tapdial providers …`: doctors and health centres, their price lists, and what each is owed."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.context import Config, in_house, read_settings, staff_named

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.providers import Fee, PriceList, Provider

app = typer.Typer(no_args_is_help=True, help="Doctors and health centres, their prices, and what they are owed.")


class Kind(StrEnum):
    """Kinds as the service has them; spelt here so that the command's help waits for no service."""

    DOCTOR = "doctor"
    HEALTH_CENTRE = "health_centre"
    PHARMACY = "pharmacy"
    LABORATORY = "laboratory"


Staff = Annotated[str, typer.Option("--staff", help="User name of the providers officer who proposes it.")]


@app.command("list")
def show(
    after: Annotated[str, typer.Option("--after", help="Id after which the list begins.")] = "", config: Config = None
) -> None:
    """List a hundred, in order of registration."""
    table = Table("id", "till", "name", "kind", "phone", "state")
    for one in in_house(read_settings(config), lambda house: house.providers.providers(after=after)):
        table.add_row(one.id, one.till, Text(one.name), one.kind.value, f"…{one.msisdn[-4:]}", one.state.value)
    Console(width=140).print(table)


@app.command()
def register(
    name: Annotated[str, typer.Argument(help="As patients know it.")],
    msisdn: Annotated[str, typer.Argument(help="The phone that bills, as 09120000001.")],
    iban: Annotated[str, typer.Argument(help="Where fees are paid to.")],
    staff: Staff,
    kind: Annotated[Kind, typer.Option("--kind", help="What it is.")] = Kind.DOCTOR,
    email: Annotated[str, typer.Option("--email", help="Where statements go.")] = "",
    language: Annotated[str, typer.Option("--language", help="Of screens and letters: en, fa, fr or ar.")] = "fa",
    config: Config = None,
) -> None:
    """Enter a provider; a second providers officer agrees in the console."""
    from gateway.channels.console.roles import RUN_PROVIDERS
    from gateway.services.providers import ProviderKind

    async def put(house: "House") -> "Provider":
        by = await staff_named(house, staff, RUN_PROVIDERS)
        return await house.providers.register(
            name, ProviderKind(kind.value), msisdn, iban, staff_id=by.id, language=language, email=email
        )

    made = in_house(read_settings(config), put)
    typer.echo(f"proposed {made.id}, till {made.till}")


@app.command()
def prices(
    kind: Annotated[Kind, typer.Argument(help="Whose prices.")],
    file: Annotated[Path, typer.Argument(help="CSV: code;title;price;cover;max.", exists=True, dir_okay=False)],
    begins: Annotated[datetime, typer.Option("--from", help="First day.", formats=["%Y-%m-%d"])],
    staff: Staff,
    config: Config = None,
) -> None:
    """Propose a price list; a second providers officer publishes it in the console."""
    from gateway.channels.console.roles import RUN_PROVIDERS
    from gateway.services.providers import ProviderKind, read_prices

    async def put(house: "House") -> "PriceList":
        by = await staff_named(house, staff, RUN_PROVIDERS)
        rows = read_prices(file.read_bytes())
        return await house.providers.propose_prices(ProviderKind(kind.value), begins.date(), rows, by.id)

    made = in_house(read_settings(config), put)
    typer.echo(f"proposed {made.id}, version {made.number}, {len(made.prices)} prices")


@app.command()
def statement(
    till: Annotated[str, typer.Argument(help="Till code of the provider.")],
    config: Config = None,
) -> None:
    """Print what a provider is owed, and its newest fees. Status 1 if there is no such till."""

    async def read(house: "House") -> "tuple[Provider, str, list[Fee], dict[str, str]] | None":
        provider = await house.providers.by_till(till)
        if provider is None:
            return None
        fees = await house.providers.fees_of(provider.id)
        owed = await house.providers.owed(provider.id)
        return provider, str(owed), fees, await house.providers.numbers_of(fees)

    found = in_house(read_settings(config), read)
    if found is None:
        typer.echo("no provider has this till")
        raise typer.Exit(1)
    provider, owed, fees, numbers = found
    table = Table("visit", "state", "asked", "owed", "patient", "share", "paid")
    for fee in fees:
        paid = fee.paid_at.date().isoformat() if fee.paid_at else ""
        table.add_row(
            numbers[fee.visit_id], fee.state.value, str(fee.asked), str(fee.owed), str(fee.share),
            fee.co_payment.value, paid,
        )  # fmt: skip
    out = Console(width=140)
    out.print(Text(f"{provider.name}, till {provider.till}: owed {owed}"))
    out.print(table)
