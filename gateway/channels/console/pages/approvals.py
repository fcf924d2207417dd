"""Approvals: what one member of staff has proposed and another decides."""

import re
from collections.abc import Callable
from typing import assert_never

from aiohttp import web

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems, Phrase
from gateway.channels.console.histories import history
from gateway.channels.console.pages.break_approvals import TOLD_HERE, about
from gateway.channels.console.roles import SEE_PEOPLE
from gateway.channels.console.routes import EVERYONE, ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.approvals import Approval, ApprovalOutcome, ApprovalState, Band, Change, Vote, VoteKind
from wallet.money import ASSETS, Money

PAGE_ROWS = 50
TONES = {
    ApprovalState.PENDING: "wait",
    ApprovalState.APPROVED: "wait",
    ApprovalState.EXECUTED: "good",
    ApprovalState.REJECTED: "bad",
}
_REJECTABLE = {
    None,
    ApprovalOutcome.MAKERS_MISSING,
    ApprovalOutcome.COOLING,
    ApprovalOutcome.ALREADY_VOTED,
    ApprovalOutcome.PRINCIPAL_VOTED,
}
"""Who is refused a vote for one of these may reject all the same."""
_AMOUNT = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,4}))? ([A-Z]{3})")
_PERSON = re.compile(r"per_[0-9A-HJKMNP-TV-Z]{26}")
_SUBJECT_PAGES = {
    "clm": "/claims/", "per": "/people/", "cam": "/campaigns/", "dtv": "/decisions/", "bat": "/payouts/",
    "prv": "/providers/", "prl": "/prices/",
}  # fmt: skip
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
        post(f"/approvals/{ID}/support", support, EVERYONE),
    ]


def kind_key(visit: Visit, kind: str) -> str:
    """The key of a kind's words; kinds of parts to come may have none yet."""
    key = f"approval_kind.{kind}"
    return key if visit.words.knows(key) else "approval_kind.other"


def subject(approval: Approval) -> Cell:
    """What it is about, with a way there where there is a page."""
    prefix = approval.subject.partition("_")[0]
    if prefix in _SUBJECT_LISTS:
        return Link(approval.payload.get("version", approval.subject), _SUBJECT_LISTS[prefix], code=True)
    if prefix == "bkp":
        # What is posted for a break has no page of its own; the break has.
        broken = approval.payload.get("break", "")
        return Link(broken, f"/breaks/{broken}", code=True)
    page = _SUBJECT_PAGES.get(prefix)
    said = next(
        (approval.payload[key] for key in ("number", "name", "table") if approval.payload.get(key)), approval.subject
    )
    return Link(said, f"{page}{approval.subject}", code=True) if page else Code(said)


