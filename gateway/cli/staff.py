"""`tapdial staff create`: an account from the command line, such as the first administrator's."""

from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from gateway.cli.context import Config, in_house, read_settings

app = typer.Typer(no_args_is_help=True, help="Accounts of the staff.")


class RoleName(StrEnum):
    """Roles as the staff service has them; spelt here so that the command's help waits for no service."""

    BENEFITS_OFFICER = "benefits_officer"
    BENEFITS_RELEASER = "benefits_releaser"
    BRANCH_CLERK = "branch_clerk"
    PAYOUTS_OFFICER = "payouts_officer"
    PAYOUTS_CHECKER = "payouts_checker"
    PROVIDERS_OFFICER = "providers_officer"
    MERCHANTS_OFFICER = "merchants_officer"
    SIGNATORY = "signatory"
    FINANCE = "finance"
    ADMINISTRATOR = "administrator"


@app.command()
def create(
    username: Annotated[str, typer.Argument(help="2 to 40 of a-z, 0-9, dot, dash and underscore.")],
    name: Annotated[str, typer.Option("--name", help="As colleagues see it.")],
    role: Annotated[list[RoleName], typer.Option("--role", help="Once for each role.")],
    branch: Annotated[str, typer.Option("--branch", help="Whose cash this member takes in, as tehran-01.")] = "",
    config: Config = None,
) -> None:
    """Create an account; the password is asked for, the TOTP seed is shown this once. Status 1 if it is refused."""
    from gateway.services.staff import Role, StaffRefusal

    password = typer.prompt("password", hide_input=True, confirmation_prompt=True)
    roles = [Role(one.value) for one in role]
    settings = read_settings(config)
    made = in_house(settings, lambda house: house.staff.create(username, name, roles, password, branch=branch))
    if isinstance(made, StaffRefusal):
        Console().print(f"[red]refused[/red]: {made.value}", highlight=False)
        raise typer.Exit(1)
    Console().print(f"created {made.staff.id}; TOTP seed for the authenticator: {made.totp_seed}", highlight=False)
