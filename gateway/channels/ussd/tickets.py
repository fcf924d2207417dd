"""The actions that open a ticket: `I did not make this payment`, and `call me back`."""

from zoneinfo import ZoneInfo

from gateway.channels.ussd.identity import active
from gateway.channels.ussd.ports import Ledger, People, Tickets
from gateway.services.dialogues import Actions, Caller
from gateway.services.shortnumber import ascii_digits
from ussd_menus import Call, Result
from wallet.accounts import Chart
from wallet.transfers import Movement


class Tellings:
    """What people tell staff from a phone's screen."""

    def __init__(self, people: People, ledger: Ledger, tickets: Tickets, chart: Chart, zone: ZoneInfo) -> None:
        self._people = people
        self._ledger = ledger
        self._tickets = tickets
        self._chart = chart
        self._zone = zone

    def actions(self) -> Actions:
        """Name to function."""
        return {"dispute.report": self.dispute, "callback.ask": self.call_back}

    async def dispute(self, caller: Caller, call: Call) -> Result:
        """ok{reference} | already{reference}; `movement_id` is the id of a row of wallet.see."""
        person = await active(self._people, caller)
        movement = await self._movement(person.id, str(call.args["movement_id"]))
        if movement is None:
            # No list has shown it to this person, so nothing is said of whether there is one.
            return Result("unavailable")
        moved = movement.transfer
        day = movement.booked_at.astimezone(self._zone).date()
        sign = "-" if movement.is_debit else "+"
        opened = await self._tickets.dispute(
            moved.id.hex,
            moved.cause,
            f"{day} {moved.code.name.lower()} {sign}{moved.amount} #{movement.position}",
            msisdn=caller.msisdn,
            person_id=person.id,
            language=caller.language,
        )
        return Result("ok" if opened.is_new else "already", {"reference": opened.number})

    async def call_back(self, caller: Caller, call: Call) -> Result:
        """Ok | already: one call at a time, for anybody who dials, enrolled or not."""
        opened = await self._tickets.call_back(
            caller.call_key(call), msisdn=caller.msisdn, person_id=caller.person_id or "", language=caller.language
        )
        return Result("ok" if opened.is_new else "already")

    async def _movement(self, person_id: str, movement_id: str) -> Movement | None:
        """The line of the person's own wallet with this place in the ledger's log."""
        digits = ascii_digits(movement_id)
        if not (digits.isascii() and digits.isdigit()):
            return None
        position = int(digits)
        account = self._chart.id("wallet", person_id)
        lines = await self._ledger.movements(account, limit=1, before=position + 1)
        return lines[0] if lines and lines[0].position == position else None
