"""The links to SMSCs and the loops that own no rules."""

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.app.adapters import Letterbox
from gateway.app.house import House, page_profile
from gateway.channels.nfc import TerminalPorts
from gateway.peers.mail import MailRelay, RelayProfile, Tls
from gateway.peers.smsc import Inbound, LinkProfile, Links, LinksFile, read_links
from gateway.peers.smsc.profile import SessionTlv, UssdDialect
from gateway.peers.ussd import UssdLink, UssdLinkProfile, read_ussd_links
from gateway.services.dialogues import Dialogues
from gateway.services.dialogues.linked import LinkDialogues
from gateway.services.links import LinkStatus
from gateway.services.notices import Channel
from gateway.services.releases import ReleasedMenus
from gateway.settings import Settings
from gateway.workers.bank import BankFiles
from gateway.workers.heads import HeadsWorker
from gateway.workers.links import LinksWorker
from gateway.workers.loop import Loop
from gateway.workers.outbox import OutboxWorker
from gateway.workers.phones import PhonesWorker
from gateway.workers.pushes import PushCarrier
from gateway.workers.signer import SignerProbe
from gateway.workers.sweeper import Sweeper
from gateway.workers.terminals import TerminalsWorker
from ussd_menus.paging import fits

LINK = "smsc"
LETTERS_IN_HAND_MAX = 20
OUTBOX_PAUSE_S = 2.0
"""Longest pause after the store failed: what was sent meanwhile waits to be settled."""
BANK_ASKED_S = 5.0
"""How often the bank is asked for files; its bounds on time are its door's."""


