"""The actions about payments by phone: what is allowed, the most of a day, on and off."""

from gateway.channels.ussd.identity import active, known, refused_pin
from gateway.channels.ussd.money import amount_of, shown
from gateway.channels.ussd.ports import People, TapControls
from gateway.services.dialogues import Actions, Caller
from ussd_menus import Call, Result


class TapLimits:
    """Binds the menus' words about payments by phone to services/controls."""

    def __init__(self, people: People, controls: TapControls) -> None:
        self._people = people
        self._controls = controls

    def actions(self) -> Actions:
        """Name to function."""
        return {
            "taps.control": self.control,
            "taps.limit": self.limit,
            "taps.no_limit": self.no_limit,
            "taps.switch_off": self.switch_off,
            "taps.switch_on": self.switch_on,
        }

    async def control(self, caller: Caller, _call: Call) -> Result:
        """Limited{limit} | free | off | barred | none."""
        person = await active(self._people, caller)
        allowed = await self._controls.allowed(person.id)
        if allowed is None:
            return Result("none")
        if allowed.barred:
            return Result("barred")
        if not allowed.on:
            return Result("off")
        if allowed.day_max is None:
            return Result("free")
        return Result("limited", {"limit": shown(allowed.day_max)})

    async def limit(self, caller: Caller, call: Call) -> Result:
        """ok{limit} | none | wrong_pin{tries_left} | locked."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        if refused is not None:
            return refused
        day_max = amount_of(call)
        kept = await self._controls.limit(person.id, day_max)
        return Result("ok", {"limit": shown(day_max)}) if kept else Result("none")

    async def no_limit(self, caller: Caller, call: Call) -> Result:
        """Ok | none | wrong_pin{tries_left} | locked."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        return refused or _kept(await self._controls.limit(person.id, None))

    async def switch_off(self, caller: Caller, call: Call) -> Result:
        """Ok | none | wrong_pin{tries_left} | locked."""
        return await self._switch(caller, call, on=False)

    async def switch_on(self, caller: Caller, call: Call) -> Result:
        """Ok | none | wrong_pin{tries_left} | locked."""
        return await self._switch(caller, call, on=True)

    async def _switch(self, caller: Caller, call: Call, *, on: bool) -> Result:
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        return refused or _kept(await self._controls.switch(person.id, on=on))


def _kept(kept: bool) -> Result:  # noqa: FBT001 - its only meaning
    return Result("ok" if kept else "none")
