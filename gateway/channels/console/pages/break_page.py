"""One break: its rows beside each other, who looks after it, what was said, files, and what is booked for it."""

import asyncio
from datetime import date
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from aiohttp import web
from pydantic import BeforeValidator, Field

from gateway.channels.console.boundary import POLICY
from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.forms import BusinessId, Form, FormProblems, Line, Phrase, Whole
from gateway.channels.console.histories import history
from gateway.channels.console.pages.break_facts import (
    age_chip,
    is_late,
    owners,
    postings_table,
    state_chip,
    type_chip,
    value,
)
from gateway.channels.console.pages.recon_facts import Book, books
from gateway.channels.console.roles import SEE_BREAKS, STEER_BREAKS
from gateway.channels.console.routes import ID, Route, get, post, upload
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.breaks import (
    EVIDENCE_MAX,
    Break,
    BreakOutcome,
    BreakReason,
    BreakState,
    Correct,
    Counter,
    Evidence,
    Named,
)
from wallet.ids import TransferId
from wallet.reconciliation import Side

ROWS_SHOWN = 200
SANDBOX = "default-src 'none'; sandbox"
"""What a file that somebody brought may do in a browser that opens it all the same: nothing."""
_UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_ACCOUNT = r"^[a-z_]{1,40}(:[A-Za-z0-9_.-]{1,60})?$"


def _one_line(text: object) -> object:
    """A comment of several lines as one: histories are tables."""
    return " ".join(text.split()) if isinstance(text, str) else text


class Owner(Form):
    """Who looks after it from now on."""

    owner: BusinessId


class Due(Form):
    """By when."""

    due: date = Field(strict=False)


class Said(Form):
    """A comment."""

    text: Annotated[Line, BeforeValidator(_one_line), Field(max_length=500)]


class Explained(Form):
    """What it is."""

    reason: BreakReason = Field(strict=False)
    text: str = Field("", max_length=500)


class Why(Form):
    """Why."""

    reason: Phrase


class Booked(Why):
    """Against which account."""

    counter: Counter = Field(strict=False)


class Corrected(Why):
    """Which transfer is taken back, and what is right; nothing where nothing is."""

    transfer: str = Field(pattern=_UUID)
    debit: Annotated[str | None, BeforeValidator(lambda value: value or None)] = Field(None, pattern=_ACCOUNT)
    credit: Annotated[str | None, BeforeValidator(lambda value: value or None)] = Field(None, pattern=_ACCOUNT)
    amount: Annotated[Whole | None, BeforeValidator(lambda value: value or None)] = Field(None, gt=0)


class About(Form):
    """Which break a file belongs to; the path has no place for it, since doors know large bodies by their path."""

    id: BusinessId


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get(f"/breaks/{ID}", show, SEE_BREAKS),
        get(f"/breaks/{ID}/evidence/{{number:[0-9]{{1,3}}}}", evidence, SEE_BREAKS),
        upload("/breaks/evidence", attach, STEER_BREAKS),
        post(f"/breaks/{ID}/assign", assign, STEER_BREAKS),
        post(f"/breaks/{ID}/due", due, STEER_BREAKS),
        post(f"/breaks/{ID}/comment", comment, STEER_BREAKS),
        post(f"/breaks/{ID}/explain", explain, STEER_BREAKS),
        post(f"/breaks/{ID}/reopen", reopen, STEER_BREAKS),
        post(f"/breaks/{ID}/write-off", write_off, STEER_BREAKS),
        post(f"/breaks/{ID}/booking", booking, STEER_BREAKS),
        post(f"/breaks/{ID}/correction", correction, STEER_BREAKS),
        post(f"/breaks/{ID}/undo", undo, STEER_BREAKS),
    ]


async def show(visit: Visit) -> web.StreamResponse:
    """The break and everything that may be done about it."""
    found = await _break(visit)
    desk = visit.deps.breaks
    happened, postings, files = (
        await desk.history(found.id),
        await desk.postings(found.id),
        await desk.evidences(found.id),
    )
    people = {found.owner, *(row.staff_id for row in happened), *(row.staff_id for row in postings)}
    names = await visit.staff_names(people | {file.staff_id for file in files})
    return visit.page(
        "break.jinja",
        found=found,
        kind=type_chip(found),
        state=state_chip(found),
        late=is_late(visit, found),
        facts=_facts(visit, found, names),
        books=await rows_of(visit, found),
        may=await desk.may(found.id),
        steers=visit.may(*STEER_BREAKS),
        standing=found.state is not BreakState.RESOLVED,
        people=await owners(visit),
        reasons=list(BreakReason),
        ok=BreakOutcome.OK,
        files=_files(files, names),
        postings=postings_table(postings, names) if postings else None,
        history=history(happened, names, "break_event"),
    )


