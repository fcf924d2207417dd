"""Signing: what waits for one's signature, each document with its proof, and a request to one's phone as it goes."""

from collections.abc import Callable
from typing import Any, assert_never

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Digits, Form, FormProblems, Phrase
from gateway.channels.console.histories import history
from gateway.channels.console.roles import RUN_SIGNERS, SEE_DOCUMENTS
from gateway.channels.console.routes import EVERYONE, ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotAllowed, NotFound
from gateway.services.signing import (
    DocumentState,
    Event,
    Need,
    Progress,
    ProofOutcome,
    Purpose,
    Signature,
    SignOutcome,
    StartOutcome,
    Waiting,
)
from wallet.ids import new_id

PAGE_ROWS = 30
STATE_TONES = {
    DocumentState.WAITING: "wait",
    DocumentState.SIGNED: "good",
    DocumentState.REFUSED: "bad",
    DocumentState.EXPIRED: "plain",
    DocumentState.VOID: "bad",
}
PROOF_TONES = {
    ProofOutcome.UNKNOWN: "plain",
    ProofOutcome.DIFFERS: "bad",
    ProofOutcome.WAITING: "wait",
    ProofOutcome.REFUSED: "bad",
    ProofOutcome.EXPIRED: "plain",
    ProofOutcome.INVALID: "bad",
    ProofOutcome.SIGNED: "good",
}
PHONE_NEEDS = frozenset({Need.MOBILE, Need.TWO_MOBILE})


class Paged(Form):
    """Before which document the page begins."""

    before: BusinessId | None = None


class Wish(Form):
    """A request to the phone, once however often it is sent."""

    form_key: BusinessId


class Confirmation(Form):
    """The password and a one-time code, typed again."""

    password: str = Field(min_length=1, max_length=200)
    totp: Digits = Field(pattern=r"^[0-9]{6}$")


class NoThanks(Form):
    """Why not."""

    reason: Phrase


def routes() -> list[Route]:
    """The routes of this module. Who may sign what is the document's own: the service decides, for each."""
    return [
        get("/signing", inbox, EVERYONE),
        get("/signing/all", listing, SEE_DOCUMENTS),
        get(f"/signing/{ID}", show, EVERYONE),
        post(f"/signing/{ID}/sign", sign, EVERYONE),
        post(f"/signing/{ID}/pin", sign_with_pin, EVERYONE),
        post(f"/signing/{ID}/refuse", refuse, EVERYONE),
        get(f"/signing/requests/{ID}", request, EVERYONE),
        get(f"/signing/requests/{ID}/progress", request_progress, EVERYONE),
    ]


async def inbox(visit: Visit) -> web.StreamResponse:
    """What this member may sign now, oldest first, each with its button."""
    rows = await visit.deps.signing.inbox(visit.staff)
    return visit.page(
        "signing.jinja",
        rows=[(row, kind_text(visit, row.document.kind), row.need in PHONE_NEEDS, _form_key(visit)) for row in rows],
        may_see_all=visit.may(*SEE_DOCUMENTS),
    )


