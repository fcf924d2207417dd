"""The actions about where a person is paid: what stands, a new account, the wallet again, `I did not do this`."""

from typing import assert_never

from gateway.channels.ussd.identity import active, known, refused_pin
from gateway.channels.ussd.ports import Payees, People
from gateway.services.dialogues import Actions, Caller
from gateway.services.payees import AccountKind, PayeeOutcome, PayeeResult
from ussd_menus import Call, Result

UNAVAILABLE = Result("unavailable")
TAIL = 4
"""Digits of an account that a screen shows; no session keeps the whole."""


class PaidTo:
    """Binds the menus' words about accounts to services/payees."""

    def __init__(self, people: People, payees: Payees) -> None:
        self._people = people
        self._payees = payees

    def actions(self) -> Actions:
        """Name to function."""
        return {
            "payees.show": self.show,
            "payees.offer": self.offer,
            "payees.keep": self.keep,
            "payees.to_wallet": self.to_wallet,
            "payees.disown": self.disown,
        }

    async def show(self, caller: Caller, _call: Call) -> Result:
        """Wallet | account{account} | frozen."""
        person = await active(self._people, caller)
        account = await self._payees.resolve(person.id)
        if account is None:
            return UNAVAILABLE
        if account.frozen:
            return Result("frozen")
        match account.kind:
            case AccountKind.WALLET:
                return Result("wallet")
            case AccountKind.IBAN:
                return Result("account", {"account": account.iban[-TAIL:]})
            case unreachable:
                assert_never(unreachable)

    async def offer(self, caller: Caller, call: Call) -> Result:
        """ok{account} | bad_iban | same | frozen; the IBAN is sensitive, so it comes as a secret does."""
        person = await active(self._people, caller)
        return self._answer(await self._payees.offer(person.id, call.secrets["iban"]))

    async def keep(self, caller: Caller, call: Call) -> Result:
        """ok{account} | wrong_pin{tries_left} | locked | same | frozen | too_many | nothing."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        return refused or self._answer(await self._payees.keep(person.id, call_key=caller.call_key(call)))

    async def to_wallet(self, caller: Caller, call: Call) -> Result:
        """Ok | wrong_pin{tries_left} | locked | same | frozen | too_many."""
        person = await known(self._people, caller)
        refused = await refused_pin(self._people, person, call)
        if refused is not None:
            return refused
        return self._answer(await self._payees.unlink(person.id, by="phone", call_key=caller.call_key(call)))

    async def disown(self, caller: Caller, _call: Call) -> Result:
        """Ok | nothing. No PIN: whoever has lost it to somebody else needs this most, and it only puts back."""
        person = await active(self._people, caller)
        return self._answer(await self._payees.disown(person.id, by="phone"))

    @staticmethod
    def _answer(result: PayeeResult) -> Result:
        account = result.account
        match result.outcome:
            case PayeeOutcome.OK:
                return Result("ok", {"account": account.iban[-TAIL:]} if account is not None else {})
            case PayeeOutcome.SAME | PayeeOutcome.NOT_LINKED:
                return Result("same")
            case PayeeOutcome.BAD_IBAN | PayeeOutcome.FROZEN | PayeeOutcome.TOO_MANY | PayeeOutcome.NOTHING:
                return Result(result.outcome.value)
            case PayeeOutcome.UNKNOWN_PERSON:
                return UNAVAILABLE
            case unreachable:
                assert_never(unreachable)