async def evidence(visit: Visit) -> web.StreamResponse:
    """A file that somebody attached: always saved, never shown by the browser in our name."""
    found = await visit.deps.breaks.evidence(visit.named("id"), int(visit.named("number")))
    if found is None:
        raise NotFound("evidence")
    file, octets = found
    plain_name = f"{file.break_id}-{file.number}.{file.kind.value}"
    kept_as = f"attachment; filename=\"{plain_name}\"; filename*=UTF-8''{quote(file.name, safe='')}"
    headers = {"Content-Disposition": kept_as, POLICY: SANDBOX}
    return web.Response(body=octets, content_type=file.kind.media_type, headers=headers)


async def attach(visit: Visit) -> web.StreamResponse:
    """Take a file."""
    form = visit.form(About)
    if isinstance(form, FormProblems) or await visit.deps.breaks.by_id(form.id) is None:
        raise NotFound("break")
    assert visit.file is not None, "the route takes a file"
    octets = await asyncio.to_thread(visit.file.read, EVIDENCE_MAX + 1)
    name = "".join(c for c in visit.file_name if c.isprintable())[:200]
    outcome = await visit.deps.breaks.attach(form.id, name, octets, visit.staff.id)
    return _answered(visit, form.id, outcome, "break_attached")


async def assign(visit: Visit) -> web.StreamResponse:
    """Give it to somebody."""
    found, form = await _break(visit), visit.form(Owner)
    if isinstance(form, FormProblems):
        return _answered(visit, found.id, BreakOutcome.OWNER_UNKNOWN, "")
    outcome = await visit.deps.breaks.assign(found.id, form.owner, visit.staff.id)
    return _answered(visit, found.id, outcome, "break_assigned")


async def due(visit: Visit) -> web.StreamResponse:
    """Say by when."""
    found, form = await _break(visit), visit.form(Due)
    if isinstance(form, FormProblems):
        return _answered(visit, found.id, BreakOutcome.DATE, "")
    outcome = await visit.deps.breaks.due(found.id, form.due, visit.staff.id)
    return _answered(visit, found.id, outcome, "break_due")


async def comment(visit: Visit) -> web.StreamResponse:
    """Say something."""
    found, form = await _break(visit), visit.form(Said)
    if isinstance(form, FormProblems):
        return _answered(visit, found.id, BreakOutcome.TEXT_MISSING, "")
    outcome = await visit.deps.breaks.comment(found.id, form.text, visit.staff.id)
    return _answered(visit, found.id, outcome, "break_commented")


async def explain(visit: Visit) -> web.StreamResponse:
    """Say what it is."""
    found, form = await _break(visit), visit.form(Explained)
    if isinstance(form, FormProblems):
        return visit.go(f"/breaks/{found.id}", refused="break_reason")
    outcome = await visit.deps.breaks.explain(found.id, form.reason, form.text.strip(), visit.staff.id)
    return _answered(visit, found.id, outcome, "break_explained")


async def reopen(visit: Visit) -> web.StreamResponse:
    """It is not resolved after all."""
    found, form = await _break(visit), visit.form(Why)
    if isinstance(form, FormProblems):
        return _answered(visit, found.id, BreakOutcome.TEXT_MISSING, "")
    outcome = await visit.deps.breaks.reopen(found.id, form.reason, visit.staff.id)
    return _answered(visit, found.id, outcome, "break_reopened")


async def write_off(visit: Visit) -> web.StreamResponse:
    """Propose to give the difference up."""
    found, form = await _break(visit), visit.form(Why)
    if isinstance(form, FormProblems):
        return _answered(visit, found.id, BreakOutcome.TEXT_MISSING, "")
    outcome = await visit.deps.breaks.propose_write_off(found.id, form.reason, visit.staff.id)
    return _answered(visit, found.id, outcome, "break_proposed")


async def booking(visit: Visit) -> web.StreamResponse:
    """Propose to book what only the bank has."""
    found, form = await _break(visit), visit.form(Booked)
    if isinstance(form, FormProblems):
        outcome = BreakOutcome.COUNTER if "counter" in form.fields else BreakOutcome.TEXT_MISSING
        return _answered(visit, found.id, outcome, "")
    outcome = await visit.deps.breaks.propose_booking(found.id, form.counter, form.reason, visit.staff.id)
    return _answered(visit, found.id, outcome, "break_proposed")


