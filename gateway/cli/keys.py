"""`tapdial keys …`: which keys there are, new versions of them, and those that a hardware module lacks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table

from gateway.cli.context import Config, read_settings
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.keys import KeyStore

app = typer.Typer(no_args_is_help=True, help="Keys: never shown, only their check values.")
T = TypeVar("T")


@app.command()
def status(config: Config = None) -> None:
    """List every version of every key with its check value."""
    table = Table("key", "version", "for", "check value", "can be rotated")
    for row in _with_keys(read_settings(config), _rows):
        table.add_row(*row)
    Console().print(table)


@app.command()
def rotate(
    ref: Annotated[str, typer.Argument(help="The key, as `tapdial keys status` calls it.")], config: Config = None
) -> None:
    """Make a new version, which running gateways use within seconds; status 1 if this key cannot be rotated."""
    from gateway.keys import RotateRefusal

    made = _with_keys(read_settings(config), lambda keys: keys.rotate(ref))
    if isinstance(made, RotateRefusal):
        Console().print(f"[red]refused[/red]: {made.value}", highlight=False)
        raise typer.Exit(1)
    Console().print(f"{ref} has version {made} now", highlight=False)


@app.command()
def init(config: Config = None) -> None:
    """Make the keys that the key file, or the hardware module's token, lacks; keys that are there stay."""
    rows = _with_keys(read_settings(config), _rows, create=True)
    Console().print(f"the house has its keys, {len(rows)} with all versions", highlight=False)


async def _rows(keys: "KeyStore") -> list[tuple[str, str, str, str, str]]:
    from gateway.keys import REFS

    return [
        (ref, str(version), kind.use.value, await keys.kcv(ref, version), "no" if kind.fixed else "yes")
        for ref, kind in REFS.items()
        for version in await keys.versions(ref)
    ]


def _with_keys(settings: Settings, work: "Callable[[KeyStore], Awaitable[T]]", *, create: bool = False) -> T:
    """Do `work` with the keys alone, imported only now; a database is not needed, and may not be there yet."""
    from gateway.keys.opening import opened_keys
    from gateway.observe import Metrics
    from gateway.store.backup import KEY_FILE

    async def inside() -> T:
        async with opened_keys(settings, settings.data_dir / KEY_FILE, Metrics(), create=create) as keys:
            return await work(keys)

    return asyncio.run(inside())
