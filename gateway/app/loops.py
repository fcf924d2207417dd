"""The link to the SMSC and the loops that own no rules."""

import asyncio
from collections.abc import Mapping

from gateway.app.house import House
from gateway.peers.mail import MailRelay
from gateway.peers.smsc import Link, LinkProfile
from gateway.services.dialogues import Dialogues
from gateway.services.notices import Channel
from gateway.settings import Settings
from gateway.workers.heads import HeadsWorker
from gateway.workers.loop import Loop
from gateway.workers.outbox import OutboxWorker
from gateway.workers.sweeper import Sweeper

LINK = "smsc"


class Loops:
    """Everything that runs beside the doors; started into one TaskGroup, stopped together."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._link = Link(_profile(house.settings), house.outbox, house.clock, house.metrics)
        self._loops: list[Loop] = []
        self._tasks: list[asyncio.Task[None]] = []

    def links(self) -> Mapping[str, bool]:
        """Each link and whether it is up."""
        return {LINK: self._link.ready}

    def start(self, tasks: asyncio.TaskGroup, dialogues: Dialogues) -> None:
        """Run all in `tasks`."""
        house, metrics, settings = self._house, self._house.metrics, self._house.settings
        mail = MailRelay(settings.mail_host, settings.mail_port, settings.mail_from, house.clock, metrics)
        self._loops = [
            Loop("outbox_sms", OutboxWorker(house.outbox, Channel.SMS, self._link, metrics).tick, metrics, idle_s=0.2),
            # Its own loop, so that a silent mail relay never holds up a one-time code.
            Loop("outbox_email", OutboxWorker(house.outbox, Channel.EMAIL, mail, metrics).tick, metrics, idle_s=1.0),
            Loop("money_notices", house.money_notices.tick, metrics, idle_s=0.2),
            Loop("sweeper", _sweeper(house, dialogues).tick, metrics, idle_s=2.0),
            Loop("heads", _heads(house).tick, metrics, idle_s=min(5.0, settings.head_publish_s)),
            Loop("jobs", house.jobs.tick, metrics, idle_s=1.0, tick_max_s=None),
        ]
        self._tasks = [tasks.create_task(self._link.run(), name="link")]
        self._tasks += [tasks.create_task(loop.run(), name=loop.name) for loop in self._loops]

    @property
    def done(self) -> bool:
        """Whether everything that was started has ended."""
        return all(task.done() for task in self._tasks)

    def stop(self) -> None:
        """Let ticks in hand finish; the link drains and unbinds."""
        for loop in self._loops:
            loop.stop()
        self._link.stop()


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
    )


def _heads(house: House) -> HeadsWorker:
    return HeadsWorker(house.heads, house.clock, house.settings.head_publish_s)


def _sweeper(house: House, dialogues: Dialogues) -> Sweeper:
    sweeps = {
        "people": house.people.sweep,
        "approvals": house.approvals.sweep,
        "benefits": house.benefits.sweep,
        "payments": house.payments.sweep,
        "taps": house.taps.sweep,
        "holds": house.ledger.expire_holds,
        "jobs": house.jobs.sweep,
        "outbox": house.outbox.tidy,
        "dialogues": dialogues.sweep,
        "links": house.link_board.sweep,
    }
    return Sweeper(sweeps, house.metrics)
