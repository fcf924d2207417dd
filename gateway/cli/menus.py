"""`tapdial menus verify | draw`: what can be proved and seen of the menus before a person dials."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

import ussd_menus
from gateway.cli.context import Config, read_settings

app = typer.Typer(no_args_is_help=True, help="Check and draw the USSD menus.")
Folder = Annotated[Path | None, typer.Argument(help="Folder with menus/ and texts/; the shipped ones by default.")]


@app.command()
def verify(folder: Folder = None, config: Config = None) -> None:
    """Prove that every screen is reachable, leaves, fits, and is said in every language; exit status 1 if not."""
    settings = read_settings(config)
    profile = ussd_menus.Profile(settings.ussd_septets_max, settings.ussd_ucs2_max)
    try:
        findings = ussd_menus.verify(ussd_menus.load(folder), profile)
    except ussd_menus.MenusFault as fault:
        findings = list(fault.findings)
    for finding in findings:
        sys.stdout.write(f"{finding}\n")
    if findings:
        raise typer.Exit(1)
    Console().print("[green]sound[/green]: every screen is reachable, ends, fits and speaks every language")


@app.command()
def draw(
    folder: Folder = None,
    output: Annotated[Path, typer.Option("--output", help="SVG file to write.")] = Path("menus.svg"),
) -> None:
    """Draw the menus as a map."""
    output.write_text(ussd_menus.draw(ussd_menus.load(folder)), "utf-8")
    Console().print(f"wrote {output}")