async def listing(visit: Visit) -> web.StreamResponse:
    """Every document, newest first."""
    rows = await visit.deps.signing.list_documents(limit=PAGE_ROWS, before=visit.query(Paged).before or "")
    table = Table(
        name="documents",
        columns=[
            Column("document", lambda row: Link(row.document.title, f"/signing/{row.id}")),
            Column("kind", lambda row: kind_text(visit, row.document.kind)),
            Column("amount", lambda row: row.document.amount, end=True),
            Column("state", state_chip),
            Column("signatures", lambda row: len(row.signatures), end=True),
            Column("asked", lambda row: row.asked_at),
        ],
        rows=rows,
        empty="empty.documents",
        more=f"/signing/all?before={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    return visit.page("signing_all.jinja", table=table)


async def show(visit: Visit) -> web.StreamResponse:
    """One document: what it is, who signed it, whether that verifies now, and what one may do."""
    waiting, why = await _document(visit)
    document = waiting.document
    # Verified anew at each look: what was true when it was signed proves nothing about the rows of today.
    proof = await visit.deps.signing.proof(document.kind, document.subject, document.digest)
    events = await visit.deps.signing.history(waiting.id)
    ids = {event.staff_id for event in events} | document.made_by
    names = await visit.staff_names(
        ids | {name for one in waiting.signatures for name in (one.staff_id, one.principal)}
    )
    may_sign = why is StartOutcome.OK
    return visit.page(
        "document.jinja",
        waiting=waiting,
        kind=kind_text(visit, document.kind),
        state=state_chip(waiting),
        proof=Chip(f"proof.{proof.outcome.value}", PROOF_TONES[proof.outcome]),
        now=visit.deps.clock.now(),
        made_by=[names.get(one, one) for one in sorted(document.made_by)],
        by_phone=may_sign and waiting.need in PHONE_NEEDS,
        by_pin=may_sign and waiting.need is Need.PIN,
        may_refuse=may_sign,
        why_not=_why_not(visit, waiting, why),
        form_key=_form_key(visit),
        signatures=_signatures(waiting, names),
        history=history(events, names, "sign_event", note=_noted(visit)),
    )


async def sign(visit: Visit) -> web.StreamResponse:
    """Ask one's own phone, then show how that goes."""
    waiting, _ = await _document(visit)
    form = visit.form(Wish)
    if isinstance(form, FormProblems):
        return visit.go(f"/signing/{waiting.id}", refused="sign_unknown")
    start = await visit.deps.signing.sign(waiting.id, visit.staff, form.form_key)
    if start.outcome is StartOutcome.OK:
        return visit.go(f"/signing/requests/{start.request_id}")
    return visit.go(f"/signing/{waiting.id}", refused=f"sign_{start.outcome.value}")


async def sign_with_pin(visit: Visit) -> web.StreamResponse:
    """Sign by password and one-time code, where the document's kind asks for no more."""
    waiting, _ = await _document(visit)
    form = visit.form(Confirmation)
    if isinstance(form, FormProblems):
        return visit.go(f"/signing/{waiting.id}", refused="sign_wrong")
    outcome = await visit.deps.signing.sign_with_pin(waiting.id, visit.staff, form.password, form.totp)
    return _done(visit, outcome, said="signed")


async def refuse(visit: Visit) -> web.StreamResponse:
    """Refuse it for good, saying why."""
    waiting, _ = await _document(visit)
    form = visit.form(NoThanks)
    if isinstance(form, FormProblems):
        return visit.go(f"/signing/{waiting.id}", refused="reason")
    return _done(visit, await visit.deps.signing.refuse(waiting.id, visit.staff, form.reason), said="sign_refused")


async def request(visit: Visit) -> web.StreamResponse:
    """A request to a phone: the code that both screens show, and how it stands."""
    return visit.page("sign_request.jinja", **_asked(await _progress(visit)))


async def request_progress(visit: Visit) -> web.StreamResponse:
    """The part of the page that renews itself; 286 tells htmx to stop asking."""
    progress = await _progress(visit)
    return visit.page("sign_progress.jinja", status=200 if progress.outcome is None else 286, **_asked(progress))


def kind_text(visit: Visit, kind: str) -> str:
    """A kind of document, or of proposal, in words; kinds of parts to come may have none yet."""
    for key in (f"document_kind.{kind}", f"approval_kind.{kind}"):
        if visit.words.knows(key):
            return visit.words.t(key)
    return visit.words.t("document_kind.other")


def state_chip(waiting: Waiting) -> Chip:
    """A document's state."""
    return Chip(f"document_state.{waiting.state.value}", STATE_TONES[waiting.state])


def _asked(progress: Progress) -> dict[str, Any]:
    match progress.outcome:
        case None:
            state = Chip("sign_outcome.asked", "wait")
        case SignOutcome.SIGNED:
            state = Chip("sign_outcome.signed", "good")
        case outcome:
            state = Chip(f"sign_outcome.{outcome.value}", "bad")
    enrols = progress.purpose is Purpose.ENROLMENT
    back = "/signers" if enrols else f"/signing/{progress.document_id}"
    return {"progress": progress, "state": state, "over": progress.outcome is not None, "back": back, "enrols": enrols}


def _done(visit: Visit, outcome: StartOutcome, *, said: str) -> web.Response:
    here = f"/signing/{visit.named('id')}"
    match outcome:
        case StartOutcome.OK:
            return visit.go(here, said=said)
        case (
            StartOutcome.UNKNOWN
            | StartOutcome.ROLE_MISSING
            | StartOutcome.ALREADY_SIGNED
            | StartOutcome.NOT_WAITING
            | StartOutcome.EXPIRED
            | StartOutcome.MADE_IT
            | StartOutcome.STANDS_IN_FOR_MAKER
            | StartOutcome.OTHER_MEANS
            | StartOutcome.NOT_ENROLLED
            | StartOutcome.SUSPENDED
            | StartOutcome.BUSY
            | StartOutcome.UNAVAILABLE
            | StartOutcome.WRONG
            | StartOutcome.CODE_USED
            | StartOutcome.LOCKED
        ):
            return visit.go(here, refused=f"sign_{outcome.value}")
        case unreachable:
            assert_never(unreachable)


def _why_not(visit: Visit, waiting: Waiting, why: StartOutcome) -> str:
    """Why one may not sign what waits, or ''."""
    if why is StartOutcome.OK or waiting.state is not DocumentState.WAITING:
        return ""
    return visit.words.t(f"refused.sign_{why.value}")


def _signatures(waiting: Waiting, names: dict[str, str]) -> Table[Signature]:
    return Table(
        name="signatures",
        columns=[
            Column("when", lambda row: row.signed_at),
            Column("by", lambda row: names.get(row.staff_id, row.staff_id)),
            Column("in_the_name_of", lambda row: names.get(row.principal, "") if row.principal != row.staff_id else ""),
            Column("how", lambda row: Chip("signing.by_phone" if row.by_phone else "signing.by_pin")),
            Column("sign_code", lambda row: Code(row.code)),
            Column("certificate", lambda row: Code(row.certificate, wraps=True)),
            Column("serial", lambda row: Code(row.serial, wraps=True)),
        ],
        rows=waiting.signatures,
        empty="empty.signatures",
    )


def _form_key(visit: Visit) -> str:
    return new_id("sgf", visit.deps.clock)


async def _document(visit: Visit) -> tuple[Waiting, StartOutcome]:
    """The document, for those who may sign it, who made it, or who see all; and whether this member may sign it."""
    waiting = await visit.deps.signing.document(visit.named("id"))
    if waiting is None:
        raise NotFound("document")
    why = await visit.deps.signing.why_not(waiting.id, visit.staff)
    strange = why in {StartOutcome.ROLE_MISSING, StartOutcome.UNKNOWN}
    if strange and not visit.may(*SEE_DOCUMENTS) and visit.staff.id not in waiting.document.made_by:
        raise NotAllowed("role")
    return waiting, why


async def _progress(visit: Visit) -> Progress:
    progress = await visit.deps.signing.progress(visit.named("id"))
    if progress is None or progress.purpose is Purpose.SIGN_IN:
        raise NotFound("request")
    # Whose phone it is; and of an enrolment those who may ask for one.
    enrols = progress.purpose is Purpose.ENROLMENT and visit.may(*RUN_SIGNERS)
    if progress.staff_id != visit.staff.id and not enrols:
        raise NotFound("request")
    return progress


def _noted(visit: Visit) -> Callable[[Event], str]:
    """A note in words, where it is a member's name."""

    def note(event: Event) -> str:
        keys = (f"sign_outcome.{event.note}", f"refused.sign_{event.note}")
        return next((visit.words.t(key) for key in keys if visit.words.knows(key)), event.note)

    return note
