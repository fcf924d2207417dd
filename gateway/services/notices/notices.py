"""Putting notices into the outbox, each once per cause, class and person."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, select, update

from gateway.keys import KeyStore
from gateway.services.notices.notice import NEEDS, Notice, NoticeClass, Prepared
from gateway.services.notices.outgoing import Channel
from gateway.services.notices.rules import POLICIES, Lane, NoticeState
from gateway.services.notices.tables import CURSOR, OUTBOX
from gateway.services.notices.words import Words
from gateway.store import Store, insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id

KEY_REF = "outbox"


class Notices:
    """What people are told. The worker of gateway.workers.outbox carries it out."""

    def __init__(
        self,
        store: Store,
        keys: KeyStore,
        clock: Clock,
        words: Words,
        *,
        valid_s: Mapping[NoticeClass, int] | None = None,
    ) -> None:
        """`valid_s` says how long a class is wanted where that is a setting; the others are in rules.POLICIES."""
        self._store = store
        self._keys = keys
        self._clock = clock
        self._words = words
        self._wake: Callable[[], object] = _nobody
        self._valid_s = {class_: policy.valid_s for class_, policy in POLICIES.items()} | dict(valid_s or {})

    def wakes(self, wake: Callable[[], object]) -> None:
        """Call `wake`, from whatever thread, when a code is put in; the worker polls in any case, but a person waits.

        It is called before the COMMIT; who then claims by the same store comes behind it.
        """
        self._wake = wake

    async def prepare(self, notice: Notice) -> Prepared:
        """Word and seal a notice; writes nothing."""
        valid_s = self._valid_s[notice.class_]
        text = self._words.sms(notice, valid_s=valid_s)
        rows = [await self._row(notice, Channel.SMS, notice.msisdn, text, "")]
        subject = self._words.subject(notice)
        if notice.email and subject is not None and not NEEDS[notice.class_].secrets:
            letter = self._words.text(notice, valid_s=valid_s)
            rows.append(await self._row(notice, Channel.EMAIL, notice.email, letter, subject))
        return Prepared(tuple(rows))

    def put(self, tx: Connection, prepared: Prepared) -> bool:
        """Put it into the outbox inside the caller's unit of work; False if that cause has told this already."""
        first, *others = prepared.rows
        if not insert_ignore(tx, OUTBOX, first):
            return False
        for row in others:
            insert_ignore(tx, OUTBOX, row)
        if first["lane"] == Lane.CODES:
            self._wake()
        return True

    async def tell(self, notice: Notice) -> bool:
        """Prepare and put in a unit of work of its own; False if that cause has told this already."""
        prepared = await self.prepare(notice)
        return await self._store.write(lambda tx: self.put(tx, prepared))

    async def told_up_to(self, follower: str) -> int:
        """The log position up to which `follower` has told everything; 0 at first."""
        rows = await self._store.read(select(CURSOR.c.position).where(CURSOR.c.name == follower))
        return int(rows[0].position) if rows else 0

    async def tell_following(self, follower: str, before: int, after: int, notices: Iterable[Notice]) -> bool:
        """Tell what happened between two log positions and move the cursor, in one unit of work.

        Returns:
            False if another process has moved the cursor from `before` meanwhile; then nothing is written.
        """
        prepared = [await self.prepare(notice) for notice in notices]

        def work(tx: Connection) -> bool:
            insert_ignore(tx, CURSOR, {"name": follower, "position": 0})
            moved = tx.execute(
                update(CURSOR).where(CURSOR.c.name == follower, CURSOR.c.position == before).values(position=after)
            ).rowcount
            if moved != 1:
                return False
            for one in prepared:
                self.put(tx, one)
            return True

        return await self._store.write(work)

    async def _row(
        self, notice: Notice, channel: Channel, address: str, text: str, subject: str
    ) -> Mapping[str, object]:
        now = self._clock.now()
        id_ = new_id("ntc", self._clock)
        secret = bool(NEEDS[notice.class_].secrets)
        sealed = await self._keys.seal(KEY_REF, text.encode(), id_.encode()) if secret else None
        valid_until = now + timedelta(seconds=self._valid_s[notice.class_])
        return {
            "id": id_,
            "cause": notice.cause,
            "person": notice.person_id or notice.msisdn,
            "language": notice.language,
            "address": address,
            "text": None if secret else text,
            **fresh(notice.class_, channel, now, now, valid_until),
            "subject": subject,
            "sealed": sealed,
        }


def _nobody() -> None:
    """Nobody is woken."""


def fresh(
    class_: NoticeClass, channel: Channel, now: datetime, next_at: datetime, valid_until: datetime
) -> dict[str, object]:
    """The columns of a row that nobody has tried to send."""
    return {
        "class_": class_.value,
        "channel": channel.value,
        "subject": "",
        "sealed": None,
        "lane": POLICIES[class_].lane,
        "state": NoticeState.READY.value,
        "next_at": next_at,
        "valid_until": valid_until,
        "lease": None,
        "lease_until": None,
        "attempts": 0,
        "resends": 0,
        "parts": 0,
        "status": 0,
        "created_at": now,
        "changed_at": now,
    }
