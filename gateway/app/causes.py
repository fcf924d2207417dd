"""From a business id to what it is, for the parts of the house that the console does not know itself."""

from collections.abc import Mapping

from gateway.app import tap_causes
from gateway.app.house import House
from gateway.channels.console import CauseResolver, CauseView
from gateway.channels.console.cells import Chip, Code, Link
from gateway.channels.console.pages.causes import person_link
from gateway.services.dialogues import Dialogues
from wallet.money import ASSETS, Money


def resolvers(house: House, dialogues: Dialogues) -> Mapping[str, CauseResolver]:
    """By the id's prefix."""

    async def session(cause: str) -> CauseView | None:
        found = await dialogues.session(cause)
        if found is None:
            return None
        return CauseView(
            "session",
            [
                ("person", person_link(found.person_id, cause) if found.person_id else None),
                ("started", found.started_at),
                ("state", Chip(f"session_state.{found.status.value}")),
                ("hops", found.hops),
            ],
        )

    async def payment(cause: str) -> CauseView | None:
        found = await house.payouts.item(cause)
        batch = await house.payouts.by_id(found.batch_id) if found else None
        if found is None or batch is None:
            return None
        return CauseView(
            "payout_item",
            [
                ("person", person_link(found.person_id, cause) if found.person_id else found.name),
                ("name", f"{batch.label} {batch.name}"),
                ("reference", Code(found.reference)),
                ("amount", found.amount),
                ("account", found.masked),
                ("when", found.changed_at),
                ("state", Chip(f"item_state.{found.state.value}")),
            ],
        )

    async def batch(cause: str) -> CauseView | None:
        found = await house.payouts.by_id(cause)
        if found is None:
            return None
        return CauseView(
            "payout_batch",
            [
                ("name", f"{found.label} {found.name}"),
                ("amount", found.manifest_total),
                ("when", found.created_at),
                ("state", Chip(f"batch_state.{found.state.value}")),
            ],
        )

    async def broken(cause: str) -> CauseView | None:
        found = await house.breaks.by_id(cause)
        if found is None:
            return None
        return CauseView(
            "break",
            [
                ("break", Link(found.id, f"/breaks/{found.id}", code=True)),
                ("break_type", Chip(f"break_type.{found.type.value}")),
                ("amount", Money(found.minor, ASSETS[found.asset])),
                ("since", found.opened_on),
                ("state", Chip(f"break_state.{found.state.value}")),
            ],
        )

    return {
        "brk": broken,
        "dcl": lambda cause: _close(house, cause),
        "fee": lambda cause: _fee(house, cause),
        "tap": lambda cause: tap_causes.tap(house, cause),
        "ses": session,
        "itm": payment,
        "bat": batch,
        "rfd": lambda cause: tap_causes.refund(house, cause),
        "tok": lambda cause: tap_causes.token(house, cause),
        "cyc": lambda cause: tap_causes.cycle(house, cause),
        "mrc": lambda cause: tap_causes.due(house, cause),
    }


async def _close(house: House, cause: str) -> CauseView | None:
    found = await house.closing.by_id(cause)
    if found is None:
        return None
    return CauseView(
        "day_close",
        [
            ("day", Link(found.day, f"/close/{found.id}")),
            ("when", found.asked_at),
            ("state", Chip(f"close_state.{found.state.value}")),
        ],
    )


async def _fee(house: House, cause: str) -> CauseView | None:
    found = await house.providers.fee(cause)
    provider = await house.providers.by_id(found.provider_id) if found else None
    if found is None or provider is None:
        return None
    return CauseView(
        "fee",
        [
            ("provider", Link(provider.name, f"/providers/{provider.id}")),
            ("person", person_link(found.person_id, cause)),
            ("fee", Link(found.id, f"/fees/{found.id}", code=True)),
            ("covered", found.covered),
            ("share", found.share),
            ("when", found.submitted_at),
            ("state", Chip(f"fee_state.{found.state.value}")),
        ],
    )
