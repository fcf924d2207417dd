"""`tapdial menus release | rollback | releases`: which menus people meet; a second person agrees in the console."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from gateway.cli.context import Config, in_house, read_settings, staff_named
from ussd_menus import Finding, MenusFault

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.releases import Release, ReleaseRefusal, RollbackOutcome

Staff = Annotated[str, typer.Option("--staff", help="User name of who asks; another one agrees in the console.")]
LISTED_MAX = 20


def release(
    folder: Annotated[Path, typer.Argument(help="Folder with menus/ and texts/.", exists=True, file_okay=False)],
    staff: Staff,
    percent: Annotated[
        int | None, typer.Option("--percent", help="To this share of the numbers first.", min=1, max=99)
    ] = None,
    branch: Annotated[str, typer.Option("--branch", help="To people of this branch first, as tehran-01.")] = "",
    note: Annotated[str, typer.Option("--note", help="What is new, for colleagues.")] = "",
    config: Config = None,
) -> None:
    """Prove a folder of menus and ask a second person to release it. Status 1, and nothing asked, if it is not sound.

    Without --percent and --branch it is for everyone. To widen a trial, release the same folder again.
    """
    from gateway.channels.console.roles import RELEASE_MENUS
    from gateway.services.releases import ReleaseRefusal, Scope, ScopeKind, read_folder

    if percent and branch:
        raise typer.BadParameter("either --percent or --branch")
    kind = ScopeKind.BRANCH if branch else ScopeKind.PERCENT if percent else ScopeKind.EVERYONE
    scope = Scope(kind, percent or 0, branch)
    files = read_folder(folder)

    async def ask(house: "House") -> "Release | ReleaseRefusal":
        maker = await staff_named(house, staff, RELEASE_MENUS)
        return await house.releases.propose(files, scope, note, maker.id)

    try:
        asked = in_house(read_settings(config), ask)
    except MenusFault as fault:
        _tell(fault.findings)
        raise typer.Exit(1) from fault
    if isinstance(asked, ReleaseRefusal):
        Console().print(f"[red]refused[/red]: {asked.value}", highlight=False)
        raise typer.Exit(1)
    Console().print(f"proposed {asked.id}, version {asked.version}, for {asked.scope}", highlight=False)


def rollback(
    staff: Staff,
    config: Config = None,
    *,
    now: Annotated[
        bool, typer.Option("--now", help="An emergency: go back at once; the second person is asked afterwards.")
    ] = False,
) -> None:
    """Ask to go back to the release before; a trial beside it ends first. Status 1 if there is nothing to go back to.

    Live sessions end on the version that they began on.
    """
    from gateway.channels.console.roles import RELEASE_MENUS

    async def ask(house: "House") -> "RollbackOutcome":
        maker = await staff_named(house, staff, RELEASE_MENUS)
        return await house.releases.roll_back(maker.id, now=now)

    outcome = in_house(read_settings(config), ask)
    Console().print(outcome.value)
    if outcome.value == "nothing":
        raise typer.Exit(1)


def releases(config: Config = None) -> None:
    """List the newest releases. Status 1 if one that is in force cannot be served by this build."""

    async def look(house: "House") -> "tuple[list[Release], list[Finding]]":
        standing = await house.releases.standing()
        found: list[Finding] = []
        for one in (standing.base, standing.trial):
            found += await house.releases.findings(one.version) if one else []
        return await house.releases.list_releases(limit=LISTED_MAX), found

    listed, found = in_house(read_settings(config), look)
    table = Table("release", "version", "for", "state", "proposed", "note", box=None, padding=(0, 1))
    for one in listed:
        day = f"{one.proposed_at:%Y-%m-%d}"
        table.add_row(one.id, one.version, str(one.scope), one.state.value, day, Text(one.note))
    Console().print(table)
    _tell(found)
    if found:
        raise typer.Exit(1)


def _tell(findings: list[Finding]) -> None:
    sys.stdout.writelines(f"{finding}\n" for finding in findings)
