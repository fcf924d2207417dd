"""`tapdial ledger head | check-heads`: what was published of the book, and whether the book still agrees with it."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from gateway.cli.context import Config, in_house, read_settings
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.app import House
    from wallet.heads import HeadCheck, SignedHead
    from wallet.ledger import Ledger

Key = Annotated[
    list[str] | None,
    typer.Option("--key", help="Public key, 64 hex digits, once for each; that of the key file if absent."),
]


def head(
    config: Config = None,
    *,
    sign: Annotated[bool, typer.Option("--sign", help="Publish the head of this moment first.")] = False,
    key: Annotated[bool, typer.Option("--key", help="Print the public key instead.")] = False,
) -> None:
    """Print the newest published head as one line; status 1 if there is none."""
    line = in_house(read_settings(config), _public_key if key else _signed if sign else _newest)
    if line is None:
        Console(stderr=True).print("no head was published yet; --sign publishes one")
        raise typer.Exit(1)
    typer.echo(line)


def check_heads(
    file: Annotated[Path, typer.Argument(help="Published heads, one a line.", exists=True, dir_okay=False)],
    key: Key = None,
    config: Config = None,
    *,
    without_book: Annotated[
        bool, typer.Option("--without-book", help="Check signatures and contradictions where there is no database.")
    ] = False,
) -> None:
    """Prove that each published head is signed and that the book still has its block; status 1 names the first wrong.

    `tapdial ledger verify` proves the other half: that the rows are those that the blocks sealed.
    """
    settings = read_settings(config)
    keys = [_key_of(text) for text in key] if key else [in_house(settings, lambda house: house.heads.public_key())]
    console = Console()
    checked, wrong = asyncio.run(_check(settings, file, keys, console, without_book=without_book))
    if wrong is None and not checked:
        wrong = "the file holds no head, so it proves nothing"
    if wrong is not None:
        console.print(f"[red]wrong[/red]: {wrong}", highlight=False, soft_wrap=True)
        raise typer.Exit(1)
    found = "signed and free of contradiction" if without_book else "signed and in the book"
    console.print(f"[green]sound[/green]: {checked} published heads are {found}", highlight=False)


def _key_of(text: str) -> bytes:
    from wallet.heads import PUBLIC_KEY_BYTES

    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != PUBLIC_KEY_BYTES:
        raise typer.BadParameter("a public key has 64 hex digits", param_hint="--key")
    return key


async def _public_key(house: "House") -> str | None:
    return (await house.heads.public_key()).hex()


async def _newest(house: "House") -> str | None:
    return _line(await house.heads.newest())


async def _signed(house: "House") -> str | None:
    published = await house.heads.publish()
    while await house.heads.write_out():
        pass
    return _line(published)


def _line(published: "SignedHead | None") -> str | None:
    from wallet.heads import line_of

    return None if published is None else line_of(published)


async def _check(
    settings: Settings, path: Path, keys: list[bytes], console: Console, *, without_book: bool
) -> tuple[int, str | None]:
    """How many heads were right before the first wrong one, and what is wrong with that."""
    from wallet.clock import SystemClock
    from wallet.heads import HeadCheck, key_id, lines_in
    from wallet.ledger import Ledger

    check = HeadCheck({key_id(key): key for key in keys})
    book = None if without_book else await Ledger.open(settings.wallet_url, SystemClock())
    checked = 0
    try:
        with path.open("rb") as file, Progress(console=console) as progress:
            task = progress.add_task("reading heads", total=os.fstat(file.fileno()).st_size)
            for line in lines_in(file):
                wrong = await _wrong(line, check, book)
                if wrong is not None:
                    return checked, f"line {checked + 1}{wrong}"
                checked += 1
                progress.update(task, completed=file.tell())
        return checked, None
    finally:
        if book is not None:
            await book.close()


async def _wrong(line: bytes, check: "HeadCheck", book: "Ledger | None") -> str | None:
    """What is wrong with a line."""
    from wallet.heads import HeadFault, NotAHead, head_of, in_book

    try:
        published = head_of(line)
    except NotAHead:
        return f": {HeadFault.NOT_A_HEAD}"
    fault = check.signed(published)
    if fault is None and book is not None:
        fault = in_book(published, await book.block(published.block))
    return None if fault is None else f", block {published.block}: {fault}"
