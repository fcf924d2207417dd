"""`tapdial decisions …`: prove a decision table, see what is in force, try a case, compare versions, propose one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.context import Config, in_house, read_settings, staff_named
from gateway.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.app import House
    from gateway.services.decisions import CompiledTable, Difference, Finding, Found, Version

app = typer.Typer(no_args_is_help=True, help="Decision tables: who has a right to what, as data.")
File = Annotated[Path, typer.Argument(help="CSV file of a table.", exists=True, dir_okay=False)]
VersionId = Annotated[str, typer.Argument(help="Id of a version, as dtv_01K….")]


@app.command()
def check(file: File) -> None:
    """Prove a table: no overlap, no gap, every example comes out. Status 1 if anything is wrong, with line and column.

    Whether claims can give what it asks is looked at when it is proposed.
    """
    from gateway.services.decisions import check as prove

    compiled = _read(file)
    _refuse(prove(compiled))
    table = compiled.table
    Console().print(
        f"[green]sound[/green]: {table.name}, {len(table.rows)} rows, {len(table.examples)} examples", highlight=False
    )


@app.command("list")
def show_all(config: Config = None) -> None:
    """List all versions, by table, newest first; one a line, for eyes and scripts."""
    for one in in_house(read_settings(config), lambda house: house.decisions.list_versions()):
        state = "shipped" if one.is_shipped else one.state.value
        typer.echo(f"{one.id} {one.name} {one.fingerprint} {one.first_day}..{one.last_day or ''} {state}")


@app.command()
def show(version_id: VersionId, config: Config = None) -> None:
    """Print the file of a version, as it was proposed."""
    body = in_house(read_settings(config), lambda house: house.decisions.body(version_id))
    typer.echo(body.decode("utf-8-sig"), nl=False)


@app.command("try")
def try_case(
    file: File,
    case: Annotated[list[str], typer.Argument(help="Inputs as NAME=VALUE, as days=5 attested=true.")],
) -> None:
    """Say what a file says of one case, and why. Status 1 if no row fits."""
    from gateway.services.decisions import InputRefused, read_inputs

    compiled = _read(file)
    given = dict(part.partition("=")[::2] for part in case)
    try:
        inputs = read_inputs(compiled.table, given)
        found = compiled.evaluate(inputs)
    except InputRefused as wrong:
        raise typer.BadParameter(str(wrong)) from wrong
    for row in found.rows:
        typer.echo(f"row {row}: " + "; ".join(str(reason) for reason in compiled.reasons(row, inputs)))
    typer.echo(_said(found))
    if not found.rows:
        raise typer.Exit(1)


@app.command()
def diff(
    before: File, after: Annotated[Path, typer.Argument(help="The other file.", exists=True, dir_okay=False)]
) -> None:
    """Show the cases of which two files say different things: their examples, and a value at each edge of a test."""
    from gateway.services.decisions import cases_of, differences

    old, new = _read(before), _read(after)
    _tell_differences(list(differences(old, new, cases_of(old, new))))


@app.command()
def publish(
    file: File,
    staff: Annotated[str, typer.Option("--staff", help="User name of who asks; another one publishes it.")],
    note: Annotated[str, typer.Option("--note", help="Why, for the second person.")],
    config: Config = None,
) -> None:
    """Propose a table to a second person, and show what it would change. Status 1 if it is not sound."""
    from gateway.channels.console.roles import PROPOSE_TABLES

    async def ask(house: "House") -> "Version | list[Finding]":
        maker = await staff_named(house, staff, PROPOSE_TABLES)
        made = await house.decisions.propose(file.read_bytes(), note, maker.id)
        if not isinstance(made, list):
            _tell_differences(await house.decisions.dry_run(made.id, house.benefits))
        return made

    made = in_house(read_settings(config), ask)
    if isinstance(made, list):
        _refuse(made)
    else:
        Console().print(f"proposed {made.id}; another member of staff decides in the console", highlight=False)


@app.command("in-force")
def in_force(
    name: Annotated[str, typer.Argument(help="Name of a table, as sickness_amount.")],
    config: Config = None,
) -> None:
    """Say which version of a table decides today."""

    async def look(house: "House") -> "Version":
        found = await house.decisions.in_force(name, house.clock.now().astimezone(house.zone).date())
        if found is None:
            raise NotFound(f"no version of {name} is in force")
        return found

    made = in_house(read_settings(config), look)
    typer.echo(f"{made.id} {made.fingerprint}")


def _read(file: Path) -> "CompiledTable":
    from gateway.services.decisions import CompiledTable, TableRefused, read_table

    try:
        return CompiledTable(read_table(file.read_bytes()))
    except TableRefused as no:
        _refuse([no.finding])
        raise typer.Exit(1) from no


def _refuse(findings: "Sequence[Finding]") -> None:
    for finding in findings:
        typer.echo(str(finding))
    if findings:
        raise typer.Exit(1)


def _tell_differences(changes: "Sequence[Difference]") -> None:
    from gateway.services.decisions import said

    table = Table("case", "before", "after")
    for one in changes:
        table.add_row(Text(said(one.inputs)), Text(_said(one.before)), Text(_said(one.after)))
    if changes:
        Console().print(table)
    Console().print(f"{len(changes)} cases change", highlight=False)


def _said(found: "Found | None") -> str:
    from gateway.services.decisions import shown

    if found is None:
        return "inputs not allowed"
    told = {
        name: " | ".join(map(shown, value)) if isinstance(value, tuple) else shown(value)
        for name, value in found.outputs.items()
    }
    return ", ".join(f"{name} = {value}" for name, value in told.items()) or "no row fits"
