"""`tapdial statements …`: files of the bank that come by hand, and the statements that are in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from gateway.cli.context import Config, in_house, read_settings

if TYPE_CHECKING:
    from gateway.app import House

app = typer.Typer(no_args_is_help=True, help="Statements of the bank: camt.052, camt.053, camt.054, MT940, CSV.")
LISTED_MAX = 50
COMMAND = "command line"
"""Who has brought a file, where nobody is signed in."""


@app.command("import")
def bring(
    files: Annotated[list[Path], typer.Argument(help="Files of the bank, also pain.002.", exists=True, dir_okay=False)],
    csv: Annotated[
        Path | None, typer.Option("--csv", help="TOML profile of CSV files; the bank's own if absent.", dir_okay=False)
    ] = None,
    config: Config = None,
) -> None:
    """Take files; the same again changes nothing. Status 1 if one was not understood: it is kept, and why is shown."""
    out = Console()

    async def take(house: "House") -> int:
        from gateway.services.banking import FILE_MAX, ImportOutcome
        from gateway.wire.bankcsv import read_profile

        profile = read_profile(csv) if csv is not None else None
        refused = 0
        with Progress(console=out, transient=True) as bar:
            for file in bar.track(files, description="files"):
                with file.open("rb") as opened:
                    octets = opened.read(FILE_MAX + 1)
                done = await house.banking.import_statement(octets, file.name, COMMAND, csv=profile)
                said = Text(f"{file}: {done.outcome.value} {' '.join(done.statement_ids)} {done.reason}".rstrip())
                bar.console.print(said, soft_wrap=True)
                refused += done.outcome in {ImportOutcome.REFUSED, ImportOutcome.TOO_LARGE}
        return refused

    if in_house(read_settings(config), take):
        raise typer.Exit(1)


@app.command("list")
def show(config: Config = None) -> None:
    """List the newest statements, and what does not fit between them."""
    table = Table("statement", "kind", "account", "number", "last day", "opening", "closing", "lines", "findings")
    for one in in_house(read_settings(config), lambda house: house.banking.statements(limit=LISTED_MAX)):
        balances = ("" if minor is None else str(minor) for minor in (one.opening, one.closing))
        found = ", ".join(finding.value for finding in one.findings)
        day = one.to_on.isoformat() if one.to_on else ""
        account = Text(one.account)
        table.add_row(one.id, one.root, account, str(one.sequence), day, *balances, str(one.count), found)
    Console().print(table)
