"""The register of employers: whose phone confirms claims. Who decides claims may look, and not add."""

from typing import Annotated

from aiohttp import web
from pydantic import BeforeValidator, Field

from gateway.channels.console.cells import Code, Column, Table
from gateway.channels.console.forms import Digits, Form, FormProblems, Line, Msisdn
from gateway.channels.console.roles import ENROL_ATTESTERS, SEE_CLAIMS
from gateway.channels.console.routes import Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput
from gateway.languages import PATTERN
from gateway.services.benefits import AttesterSort

PAGE_ROWS = 100


class Paged(Form):
    """After which code the page begins."""

    after: Digits = Field("", pattern=r"^[0-9]{0,8}$")


class Enrolment(Form):
    """Who it is, and which phone confirms."""

    code: Digits = Field(pattern=r"^[0-9]{4,8}$")
    sort: Annotated[AttesterSort, BeforeValidator(lambda value: AttesterSort(str(value)))]
    name: Line = Field(max_length=60)
    msisdn: Msisdn
    language: str = Field(pattern=PATTERN)


def routes() -> list[Route]:
    """The routes of this module."""
    looking = {*SEE_CLAIMS, *ENROL_ATTESTERS}
    return [get("/attesters", listing, looking), post("/attesters", enrol, ENROL_ATTESTERS)]


async def listing(visit: Visit) -> web.StreamResponse:
    """All, by code; of phones the last digits."""
    rows = await visit.deps.attesters.list_attesters(after=visit.query(Paged).after, limit=PAGE_ROWS)
    table = Table(
        name="attesters",
        columns=[
            Column("short_code", lambda row: Code(row.code)),
            Column("name", lambda row: row.name),
            Column("kind", lambda row: visit.words.t(f"attester_sort.{row.sort.value}")),
            Column("msisdn", lambda row: Code(f"…{row.msisdn[-4:]}")),
        ],
        rows=rows,
        empty="empty.attesters",
        more=f"/attesters?after={rows[-1].code}" if len(rows) == PAGE_ROWS else None,
    )
    return visit.page("attesters.jinja", table=table, may_enrol=visit.may(*ENROL_ATTESTERS), sorts=list(AttesterSort))


async def enrol(visit: Visit) -> web.StreamResponse:
    """Put one into the register."""
    form = visit.form(Enrolment)
    if isinstance(form, FormProblems):
        return visit.go("/attesters", refused="attester_form")
    try:
        added = await visit.deps.attesters.add(
            form.code, form.sort, form.name, form.msisdn, visit.staff.id, language=form.language
        )
    except BadInput:
        return visit.go("/attesters", refused="attester_form")
    return visit.go("/attesters", said="attester_added") if added else visit.go("/attesters", refused="attester_code")
