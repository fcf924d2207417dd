"""`tapdial api-keys …`: which systems of other institutions may use `/api/v1`."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.context import Config, in_house, read_settings

app = typer.Typer(no_args_is_help=True, help="Keys of systems that use the API.")


class ScopeName(StrEnum):
    """Scopes as the service has them; spelt here so that the command's help waits for no service."""

    PAYOUTS_READ = "payouts_read"
    PAYOUTS_WRITE = "payouts_write"
    STATEMENTS_WRITE = "statements_write"
    PAYEES_READ = "payees_read"
    PAYEES_WRITE = "payees_write"


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose system it is.")],
    scope: Annotated[list[ScopeName], typer.Option("--scope", help="Once for each.")],
    days: Annotated[
        int, typer.Option("--days", min=0, max=3650, help="Days until it ends; 0: until it is revoked.")
    ] = 0,
    config: Config = None,
) -> None:
    """Make a key; it is shown this once and kept as a hash only."""
    from gateway.services.apikeys import Scope

    scopes = {Scope(one.value) for one in scope}
    made = in_house(read_settings(config), lambda house: house.api_keys.create(name, scopes, valid_days=days))
    Console().print(f"created {made.key.id}; the key, shown this once: {made.secret}", highlight=False, soft_wrap=True)


@app.command("list")
def show(config: Config = None) -> None:
    """List the keys, newest first."""
    table = Table("key", "name", "scopes", "made", "ends", "revoked")
    for one in in_house(read_settings(config), lambda house: house.api_keys.list_keys()):
        ends = [f"{at:%Y-%m-%d}" if at else "" for at in (one.created_at, one.expires_at, one.revoked_at)]
        table.add_row(one.id, Text(one.name), ", ".join(sorted(one.scopes)), *ends)
    Console().print(table)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(help="The key's id, as key_01K….")], config: Config = None) -> None:
    """End a key at once and for good."""
    in_house(read_settings(config), lambda house: house.api_keys.revoke(key_id))
    Console().print("revoked")
