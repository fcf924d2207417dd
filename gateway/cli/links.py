"""`tapdial links`: what the links of every running gateway process do."""

from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.context import Config, in_house, read_settings

if TYPE_CHECKING:
    from gateway.services.links import LinkReport


def links(config: Config = None) -> None:
    """Show the links; exit status 1 if one is down, silent or alarmed, or none is known."""
    reports = in_house(read_settings(config), lambda house: house.link_board.reports())
    # Ten columns have to fit a terminal of 80.
    table = Table(
        *("link", "state", "health", "in flight", "waits", "rate", "0x58", "errors", "ms", "process"),
        box=None,
        padding=(0, 1),
    )
    for report in reports:
        status = report.status
        table.add_row(
            status.name,
            _state(report),
            str(status.health),
            f"{status.in_flight}/{status.window}",
            str(status.waiting),
            f"{status.rate:.0f}/{status.rate_max:.0f}",
            f"{status.throttle_ratio:.0%}",
            f"{status.error_ratio:.0%}",
            f"{status.latency_ms:.0f}",
            report.process,
        )
    Console().print(table)
    if not reports or any(report.silent or report.status.alarm or not report.status.up for report in reports):
        raise typer.Exit(1)


def _state(report: "LinkReport") -> str:
    if report.silent:
        return "[red]silent[/red]"
    if report.status.alarm:
        return f"[red]{report.status.alarm}[/red]"
    return "[green]up[/green]" if report.status.up else "[red]down[/red]"
