"""A feature phone: what its screen shows, and the SMS in its inbox. The carrier's network is on its other side."""

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from simulators.people import Person

INBOX_MAX = 50


class Screen(Protocol):
    """What a hop of a USSD dialogue leaves on the screen; the carrier's `Screen` is one."""

    @property
    def text(self) -> str:
        """The page."""
        ...

    @property
    def open(self) -> bool:
        """Whether the dialogue waits for an answer."""
        ...

    @property
    def failed(self) -> str | None:
        """Why there is no page, in the network's words."""
        ...


class Network(Protocol):
    """The carrier as a phone sees it."""

    async def dial(self, msisdn: str, code: str) -> Screen:
        """Dial a code such as `*1420#`."""
        ...

    async def answer(self, msisdn: str, text: str) -> Screen:
        """Answer the open dialogue's page."""
        ...

    def cancel(self, msisdn: str) -> None:
        """Press the red key."""
        ...


class Messages(Protocol):
    """The SMSC as a phone sees it."""

    def deliver(self, msisdn: str, text: str, dest: str) -> object:
        """Send `text` to a number or a short code."""
        ...


@dataclass(frozen=True, slots=True)
class Idle:
    """A screen without a dialogue."""

    text: str = ""
    open: bool = False
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Sms:
    """One message that came from `other`, or was `sent` to it; `number` counts from 1."""

    number: int
    at: datetime
    other: str
    text: str
    sent: bool = False


class Phone:
    """One person's feature phone."""

    def __init__(self, person: Person, network: Network, messages: Messages | None = None) -> None:
        self.person = person
        self.screen: Screen = Idle()
        self.inbox: deque[Sms] = deque(maxlen=INBOX_MAX)
        self.network = network
        self.messages = messages
        self._numbers = itertools.count(1)
        self._busy = asyncio.Lock()
        self._calls = 0

    @property
    def message_count(self) -> int:
        """How many SMS have ever come or gone."""
        return self.inbox[-1].number if self.inbox else 0

    @property
    def page(self) -> str:
        """What the screen shows."""
        return self.screen.text

    async def press(self, entry: str) -> None:
        """The green key: answers the open dialogue with `entry`, or dials it. A second press while one runs is lost."""
        if self._busy.locked():
            return
        async with self._busy:
            call = self._calls
            msisdn = self.person.msisdn
            if self.screen.open:
                screen = await self.network.answer(msisdn, entry)
            else:
                screen = await self.network.dial(msisdn, entry)
            if call == self._calls:
                self.screen = screen

    def hang_up(self) -> None:
        """The red key: the dialogue is gone, and the screen clear; an answer that is still on its way is lost."""
        self._calls += 1
        self.screen = Idle()
        self.network.cancel(self.person.msisdn)

    def receive(self, text: str, sender: str) -> None:
        """An SMS arrives."""
        self.inbox.append(Sms(next(self._numbers), datetime.now(UTC), sender, text))

    def write(self, text: str, dest: str) -> None:
        """Send an SMS; it stays in the list of messages."""
        self.inbox.append(Sms(next(self._numbers), datetime.now(UTC), dest, text, sent=True))
        if self.messages is not None:
            self.messages.deliver(self.person.msisdn, text, dest)
