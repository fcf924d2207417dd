"""The console as one aiohttp application, to be mounted at /console."""

import hashlib
from datetime import timedelta
from functools import cache
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web

from gateway.channels.console.boundary import boundary, headers
from gateway.channels.console.cells import Chip, Code, Link, brief, shown
from gateway.channels.console.deps import DEPS, ConsoleDeps
from gateway.channels.console.guard import guarded
from gateway.channels.console.movements import is_moment
from gateway.channels.console.pages import (
    accounts,
    approvals,
    attesters,
    bank,
    batches,
    break_page,
    breaks,
    budgets,
    campaigns,
    cash_in,
    causes,
    claims,
    close,
    controls,
    cycles,
    decisions,
    delegations,
    evening,
    exceptions,
    fees,
    find,
    jobs,
    journal,
    ledger,
    links,
    menus,
    merchant_statements,
    merchants,
    payees,
    payout_items,
    payouts,
    people,
    periods,
    phone_sign_in,
    prices,
    providers,
    recon_flow,
    recon_group,
    reconciliation,
    reports,
    returns,
    sessions,
    sign_in,
    signers,
    signing,
    staff,
    taps,
    terminals,
    tickets,
    today,
    tokens,
    views,
)
from gateway.channels.console.routes import Route
from gateway.channels.console.visit import PREFIX
from gateway.channels.limiter import Limiter

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"


def console_routes() -> list[Route]:
    """Every route of the console with the roles that it needs."""
    pages = (
        sign_in, today, claims, approvals, tickets, people, cash_in, ledger, causes, jobs, campaigns, links, menus,
        sessions, merchants, staff, bank, payees, payouts, payout_items, returns, budgets,
        views, signing, signers, delegations, phone_sign_in, decisions, attesters,
        providers, prices, fees,
        evening, journal, accounts, periods, close, reports, find,
        taps, tokens, controls, terminals, batches, exceptions, cycles, merchant_statements,
        reconciliation, recon_flow, recon_group, breaks, break_page,
    )  # fmt: skip
    return [route for page in pages for route in page.routes()]


def console_app(deps: ConsoleDeps) -> web.Application:
    """Make the sub-application; mount it by `root.add_subapp("/console", …)`."""
    app = web.Application(middlewares=[boundary])
    app[DEPS] = deps
    app[phone_sign_in.STARTS] = Limiter(deps.clock, phone_sign_in.STARTS_PER_ADDRESS, timedelta(minutes=10))
    app.on_response_prepare.append(headers)
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        static=static_address,
        shown=shown,
        brief=brief,
        is_link=lambda value: isinstance(value, Link),
        is_chip=lambda value: isinstance(value, Chip),
        is_code=lambda value: isinstance(value, Code),
        is_moment=is_moment,
    )
    for route in console_routes():
        app.router.add_route(route.method, route.path, guarded(route))
    app.router.add_get("", _to_front)
    app.router.add_static("/static", _STATIC)
    return app


async def _to_front(_request: web.Request) -> web.Response:
    """`/console` without its last slash, as people type it."""
    return web.Response(status=308, headers={"Location": f"{PREFIX}/"})


@cache
def static_address(name: str) -> str:
    """The address of a file that may be kept for ever: its content is in the address."""
    digest = hashlib.sha256((_STATIC / name).read_bytes()).hexdigest()[:12]
    return f"{PREFIX}/static/{name}?{digest}"
