"""The actions about phones that pay: a loss told from any phone, its end, and the key that a phone dials for."""

from typing import assert_never

from gateway.channels.ussd.identity import known, refused_pin
from gateway.channels.ussd.ports import People, Tokens
from gateway.services.dialogues import Actions, Caller
from gateway.services.msisdn import normal_msisdn
from gateway.services.people import Person, PersonState
from gateway.services.tokens import ReplenishOutcome, StateOutcome
from ussd_menus import Call, Result

ATC_MAX = 0xFFFF
WRONG = Result("wrong")
REFUSED = Result("refused")


class Phones:
    """Binds the menus' words about lost phones and their keys to services/tokens."""

    def __init__(self, people: People, tokens: Tokens) -> None:
        self._people = people
        self._tokens = tokens

    def actions(self) -> Actions:
        """Name to function."""
        return {
            "tokens.whose": self.whose,
            "tokens.lost": self.lost,
            "tokens.lost_of": self.lost_of,
            "tokens.found": self.found,
            "tokens.key": self.key,
        }

    async def whose(self, caller: Caller, _call: Call) -> Result:
        """Known, whose own phone payments may be meant, or stranger."""
        return Result("known" if await self._active(caller.msisdn) else "stranger")

    async def lost(self, caller: Caller, call: Call) -> Result:
        """Ok | wrong_pin{tries_left} | locked: all phones of the caller's account pay nothing from here on."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        if refused is not None:
            return refused
        await self._tokens.lost(person)
        return Result("ok")

    async def lost_of(self, caller: Caller, call: Call) -> Result:
        """Ok | wrong | too_many: the same of another number, by its PIN. What is wrong is never said."""
        number = normal_msisdn(str(call.args["msisdn"]))
        if number is None:
            return WRONG
        if not await self._tokens.may_try(caller.msisdn, number):
            return Result("too_many")
        person = await self._people.by_pin(number, call.secrets["pin"])
        if person is None:
            return WRONG
        await self._tokens.lost(person)
        return Result("ok")

    async def found(self, caller: Caller, call: Call) -> Result:
        """Ok | none | not_yours | wrong_pin{tries_left} | locked: the holder's own locks are lifted."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        if refused is not None:
            return refused
        match await self._tokens.found(person):
            case StateOutcome.OK:
                return Result("ok")
            case StateOutcome.NOT_YOURS:
                return Result("not_yours")
            case StateOutcome.NOT_POSSIBLE | StateOutcome.UNKNOWN:
                return Result("none")
            case unreachable:
                assert_never(unreachable)

    async def key(self, caller: Caller, call: Call) -> Result:
        """ok{key_text} | refused | too_many: the next key for a phone of the caller's, which alone can read it."""
        person = await self._active(caller.msisdn)
        number, atc, proof = (str(call.args[name]) for name in ("token_number", "atc", "proof"))
        if person is None or int(atc) > ATC_MAX:
            return REFUSED
        answer = await self._tokens.key_by_dial(person.id, number, int(atc), proof)
        match answer.outcome:
            case ReplenishOutcome.OK:
                return Result("ok", {"key_text": answer.text})
            case ReplenishOutcome.TOO_MANY:
                return Result("too_many")
            case ReplenishOutcome.BAD_PROOF | ReplenishOutcome.REAUTHENTICATE | ReplenishOutcome.NOT_ACTIVE:
                return REFUSED
            case unreachable:
                assert_never(unreachable)

    async def _active(self, msisdn: str) -> Person | None:
        person = await self._people.by_msisdn(msisdn)
        return person if person is not None and person.state is PersonState.ACTIVE else None
