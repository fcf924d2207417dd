"""Campaigns: a list, and each with its preview, progress and report; test, release, pause, resume, cancel."""

from typing import Any, assert_never

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Chip, Code, Column, Link, Table
from gateway.channels.console.downloads import download
from gateway.channels.console.forms import BusinessId, Digits, Form, FormProblems, Msisdn, Whole
from gateway.channels.console.roles import RUN_CAMPAIGNS, SEE_CAMPAIGNS
from gateway.channels.console.routes import ENDING, ID, Route, get, post
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput, Conflict, NotFound
from gateway.services.campaigns import (
    INVOICES,
    BadRow,
    Campaign,
    CampaignKind,
    CampaignOutcome,
    CampaignState,
    Preview,
    Reported,
    Shown,
)
from gateway.services.msisdn import normal_msisdn
from gateway.services.payments import period_of
from wallet.money import irr

PAGE_ROWS = 30
TONES = {
    CampaignState.LOADING: "wait",
    CampaignState.DRAFT: "plain",
    CampaignState.PROPOSED: "wait",
    CampaignState.RUNNING: "wait",
    CampaignState.PAUSED: "plain",
    CampaignState.DONE: "good",
    CampaignState.CANCELLED: "plain",
}
ACTIONS = {
    CampaignState.LOADING: ("cancel",),
    CampaignState.DRAFT: ("release", "cancel"),
    CampaignState.PROPOSED: ("cancel",),
    CampaignState.RUNNING: ("pause", "cancel"),
    CampaignState.PAUSED: ("resume", "cancel"),
    CampaignState.DONE: (),
    CampaignState.CANCELLED: (),
}
"""What may be asked of a campaign in each state."""


class Paged(Form):
    """Before which campaign the page begins."""

    before: BusinessId | None = None


class FromInvoices(Form):
    """A campaign of a month's unpaid invoices: the text in each language, '' for none."""

    period: Digits = Field(pattern=r"^1[34][0-9]{2}-(0[1-9]|1[0-2])$")
    hours: Whole = Field(ge=1, le=720)
    text_en: str = Field("", max_length=500)
    text_fa: str = Field("", max_length=500)
    text_fr: str = Field("", max_length=500)
    text_ar: str = Field("", max_length=500)


class StaffNumber(Form):
    """Whose phone the test goes to."""

    msisdn: Msisdn


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/campaigns", listing, SEE_CAMPAIGNS),
        post("/campaigns/invoices", from_invoices, RUN_CAMPAIGNS),
        get(f"/campaigns/{ID}", show, SEE_CAMPAIGNS),
        get(f"/campaigns/{ID}/progress", progress, SEE_CAMPAIGNS),
        get(f"/campaigns/{ID}/report{ENDING}", report, SEE_CAMPAIGNS),
        post(f"/campaigns/{ID}/test", test_send, RUN_CAMPAIGNS),
        post(f"/campaigns/{ID}/release", release, RUN_CAMPAIGNS),
        post(f"/campaigns/{ID}/pause", pause, RUN_CAMPAIGNS),
        post(f"/campaigns/{ID}/resume", resume, RUN_CAMPAIGNS),
        post(f"/campaigns/{ID}/cancel", cancel, RUN_CAMPAIGNS),
    ]


async def listing(visit: Visit) -> web.StreamResponse:
    """Campaigns, newest first."""
    rows = await visit.deps.campaigns.list_campaigns(limit=PAGE_ROWS, before=visit.query(Paged).before or "")
    table = Table(
        name="campaigns",
        columns=[
            Column("name", lambda row: Link(row.name, f"/campaigns/{row.id}")),
            Column("kind", lambda row: visit.words.t(f"campaign_kind.{row.kind.value}")),
            Column("state", chip),
            Column("messages", lambda row: row.total, end=True),
            Column("started", lambda row: row.created_at),
            Column("finished", lambda row: row.finished_at),
        ],
        rows=rows,
        empty="empty.campaigns",
        more=f"/campaigns?before={rows[-1].id}" if len(rows) == PAGE_ROWS else None,
    )
    period = period_of(visit.deps.clock.now().astimezone(visit.words.zone).date())
    return visit.page("campaigns.jinja", table=table, may_run=visit.may(*RUN_CAMPAIGNS), period=period)


async def from_invoices(visit: Visit) -> web.StreamResponse:
    """Make a campaign of unpaid invoices; the worker fills it."""
    form = visit.form(FromInvoices)
    if isinstance(form, FormProblems):
        return visit.go("/campaigns", refused="campaign_form")
    given = {"en": form.text_en, "fa": form.text_fa, "fr": form.text_fr, "ar": form.text_ar}
    texts = {language: text for language, text in given.items() if text.strip()}
    name, source = f"{visit.words.t('campaign_kind.invoice')} {form.period}", f"{INVOICES}{form.period}"
    try:
        made = await visit.deps.campaigns.create(
            name, CampaignKind.INVOICE, texts, source=source, hours=form.hours, staff_id=visit.staff.id
        )
    except BadInput:
        return visit.go("/campaigns", refused="campaign_form")
    return visit.go(f"/campaigns/{made.id}", said="campaign_made")


