"""Decision tables: versions, one version with its rows, trying it, and a new one proposed with what it would change."""

from collections.abc import Sequence
from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints

from gateway.channels.console.cells import Chip, Column, Link, Table
from gateway.channels.console.forms import Form, FormProblems, Phrase
from gateway.channels.console.roles import PROPOSE_TABLES, SEE_TABLES
from gateway.channels.console.routes import ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import NotFound
from gateway.services.decisions import (
    CompiledTable,
    Difference,
    Finding,
    Found,
    InputRefused,
    Value,
    Version,
    VersionState,
    read_inputs,
    said,
    shown,
)

TONES = {VersionState.PROPOSED: "wait", VersionState.PUBLISHED: "good", VersionState.REFUSED: "bad"}
TEXT_MAX = 12_000
"""Letters of a table that is pasted; larger ones are proposed by `tapdial decisions publish`."""
TRIED_MAX = 100
DIFFERENCES_SHOWN = 50


class Proposal(Form):
    """A table as text, and why it is proposed."""

    note: Phrase
    body: Annotated[str, StringConstraints(min_length=1)] = Field(max_length=TEXT_MAX)


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/decisions", listing, SEE_TABLES),
        post("/decisions", propose, PROPOSE_TABLES),
        get(f"/decisions/{ID}", show, SEE_TABLES),
        get(f"/decisions/{ID}/file", file, SEE_TABLES),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """All versions by table, newest first."""
    return await _listing(visit)


async def propose(visit: Visit) -> web.StreamResponse:
    """Prove a table and ask a second person to publish it; what is wrong is shown with line and column."""
    form = visit.form(Proposal)
    if isinstance(form, FormProblems):
        return visit.go("/decisions", refused="table_form")
    made = await visit.deps.decisions.propose(form.body.encode(), form.note, visit.staff.id)
    if isinstance(made, Version):
        return visit.go(f"/decisions/{made.id}", said="table_proposed")
    return await _listing(visit, made, form.body, form.note)


async def show(visit: Visit) -> web.StreamResponse:
    """One version: its rows, a case tried on it, and what it changes while it waits."""
    version = await _version(visit)
    compiled = await visit.deps.decisions.compiled(version.id)
    names = await visit.staff_names({version.maker, version.checker})
    given = {column.name: visit.request.query.get(column.name, "")[:TRIED_MAX] for column in compiled.table.inputs}
    changes = await visit.deps.decisions.dry_run(version.id, visit.deps.benefits) if _waits(version) else []
    return visit.page(
        "decision.jinja",
        version=version,
        table=compiled.table,
        state=chip(version),
        maker=names.get(version.maker, ""),
        checker=names.get(version.checker, ""),
        given=given,
        tried=_tried(compiled, given) if any(given.values()) else None,
        rows=[[str(row.number), *row.words, *map(shown, row.outputs)] for row in compiled.table.rows],
        examples=len(compiled.table.examples),
        waits=_waits(version),
        changes=_differences(changes[:DIFFERENCES_SHOWN]),
        more=max(0, len(changes) - DIFFERENCES_SHOWN),
    )


async def file(visit: Visit) -> web.StreamResponse:
    """The file of a version, as it was proposed."""
    version = await _version(visit)
    name = f"{version.name}-{version.fingerprint}.csv"
    return web.Response(
        body=await visit.deps.decisions.body(version.id),
        headers={"Content-Type": "text/csv", "Content-Disposition": f'attachment; filename="{name}"'},
    )


def chip(version: Version) -> Chip:
    """A version's state; what came with the software says so."""
    return Chip(
        "table_state.shipped" if version.is_shipped else f"table_state.{version.state.value}", TONES[version.state]
    )


async def _listing(
    visit: Visit, findings: Sequence[Finding] = (), body: str = "", note: str = ""
) -> web.StreamResponse:
    rows = await visit.deps.decisions.list_versions()
    table = Table(
        name="decisions",
        columns=[
            Column("name", lambda row: Link(row.name, f"/decisions/{row.id}", code=True)),
            Column("version", lambda row: row.fingerprint),
            Column("first_day", lambda row: row.first_day),
            Column("last_day", lambda row: row.last_day),
            Column("state", chip),
            Column("proposed", lambda row: row.proposed_at),
        ],
        rows=rows,
        empty="empty.decisions",
    )
    return visit.page(
        "decisions.jinja",
        status=422 if findings else 200,
        table=table,
        findings=findings,
        body=body,
        note=note,
        text_max=TEXT_MAX,
        may_propose=visit.may(*PROPOSE_TABLES),
    )


def _tried(compiled: CompiledTable, given: dict[str, str]) -> dict[str, object]:
    """What comes of a case that was typed: the name of an input that is not right, or the rows, outputs and reasons."""
    try:
        inputs = read_inputs(compiled.table, given)
        found = compiled.evaluate(inputs)
    except InputRefused as wrong:
        return {"wrong": wrong.name, "outputs": [], "reasons": []}
    reasons = [(row, compiled.reasons(row, inputs)) for row in found.rows]
    return {
        "wrong": "",
        "outputs": [(name, _value(value)) for name, value in found.outputs.items()],
        "reasons": reasons,
    }


def _differences(changes: Sequence[Difference]) -> list[tuple[str, str, str]]:
    return [(said(one.inputs), _found(one.before), _found(one.after)) for one in changes]


def _found(found: Found | None) -> str:
    if found is None:
        return "-"
    return ", ".join(f"{name} = {_value(value)}" for name, value in found.outputs.items()) or "-"


def _value(value: Value | tuple[Value, ...]) -> str:
    return " | ".join(map(shown, value)) if isinstance(value, tuple) else shown(value)


def _waits(version: Version) -> bool:
    return version.state is VersionState.PROPOSED


async def _version(visit: Visit) -> Version:
    version = await visit.deps.decisions.version(visit.named("id"))
    if version is None:
        raise NotFound("decision table version")
    return version
