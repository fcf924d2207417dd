"""Which delivery is which, and the reply that each one got: a repeated delivery is known and gets the same bytes.

A wire that numbers its deliveries or accumulates its answers says by itself what is repeated. Where a wire does
neither, the same answer again counts as a repeat while the first is in flight and DUPLICATE_S after it: hardly anybody
reads a page and types the same answer to it within that time, the network's way there and back included, and providers
deliver again within it. Whoever does (99 and 99 again in a long list) sees the page that stands there once more and
types again; taken the other way, a delivery that came twice would choose on a page that nobody has read.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from gateway.errors import Conflict, Fault
from gateway.keys import KeyStore
from gateway.observe import log
from gateway.services.dialogues import records
from gateway.services.dialogues.events import Event, HopEnd, Reply
from gateway.services.dialogues.records import Also, Changes, Session, Status, aad_of
from gateway.services.dialogues.texts import Closing, closing_text
from gateway.store import Store

DUPLICATE_S = timedelta(seconds=2)
LOOKUP_KEY = "lookup"
REPLY_KEY = "outbox"
MAC_BYTES = 32
MACS_MAX = 8
"""Numbered deliveries that are known again: a provider repeats the last ones, not those of minutes ago."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A delivery and when it came."""

    event: Event
    at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """What a delivery is answered with; `screen` is where it stands, for the trail."""

    text: str = field(repr=False)
    more: bool
    end: HopEnd
    screen: str
    sensitive: bool = False

    @property
    def reply(self) -> Reply:
        """What the wire gets."""
        return Reply(self.text, self.more, self.end)


class Kept:
    """The last replies of sessions."""

    def __init__(self, store: Store, keys: KeyStore) -> None:
        self._store = store
        self._keys = keys

    async def is_answered(self, session: Session, mark: str) -> bool:
        """Whether `mark` is what was answered last."""
        if not mark:
            # Of no length there is only one text.
            return True
        return hmac.compare_digest(session.answered_mac[:MAC_BYTES], await self._mac(session, mark))

    async def is_repeated(self, session: Session, arrival: Arrival) -> bool:
        """Whether a delivery that carries one answer alone was answered before."""
        event = arrival.event
        if event.sequence:
            mac, macs = await self._mac(session, event.mark), session.answered_mac
            known = [macs[at : at + MAC_BYTES] for at in range(0, len(macs), MAC_BYTES)]
            return any(hmac.compare_digest(mac, one) for one in known)
        return arrival.at < session.answered_at + DUPLICATE_S and await self.is_answered(session, event.mark)

    async def keep(self, session: Session, event: Event, shown: Shown, also: Sequence[Also], changes: Changes) -> Reply:
        """Write state and reply of a hop together, the session's first one too; only what is stored is said.

        `changes` are what the hop did to the session; its count, its marks and its reply come to them here.

        Raises:
            Conflict: Another delivery was answered meanwhile.
        """
        mac = await self._mac(session, event.mark)
        macs = (mac + session.answered_mac)[: MAC_BYTES * MACS_MAX] if event.sequence else mac
        hops, plain = session.hops + 1, shown.text.encode()
        sealed = await self._keys.seal(REPLY_KEY, plain, aad_of(session.id, hops)) if shown.sensitive else plain
        # One copy of so many fields, not one for each room that had something to say.
        after = replace(
            session,
            hops=hops,
            version=session.version + 1,
            answered_mac=macs,
            answered_length=len(event.mark),
            reply=sealed,
            reply_sealed=shown.sensitive,
            **changes,
        )
        try:
            if after.version == 1:
                await records.insert(self._store, after, also)
            else:
                await records.save(self._store, after, also)
        except Conflict:
            raise
        except Fault as problem:
            log(session=session.id).warning("a hop was not stored", fault=type(problem).__name__)
            return closed(Closing.FAILED, HopEnd.FAILED, after.language)
        return shown.reply

    async def replay(self, session: Session, *, same: bool) -> Reply:
        """The last page again: of a session that is over only to the `same` delivery, and only if it came to an end."""
        live = session.status is Status.LIVE
        if session.reply is None or not (live or (same and session.is_over)):
            return over(session)
        plain = session.reply
        if session.reply_sealed:
            plain = await self._keys.unseal(REPLY_KEY, session.reply, session.aad)
        return Reply(plain.decode(), live, HopEnd.REPLAYED)

    async def _mac(self, session: Session, mark: str) -> bytes:
        return await self._keys.mac(LOOKUP_KEY, f"dialogue\0{session.id}\0{mark}".encode())


def over(session: Session) -> Reply:
    """What an answer to a session gets that takes none."""
    expired = session.status is Status.EXPIRED
    closing, end = (Closing.EXPIRED, HopEnd.EXPIRED) if expired else (Closing.LOST, HopEnd.LOST)
    return closed(closing, end, session.language)


def closed(closing: Closing, end: HopEnd, language: str) -> Reply:
    """A reply without a dialogue."""
    return Reply(closing_text(closing, language), more=False, end=end)
