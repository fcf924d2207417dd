"""`tapdial staff stand-in | stand-ins | stand-in-end`: who stands in for whom, in approvals and signatures."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.context import Config, in_house, read_settings
from gateway.errors import NotFound

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.approvals import Delegation, DelegationOutcome
    from gateway.services.staff import StaffMember

By = Annotated[str, typer.Option("--by", help="User name of who decides it: the person themself or an administrator.")]
SHOWN_MAX = 200


def stand_in(
    principal: Annotated[str, typer.Argument(help="User name of who is stood in for.")],
    delegate: Annotated[str, typer.Argument(help="User name of who stands in.")],
    until: Annotated[datetime, typer.Option("--until", help="Until then, in UTC; at most 92 days.")],
    reason: Annotated[str, typer.Option("--reason", help="Kept with it.")],
    by: By,
    since: Annotated[datetime | None, typer.Option("--from", help="From then on, in UTC; now if absent.")] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Once for each kind; all if absent.")] = None,
    config: Config = None,
) -> None:
    """Let somebody vote and sign in another's name, for whom they count from then on. Status 1 if it is refused."""

    async def work(house: "House") -> "DelegationOutcome":
        whom, who, decides = [await _named(house, name) for name in (principal, delegate, by)]
        begins = house.clock.now() if since is None else since.replace(tzinfo=UTC)
        ends = until.replace(tzinfo=UTC)
        return await house.deciding.delegations.delegate(whom.id, who.id, kind or (), begins, ends, reason, decides)

    _say(in_house(read_settings(config), work))


def stand_ins(config: Config = None) -> None:
    """List who stands in for whom, now or later."""

    async def work(house: "House") -> "list[tuple[Delegation, str, str]]":
        names: dict[str, str] = {}
        standing = await house.deciding.delegations.standing(limit=SHOWN_MAX)
        for staff_id in {one for row in standing for one in (row.principal, row.delegate)}:
            member = await house.staff.by_id(staff_id)
            names[staff_id] = member.username if member else staff_id
        return [(row, names[row.principal], names[row.delegate]) for row in standing]

    table = Table("id", "for", "stands in", "kinds", "from", "until", "reason")
    for row, whom, who in in_house(read_settings(config), work):
        times = [f"{moment:%Y-%m-%d %H:%M}" for moment in (row.begins, row.ends)]
        table.add_row(row.id, whom, who, ", ".join(sorted(row.kinds)) or "all", *times, row.reason)
    Console().print(table)


def stand_in_end(
    delegation_id: Annotated[str, typer.Argument(help="As dlg_…")],
    by: By,
    config: Config = None,
) -> None:
    """End it now; for what was proposed meanwhile the two still count as one. Status 1 if it is refused."""

    async def work(house: "House") -> "DelegationOutcome":
        return await house.deciding.delegations.take_back(delegation_id, await _named(house, by))

    _say(in_house(read_settings(config), work))


async def _named(house: "House", username: str) -> "StaffMember":
    member = await house.staff.by_username(username)
    if member is None or member.disabled:
        raise NotFound(f"nobody is called {username}")
    return member


def _say(outcome: "DelegationOutcome") -> None:
    from gateway.services.approvals import DelegationOutcome

    if outcome is not DelegationOutcome.OK:
        Console().print(f"[red]refused[/red]: {outcome.value}", highlight=False)
        raise typer.Exit(1)
    Console().print("done")
