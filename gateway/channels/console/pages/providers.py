"""Doctors and health centres: registered by one and agreed to by another, suspended, and what each is owed."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated

from aiohttp import web
from pydantic import BeforeValidator, Field

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.downloads import download
from gateway.channels.console.forms import BusinessId, Form, FormProblems, Line, Msisdn, Phrase
from gateway.channels.console.histories import history
from gateway.channels.console.pages.fees import fee_columns
from gateway.channels.console.roles import RUN_PROVIDERS, SEE_PROVIDERS
from gateway.channels.console.routes import ENDING, ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, Conflict, NotFound
from gateway.languages import PATTERN
from gateway.services.providers import Fee, Provider, ProviderKind, ProviderState
from wallet.ids import new_id

PAGE_ROWS = 50
EXPORT_PAGE = 500
TONES = {
    ProviderState.PROPOSED: "wait",
    ProviderState.ACTIVE: "good",
    ProviderState.SUSPENDED: "bad",
    ProviderState.REFUSED: "plain",
}
Kind = Annotated[ProviderKind, BeforeValidator(lambda value: ProviderKind(str(value)))]


class Paged(Form):
    """After which provider the page begins."""

    after: BusinessId | None = None


class Registration(Form):
    """Who it is, which phone bills, and where fees are paid to."""

    name: Line = Field(max_length=60)
    kind: Kind
    msisdn: Msisdn
    iban: Line = Field(max_length=64)
    email: str = Field("", max_length=200)
    language: str = Field(pattern=PATTERN)


class Reason(Form):
    """Why."""

    reason: Phrase


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/providers", listing, SEE_PROVIDERS),
        post("/providers", register, RUN_PROVIDERS),
        get(f"/providers/{ID}", show, SEE_PROVIDERS),
        get(f"/providers/{ID}/fees{ENDING}", export, SEE_PROVIDERS),
        post(f"/providers/{ID}/suspend", suspend, RUN_PROVIDERS),
        post(f"/providers/{ID}/restore", restore, RUN_PROVIDERS),
    ]


def chip(provider: Provider) -> Chip:
    """A provider's state."""
    return Chip(f"provider_state.{provider.state.value}", TONES[provider.state])


async def listing(visit: Visit) -> web.StreamResponse:
    """In order of registration."""
    return await _listing(visit)


async def register(visit: Visit) -> web.StreamResponse:
    """Enter one; a second person is asked to agree."""
    form = visit.form(Registration)
    if isinstance(form, FormProblems):
        return await _listing(visit, problems=form.fields, status=400)
    try:
        made = await visit.deps.providers.register(
            form.name, form.kind, form.msisdn, form.iban, staff_id=visit.staff.id, language=form.language,
            email=form.email.strip(),
        )  # fmt: skip
    except BadInput:
        return await _listing(visit, refusal=visit.words.t("refused.provider_form"), status=400)
    except Conflict:
        return await _listing(visit, refusal=visit.words.t("refused.provider_taken"), status=409)
    return visit.go(f"/providers/{made.id}", said="proposed")


async def show(visit: Visit) -> web.StreamResponse:
    """One provider: what is owed, its fees with their payments, and everything that happened to it."""
    provider = await named_provider(visit)
    fees = await visit.deps.providers.fees_of(provider.id, limit=PAGE_ROWS)
    numbers = await visit.deps.providers.numbers_of(fees)
    changes = await visit.deps.providers.history(provider.id)
    names = await visit.staff_names({change.staff_id for change in changes} | {provider.registered_by})
    facts: list[tuple[str, Cell]] = [
        ("till", Code(provider.till)),
        ("kind", Chip(f"provider_kind.{provider.kind.value}")),
        ("phone", Code(f"…{provider.msisdn[-4:]}")),
        ("account", Code(f"…{provider.iban[-4:]}")),
        ("owed", await visit.deps.providers.owed(provider.id)),
        ("maker", names.get(provider.registered_by, provider.registered_by)),
        ("made", provider.registered_at),
    ]
    table: Table[Fee] = Table(
        name="fees_of_provider",
        columns=fee_columns(numbers),
        rows=fees,
        empty="empty.fees_of_provider",
        exports=f"/providers/{provider.id}/fees",
    )
    return visit.page(
        "provider.jinja", provider=provider, state=chip(provider), facts=facts, table=table,
        history=history(changes, names, "provider_state", column="state"),
        may_run=visit.may(*RUN_PROVIDERS), form_key=new_id("brk", visit.deps.clock),
        may_suspend=provider.state is ProviderState.ACTIVE, may_restore=provider.state is ProviderState.SUSPENDED,
    )  # fmt: skip


async def export(visit: Visit) -> web.StreamResponse:
    """All fees of a provider as a file, newest first."""
    provider = await named_provider(visit)
    numbers: dict[str, str] = {}

    async def pages() -> AsyncIterator[Sequence[Fee]]:
        before = ""
        while page := await visit.deps.providers.fees_of(provider.id, limit=EXPORT_PAGE, before=before):
            numbers.update(await visit.deps.providers.numbers_of(page))
            yield page
            before = page[-1].id

    return await download(visit, f"fees-{provider.till}", fee_columns(numbers), pages())


async def suspend(visit: Visit) -> web.StreamResponse:
    """Stop it from billing, with a reason."""
    return await _suspended(visit, suspended=True)


async def restore(visit: Visit) -> web.StreamResponse:
    """Let it bill again, with a reason."""
    return await _suspended(visit, suspended=False)


async def named_provider(visit: Visit) -> Provider:
    """The provider of the path.

    Raises:
        NotFound: There is none.
    """
    provider = await visit.deps.providers.by_id(visit.named("id"))
    if provider is None:
        raise NotFound("provider")
    return provider


async def _suspended(visit: Visit, *, suspended: bool) -> web.Response:
    provider, form = await named_provider(visit), visit.form(Reason)
    here = f"/providers/{provider.id}"
    if isinstance(form, FormProblems):
        return visit.go(here, refused="reason")
    done = await visit.deps.providers.set_suspended(provider.id, visit.staff.id, form.reason, suspended=suspended)
    said = "provider_suspended" if suspended else "provider_restored"
    return visit.go(here, said=said) if done else visit.go(here, refused="provider_state")


async def _listing(visit: Visit, *, status: int = 200, **values: object) -> web.Response:
    rows = await visit.deps.providers.providers(limit=PAGE_ROWS, after=visit.query(Paged).after or "")
    table: Table[Provider] = Table(
        name="providers",
        columns=[
            Column("name", lambda row: Link(row.name, f"/providers/{row.id}")),
            Column("till", lambda row: Code(row.till)),
            Column("kind", lambda row: Chip(f"provider_kind.{row.kind.value}")),
            Column("phone", lambda row: Code(f"…{row.msisdn[-4:]}")),
            Column("state", chip),
            Column("made", lambda row: row.registered_at),
        ],
        rows=rows,
        empty="empty.providers",
        more=f"/providers?after={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    context: dict[str, object] = {"refusal": "", **values}
    return visit.page(
        "providers.jinja", status=status, table=table, kinds=list(ProviderKind), may_run=visit.may(*RUN_PROVIDERS),
        **context,
    )  # fmt: skip
