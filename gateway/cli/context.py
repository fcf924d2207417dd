"""What commands share: the --config option, the settings behind it, and the services over them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from zoneinfo import ZoneInfo

import typer

from gateway import settings as settings_module
from gateway.errors import NotFound
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.app import House
    from gateway.services.staff import Role, StaffMember
    from wallet.ledger import Ledger

T = TypeVar("T")

Config = Annotated[Path | None, typer.Option("--config", help="TOML file with settings.", exists=True, dir_okay=False)]


def read_settings(config: Path | None) -> Settings:
    """The effective settings.

    Raises:
        SettingsFault: A setting is misspelt or out of range.
    """
    return settings_module.load(config)


def in_house(settings: Settings, work: "Callable[[House], Awaitable[T]]") -> T:
    """Do `work` with the services, which are imported only now: other commands need not wait for them."""
    from gateway.app import built
    from wallet.clock import SystemClock

    async def inside() -> T:
        async with built(settings, SystemClock()) as house:
            return await work(house)

    return asyncio.run(inside())


async def staff_named(house: "House", username: str, roles: "Collection[Role]") -> "StaffMember":
    """The member of staff in whose name something is asked, who may ask it in the console too.

    Raises:
        NotFound: Nobody who may still sign in and has one of `roles` is called so.
    """
    after = ""
    while page := await house.staff.members(after=after):
        for member in page:
            if member.username == username and not member.disabled and member.roles & set(roles):
                return member
        after = page[-1].username
    raise NotFound(f"no {' or '.join(role.value for role in roles)} is called {username}")


@asynccontextmanager
async def opened_ledger(settings: Settings) -> "AsyncIterator[Ledger]":
    """The ledger alone, imported only now for the same reason."""
    from wallet.clock import SystemClock
    from wallet.ledger import Ledger

    ledger = await Ledger.open(settings.wallet_url, SystemClock(), zone=ZoneInfo(settings.zone))
    try:
        yield ledger
    finally:
        await ledger.close()
