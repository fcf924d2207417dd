"""The actions about signing: what waits for a member of staff, and sending the request to the phone in their hand."""

from typing import assert_never

from gateway.channels.ussd.ports import SendOutcome, SigningDesk
from gateway.services.dialogues import Actions, Caller
from ussd_menus import Call, Result, Row

TITLES_MAX = 9
"""Rows of the list, oldest first."""
WAITING_MAX = 99


class Signings:
    """What waits for the signature of whose phone it is. Nobody else learns more than that nothing waits."""

    def __init__(self, desk: SigningDesk) -> None:
        self._desk = desk

    def actions(self) -> Actions:
        """Name to function."""
        return {"signing.list": self.list, "signing.send": self.send}

    async def list(self, caller: Caller, _call: Call) -> Result:
        """ok{rows[{id, title}], waiting} | none."""
        waiting = await self._desk.waiting(caller.msisdn)
        if not waiting:
            return Result("none")
        rows: tuple[Row, ...] = tuple({"id": one.id, "title": one.title} for one in waiting[:TITLES_MAX])
        return Result("ok", {"rows": rows, "waiting": min(len(waiting), WAITING_MAX)})

    async def send(self, caller: Caller, call: Call) -> Result:
        """asked{sign_code} | busy | suspended | gone."""
        form_key = f"{caller.session_id}:{call.number}"
        sent = await self._desk.send(caller.msisdn, str(call.args["document_id"]), form_key)
        match sent.outcome:
            case SendOutcome.ASKED:
                return Result("asked", {"sign_code": sent.code})
            case SendOutcome.BUSY | SendOutcome.SUSPENDED | SendOutcome.GONE | SendOutcome.UNAVAILABLE:
                return Result(sent.outcome.value)
            case unreachable:
                assert_never(unreachable)
