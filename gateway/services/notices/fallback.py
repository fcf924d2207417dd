"""A notice that did not arrive goes on by the person's next channel, once.

What was lost is marked as followed in the transaction that puts it into the next channel, so that neither a crash nor a
second process repeats or forgets one. Codes never go on: they are sealed, and wiped by then.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Row, select

from gateway.services.notices.mailbox import Mailbox
from gateway.services.notices.notice import NEEDS, NoticeClass
from gateway.services.notices.notices import fresh
from gateway.services.notices.outgoing import Channel
from gateway.services.notices.preferences import Preferences, next_channel
from gateway.services.notices.reach_tables import FOLLOWED
from gateway.services.notices.rules import OPEN, POLICIES, NoticeState
from gateway.services.notices.statements import in_states
from gateway.services.notices.tables import OUTBOX
from gateway.services.notices.words import Words
from gateway.store import Store, insert_ignore
from gateway.wire import gsm
from wallet.clock import Clock
from wallet.ids import new_id

LOST = (NoticeState.REFUSED, NoticeState.FAILED, NoticeState.EXPIRED)
LOOKED_BACK = timedelta(days=4)
"""A loss that nobody has followed for so long is no news any more."""
UNCERTAIN_FOR = timedelta(minutes=10)
"""A receipt may still say that it has arrived."""
PAGE = 100
_TOLD = frozenset({*OPEN, NoticeState.SENT, NoticeState.DELIVERED})

_STAYS = frozenset({NoticeClass.CAMPAIGN, NoticeClass.STATEMENT, NoticeClass.PROVIDER_STATEMENT})
"""Offers are not worth a second way; a statement's table is for a letter, and its figures for its reader alone."""
GOES_ON = frozenset(class_ for class_ in NoticeClass if not NEEDS[class_].secrets and class_ not in _STAYS)
"""Classes that go on: no secret is in them, and they concern their reader."""
TWICE_IS_FINE = frozenset(class_ for class_ in GOES_ON if POLICIES[class_].resends_max)
"""Classes that go on although they may have arrived; others would look as if it had happened twice."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a person is reached."""

    msisdn: str
    language: str
    email: str


class Addresses(Protocol):
    """Knows where people are reached."""

    async def reached(self, person_id: str) -> Reached | None:
        """None for nobody we know."""
        ...


class Fallback:
    """Takes lost notices on."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        words: Words,
        preferences: Preferences,
        mailbox: Mailbox,
        addresses: Addresses,
        *,
        carried: Collection[Channel],
    ) -> None:
        """`carried` are the channels that a lost notice may go on by; the mailbox needs no carrier.

        Push is none of them: a page appears unasked only for who has put that first.
        """
        self._store = store
        self._clock = clock
        self._words = words
        self._preferences = preferences
        self._mailbox = mailbox
        self._addresses = addresses
        self._carried = frozenset(carried) | {Channel.MAILBOX}

    async def tick(self) -> int:
        """Take on what was lost; how many notices were looked at."""
        rows = await self._store.read(lost(self._clock.now()))
        return sum([await self._follow(row) for row in rows])

    async def _follow(self, row: Row[Any]) -> bool:
        reached = await self._addresses.reached(row.person)
        order = await self._preferences.order_of(row.person)
        subject = self._words.subject_of(NoticeClass(row.class_), row.language)
        in_time = self._clock.now() < row.valid_until

        def reachable(channel: Channel) -> bool:
            if reached is None or channel not in self._carried:
                return False
            by_mail = bool(reached.email) and subject is not None
            return channel is Channel.MAILBOX or (in_time and (channel is not Channel.EMAIL or by_mail))

        channel = next_channel(order, reachable, Channel(row.channel))
        return await self._store.write(lambda tx: self._go_on(tx, row, channel, reached, subject))

    def _go_on(
        self, tx: Connection, row: Row[Any], channel: Channel | None, reached: Reached | None, subject: str | None
    ) -> bool:
        told = select(OUTBOX.c.id).where(
            OUTBOX.c.cause == row.cause, OUTBOX.c.class_ == row.class_, OUTBOX.c.person == row.person,
            OUTBOX.c.state.in_([state.value for state in _TOLD]),
        )  # fmt: skip
        if tx.execute(told.limit(1)).first() is not None:
            channel = None
        mark = {"notice_id": row.id, "channel": channel.value if channel else "", "followed_at": self._clock.now()}
        if not insert_ignore(tx, FOLLOWED, mark) or channel is None or reached is None:
            return True
        if channel is Channel.MAILBOX:
            title = subject or self._words.title(row.language)
            self._mailbox.put(tx, row.person, cause=row.cause, class_=row.class_, title=title, text=row.text)
            return True
        now, by_mail = self._clock.now(), channel is Channel.EMAIL
        again = {
            **fresh(NoticeClass(row.class_), channel, now, now, row.valid_until),
            "id": new_id("ntc", self._clock),
            "cause": row.cause,
            "person": row.person,
            "language": row.language,
            "address": reached.email if by_mail else reached.msisdn,
            "subject": subject if by_mail else "",
            "text": row.text if by_mail else gsm.transliterate(row.text),
        }
        insert_ignore(tx, OUTBOX, again)
        return True


def lost(now: datetime) -> Any:  # noqa: ANN401 - a SQLAlchemy select
    """The query for what did not arrive, oldest first."""
    state, since = OUTBOX.c.state, OUTBOX.c.changed_at
    surely = state.in_([one.value for one in LOST]) & OUTBOX.c.class_.in_([one.value for one in GOES_ON])
    unknown = (
        (state == NoticeState.UNCERTAIN.value)
        & OUTBOX.c.class_.in_([one.value for one in TWICE_IS_FINE])
        & (since <= now - UNCERTAIN_FOR)
    )
    followed = select(FOLLOWED.c.notice_id).where(FOLLOWED.c.notice_id == OUTBOX.c.id).exists()
    query = select(OUTBOX).where(
        in_states(*LOST, NoticeState.UNCERTAIN), since > now - LOOKED_BACK, surely | unknown, ~followed
    )
    return query.where(OUTBOX.c.person.startswith("per_", autoescape=True)).order_by(since).limit(PAGE)
