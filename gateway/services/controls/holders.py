"""What holders set of their own account: payments by phone on or off, and how much a day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from gateway.services.controls.controls import Controls
from gateway.services.controls.model import Control, Party
from wallet.money import Money, irr

BY_PHONE = "by the holder's phone"


class HeldToken(Protocol):
    """A token, as far as its account is asked for."""

    @property
    def par(self) -> str:
        """The account's reference."""
        ...


class Holding(Protocol):
    """Where a person's tokens are found."""

    async def of_person(self, person_id: str) -> Sequence[HeldToken]:
        """Oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a person allows: on or off, and the most of a day, None for as much as the house allows.

    `barred` says that staff have switched it off, whatever the person says.
    """

    on: bool
    day_max: Money | None
    barred: bool


class HolderControls:
    """Controls as a person sets them."""

    def __init__(self, controls: Controls, tokens: Holding) -> None:
        self._controls = controls
        self._tokens = tokens

    async def allowed(self, person_id: str) -> Allowed | None:
        """What holds now; None for somebody who has no token."""
        par = await self._par(person_id)
        if par is None:
            return None
        mine = await self._controls.control(par, Party.HOLDER)
        staff = await self._controls.control(par, Party.STAFF)
        return Allowed(mine.on, None if mine.day_minor is None else irr(mine.day_minor), not staff.on)

    async def switch(self, person_id: str, *, on: bool) -> bool:
        """Switch payments by phone on or off; False for somebody who has no token."""
        return await self._change(person_id, lambda mine: replace(mine, on=on))

    async def limit(self, person_id: str, day_max: Money | None) -> bool:
        """Bound the sum of a day, or with None bound it no more; False for somebody who has no token."""
        minor = None if day_max is None else day_max.minor
        return await self._change(person_id, lambda mine: replace(mine, day_minor=minor))

    async def _change(self, person_id: str, changed: Callable[[Control], Control]) -> bool:
        par = await self._par(person_id)
        if par is None:
            return False
        await self._controls.change(par, Party.HOLDER, changed, actor=person_id, reason=BY_PHONE)
        return True

    async def _par(self, person_id: str) -> str | None:
        tokens = await self._tokens.of_person(person_id)
        return tokens[-1].par if tokens else None