async def pending(visit: Visit) -> web.StreamResponse:
    """What waits, oldest first; one's own proposals too, so that a maker sees why nothing happens yet."""
    after = visit.query(Paged).after or ""
    rows = await visit.deps.approvals.list_pending(limit=PAGE_ROWS, after=after)
    names = await visit.staff_names({row.maker for row in rows})
    why = await visit.deps.approvals.may(rows, visit.staff)
    votes = await visit.deps.approvals.votes([row.id for row in rows])
    table = Table(
        name="approvals",
        columns=[
            Column("kind", lambda row: Link(visit.words.t(kind_key(visit, row.kind)), f"/approvals/{row.id}")),
            Column("subject", subject),
            Column("maker", lambda row: names.get(row.maker, row.maker)),
            Column("proposed", lambda row: row.proposed_at),
            Column("votes", lambda row: _count(visit, row, votes[row.id])),
            Column("for_whom", lambda row: _for_whom(visit, row, why[row.id])),
        ],
        rows=rows,
        empty="empty.approvals",
        more=f"/approvals?after={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    return visit.page("approvals.jinja", table=table)


async def show(visit: Visit) -> web.StreamResponse:
    """One approval, its history, and why one may or may not decide it."""
    approval = await _approval(visit)
    changes = await visit.deps.approvals.history(approval.id)
    votes = (await visit.deps.approvals.votes([approval.id]))[approval.id]
    why = (await visit.deps.approvals.may([approval], visit.staff))[approval.id]
    people = {approval.maker, *(change.staff_id for change in changes), *(vote.principal for vote in votes)}
    names = await visit.staff_names(people)
    told = await about(visit, approval)
    return visit.page(
        "approval.jinja",
        about=told,
        approval=approval,
        kind=visit.words.t(kind_key(visit, approval.kind)),
        subject=subject(approval),
        state=Chip(f"approval_state.{approval.state.value}", TONES[approval.state]),
        maker=names.get(approval.maker, approval.maker),
        may_approve=why is None,
        may_reject=why in _REJECTABLE,
        may_support=_may_support(visit, approval, votes),
        why_not=_why_not(visit, approval, why),
        amount_told="amount" in approval.payload,
        missing=_missing(visit, approval, votes),
        votes=_votes(votes, names) if votes else None,
        history=history(changes, names, "approval_change", note=_noted(visit)),
        payload=[
            (_label(visit, name), _told(visit, value))
            for name, value in sorted(approval.payload.items())
            if not (told and name in TOLD_HERE)
        ],
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


async def support(visit: Visit) -> web.StreamResponse:
    """Join those who propose it."""
    approval = await _approval(visit)
    return _decided(visit, await visit.deps.approvals.support(approval.id, visit.staff))


def _decided(visit: Visit, outcome: ApprovalOutcome) -> web.Response:
    here = f"/approvals/{visit.named('id')}"
    match outcome:
        case ApprovalOutcome.APPROVED | ApprovalOutcome.REJECTED | ApprovalOutcome.VOTED | ApprovalOutcome.SUPPORTED:
            return visit.go(here, said=f"approval_{outcome.value}")
        case (
            ApprovalOutcome.UNKNOWN
            | ApprovalOutcome.ROLE_MISSING
            | ApprovalOutcome.NOT_PENDING
            | ApprovalOutcome.MAKER_IS_CHECKER
            | ApprovalOutcome.ONE_WITH_MAKER
            | ApprovalOutcome.BARRED
            | ApprovalOutcome.MAKERS_MISSING
            | ApprovalOutcome.COOLING
            | ApprovalOutcome.ALREADY_VOTED
            | ApprovalOutcome.PRINCIPAL_VOTED
            | ApprovalOutcome.ALREADY_MAKER
            | ApprovalOutcome.ENOUGH_MAKERS
        ):
            return visit.go(here, refused=f"approval_{outcome.value}")
        case unreachable:
            assert_never(unreachable)


def _for_whom(visit: Visit, approval: Approval, why: ApprovalOutcome | None) -> Cell:
    if why is None:
        return Chip("approvals.for_me", "good")
    mine = approval.maker == visit.staff.id
    return Chip("approvals.mine", "plain") if mine else Chip("approvals.for_others", "plain")


def _said(votes: list[Vote], what: VoteKind) -> int:
    return sum(vote.what is what for vote in votes)


def _makers(votes: list[Vote]) -> int:
    # What was proposed before votes were kept has its maker in its own row only.
    return max(1, _said(votes, VoteKind.MAKE))


def _count(visit: Visit, approval: Approval, votes: list[Vote]) -> str:
    band = visit.deps.approvals.band_of(approval)
    if band is None:
        return ""
    return visit.words.t("approvals.votes_of", have=_said(votes, VoteKind.CHECK), need=band.checkers)


def _may_support(visit: Visit, approval: Approval, votes: list[Vote]) -> bool:
    """Whether to offer it; the service decides."""
    band = visit.deps.approvals.band_of(approval)
    if band is None or approval.state is not ApprovalState.PENDING or _makers(votes) >= band.makers:
        return False
    makers = {approval.maker, *(vote.voter for vote in votes)}
    return visit.staff.id not in makers and not visit.staff.roles.isdisjoint(band.maker_roles)


def _why_not(visit: Visit, approval: Approval, why: ApprovalOutcome | None) -> str:
    """Why one may not agree to it, or ''."""
    if why is None or approval.state is not ApprovalState.PENDING:
        return ""
    band = visit.deps.approvals.band_of(approval)
    if why is ApprovalOutcome.ROLE_MISSING:
        return visit.words.t("approvals.needs_role", role=_roles(visit, band.roles) if band else "?")
    moment = visit.deps.approvals.not_before(approval)
    if why is ApprovalOutcome.COOLING and moment is not None:
        return visit.words.t("approvals.cooling_until", moment=visit.words.moment(moment))
    return visit.words.t(f"refused.approval_{why.value}")


def _missing(visit: Visit, approval: Approval, votes: list[Vote]) -> list[str]:
    """What the amount asks for, who is missing, and until when nobody may agree: a sentence each."""
    band = visit.deps.approvals.band_of(approval)
    if band is None or approval.state is not ApprovalState.PENDING:
        return []
    said = [_band(visit, band)]
    makers, checkers = band.makers - _makers(votes), band.checkers - _said(votes, VoteKind.CHECK)
    if makers > 0:
        roles = _roles(visit, band.maker_roles)
        said.append(visit.words.t("approvals.makers_missing", number=makers, roles=roles))
    if checkers > 0:
        said.append(visit.words.t("approvals.checkers_missing", number=checkers, roles=_roles(visit, band.roles)))
    moment = visit.deps.approvals.not_before(approval)
    if moment is not None and visit.deps.clock.now() < moment:
        said.append(visit.words.t("approvals.cooling_until", moment=visit.words.moment(moment)))
    return said


def _band(visit: Visit, band: Band) -> str:
    asked = {"makers": band.makers, "checkers": band.checkers}
    if band.bound is None:
        return visit.words.t("approvals.band_open", **asked)
    return visit.words.t("approvals.band_up_to", amount=visit.words.money(band.bound), **asked)


def _roles(visit: Visit, roles: tuple[str, ...]) -> str:
    return " / ".join(visit.words.t(f"role.{role}") for role in roles)


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


def _votes(votes: list[Vote], names: dict[str, str]) -> Table[Vote]:
    return Table(
        name="votes",
        columns=[
            Column("when", lambda vote: vote.at),
            Column("what", lambda vote: Chip(f"approval_vote.{vote.what.value}")),
            Column("by", lambda vote: names.get(vote.voter, vote.voter)),
            Column("for_person", lambda vote: names.get(vote.principal, "") if vote.principal != vote.voter else ""),
        ],
        rows=votes,
        empty="empty.history",
    )


async def _approval(visit: Visit) -> Approval:
    approval = await visit.deps.approvals.by_id(visit.named("id"))
    if approval is None:
        raise NotFound("approval")
    return approval


def _noted(visit: Visit) -> Callable[[Change], str]:
    """A note in words, where it is a member's name."""

    def note(change: Change) -> str:
        key = f"refused.approval_{change.note}"
        return visit.words.t(key) if visit.words.knows(key) else change.note

    return note
