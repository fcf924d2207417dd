"""The actions about the mailbox: its titles, and one message in full."""

from zoneinfo import ZoneInfo

from gateway.channels.ussd.identity import active
from gateway.channels.ussd.ports import Mailbox, People
from gateway.services.dialogues import Actions, Caller
from ussd_menus import Call, Result, Row

TITLES_MAX = 9
"""Rows of the list, newest first."""


class Letters:
    """What waits for a person in the house."""

    def __init__(self, people: People, mailbox: Mailbox, zone: ZoneInfo) -> None:
        self._people = people
        self._mailbox = mailbox
        self._zone = zone

    def actions(self) -> Actions:
        """Name to function."""
        return {"mailbox.list": self.list, "mailbox.read": self.read}

    async def list(self, caller: Caller, _call: Call) -> Result:
        """ok{rows[{id, title, day}]} | none."""
        person = await active(self._people, caller)
        titles = await self._mailbox.titles(person.id, limit=TITLES_MAX)
        if not titles:
            return Result("none")
        rows: tuple[Row, ...] = tuple(
            {"id": one.id, "title": one.title, "day": one.put_at.astimezone(self._zone).date()} for one in titles
        )
        return Result("ok", {"rows": rows})

    async def read(self, caller: Caller, call: Call) -> Result:
        """ok{message} | gone: it was kept long enough, or is not this person's."""
        person = await active(self._people, caller)
        kept = await self._mailbox.read(person.id, str(call.args["message_id"]))
        return Result("gone") if kept is None else Result("ok", {"message": kept.text})
