"""What caused a transfer, and all transfers that it caused."""

import re

from aiohttp import web

from gateway.channels.console.book import AccountNames
from gateway.channels.console.cells import Cell, Chip, Code, Link
from gateway.channels.console.deps import CauseResolver, CauseView, ConsoleDeps
from gateway.channels.console.movements import CAUSE, journal_table
from gateway.channels.console.pages.claims import chip as claim_chip
from gateway.channels.console.roles import SEE_CAUSES, SEE_LEDGER
from gateway.channels.console.routes import Route, get
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound

_PERSON = re.compile(r"per_[0-9A-HJKMNP-TV-Z]{26}")


def routes() -> list[Route]:
    """The routes of this module."""
    return [get(f"/cause/{{cause:{CAUSE}}}", show, SEE_CAUSES)]


async def show(visit: Visit) -> web.StreamResponse:
    """The cause and its transfers, oldest first."""
    cause = visit.named("cause")
    resolver = resolvers(visit.deps).get(cause.partition("_")[0])
    found = await resolver(cause) if resolver else None
    rows = await visit.deps.ledger.caused_by(cause)
    if found is None and not rows:
        raise NotFound("cause")
    names = await AccountNames(visit.deps.ledger).of(rows)
    kind = f"cause.{found.kind}" if found else "cause.other"
    return visit.page(
        "cause.jinja",
        cause=cause,
        kind=kind if visit.words.knows(kind) else "cause.other",
        facts=found.facts if found else [],
        table=journal_table("transfers_of_cause", rows, names, drill=visit.may(*SEE_LEDGER)),
    )


def resolvers(deps: ConsoleDeps) -> dict[str, CauseResolver]:
    """Those that the console has itself, and those that app.py gave for parts it alone knows."""
    mine: dict[str, CauseResolver] = {
        "clm": lambda cause: _claim(deps, cause),
        "inv": lambda cause: _invoice(deps, cause),
        "pay": lambda cause: _payment(deps, cause),
        "csh": lambda cause: _payment(deps, cause),
        "cco": lambda cause: _claim_code(deps, cause),
    }
    return {**mine, **deps.causes}


def person_link(person_id: str, cause: str) -> Link | Code:
    """The way to a person's page; the cause goes into the access log as the reason."""
    if not _PERSON.fullmatch(person_id):
        return Code(person_id)
    return Link(person_id, f"/people/{person_id}?about={cause}", code=True)


def session_link(call_key: str) -> Link | Code:
    """The way to the session that asked for a payment or a claim, by its call key; cash-in has another kind of key."""
    session_id = call_key.partition(":")[0]
    return Link(session_id, f"/cause/{session_id}", code=True) if session_id.startswith("ses_") else Code(call_key)


async def _claim(deps: ConsoleDeps, cause: str) -> CauseView | None:
    claim = await deps.benefits.by_id(cause)
    if claim is None:
        return None
    return CauseView(
        "claim",
        [
            ("claim", Link(claim.number, f"/claims/{claim.id}", code=True)),
            ("person", person_link(claim.person_id, cause)),
            ("first_day", claim.first_day),
            ("last_day", claim.last_day),
            ("amount", claim.amount),
            ("state", claim_chip(claim.state)),
            ("approval", Link(claim.approval_id, f"/approvals/{claim.approval_id}", code=True))
            if claim.approval_id
            else ("approval", None),
            ("session", session_link(claim.call_key)),
        ],
    )


async def _invoice(deps: ConsoleDeps, cause: str) -> CauseView | None:
    invoice = await deps.payments.invoice(cause)
    if invoice is None:
        return None
    return CauseView(
        "invoice",
        [
            ("person", person_link(invoice.person_id, cause)),
            ("period", Code(invoice.period)),
            ("amount", invoice.amount),
            ("state", Chip(f"invoice_state.{invoice.state.value}")),
            ("made", invoice.made_at),
            ("paid", invoice.paid_at),
        ],
    )


async def _payment(deps: ConsoleDeps, cause: str) -> CauseView | None:
    payment = await deps.payments.by_id(cause)
    if payment is None:
        return None
    return CauseView(
        f"payment_{payment.kind.value}",
        [
            ("reference", Code(payment.reference)),
            ("person", person_link(payment.person_id, cause)),
            ("payee", person_link(payment.payee_id, cause) if payment.payee_id else None),
            ("amount", payment.amount),
            ("branch", payment.branch or None),
            ("taken_by", await _taker(deps, payment.staff_id)),
            ("state", Chip(f"payment_state.{payment.state.value}")),
            ("made", payment.created_at),
            ("settled", payment.settled_at),
            ("session", session_link(payment.call_key)),
        ],
    )


async def _taker(deps: ConsoleDeps, staff_id: str) -> Cell:
    """Who took the notes of a cash-in: the name, or the id of an account that is no more; None for other payments."""
    member = await deps.staff.by_id(staff_id) if staff_id else None
    return member.name if member else Code(staff_id) if staff_id else None


async def _claim_code(deps: ConsoleDeps, cause: str) -> CauseView | None:
    code = await deps.payments.claim_code(cause)
    if code is None:
        return None
    return CauseView(
        "claim_code",
        [
            ("person", person_link(code.payer_id, cause)),
            ("payee", person_link(code.redeemer_id, cause) if code.redeemer_id else None),
            ("amount", code.amount),
            ("state", Chip(f"code_state.{code.state.value}")),
            ("valid_until", code.expires_at),
        ],
    )
