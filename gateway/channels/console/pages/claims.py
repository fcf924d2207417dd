"""Claims: what waits for a decision, one claim, approve and reject."""

from typing import Annotated, assert_never

from aiohttp import web
from pydantic import BeforeValidator, StringConstraints

from gateway.channels.console.cells import Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems, Phrase
from gateway.channels.console.roles import DECIDE, SEE_CLAIMS
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.benefits import OPEN, Claim, ClaimChange, ClaimState, DecisionOutcome, Evidence, Verdict, Why

PAGE_ROWS = 50
TONES = {
    ClaimState.ATTESTING: "wait",
    ClaimState.SUBMITTED: "wait",
    ClaimState.OBJECTED: "wait",
    ClaimState.BATCHED: "wait",
    ClaimState.APPROVED: "wait",
    ClaimState.RELEASED: "wait",
    ClaimState.PAID: "good",
    ClaimState.REJECTED: "bad",
}


VERDICT_TONES = {Verdict.ELIGIBLE: "good", Verdict.NOT: "bad", Verdict.LOOK: "wait"}


class Paged(Form):
    """After which claim the page begins."""

    after: BusinessId | None = None


class Find(Form):
    """The number that a person was told, a letter and eight digits; without its letter it is one for sickness."""

    number: Annotated[str, StringConstraints(strip_whitespace=True, to_upper=True, pattern=r"^(?i:[A-Z]-)?[0-9]{8}$")]


class Rejection(Form):
    """Why: in a word, which the person is told, and in the officer's own."""

    reason: Phrase
    why: Annotated[Why, BeforeValidator(lambda value: Why(str(value)))] = Why.OTHER


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/claims", pending, SEE_CLAIMS),
        post("/claims", find, SEE_CLAIMS),
        get(f"/claims/{ID}", show, SEE_CLAIMS),
        post(f"/claims/{ID}/approve", approve, DECIDE),
        post(f"/claims/{ID}/reject", reject, DECIDE),
    ]


def chip(state: ClaimState) -> Chip:
    """A claim's state as people see it."""
    return Chip(f"claim_state.{state.value}", TONES[state])


def verdict(claim: Claim) -> Chip | None:
    """What the decision table proposes."""
    return Chip(f"verdict.{claim.proposal.value}", VERDICT_TONES[claim.proposal]) if claim.proposal else None


def claim_table(name: str, rows: list[Claim], more: str | None = None) -> Table[Claim]:
    """Claims, one a row."""
    return Table(
        name=name,
        columns=[
            Column("claim", lambda claim: Link(claim.number, f"/claims/{claim.id}", code=True)),
            Column("kind", lambda claim: Chip(f"benefit_kind.{claim.kind}")),
            Column("first_day", lambda claim: claim.first_day),
            Column("last_day", lambda claim: claim.last_day),
            Column("days", lambda claim: claim.days, end=True),
            Column("amount", lambda claim: claim.amount, end=True),
            Column("submitted", lambda claim: claim.submitted_at),
            Column("proposal", verdict),
            Column("state", lambda claim: chip(claim.state)),
        ],
        rows=rows,
        empty=f"empty.{name}",
        more=more,
    )


async def pending(visit: Visit) -> web.StreamResponse:
    """Claims that wait, oldest first."""
    after = visit.query(Paged).after or ""
    rows = await visit.deps.benefits.pending(limit=PAGE_ROWS, after=after)
    more = f"/claims?after={rows[-1].id}" if len(rows) == PAGE_ROWS else None
    return visit.page("claims.jinja", table=claim_table("claims", rows, more))


async def find(visit: Visit) -> web.StreamResponse:
    """Lead to the claim with this number."""
    form = visit.form(Find)
    if isinstance(form, FormProblems):
        return visit.go("/claims", refused="claim_number")
    number = form.number if "-" in form.number else f"S-{form.number}"
    claim = await visit.deps.benefits.by_number(number)
    return visit.go(f"/claims/{claim.id}") if claim else visit.go("/claims", refused="claim_number")


