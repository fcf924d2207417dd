"""`tapdial db upgrade | backup | restore`: the two databases as a whole."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from gateway.cli.context import Config, read_settings

app = typer.Typer(no_args_is_help=True, help="Upgrade, back up and restore the databases.")


@app.command()
def upgrade(config: Config = None) -> None:
    """Make or migrate both schemas, forwards only; harmless when they are current."""
    from gateway import app as composition

    asyncio.run(composition.upgrade(read_settings(config)))
    Console().print("both schemas are current")


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="Folder to write; must not exist.")],
    config: Config = None,
) -> None:
    """Copy both databases and the key file while the gateway runs; each copy is whole."""
    from gateway.store import backup as copies

    settings = read_settings(config)
    for made in copies.backup(settings.database_url, settings.data_dir, folder):
        Console().print(f"wrote {made}")


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="Folder that `backup` wrote.", exists=True, file_okay=False)],
    config: Config = None,
) -> None:
    """Put a backup into an empty data folder or database; refuses to write over anything."""
    from gateway.store import backup as copies

    settings = read_settings(config)
    for made in copies.restore(settings.database_url, settings.data_dir, folder):
        Console().print(f"restored {made}")