async def correction(visit: Visit) -> web.StreamResponse:
    """Propose to take a transfer of ours back, and to book what is right in its place."""
    found, form = await _break(visit), visit.form(Corrected)
    if isinstance(form, FormProblems):
        return _answered(visit, found.id, _wrong(form), "")
    given = [part is not None for part in (form.debit, form.credit, form.amount)]
    if any(given) and not all(given):
        return visit.go(f"/breaks/{found.id}", refused="break_half_right")
    right = None
    if form.debit and form.credit and form.amount:
        right = Correct(_account(form.debit), _account(form.credit), form.amount)
    transfer = TransferId(UUID(form.transfer))
    outcome = await visit.deps.breaks.propose_correction(found.id, transfer, right, form.reason, visit.staff.id)
    return _answered(visit, found.id, outcome, "break_proposed")


async def undo(visit: Visit) -> web.StreamResponse:
    """Propose to take back what was posted for it."""
    found, form = await _break(visit), visit.form(Why)
    if isinstance(form, FormProblems):
        return _answered(visit, found.id, BreakOutcome.TEXT_MISSING, "")
    outcome = await visit.deps.breaks.propose_undo(found.id, form.reason, visit.staff.id)
    return _answered(visit, found.id, outcome, "break_proposed")


async def rows_of(visit: Visit, found: Break) -> list[Book]:
    """The rows as reconciliation has them, or as the break keeps them where the group is no more."""
    group = await visit.deps.reconciliation.group(found.group_id)
    rows = group.rows if group else await visit.deps.breaks.rows(found.id, limit=ROWS_SHOWN)
    sides = [side for side in Side if side is not Side.BANK or found.flow == "bank"]
    return books(rows, sides, found.asset, most=ROWS_SHOWN)


def _answered(visit: Visit, break_id: str, outcome: BreakOutcome, said: str) -> web.Response:
    here = f"/breaks/{break_id}"
    if outcome is BreakOutcome.OK:
        return visit.go(here, said=said)
    return visit.go(here, refused=f"break_outcome.{outcome.value}")


def _wrong(form: FormProblems) -> BreakOutcome:
    for field, outcome in (
        ("transfer", BreakOutcome.TRANSFER),
        ("debit", BreakOutcome.ACCOUNT),
        ("credit", BreakOutcome.ACCOUNT),
        ("amount", BreakOutcome.AMOUNT),
    ):
        if field in form.fields:
            return outcome
    return BreakOutcome.TEXT_MISSING


def _account(text: str) -> Named:
    role, _, owner = text.partition(":")
    return Named(role, owner)


def _facts(visit: Visit, found: Break, names: dict[str, str]) -> list[tuple[str, Cell]]:
    return [
        ("recon_flow", Link(visit.words.t(f"recon_flow.{found.flow}"), f"/reconciliation/{found.flow}")),
        ("recon_group", Link(found.group_id, f"/reconciliation/groups/{found.group_id}", code=True)),
        ("recon_run", Link(found.run_id, f"/reconciliation/runs/{found.run_id}", code=True) if found.run_id else None),
        ("difference", value(found)),
        ("recon_rows", found.row_count),
        ("since_day", found.opened_on),
        ("age", age_chip(visit, found)),
        ("cared_by", names.get(found.owner) or visit.words.t("breaks.nobody")),
        ("due_day", found.due_on),
        ("break_reason", Chip(f"break_reason.{found.reason.value}") if found.reason else None),
        ("note", found.note),
        ("resolved", found.resolved_at),
        ("resolution", Chip(f"resolution.{found.resolution.value}", "good") if found.resolution else None),
        ("resolved_by", _resolver(found)),
    ]


def _resolver(found: Break) -> Cell:
    by = found.resolved_by
    pages = {"rcn": "/reconciliation/runs/", "brk": "/breaks/"}
    page = pages.get(by.partition("_")[0])
    if page:
        return Link(by, f"{page}{by}", code=True)
    return Code(by) if by else None


def _files(rows: list[Evidence], names: dict[str, str]) -> Table[Evidence]:
    return Table(
        name="evidence",
        columns=[
            Column("number", lambda row: row.number, end=True),
            Column("name", lambda row: Link(row.name, f"/breaks/{row.break_id}/evidence/{row.number}")),
            Column("octets", lambda row: row.size, end=True),
            Column("sha256", lambda row: Code(row.sha256.hex(), wraps=True)),
            Column("by", lambda row: names.get(row.staff_id, "")),
            Column("when", lambda row: row.at),
        ],
        rows=rows,
        empty="empty.evidence",
    )


async def _break(visit: Visit) -> Break:
    found = await visit.deps.breaks.by_id(visit.named("id"))
    if found is None:
        raise NotFound("break")
    return found
