"""The doors: HTTP for carriers, staff and partners, the terminals' line, and SMTP for letters."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import literal, select

import ussd_menus
from gateway.app.agreeing import APPROVAL_ROLES
from gateway.app.causes import resolvers
from gateway.app.house import House, page_profile
from gateway.channels.api import Partners, api_app
from gateway.channels.console import ConsoleDeps, console_app
from gateway.channels.console.guard import UPLOAD_BYTES_MAX
from gateway.channels.mail import MailDesk, MailIngress, tls_context
from gateway.channels.mss import ResultDoor
from gateway.channels.nfc import Desk, Listener, TerminalPorts, read_listeners
from gateway.channels.ussd import STAFF_CODE, Clerk, Codes, LinkedUssd, Mount, UssdDoor, default_mount, read_wires
from gateway.channels.web import BODY_BYTES_MAX, LARGE_BODIES, new_application
from gateway.services.dialogues import Dialogues, DialogueSettings, Hops, Profiles
from gateway.services.dialogues.linked import LinkDialogues
from gateway.services.releases import ReleasedMenus
from ussd_menus.loader import FOLDER

DOCUMENT_KINDS = ("payout_batch", "decision_table", "day_close")
"""Kinds of documents that are signed, for whoever names a stand-in."""
LARGE_PATHS = (
    "/console/bank/file",
    "/console/breaks/evidence",
    "/console/payouts/file",
    "/console/prices",
    "/api/v1/payout-batches",
    "/api/v1/statements",
)
"""Doors that take files, piece by piece."""
WORK_MAX = 500
"""USSD hops whose work may be in hand at once; more are told to dial again."""


@dataclass(frozen=True, slots=True)
class Doors:
    """What listens, and whether the process takes work."""

    http: web.Application
    terminals: TerminalPorts
    letters: MailIngress
    dialogues: Dialogues
    ready: asyncio.Event
    hops: Hops
    clerk: Clerk
    linked: LinkDialogues
    """USSD over the links."""
    menus: ReleasedMenus


def build(house: House, tasks: asyncio.TaskGroup, links: Callable[[], Mapping[str, bool]]) -> Doors:
    """Every door of the gateway; `tasks` owns work that outlives its request."""
    app = new_application(house.clock, house.metrics)
    app[LARGE_BODIES] = dict.fromkeys(LARGE_PATHS, UPLOAD_BYTES_MAX + BODY_BYTES_MAX)
    ready = asyncio.Event()
    mounts = _mounts(house)
    hops = _hops(house, tasks, mounts)
    menus = _menus(house)
    dialogues = _dialogues(house, hops, menus)
    clerk = Clerk(house.poster, tasks, house.clock, house.metrics)
    app.add_routes(UssdDoor(dialogues, mounts, house.metrics, clerk).routes())
    app.add_routes(_probes(house, ready))
    results = house.settings.mssp_callback_secret.get_secret_value()
    if house.signer is not None and results:
        app.add_routes(ResultDoor(house.signer, results).routes())
    app.add_subapp("/console", console_app(_console(house, dialogues, links)))
    app.add_subapp("/api/v1", api_app(house.tokens, house.heads, house.clock, house.metrics, _partners(house)))
    linked = LinkedUssd(dialogues, house.metrics, Codes([house.settings.service_code, STAFF_CODE]))
    return Doors(app, _terminals(house), _letters(house), dialogues, ready, hops, clerk, linked, menus)


def _terminals(house: House) -> TerminalPorts:
    settings = house.settings
    idle_s = settings.iso8583_idle_s
    desk = Desk(
        house.taps, house.merchants, house.keys, house.metrics, idle_s, batches=house.clearing, clock=house.clock
    )
    if settings.iso8583_listeners_file:
        demo = settings.environment == "demo"
        return TerminalPorts(desk, read_listeners(Path(settings.iso8583_listeners_file), demo=demo))
    return TerminalPorts(desk, [Listener("terminals", settings.iso8583_host, settings.iso8583_port)])


def _partners(house: House) -> Partners:
    most = house.settings.payout_file_bytes_max
    return Partners(house.api_keys, house.people, house.payees, house.payouts, most, house.banking)


def _letters(house: House) -> MailIngress:
    settings = house.settings
    desk = MailDesk(house.forwarding, house.bounces, house.metrics, domain=settings.mail_ingress_domain)
    certificate = settings.mail_ingress_cert_file
    tls = tls_context(Path(certificate), Path(settings.mail_ingress_key_file)) if certificate else None
    return MailIngress(desk, house.metrics, domain=settings.mail_ingress_domain, tls=tls)


def _hops(house: House, tasks: asyncio.TaskGroup, mounts: Sequence[Mount]) -> Hops:
    return Hops(house.actions, _profiles(house, mounts), tasks, house.late, WORK_MAX)


def _profiles(house: House, mounts: Sequence[Mount]) -> Profiles:
    """The longest page of a wire: what its provider carries, and no more than the house says."""
    whole = page_profile(house.settings)
    carried = {mount.wire.name: ussd_menus.smallest((whole, mount.wire.profile)) for mount in mounts}
    return lambda adapter, _operator: carried.get(adapter, whole)


def _menus(house: House) -> ReleasedMenus:
    files = ussd_menus.files_of(FOLDER)
    shipped = house.proof.frozen(files)
    return ReleasedMenus(house.store, house.keys, house.clock, house.proof, shipped, files, house.metrics)


def _dialogues(house: House, hops: Hops, menus: ReleasedMenus) -> Dialogues:
    settings = house.settings
    held = DialogueSettings(
        zone=house.zone,
        session_s=settings.ussd_session_s,
        resume_s=settings.ussd_resume_s,
        kept_days=settings.ussd_sessions_days,
    )
    return Dialogues(house.store, house.keys, house.clock, menus, hops, house.people, held, house.metrics)


def _mounts(house: House) -> Sequence[Mount]:
    settings = house.settings
    demo = settings.environment == "demo"
    if settings.ussd_wires_file:
        return read_wires(Path(settings.ussd_wires_file), settings.service_code, house.clock, demo=demo)
    secret = settings.ussd_path_secret.get_secret_value()
    return (default_mount(settings.service_code, secret, demo=demo),)


def _console(house: House, dialogues: Dialogues, links: Callable[[], Mapping[str, bool]]) -> ConsoleDeps:
    return ConsoleDeps(
        settings=house.settings,
        clock=house.clock,
        metrics=house.metrics,
        chart=house.chart,
        staff=house.staff,
        people=house.people,
        access=house.access,
        approvals=house.approvals,
        approval_roles=APPROVAL_ROLES,
        benefits=house.benefits,
        decisions=house.decisions,
        attesters=house.attesters,
        payments=house.payments,
        jobs=house.jobs,
        campaigns=house.campaigns,
        releases=house.releases,
        session_counts=house.session_counts,
        funnels=house.funnels,
        banking=house.banking,
        preferences=house.preferences,
        mailbox=house.mailbox,
        merchants=house.merchants,
        terminal_lines=house.terminal_lines,
        taps=house.taps,
        tokens=house.tokens,
        controls=house.controls,
        clearing=house.clearing,
        ledger=house.ledger,
        links=links,
        link_board=house.link_board,
        queue=house.outbox,
        tickets=house.tickets,
        payees=house.payees,
        payouts=house.payouts,
        providers=house.providers,
        reconciliation=house.reconciliation,
        payout_sources=house.payout_sources,
        causes=resolvers(house, dialogues),
        signing=house.signing.signing,
        signers=house.signing.signers,
        phone_sign_ins=house.signing.sign_ins if house.signer else None,
        delegations=house.deciding.delegations,
        document_kinds=DOCUMENT_KINDS,
        closing=house.closing,
        finding=house.finding,
        reports=house.reports,
        breaks=house.breaks,
    )


def _probes(house: House, ready: asyncio.Event) -> list[web.RouteDef]:
    async def healthz(_request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_request: web.Request) -> web.Response:
        """200 while work is taken and both stores answer."""
        if not ready.is_set():
            return web.Response(status=503, text="not taking work\n")
        await house.store.read(select(literal(1)))
        await house.ledger.head()
        return web.Response(text="ready\n")

    async def metrics(_request: web.Request) -> web.Response:
        body = generate_latest(house.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    handlers = {"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
    return [web.get(path, handler) for path, handler in handlers.items()]
