"""From the business id of a tap, a refund, a token, a cycle or a merchant's due to what it is, for the console."""

from gateway.app.house import House
from gateway.channels.console import CauseView
from gateway.channels.console.cells import Chip, Code, Link
from gateway.channels.console.pages.causes import person_link
from gateway.channels.console.pages.tap_facts import masked
from wallet.money import irr


async def tap(house: House, cause: str) -> CauseView | None:
    """`tap_…`."""
    found = await house.taps.tap(cause)
    if found is None:
        return None
    merchant = await house.merchants.merchant(found.merchant_id)
    return CauseView(
        "tap",
        [
            ("tap", Link(found.id, f"/taps/{found.id}", code=True)),
            ("person", person_link(found.person_id, cause)),
            ("merchant", merchant.name if merchant else Code(found.merchant_id)),
            ("terminal", Code(found.terminal_id)),
            ("reference", Code(found.rrn)),
            ("amount", found.amount),
            ("when", found.made_at),
            ("state", Chip(f"tap_state.{found.state.value}")),
        ],
    )


async def refund(house: House, cause: str) -> CauseView | None:
    """`rfd_…`."""
    found = await house.taps.refund(cause)
    if found is None:
        return None
    merchant = await house.merchants.merchant(found.merchant_id)
    return CauseView(
        "tap_refund",
        [
            ("original_tap", Link(found.tap_id, f"/taps/{found.tap_id}", code=True)),
            ("person", person_link(found.person_id, cause)),
            ("merchant", merchant.name if merchant else Code(found.merchant_id)),
            ("terminal", Code(found.terminal_id)),
            ("reference", Code(found.rrn)),
            ("amount", found.amount),
            ("kind", Chip(f"refund_kind.{found.kind.value}")),
            ("source", Chip(f"refund_source.{found.source.value}")),
            ("when", found.made_at),
            ("state", Chip(f"refund_state.{found.state.value}")),
        ],
    )


async def token(house: House, cause: str) -> CauseView | None:
    """`tok_…`."""
    found = await house.tokens.token(cause)
    if found is None:
        return None
    return CauseView(
        "token",
        [
            ("token", Link(masked(found.last4), f"/tokens/{found.id}", code=True)),
            ("person", person_link(found.person_id, cause)),
            ("made", found.made_at),
            ("state", Chip(f"token_state.{found.state.value}")),
        ],
    )


async def cycle(house: House, cause: str) -> CauseView | None:
    """`cyc_…`."""
    found = await house.clearing.views.cycle(cause)
    if found is None:
        return None
    return CauseView(
        "cycle",
        [
            ("cycle", Link(found.id, f"/merchants/cycles/{found.id}", code=True)),
            ("business_on", found.business_on),
            ("number", found.number),
            ("takings", found.count),
            ("gross", found.gross),
            ("net", irr(found.net_minor)),
            ("state", Chip(f"cycle_state.{found.state.value}")),
        ],
    )


async def due(house: House, cause: str) -> CauseView | None:
    """`mrc_…`."""
    found = await house.clearing.views.due(cause)
    if found is None:
        return None
    merchant = await house.merchants.merchant(found.merchant_id)
    name = Link(merchant.name, f"/merchants/{merchant.id}") if merchant else Code(found.merchant_id)
    return CauseView(
        "due",
        [
            ("merchant", name),
            ("amount", found.amount),
            (
                "cycle",
                Link(found.cycle_id, f"/merchants/cycles/{found.cycle_id}", code=True) if found.cycle_id else None,
            ),
            ("batch", Link(found.batch_id, f"/payouts/{found.batch_id}", code=True) if found.batch_id else None),
            ("paid", found.paid_at),
            ("state", Chip(f"due_state.{found.state.value}")),
        ],
    )