async def show(visit: Visit) -> web.StreamResponse:
    """One claim, whose it is, and everything that happened to it. Leaves a row in the access log."""
    claim = await _claim(visit)
    seen = await visit.deps.people.view(claim.person_id, visit.staff.id, claim.id)
    may_decide = visit.may(*DECIDE) and claim.state in OPEN
    others = await visit.deps.benefits.claims_of(claim.person_id)
    return visit.page(
        "claim.jinja",
        claim=claim,
        state=chip(claim.state),
        person=seen.person if seen else None,
        history=await _history(visit, claim.id),
        others=claim_table("claims_of_person", [other for other in others if other.id != claim.id]),
        evidence=_evidence(visit, await visit.deps.benefits.evidence(claim.id)),
        proposal=verdict(claim),
        why=_why(visit, claim),
        whys=list(Why),
        may_decide=may_decide and claim.first_officer != visit.staff.id,
        not_you=may_decide and claim.first_officer == visit.staff.id,
    )


async def approve(visit: Visit) -> web.StreamResponse:
    """Approve; a second person is to release the money."""
    claim = await _claim(visit)
    return _decided(visit, await visit.deps.benefits.approve(claim.id, visit.staff.id), "claim_approved")


async def reject(visit: Visit) -> web.StreamResponse:
    """Reject with a reason."""
    claim = await _claim(visit)
    form = visit.form(Rejection)
    if isinstance(form, FormProblems):
        return visit.go(f"/claims/{claim.id}", refused="reason")
    rejected = await visit.deps.benefits.reject(claim.id, visit.staff.id, form.reason, form.why)
    return _decided(visit, rejected, "claim_rejected")


def _decided(visit: Visit, outcome: DecisionOutcome, said: str) -> web.Response:
    here = f"/claims/{visit.named('id')}"
    match outcome:
        case DecisionOutcome.OK:
            return visit.go(here, said=said)
        case (
            DecisionOutcome.NOT_PENDING
            | DecisionOutcome.UNKNOWN
            | DecisionOutcome.SAME_OFFICER
            | DecisionOutcome.NO_AMOUNT
        ):
            return visit.go(here, refused=f"claim_{outcome.value}")
        case unreachable:
            assert_never(unreachable)


def _why(visit: Visit, claim: Claim) -> str:
    """The table's word for its proposal; tables may have words of their own."""
    key = f"verdict_why.{claim.proposal_why}"
    return visit.words.t(key) if visit.words.knows(key) else claim.proposal_why


def _evidence(visit: Visit, seen: list[Evidence]) -> Table[Evidence]:
    return Table(
        name="evidence",
        columns=[
            Column("datum", lambda one: visit.words.t(f"datum.{one.datum.datum}")),
            Column("value", lambda one: Code(one.datum.value)),
            Column("source", lambda one: visit.words.t(f"datum_source.{one.datum.source}")),
            Column("when", lambda one: one.at),
        ],
        rows=seen,
        empty="empty.evidence",
    )


async def _claim(visit: Visit) -> Claim:
    claim = await visit.deps.benefits.by_id(visit.named("id"))
    if claim is None:
        raise NotFound("claim")
    return claim


async def _history(visit: Visit, claim_id: str) -> Table[tuple[ClaimChange, str]]:
    changes = await visit.deps.benefits.history(claim_id)
    names = await visit.staff_names({change.staff_id for change in changes})
    return Table(
        name="history",
        columns=[
            Column("when", lambda row: row[0].at),
            Column("state", lambda row: chip(row[0].state)),
            Column("by", lambda row: row[1]),
            Column("note", lambda row: Code(row[0].note) if "_" in row[0].note else row[0].note),
        ],
        rows=[(change, names.get(change.staff_id, "")) for change in changes],
        empty="empty.history",
    )
