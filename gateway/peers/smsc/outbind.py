"""A door for SMSCs that call us: they connect, say outbind, and are bound to on that connection (SMPP 3.4, 2.2.1)."""

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from gateway.observe import log
from gateway.peers.smsc.profile import LinkProfile
from gateway.peers.smsc.session import Owner, Session
from gateway.wire.smpp import Outbind, Pdu

UNKNOWN_MAX = 4
"""Connections that have not said yet who they are; one more is closed at once."""


class Callers:
    """Listens, and hands out the newest connection whose outbind was right."""

    def __init__(self, profile: LinkProfile, called: Callable[[], None]) -> None:
        """`called` is told of every right outbind: a link that is still up has been lost on the other side."""
        assert profile.outbind is not None
        self.port = 0
        self._profile = profile
        self._door = profile.outbind
        self._called = called
        self._log = log(link=profile.name)
        self._unknown: dict[Session, asyncio.TimerHandle] = {}
        self._newest: asyncio.Queue[Session] = asyncio.Queue(1)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """The door is open inside."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self._answer, self._door.host, self._door.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()
            for session in [*self._unknown, *self._waiting()]:
                session.end("the door is closed")

    async def next(self, owner: Owner) -> Session:
        """The next SMSC that has said a right outbind; `owner` hears of it from now on."""
        while True:
            session = await self._newest.get()
            if not session.why:
                session.owner = owner
                return session

    def requested(self, session: Session, pdu: Pdu) -> None:
        """As Owner, of connections that are not known yet."""
        if not isinstance(pdu, Outbind) or session not in self._unknown:
            session.end("no outbind")
            return
        right = [
            hmac.compare_digest(said.encode(), known.encode())
            for said, known in ((pdu.system_id, self._door.system_id), (pdu.password, self._door.password))
        ]
        if not all(right):
            self._log.error("outbind refused")
            session.end("wrong outbind")
            return
        self._unknown.pop(session).cancel()
        for older in self._waiting():
            older.end("called anew")
        self._newest.put_nowait(session)
        self._called()

    def refused(self, what: str) -> None:
        """As Owner."""
        self._log.warning("caller refused", what=what)

    def writable(self) -> None:
        """As Owner."""

    def ended(self, session: Session) -> None:
        """As Owner."""
        timer = self._unknown.pop(session, None)
        if timer:
            timer.cancel()

    def _answer(self) -> Session:
        session = Session(self._profile.timers, self)
        loop = asyncio.get_running_loop()
        if len(self._unknown) >= UNKNOWN_MAX:
            loop.call_soon(session.end, "too many callers")
        else:
            self._unknown[session] = loop.call_later(self._profile.bind_s, session.end, "no outbind in time")
        return session

    def _waiting(self) -> list[Session]:
        waiting = []
        while not self._newest.empty():
            waiting.append(self._newest.get_nowait())
        return waiting
