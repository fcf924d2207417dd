"""Approvals: what one member of staff has proposed and another decides."""

import re
from typing import assert_never

from aiohttp import web

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems, Phrase
from gateway.channels.console.roles import SEE_PEOPLE
from gateway.channels.console.routes import EVERYONE, ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.approvals import Approval, ApprovalOutcome, ApprovalState, Change
from wallet.money import ASSETS, Money

PAGE_ROWS = 50
TONES = {
    ApprovalState.PENDING: "wait",
    ApprovalState.APPROVED: "wait",
    ApprovalState.EXECUTED: "good",
    ApprovalState.REJECTED: "bad",
}
_AMOUNT = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,4}))? ([A-Z]{3})")
_PERSON = re.compile(r"per_[0-9A-HJKMNP-TV-Z]{26}")
_SUBJECT_PAGES = {"clm": "/claims/", "per": "/people/", "cam": "/campaigns/", "bat": "/payouts/"}
_SUBJECT_LISTS = {"rel": "/menus"}


class Paged(Form):
    """After which approval the page begins."""

    after: BusinessId | None = None


class Rejection(Form):
    """Why."""

    reason: Phrase


def routes() -> list[Route]:
    """The routes of this module. Which role a checker needs depends on the kind: the service decides, for each."""
    return [
        get("/approvals", pending, EVERYONE),
        get(f"/approvals/{ID}", show, EVERYONE),
        post(f"/approvals/{ID}/approve", approve, EVERYONE),
        post(f"/approvals/{ID}/reject", reject, EVERYONE),
    ]


def may_check(visit: Visit, approval: Approval) -> bool:
    """Whether this member could decide this approval now."""
    role = visit.deps.approval_roles.get(approval.kind)
    waits = approval.state is ApprovalState.PENDING
    return waits and role in visit.staff.roles and approval.maker != visit.staff.id


def kind_key(visit: Visit, kind: str) -> str:
    """The key of a kind's words; kinds of parts to come may have none yet."""
    key = f"approval_kind.{kind}"
    return key if visit.words.knows(key) else "approval_kind.other"


def subject(approval: Approval) -> Cell:
    """What it is about, with a way there where there is a page."""
    prefix = approval.subject.partition("_")[0]
    if prefix in _SUBJECT_LISTS:
        return Link(approval.payload.get("version", approval.subject), _SUBJECT_LISTS[prefix], code=True)
    page = _SUBJECT_PAGES.get(prefix)
    said = approval.payload.get("number") or approval.payload.get("name", approval.subject)
    return Link(said, f"{page}{approval.subject}", code=True) if page else Code(said)


async def pending(visit: Visit) -> web.StreamResponse:
    """What waits, oldest first; one's own proposals too, so that a maker sees why nothing happens yet."""
    after = visit.query(Paged).after or ""
    rows = await visit.deps.approvals.list_pending(limit=PAGE_ROWS, after=after)
    names = await visit.staff_names({row.maker for row in rows})
    table = Table(
        name="approvals",
        columns=[
            Column("kind", lambda row: Link(visit.words.t(kind_key(visit, row.kind)), f"/approvals/{row.id}")),
            Column("subject", subject),
            Column("maker", lambda row: names.get(row.maker, row.maker)),
            Column("proposed", lambda row: row.proposed_at),
            Column("for_whom", lambda row: _for_whom(visit, row)),
        ],
        rows=rows,
        empty="empty.approvals",
        more=f"/approvals?after={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    return visit.page("approvals.jinja", table=table)


async def show(visit: Visit) -> web.StreamResponse:
    """One approval, its history, and why one may or may not decide it."""
    approval = await _approval(visit)
    history = await visit.deps.approvals.history(approval.id)
    names = await visit.staff_names({approval.maker, *(change.staff_id for change in history)})
    return visit.page(
        "approval.jinja",
        approval=approval,
        kind=visit.words.t(kind_key(visit, approval.kind)),
        subject=subject(approval),
        state=Chip(f"approval_state.{approval.state.value}", TONES[approval.state]),
        maker=names.get(approval.maker, approval.maker),
        may_check=may_check(visit, approval),
        why_not=_why_not(visit, approval),
        history=_history(history, names),
        payload=[(_label(visit, name), _told(visit, value)) for name, value in sorted(approval.payload.items())],
    )


async def approve(visit: Visit) -> web.StreamResponse:
    """Approve: what was proposed is done."""
    approval = await _approval(visit)
    return _decided(visit, await visit.deps.approvals.approve(approval.id, visit.staff))


async def reject(visit: Visit) -> web.StreamResponse:
    """Reject with a reason."""
    approval = await _approval(visit)
    form = visit.form(Rejection)
    if isinstance(form, FormProblems):
        return visit.go(f"/approvals/{approval.id}", refused="reason")
    return _decided(visit, await visit.deps.approvals.reject(approval.id, visit.staff, form.reason))


def _decided(visit: Visit, outcome: ApprovalOutcome) -> web.Response:
    here = f"/approvals/{visit.named('id')}"
    match outcome:
        case ApprovalOutcome.APPROVED | ApprovalOutcome.REJECTED:
            return visit.go(here, said=f"approval_{outcome.value}")
        case (
            ApprovalOutcome.UNKNOWN
            | ApprovalOutcome.ROLE_MISSING
            | ApprovalOutcome.NOT_PENDING
            | ApprovalOutcome.MAKER_IS_CHECKER
        ):
            return visit.go(here, refused=f"approval_{outcome.value}")
        case unreachable:
            assert_never(unreachable)


def _for_whom(visit: Visit, approval: Approval) -> Cell:
    if may_check(visit, approval):
        return Chip("approvals.for_me", "good")
    mine = approval.maker == visit.staff.id
    return Chip("approvals.mine", "plain") if mine else Chip("approvals.for_others", "plain")


def _why_not(visit: Visit, approval: Approval) -> str:
    """Why one may not decide it, or ''."""
    if approval.state is not ApprovalState.PENDING or may_check(visit, approval):
        return ""
    if approval.maker == visit.staff.id:
        return visit.words.t("refused.approval_maker_is_checker")
    role = visit.deps.approval_roles.get(approval.kind, "")
    return visit.words.t("approvals.needs_role", role=visit.words.t(f"role.{role}") if role else "?")


def _label(visit: Visit, name: str) -> str:
    key = f"column.{name}"
    return visit.words.t(key) if visit.words.knows(key) else name.replace("_", " ")


def _told(visit: Visit, value: str) -> Cell:
    """A value of the payload as people read it: amounts and people are told by their form."""
    amount = _AMOUNT.fullmatch(value)
    if amount and amount[3] in ASSETS:
        asset = ASSETS[amount[3]]
        if len(amount[2] or "") == asset.exponent:
            return Money(int(amount[1] + (amount[2] or "")), asset)
    if _PERSON.fullmatch(value):
        return Link(value, f"/people/{value}", code=True) if visit.may(*SEE_PEOPLE) else Code(value)
    return value


def _history(changes: list[Change], names: dict[str, str]) -> Table[Change]:
    return Table(
        name="history",
        columns=[
            Column("when", lambda change: change.at),
            Column("what", lambda change: Chip(f"approval_change.{change.what.value}")),
            Column("by", lambda change: names.get(change.staff_id, "")),
            Column("note", lambda change: change.note),
        ],
        rows=changes,
        empty="empty.history",
    )


async def _approval(visit: Visit) -> Approval:
    approval = await visit.deps.approvals.by_id(visit.named("id"))
    if approval is None:
        raise NotFound("approval")
    return approval
