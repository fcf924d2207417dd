"""`python -m deploy.ha COMMAND`: the cluster by hand. `--help` names the commands."""

import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from deploy.ha import backups, cluster, members
from deploy.ha.errors import HaFault
from deploy.ha.plan import PORT, Plan, default_home, load

app = typer.Typer(
    pretty_exceptions_enable=False, no_args_is_help=True, help="Three database nodes behind one door, on one machine."
)
Home = Annotated[Path, typer.Option("--home", help="Folder that everything lies in.")]
HOME = default_home()
console = Console(soft_wrap=True)


@app.command()
def up(
    home: Home = HOME,
    port: Annotated[int, typer.Option("--port", help="First of thirty ports.", min=1024, max=65500)] = PORT,
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Return when it works; `down` stops it.")] = False,
) -> None:
    """Start three nodes and the door, make database and schema, then wait for Ctrl-C, which stops all."""
    plan = Plan(home.absolute(), port)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        cluster.up(plan)
        console.print(f"primary   127.0.0.1:{plan.primary_port}")
        console.print(f"replicas  127.0.0.1:{plan.replicas_port}")
        console.print(f"a gateway in front: set -a; . {plan.home}/gateway.env; tapdial serve")
        if detach:
            return
        console.print("Ctrl-C stops everything")
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        cluster.down(plan)


@app.command()
def status(home: Home = HOME) -> None:
    """Show who leads and who follows; status 1 unless somebody leads."""
    plan = load(home.absolute())
    table = Table("node", "role", "state", "timeline", "lag in bytes")
    for member in members.members(plan):
        table.add_row(member.name, member.role, member.state, str(member.timeline), member.lag)
    console.print(table)
    console.print("running: " + (", ".join(cluster.running(plan)) or "nothing"))
    if members.leader(plan) is None:
        raise HaFault("nobody leads")


@app.command(name="kill-primary")
def kill_primary(home: Home = HOME) -> None:
    """SIGKILL PostgreSQL and Patroni of whoever leads, as the loss of the machine would."""
    console.print(f"killed {cluster.kill_primary(load(home.absolute()))}")


@app.command()
def start(node: str, home: Home = HOME) -> None:
    """Start a killed node; it comes back as a replica, with pg_rewind if need be."""
    plan = load(home.absolute())
    cluster.start_node(plan, node)
    members.wait_whole(plan)
    console.print(f"{node} follows")


@app.command()
def switchover(
    home: Home = HOME, to: Annotated[str | None, typer.Option("--to", help="Node that shall lead.")] = None
) -> None:
    """Hand leadership over; the synchronous replica takes it unless told otherwise."""
    console.print(f"{members.switch_over(load(home.absolute()), to)} leads")


@app.command()
def rebuild(node: str, home: Home = HOME) -> None:
    """Throw a replica's data away and copy them anew."""
    cluster.rebuild(load(home.absolute()), node)
    console.print(f"{node} was copied anew and follows")


@app.command()
def backup(
    home: Home = HOME, keep: Annotated[int, typer.Option("--keep", help="How many backups stay.", min=1)] = 7
) -> None:
    """Copy a replica's whole server and check the copy."""
    console.print(f"wrote {backups.backup(load(home.absolute()), keep)}")


@app.command(name="restore-drill")
def restore_drill(
    home: Home = HOME,
    name: Annotated[str | None, typer.Option("--backup", help="Backup to begin from; the last one if absent.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Moment to restore to; the archive's end if absent.")] = None,
    folder: Annotated[Path | None, typer.Option("--backups", help="Backups of another cluster.")] = None,
    archive: Annotated[Path | None, typer.Option("--archive", help="Archived log of another cluster.")] = None,
) -> None:
    """Restore a backup and the archived log into a fresh server, verify the ledger there, throw it away."""
    if folder is None or archive is None:
        plan = load(home.absolute())
        if members.leader(plan) is not None:
            backups.flush_log(plan)
        folder, archive = plan.backups, plan.archive
    found = backups.drill(backups.Places(home.absolute(), folder.absolute(), archive.absolute()), name, to)
    console.print(found.report, markup=False, highlight=False)
    console.print(f"restored {found.backup} to {to or 'the end of the archive'} in {found.took_s:.1f} s")
    if not found.sound:
        raise HaFault("the restored ledger is not sound")


@app.command()
def restore(
    home: Home = HOME,
    name: Annotated[str | None, typer.Option("--backup", help="Backup to begin from; the last one if absent.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Moment to restore to; the archive's end if absent.")] = None,
) -> None:
    """Make the cluster, which is down, anew from a backup and the archived log, and leave it running."""
    plan = load(home.absolute())
    found = backups.choose(plan.backups, name)
    cluster.restore(plan, found, to)
    console.print(f"the cluster runs from {found.name} as of {to or 'the end of the archive'}; `down` stops it")


@app.command()
def down(home: Home = HOME) -> None:
    """Stop everything; the data stay."""
    plan = load(home.absolute())
    cluster.down(plan)
    left = cluster.running(plan)
    if left:
        raise HaFault(f"still running: {', '.join(left)}")


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Run a command; a fault is a line and status 1."""
    try:
        app()
    except HaFault as fault:
        sys.exit(f"ha: {fault}")


if __name__ == "__main__":
    main()
