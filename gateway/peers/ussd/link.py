"""The one driver of links to USSD centres over TCP: connects, signs on, asks whether the centre lives, answers hops."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from gateway.errors import BadInput
from gateway.observe import Metrics, log
from gateway.peers.ussd.mtn import MtnTalk
from gateway.peers.ussd.profile import UssdLinkKind, UssdLinkProfile
from gateway.peers.ussd.talk import Alive, Answer, Asked, Bound, Happening, Landed, Misread, Talk, Turned
from gateway.peers.ussd.ussdc import UssdcTalk
from gateway.services.dialogues.linked import HopKind, LinkDialogues, LinkPage
from gateway.services.dialogues.push import Pending, Push, PushOutcome
from gateway.services.links import LinkStatus
from wallet.clock import Clock

READ_OCTETS = 65_536
WRITE_S = 10.0
"""How long a centre may refuse to read before the connection is given up."""
STEADY_S = 10.0
"""A connection that lasted so long was a success; the next pause is the shortest again."""
DRAIN_S = 10.0
"""How long a stop waits for hops in hand: a hop's budget, and its page."""
DOOR = "ussd_link"
TALKS: Mapping[UssdLinkKind, Callable[[UssdLinkProfile], Talk]] = {
    UssdLinkKind.USSDC: UssdcTalk,
    UssdLinkKind.MTN: MtnTalk,
}


class Lost(Exception):
    """The connection is of no more use; the text is safe to log."""


class Refused(Lost):
    """The centre knows us and does not want us: somebody must look, and nobody hammers."""


class UssdLink:
    """One link. `run` keeps it up and lives in a TaskGroup of the application, until `stop`."""

    def __init__(self, profile: UssdLinkProfile, dialogues: LinkDialogues, clock: Clock, metrics: Metrics) -> None:
        self.profile = profile
        self.up = False
        self.since = clock.now()
        self.alarm = ""
        self._dialogues = dialogues
        self._clock = clock
        self._metrics = metrics
        self._log = log(link=profile.name)
        self._stopping = asyncio.Event()
        self._connection: _Connection | None = None
        """The one that is signed on."""
        self._pushed = Pending()

    @property
    def name(self) -> str:
        """As Pusher."""
        return self.profile.name

    @property
    def push_max_s(self) -> float:
        """As Pusher: two writes and the phone."""
        return 2 * WRITE_S + self.profile.push_s

    async def push(self, push: Push) -> PushOutcome:
        """As Pusher."""
        connection = self._connection
        if connection is None:
            return PushOutcome.UNSUPPORTED
        try:
            key, octets = connection.talk.push(push)
        except BadInput:
            return PushOutcome.UNSUPPORTED
        try:
            return await self._pushed.end_of(key, connection.send(octets), self.profile.push_s)
        except (OSError, TimeoutError):
            return PushOutcome.UNKNOWN
        finally:
            with suppress(OSError, TimeoutError):
                await connection.send(connection.talk.drop(key))

    async def run(self) -> None:
        """Connect, serve, connect again after a pause that doubles, until `stop`."""
        loop, pause_s = asyncio.get_running_loop(), self.profile.retry_min_s
        while not self._stopping.is_set():
            began = loop.time()
            try:
                await self._serve()
            except* Refused as refusals:
                self.alarm, pause_s = str(refusals.exceptions[0]), self.profile.retry_max_s
                self._log.error("ussd link refused", reason=self.alarm)
            except* (OSError, TimeoutError, Lost, BadInput) as problems:
                if not self._stopping.is_set():
                    self._log.warning("ussd link lost", reason=str(problems.exceptions[0]))
            self._became(up=False)
            if loop.time() - began > STEADY_S and not self.alarm:
                pause_s = self.profile.retry_min_s
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause_s * (0.5 + secrets.randbelow(501) / 1000))
            pause_s = min(pause_s * 2, self.profile.retry_max_s)

    def stop(self) -> None:
        """Take no more hops, send the pages of those in hand, sign off and end."""
        self._stopping.set()

    def status(self) -> LinkStatus:
        """How it stands."""
        return LinkStatus(
            self.profile.name, self.profile.kind.value, self.up, self.since, self.alarm, health=100 if self.up else 0
        )

    async def _serve(self) -> None:
        profile = self.profile
        async with asyncio.timeout(profile.response_s):
            reader, writer = await asyncio.open_connection(profile.host, profile.port)
        connection = _Connection(TALKS[profile.kind](profile), reader, writer, profile)
        try:
            await connection.sign_on()
            self._connection = connection
            self._became(up=True)
            async with asyncio.TaskGroup() as tasks:
                room = asyncio.Semaphore(profile.hops_max)
                stopping = tasks.create_task(self._until_stopped(connection, room))
                try:
                    await self._converse(connection, tasks, room)
                finally:
                    stopping.cancel()
        finally:
            self._connection = None
            self._pushed.lose()
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await writer.wait_closed()

    async def _until_stopped(self, connection: "_Connection", room: asyncio.Semaphore) -> None:
        await self._stopping.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_S):
                # Whoever has all the room knows that nothing is in hand and that nothing more begins.
                for _ in range(self.profile.hops_max):
                    await room.acquire()
        await connection.send(connection.talk.goodbye())
        connection.end()
        raise Lost("we stop")

    async def _converse(self, connection: "_Connection", tasks: asyncio.TaskGroup, room: asyncio.Semaphore) -> None:
        while True:
            for happening in await connection.happenings():
                match happening:
                    case Asked() as asked:
                        await room.acquire()
                        tasks.create_task(self._answer(connection, asked, room))
                    case Landed(key=key, outcome=outcome, octets=octets, asked=asked):
                        self._pushed.ended(key, outcome)
                        await connection.send(octets)
                        if asked is not None:
                            await room.acquire()
                            tasks.create_task(self._answer(connection, asked, room))
                    case Answer(octets=octets):
                        await connection.send(octets)
                    case Misread(octets=octets):
                        self._metrics.refused.labels(door=DOOR, reason="field_form").inc()
                        self._log.warning("a message of a centre could not be read")
                        await connection.send(octets)
                    case Turned(reason=reason):
                        raise Lost(reason)
                    case Bound() | Alive():
                        pass

    async def _answer(self, connection: "_Connection", asked: Asked, room: asyncio.Semaphore) -> None:
        try:
            page = await self._dialogues.hop(asked.hop)
            if page is None:
                return
            try:
                octets = connection.talk.page(asked.place, page)
            except BadInput:
                # A page that this wire cannot carry: the person must not be left without an answer.
                self._log.error("a page did not fit the wire")
                octets = connection.talk.page(asked.place, LinkPage("", ends=True))
            try:
                await connection.send(octets)
            except (OSError, TimeoutError):
                if page.ends:
                    # The dialogues begin the next dial with a last page that nobody saw.
                    await self._dialogues.hop(replace(asked.hop, kind=HopKind.ABORT, text=""))
                raise
        finally:
            room.release()

    def _became(self, *, up: bool) -> None:
        if up != self.up:
            self.up, self.since, self.alarm = up, self._clock.now(), "" if up else self.alarm
            self._log.info("ussd link", up=up)


