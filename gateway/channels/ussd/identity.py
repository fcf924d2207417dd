"""The actions about who calls: status, language, style, enrolment, choosing a PIN.

Secrets come in Call.secrets only.
"""

from typing import assert_never

from gateway.channels.ussd.ports import People
from gateway.errors import NotAllowed
from gateway.services.dialogues import Actions, Caller
from gateway.services.people import CodeOutcome, Person, PersonState, PinOutcome, ResendOutcome
from ussd_menus import Call, Result, Style


class Identity:
    """Binds the menus' words about people to services/people."""

    def __init__(self, people: People) -> None:
        self._people = people

    def actions(self) -> Actions:
        """Name to function, for the table of all actions."""
        return {
            "person.status": self.status,
            "person.language": self.language,
            "person.style": self.style,
            "enrol.start": self.start,
            "enrol.activate": self.activate,
            "enrol.confirm": self.confirm,
            "enrol.resend": self.resend,
            "pin.offer": self.offer,
            "pin.repeat": self.repeat,
            "pin.unlock": self.unlock,
        }

    async def status(self, caller: Caller, _call: Call) -> Result:
        """Unknown | branch_code | code_pending | choose_pin | active{name} | locked; in the person's way."""
        person = await self._people.by_msisdn(caller.msisdn)
        if person is None:
            return Result((await self._people.status(caller.msisdn)).value)
        values = {"name": person.name_in(person.language)} if person.state is PersonState.ACTIVE else {}
        return Result(person.state.value, values, person.language, person.style)

    async def language(self, caller: Caller, call: Call) -> Result:
        """ok: the session speaks it from here on, and so do the person's notices."""
        language = str(call.args["language"])
        person = await self._people.by_msisdn(caller.msisdn)
        if person is not None:
            await self._people.set_language(person.id, language)
        return Result("ok", language=language)

    async def style(self, caller: Caller, call: Call) -> Result:
        """ok: of `digits` (own, latin), `money` (rial, toman) and `easy` (yes, no) those that the call has are set."""
        person = await self._people.by_msisdn(caller.msisdn)
        style = restyled(person.style if person is not None else caller.style, call)
        if person is not None:
            await self._people.set_style(person.id, style)
        return Result("ok", style=style)

    async def start(self, caller: Caller, call: Call) -> Result:
        """code_sent | mismatch | invalid | too_many | unavailable."""
        language = str(call.args.get("language", caller.language))
        outcome = await self._people.enrol(caller.msisdn, str(call.args["national_number"]), language)
        return Result(outcome.value)

    async def activate(self, caller: Caller, call: Call) -> Result:
        """code_sent | wrong_code | too_many."""
        code = call.secrets["branch_code"]
        return Result((await self._people.activate(caller.msisdn, code, caller.language)).value)

    async def confirm(self, caller: Caller, call: Call) -> Result:
        """Ok | wrong{tries_left} | expired | too_many."""
        result = await self._people.confirm_code(caller.msisdn, call.secrets["code"])
        values = {"tries_left": result.tries_left} if result.outcome is CodeOutcome.WRONG else {}
        return Result(result.outcome.value, values)

    async def resend(self, caller: Caller, _call: Call) -> Result:
        """code_sent | too_many."""
        outcome = await self._people.resend_code(caller.msisdn)
        # Confirmed in another session meanwhile: the next dial begins where the person stands.
        return Result("unavailable") if outcome is ResendOutcome.NOT_PENDING else Result(outcome.value)

    async def offer(self, caller: Caller, call: Call) -> Result:
        """Ok | trivial | bad_form."""
        person = await known(self._people, caller)
        return Result((await self._people.offer_pin(person.id, call.secrets["pin"])).value)

    async def repeat(self, caller: Caller, call: Call) -> Result:
        """Ok | differs."""
        person = await known(self._people, caller)
        return Result((await self._people.repeat_pin(person.id, call.secrets["pin"])).value)

    async def unlock(self, caller: Caller, call: Call) -> Result:
        """Ok | wrong_code | too_many."""
        return Result((await self._people.unlock_with_code(caller.msisdn, call.secrets["branch_code"])).value)


def restyled(style: Style, call: Call) -> Style:
    """The style with what a person chose; anything but the menus' words is a bug of the menus."""
    digits = str(call.args.get("digits", style.digits))
    money = str(call.args.get("money", "toman" if style.toman else "rial"))
    easy = str(call.args.get("easy", "yes" if style.easy else "no"))
    assert digits in {"own", "latin"}, digits
    assert money in {"rial", "toman"}, money
    assert easy in {"yes", "no"}, easy
    return Style(digits, toman=money == "toman", easy=easy == "yes")


async def known(people: People, caller: Caller) -> Person:
    """The person who calls.

    Raises:
        NotAllowed: Nobody is enrolled with this number; no menu leads here then.
    """
    person = await people.by_msisdn(caller.msisdn)
    if person is None:
        raise NotAllowed("nobody is enrolled with this number")
    return person


async def active(people: People, caller: Caller) -> Person:
    """The person who calls, free to use services that ask for no PIN.

    Raises:
        NotAllowed: Not active, or locked since the session began.
    """
    person = await known(people, caller)
    if person.state is not PersonState.ACTIVE:
        raise NotAllowed("the person is not active")
    return person


async def refused_pin(people: People, person: Person, call: Call) -> Result | None:
    """Check the PIN of the call before anything else happens; None if it is right, else wrong_pin or locked."""
    check = await people.check_pin(person.id, call.secrets["pin"])
    match check.outcome:
        case PinOutcome.OK:
            return None
        case PinOutcome.WRONG:
            return Result("wrong_pin", {"tries_left": check.tries_left})
        case PinOutcome.LOCKED:
            return Result("locked")
        case unreachable:
            assert_never(unreachable)
