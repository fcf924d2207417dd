"""`tapdial statements …`: files and packs of the bank that come by hand, and the statements that are in.

Exit status of `import`: 0 everything is in, 1 one was refused, or pages are missing, or numbers or balances do not
follow one another, 2 wrong use or settings, 3 it could not be done, or a file could not be read.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
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
    (which numbers, and between which balances, is shown), or a page of one. It is judged once all files are in, so that
    their order is no matter. 2: wrong use or settings. 3: it could not be done, or a file could not be read.
    """
    out = Console()

    async def take(house: "House") -> int:
        from gateway.wire.bankcsv import read_profile

        profile = read_profile(csv) if csv is not None else None
        unread = 0
        brought: list[Imported] = []
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=out, transient=True) as bar:
            task = bar.add_task("files", total=sum(map(_size, files)))
            for file in files:
                named = _shown(str(file))
                house.banking.watches(_counting(bar, task, _shown(file.name)))
                try:
                    octets = _octets(file)
                except OSError as problem:
                    bar.console.print(Text(f"{named}: not read: {problem.strerror}"), soft_wrap=True)
                    unread += 1
                    continue
                done = await house.banking.import_statement(octets, file.name, COMMAND, csv=profile)
                bar.advance(task, len(octets))
                for line in _told(named, done):
                    bar.console.print(Text(line), soft_wrap=True)
                brought.append(done)
        # What a file left open, one that came after it may have mended.
        gaps = await house.banking.gaps([one for done in brought for one in done.statement_ids], followers=True)
        for gap in gaps:
            out.print(Text(gap_told(gap)), soft_wrap=True)
        still_open = [done for done in brought if await _is_open(house, done)]
        return FAILED if unread else OPEN if gaps or still_open else 0

    if status := _done(config, take):
        raise typer.Exit(status)


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


async def _is_open(house: "House", done: "Imported") -> bool:
    from gateway.services.banking import ImportOutcome

    if done.outcome is ImportOutcome.WAITING:
        return any([await house.banking.waits(one.file_id) for one in done.members or [done] if one.file_id])
    return done.outcome not in {ImportOutcome.TAKEN, ImportOutcome.ALREADY}


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _octets(file: Path) -> bytes:
    from gateway.services.banking import FILE_MAX

    with file.open("rb") as opened:
        return opened.read(FILE_MAX + 1)


def _counting(bar: Progress, task: TaskID, name: str) -> Callable[[int], None]:
    """Shows how many lines are in: a large file is one step of the bar, and takes its time."""
    put = 0

    def count(lines: int) -> None:
        nonlocal put
        put += lines
        bar.update(task, description=f"{name}: {put:,} lines")

    bar.update(task, description=name)
    return count


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