async def show(visit: Visit) -> web.StreamResponse:
    """One campaign: what it says, to how many, at what cost, and how it fares."""
    values = await _values(visit)
    preview = await visit.deps.campaigns.preview(values["campaign"].id)
    return visit.page(
        "campaign.jinja",
        **values,
        preview=preview,
        cost=irr(preview.cost_minor),
        samples=_samples(preview),
        bad=_bad(preview),
        may_run=visit.may(*RUN_CAMPAIGNS),
    )


async def progress(visit: Visit) -> web.StreamResponse:
    """The part of the page that renews itself; 286 tells htmx to stop asking."""
    values = await _values(visit)
    over = values["campaign"].state in {CampaignState.DONE, CampaignState.CANCELLED}
    return visit.page("campaign_progress.jinja", status=286 if over else 200, **values)


async def report(visit: Visit) -> web.StreamResponse:
    """Where each row stands, as a file."""
    campaign = await _campaign(visit)
    columns: list[Column[Reported]] = [
        Column("row", lambda row: row.number),
        Column("msisdn", lambda row: row.msisdn),
        Column("state", lambda row: Chip(f"campaign_row.{row.state}")),
        Column("parts", lambda row: row.parts),
        Column("updated", lambda row: row.changed_at),
    ]
    return await download(visit, "campaign", columns, visit.deps.campaigns.report(campaign.id))


async def test_send(visit: Visit) -> web.StreamResponse:
    """Send the first row's text of each language to one number of staff."""
    campaign, form = await _campaign(visit), visit.form(StaffNumber)
    number = None if isinstance(form, FormProblems) else normal_msisdn(form.msisdn)
    if number is None:
        return visit.go(f"/campaigns/{campaign.id}", refused="campaign_test")
    try:
        await visit.deps.campaigns.test_send(campaign.id, [number])
    except Conflict:
        return visit.go(f"/campaigns/{campaign.id}", refused="campaign_empty")
    return visit.go(f"/campaigns/{campaign.id}", said="campaign_test")


async def release(visit: Visit) -> web.StreamResponse:
    """Ask a second person to release it."""
    return _asked(visit, await visit.deps.campaigns.propose(visit.named("id"), visit.staff.id), "proposed")


async def pause(visit: Visit) -> web.StreamResponse:
    """Send nothing more for now."""
    return _asked(visit, await visit.deps.campaigns.pause(visit.named("id")), "campaign_pause")


async def resume(visit: Visit) -> web.StreamResponse:
    """Go on."""
    return _asked(visit, await visit.deps.campaigns.resume(visit.named("id")), "campaign_resume")


async def cancel(visit: Visit) -> web.StreamResponse:
    """Stop for good."""
    return _asked(visit, await visit.deps.campaigns.cancel(visit.named("id")), "campaign_cancel")


def chip(campaign: Campaign) -> Chip:
    """A campaign's state."""
    return Chip(f"campaign_state.{campaign.state.value}", TONES[campaign.state])


def _asked(visit: Visit, outcome: CampaignOutcome, said: str) -> web.Response:
    here = f"/campaigns/{visit.named('id')}"
    match outcome:
        case CampaignOutcome.OK:
            return visit.go(here, said=said)
        case CampaignOutcome.UNKNOWN | CampaignOutcome.WRONG_STATE | CampaignOutcome.EMPTY:
            return visit.go(here, refused=f"campaign_{outcome.value}")
        case unreachable:
            assert_never(unreachable)


def _samples(preview: Preview) -> Table[Shown]:
    return Table(
        name="campaign_samples",
        columns=[
            Column("row", lambda row: row.number, end=True),
            Column("msisdn", lambda row: Code(row.msisdn)),
            Column("text", lambda row: row.text),
            Column("parts", lambda row: row.parts, end=True),
        ],
        rows=preview.rows,
        empty="empty.campaign_samples",
    )


def _bad(preview: Preview) -> Table[BadRow]:
    return Table(
        name="campaign_bad",
        columns=[
            Column("row", lambda row: row.line, end=True),
            Column("fault", lambda row: Chip(f"row_fault.{row.fault.value}", "bad")),
            Column("file_column", lambda row: Code(row.column)),
        ],
        rows=preview.bad,
        empty="empty.campaign_bad",
    )


async def _values(visit: Visit) -> dict[str, Any]:
    campaign = await _campaign(visit)
    names = await visit.staff_names({campaign.staff_id})
    done = f"{visit.words.number(campaign.decided)} / {visit.words.number(campaign.total)}"
    return {
        "campaign": campaign,
        "kind": visit.words.t(f"campaign_kind.{campaign.kind.value}"),
        "state": chip(campaign),
        "done": done,
        "by": names.get(campaign.staff_id, ""),
        "counts": [(f"campaign_row.{name}", count) for name, count in sorted(campaign.counts.items())],
        "actions": ACTIONS[campaign.state] if visit.may(*RUN_CAMPAIGNS) else (),
    }


async def _campaign(visit: Visit) -> Campaign:
    campaign = await visit.deps.campaigns.progress(visit.named("id"))
    if campaign is None:
        raise NotFound("campaign")
    return campaign
