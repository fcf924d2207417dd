"""`tapdial statements …`: files and packs of the bank that come by hand, and the statements that are in.

Exit status of `import`: 0 everything is in, 1 one was refused, or numbers or balances do not follow one another,
2 wrong use or settings, 3 it could not be done.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from gateway.cli.context import Config, in_house, read_settings
from gateway.errors import Fault, SettingsFault
from gateway.observe import logs_aside
from wallet.errors import WalletFault

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.banking import Gap, Imported

app = typer.Typer(no_args_is_help=True, help="Statements of the bank: camt.052, camt.053, camt.054, MT940, CSV.")
LISTED_MAX = 50
COMMAND = "command line"
"""Who has brought a file, where nobody is signed in."""
OPEN, WRONG, FAILED = 1, 2, 3


@app.command("import")
def bring(
    files: Annotated[
        list[Path],
        typer.Argument(help="Files of the bank, also pain.002; ZIP and gzip of them.", exists=True, dir_okay=False),
    ],
    csv: Annotated[
        Path | None, typer.Option("--csv", help="TOML profile of CSV files; the bank's own if absent.", dir_okay=False)
    ] = None,
    config: Config = None,
) -> None:
    """Take files; the same again changes nothing.

    Status 0: everything is in. 1: one was refused (it is kept, and why is shown), or a statement is missing between two
    (which numbers, and between which balances, is shown). 2: wrong use or settings. 3: it could not be done.
    """
    out = Console()

    async def take(house: "House") -> bool:
        from gateway.services.banking import FILE_MAX
        from gateway.wire.bankcsv import read_profile

        profile = read_profile(csv) if csv is not None else None
        open_ends = False
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
        with Progress(*columns, console=out, transient=True) as bar:
            task = bar.add_task("files", total=sum(file.stat().st_size for file in files))
            for file in files:
                bar.update(task, description=_shown(file.name))
                with file.open("rb") as opened:
                    octets = opened.read(FILE_MAX + 1)
                done = await house.banking.import_statement(octets, file.name, COMMAND, csv=profile)
                bar.advance(task, len(octets))
                for line in (*_told(_shown(str(file)), done), *map(gap_told, done.gaps)):
                    bar.console.print(Text(line), soft_wrap=True)
                open_ends |= _open(done)
        return open_ends

    if _done(config, take):
        raise typer.Exit(OPEN)


@app.command("list")
def show(config: Config = None) -> None:
    """List the newest statements, and what does not fit between them: which numbers are missing, which balances."""

    async def read(house: "House") -> tuple[list[Any], "list[Gap]"]:
        rows = await house.banking.statements(limit=LISTED_MAX)
        return rows, await house.banking.gaps([row.id for row in rows])

    table = Table("statement", "kind", "account", "number", "last day", "opening", "closing", "lines", "findings")
    rows, gaps = _done(config, read)
    for one in rows:
        balances = ("" if minor is None else str(minor) for minor in (one.opening, one.closing))
        found = ", ".join(finding.value for finding in one.findings)
        day = one.to_on.isoformat() if one.to_on else ""
        account = Text(_shown(one.account))
        table.add_row(one.id, one.root, account, str(one.sequence), day, *balances, str(one.count), found)
    out = Console()
    out.print(table)
    for gap in gaps:
        out.print(Text(gap_told(gap)), soft_wrap=True)


def gap_told(gap: "Gap") -> str:
    """One line: which numbers are missing, and between which balances."""
    parts = []
    if gap.missing is not None:
        first, last = gap.missing
        parts.append(f"number {first} is missing" if first == last else f"numbers {first} to {last} are missing")
    closing, opening = ("no balance" if minor is None else str(minor) for minor in (gap.closing, gap.opening))
    earlier, later = (f"number {number}" if number else "the one" for number in (gap.before, gap.number))
    between = f"between {earlier}, which closes with {closing} {gap.asset}"
    parts.append(f"{between}, and {later}, which opens with {opening} {gap.asset}")
    return f"gap: {_shown(gap.account)}: {' '.join(parts)} ({gap.statement_id})"


def _told(name: str, done: "Imported") -> list[str]:
    head = " ".join(filter(None, (f"{name}:", done.outcome.value, *done.statement_ids, _shown(done.reason))))
    return [head, *(f"  {line}" for member in done.members for line in _told(member.name, member))]


def _open(done: "Imported") -> bool:
    from gateway.services.banking import ImportOutcome

    return done.outcome not in {ImportOutcome.TAKEN, ImportOutcome.ALREADY} or bool(done.gaps)


def _shown(text: str) -> str:
    """Without the letters that drive a terminal or turn a line round: names come from outside."""
    return "".join(c for c in text if c.isprintable())


def _done(config: Path | None, work: Any) -> Any:  # noqa: ANN401 - what the work gives
    """Do it; what goes wrong is said on one line, and has its status."""
    try:
        with logs_aside():
            return in_house(read_settings(config), work)
    except (Fault, WalletFault, OSError) as problem:
        Console(stderr=True).print(Text(f"{type(problem).__name__}: {problem}"), soft_wrap=True)
        raise typer.Exit(WRONG if isinstance(problem, SettingsFault) else FAILED) from problem