class _Connection:
    """One TCP connection and its side of the protocol."""

    def __init__(
        self, talk: Talk, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, profile: UssdLinkProfile
    ) -> None:
        self.talk = talk
        self._reader = reader
        self._writer = writer
        self._profile = profile
        self._writing = asyncio.Lock()
        self._asked_at: float | None = None
        """When we asked whether the centre lives, while it has not answered."""
        self._first: list[Happening] = []
        """Hops that came in one piece with the word that we may come in."""

    async def sign_on(self) -> None:
        """Say who we are, and hear that we may come in.

        Raises:
            Lost: It hung up; as Refused, we may not come in.
        """
        await self.send(self.talk.hello())
        async with asyncio.timeout(self._profile.response_s):
            while True:
                found = self.talk.feed(await self._read())
                for at, happening in enumerate(found):
                    if isinstance(happening, Bound):
                        self._first = found[at + 1 :]
                        return
                    if isinstance(happening, Turned):
                        raise Refused(happening.reason)

    async def happenings(self) -> list[Happening]:
        """What comes next; asks whether the centre lives while nothing comes.

        Raises:
            Lost: It has hung up, or does not answer.
        """
        if self._first:
            found, self._first = self._first, []
            return found
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._profile.enquire_s):
                found = self.talk.feed(await self._read())
        except TimeoutError:
            if self._asked_at is not None and loop.time() - self._asked_at > self._profile.response_s:
                raise Lost("the centre does not answer") from None
            self._asked_at = self._asked_at or loop.time()
            await self.send(self.talk.enquiry())
            return []
        self._asked_at = None
        return found

    async def send(self, octets: bytes) -> None:
        """Write.

        Raises:
            TimeoutError: The centre does not read.
        """
        if not octets:
            return
        async with self._writing, asyncio.timeout(WRITE_S):
            self._writer.write(octets)
            await self._writer.drain()

    def end(self) -> None:
        """Hang up; whoever reads finds the end."""
        self._writer.close()

    async def _read(self) -> bytes:
        octets = await self._reader.read(READ_OCTETS)
        if not octets:
            raise Lost("the centre hung up")
        return octets