class Loops:
    """Everything that runs beside the doors; started into one TaskGroup, stopped together."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._file = links_of(house.settings)
        self._centres = centres_of(house.settings)
        self._links: Links | None = None
        self._ussd: list[UssdLink] = []
        self._terminals: TerminalPorts | None = None
        self._mail = _relay(house)
        self._loops: list[Loop] = []
        self._tasks: list[asyncio.Task[None]] = []

    def links(self) -> Mapping[str, bool]:
        """Each link and whether it is up; empty before the start."""
        up = {link.profile.name: link.up for link in self._ussd}
        return {**self._links.up(), **up} if self._links else {}

    def statuses(self) -> Sequence[LinkStatus]:
        """How each link stands; empty before the start."""
        centres = [link.status() for link in self._ussd]
        bank = [self._house.bank.status()] if self._house.bank is not None else []
        ports = self._terminals.statuses() if self._terminals else ()
        return [*self._links.statuses(), *centres, *bank, *ports] if self._links else ()

    def start(
        self,
        tasks: asyncio.TaskGroup,
        dialogues: Dialogues,
        linked: LinkDialogues,
        menus: ReleasedMenus,
        terminals: TerminalPorts,
    ) -> None:
        """Run all in `tasks`; `linked` answers USSD that comes over links."""
        self._terminals = terminals
        house, metrics, settings = self._house, self._house.metrics, self._house.settings
        inbound = Inbound(house.outbox, Letterbox(house.messages), linked)
        links = Links.of(self._file.links, self._file.routes, inbound, house.clock, metrics)
        self._links = links
        self._ussd = [UssdLink(profile, linked, house.clock, metrics) for profile in self._centres]
        house.outbox.outlasts(links.send_max_s)
        # Each channel has its own, so that a silent mail relay never holds up a one-time code.
        sms = OutboxWorker(house.outbox, Channel.SMS, links, metrics, finish_s=settings.stop_s)
        links.tell_late(sms.came_late)
        letters = OutboxWorker(
            house.outbox, Channel.EMAIL, self._mail, metrics, in_hand_max=LETTERS_IN_HAND_MAX, finish_s=settings.stop_s
        )
        pushed = self._pushes(links)
        running = asyncio.get_running_loop()
        house.notices.wakes(lambda: running.call_soon_threadsafe(sms.wake.set))
        carrying = {
            sms: Loop("outbox_sms", sms.tick, metrics, idle_s=0.2, pause_max_s=OUTBOX_PAUSE_S, wake=sms.wake),
            letters: Loop("outbox_email", letters.tick, metrics, pause_max_s=OUTBOX_PAUSE_S, wake=letters.wake),
            pushed: Loop("outbox_ussd_push", pushed.tick, metrics, pause_max_s=OUTBOX_PAUSE_S, wake=pushed.wake),
        }
        phones = PhonesWorker(house.signing.phones, metrics, finish_s=settings.stop_s)
        asking = Loop("phones", phones.tick, metrics, idle_s=0.3)
        others = [
            Loop("money_notices", house.money_notices.tick, metrics, idle_s=0.2),
            Loop("tap_refusals", house.tap_refusals.tick, metrics, idle_s=1.0),
            Loop("token_keys", house.tokens.push, metrics, idle_s=1.0),
            Loop("messages", house.messages.work, metrics, idle_s=0.2),
            Loop("sweeper", _sweeper(house, dialogues).tick, metrics, idle_s=2.0),
            Loop("heads", _heads(house).tick, metrics, idle_s=min(5.0, settings.head_publish_s)),
            Loop("links", LinksWorker(house.link_board, _process(), self.statuses).tick, metrics, idle_s=3.0),
            Loop("terminals", self._terminals_worker(terminals).tick, metrics, idle_s=3.0),
            Loop("tails", house.tails.tick, metrics, idle_s=5.0),
            Loop("funnels", house.funnels.tick, metrics, idle_s=30.0),
            Loop("menus", menus.tick, metrics, idle_s=2.0, pause_max_s=10.0),
            Loop("fallback", house.fallback.tick, metrics, idle_s=5.0),
            Loop("campaign_rows", house.campaigns.load_tick, metrics, idle_s=2.0, tick_max_s=None),
            Loop("campaigns", house.campaigns.tick, metrics, idle_s=1.0),
            Loop("bank_orders", house.banking.ship, metrics, idle_s=2.0, tick_max_s=None),
            # Beside the sweeper, whose round must stay short: a large statement takes its time.
            Loop("banking", house.banking.sweep, metrics, idle_s=30.0, tick_max_s=None),
            Loop("bank_files", BankFiles(house.banking).tick, metrics, idle_s=BANK_ASKED_S, tick_max_s=None),
            # Beside the sweeper: a cycle of a busy day takes its time.
            Loop("clearing", house.clearing.tick, metrics, idle_s=5.0, tick_max_s=None),
            # Beside the sweeper: a large statement takes its time to be matched.
            Loop("reconciliation", house.reconciliation.tick, metrics, idle_s=5.0, tick_max_s=None),
            Loop("closing", house.closing.sweep, metrics, idle_s=2.0, tick_max_s=None),
            Loop("merchant_returns", house.merchant_returns.tick, metrics, idle_s=10.0),
            Loop("payouts", house.payouts.tick, metrics, idle_s=1.0, tick_max_s=None),
            Loop("jobs", house.jobs.tick, metrics, idle_s=1.0, tick_max_s=None),
        ]
        if house.signer is not None:
            others.append(Loop("mssp_probe", SignerProbe(house.signer, metrics).tick, metrics, idle_s=60.0))
        self._tasks = [tasks.create_task(links.run(), name="links")]
        self._tasks += [tasks.create_task(link.run(), name=f"ussd-{link.profile.name}") for link in self._ussd]
        self._tasks += [tasks.create_task(worker.run(loop.run), name=loop.name) for worker, loop in carrying.items()]
        self._tasks += [tasks.create_task(phones.run(asking.run), name=asking.name)]
        self._tasks += [tasks.create_task(loop.run(), name=loop.name) for loop in others]
        self._loops = [*carrying.values(), asking, *others]

    def _terminals_worker(self, ports: TerminalPorts) -> TerminalsWorker:
        return TerminalsWorker(self._house.terminal_lines, self._house.merchants, _process(), ports)

    def _pushes(self, links: Links) -> OutboxWorker:
        """The carrier of pushes; where no operator takes any, nobody is told by one, and what waits goes on by SMS."""
        house, profile = self._house, page_profile(self._house.settings)
        pushers = [*links.pushers(), *(link for link in self._ussd if link.profile.pushes_max)]

        def shows(text: str) -> bool:
            return fits(text, profile)

        carrier = PushCarrier(pushers, shows, house.metrics)
        if pushers:
            house.notices.pushes(shows)
            house.late.pushes(carrier.show)
        house.outbox.outlasts(carrier.send_max_s, Channel.USSD_PUSH)
        return OutboxWorker(house.outbox, Channel.USSD_PUSH, carrier, house.metrics, finish_s=house.settings.stop_s)

    @property
    def done(self) -> bool:
        """Whether everything that was started has ended."""
        return all(task.done() for task in self._tasks)

    def stop(self) -> None:
        """Let ticks in hand finish; links drain and unbind."""
        for loop in self._loops:
            loop.stop()
        for link in self._ussd:
            link.stop()
        if self._links:
            self._links.stop()

    async def close(self) -> None:
        """Hang up where nothing is in hand any more; after everything has ended."""
        await self._mail.close()


def links_of(settings: Settings) -> LinksFile:
    """What the file of links says; without one a single link out of the settings.

    Raises:
        SettingsFault: The file cannot be read, or something in it is wrong.
    """
    if not settings.links_file:
        return LinksFile((_profile(settings),), ())
    return read_links(Path(settings.links_file), demo=settings.environment == "demo")


def centres_of(settings: Settings) -> tuple[UssdLinkProfile, ...]:
    """What the file of links to USSD centres says.

    Raises:
        SettingsFault: The file cannot be read, or something in it is wrong.
    """
    if not settings.ussd_links_file:
        return ()
    return read_ussd_links(Path(settings.ussd_links_file), demo=settings.environment == "demo")


def _profile(settings: Settings) -> LinkProfile:
    return LinkProfile(
        name=LINK,
        host=settings.smsc_host,
        port=settings.smsc_port,
        system_id=settings.smsc_system_id,
        password=settings.smsc_password.get_secret_value(),
        sender=settings.sms_sender,
        window=settings.smsc_window,
        rate_max=settings.smsc_rate_max,
        retry_max_s=settings.smsc_retry_max_s,
        # As the standard has it (SMPP 3.4, 5.3.2.46); an operator who differs gets a file of links.
        ussd=UssdDialect(SessionTlv.ITS_COUNTED),
    )


def _process() -> str:
    """This process among all that share the store."""
    return f"{socket.gethostname()}/{os.getpid()}"


def _relay(house: House) -> MailRelay:
    settings = house.settings
    profile = RelayProfile(
        host=settings.mail_host,
        port=settings.mail_port,
        sender=settings.mail_from,
        tls=Tls(settings.mail_tls),
        ca_file=settings.mail_ca_file,
        user=settings.mail_user,
        password=settings.mail_password.get_secret_value(),
        connections_max=settings.mail_connections_max,
        idle_s=settings.mail_idle_s,
    )

    async def sender(_notice_id: str) -> str:
        return settings.mail_from

    # Where no door takes what comes back, somebody reads the mailbox of the sender.
    return_path = house.bounces.return_path if settings.mail_ingress_port else sender
    return MailRelay(profile, house.clock, house.metrics, return_path)


def _heads(house: House) -> HeadsWorker:
    return HeadsWorker(house.heads, house.clock, house.settings.head_publish_s)


def _sweeper(house: House, dialogues: Dialogues) -> Sweeper:
    sweeps = {
        "people": house.people.sweep,
        "approvals": house.approvals.sweep,
        "signing": house.signing.sweep,
        "benefits": house.benefits.sweep,
        "providers": house.providers.sweep,
        "payments": house.payments.sweep,
        "taps": house.taps.sweep,
        "tokens": house.tokens.sweep,
        "holds": house.ledger.expire_holds,
        "jobs": house.jobs.sweep,
        "campaigns": house.campaigns.sweep,
        "payouts": house.payouts.sweep,
        "breaks": house.breaks.sweep,
        "mailbox": house.mailbox.sweep,
        "outbox": house.outbox.tidy,
        "messages": house.messages.tidy,
        "dialogues": dialogues.sweep,
        "links": house.link_board.sweep,
        "terminal_lines": house.terminal_lines.sweep,
    }
    return Sweeper(sweeps, house.metrics)
