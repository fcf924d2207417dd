"""From a business id to what it is, for the parts of the house that the console does not know itself."""

from collections.abc import Mapping

from gateway.app.house import House
from gateway.channels.console import CauseResolver, CauseView
from gateway.channels.console.cells import Code, Link
from gateway.services.dialogues import Dialogues


def resolvers(house: House, dialogues: Dialogues) -> Mapping[str, CauseResolver]:
    """By the id's prefix."""

    async def tap(cause: str) -> CauseView | None:
        found = await house.taps.tap(cause)
        if found is None:
            return None
        merchant = await house.merchants.merchant(found.merchant_id)
        return CauseView(
            "tap",
            [
                ("person", _person(found.person_id, cause)),
                ("merchant", merchant.name if merchant else Code(found.merchant_id)),
                ("terminal", Code(found.terminal_id)),
                ("reference", Code(found.rrn)),
                ("amount", found.amount),
                ("when", found.made_at),
                ("state", found.state.value),
            ],
        )

    async def session(cause: str) -> CauseView | None:
        found = await dialogues.session(cause)
        if found is None:
            return None
        return CauseView(
            "session",
            [
                ("person", _person(found.person_id, cause) if found.person_id else None),
                ("started", found.started_at),
                ("state", found.status.value),
                ("done", found.hops),
            ],
        )

    return {"tap": tap, "ses": session}


def _person(person_id: str, cause: str) -> Link:
    """The way to the person's page; the cause is the reason that the access log gets."""
    return Link(person_id, f"/people/{person_id}?about={cause}", code=True)
