"""Putting notices into the outbox, each once per cause, class and person."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select, update

from gateway.keys import KeyStore
from gateway.services.notices.alike import Own, put_alike
from gateway.services.notices.letters import Letter
from gateway.services.notices.mailbox import Mailbox
from gateway.services.notices.notice import NEEDS, Notice, NoticeClass, Prepared
from gateway.services.notices.outgoing import Channel
from gateway.services.notices.preferences import Preferences, next_channel
from gateway.services.notices.reach_tables import MAILBOX
from gateway.services.notices.rules import BY_SMS, POLICIES, Lane, NoticeState
from gateway.services.notices.sheets import SHEETS, FeeSheet, Sheet
from gateway.services.notices.tables import CURSOR, OUTBOX
from gateway.services.notices.words import Words
from gateway.store import Store, find, insert_ignore, write
from wallet.clock import Clock
from wallet.ids import new_id, new_ids

KEY_REF = "outbox"
WORDED = 100
"""Notices that are worded before others of the loop have their turn."""
_TOLD_UP_TO = select(CURSOR.c.position).where(CURSOR.c.name == bindparam("follower"))
_TOLD = [
    select(there.c.id)
    .where(there.c.cause == bindparam("a_cause"), there.c.class_ == bindparam("a_class"))
    .where(there.c.person == bindparam("a_person"))
    .limit(1)
    for there in (OUTBOX, MAILBOX)
]
_ADVANCE = (
    update(CURSOR)
    .where(CURSOR.c.name == bindparam("follower"), CURSOR.c.position == bindparam("before"))
    .values(position=bindparam("after"))
)


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
        preferences: Preferences | None = None,
        mailbox: Mailbox | None = None,
    ) -> None:
        """`valid_s` says how long a class is wanted where that is a setting; the others are in rules.POLICIES.

        A house without preferences and mailbox tells everybody by SMS first.
        """
        self._preferences = preferences
        self._mailbox = mailbox
        self._store = store
        self._keys = keys
        self._clock = clock
        self._words = words
        self._wake: Callable[[], object] = _nobody
        self._shows: Callable[[str], bool] | None = None
        self._valid_s = {class_: policy.valid_s for class_, policy in POLICIES.items()} | dict(valid_s or {})

    def wakes(self, wake: Callable[[], object]) -> None:
        """Call `wake`, from whatever thread, when a code is put in; the worker polls in any case, but a person waits.

        It is called before the COMMIT; who then claims by the same store comes behind it.
        """
        self._wake = wake

    def pushes(self, shows: Callable[[str], bool]) -> None:
        """From now on USSD_PUSH has a carrier; `shows` says whether one page holds a text."""
        self._shows = shows

    async def prepare(self, notice: Notice) -> Prepared:
        """Word and seal a notice; writes nothing.

        It goes by the first channel of the person's order that reaches them. What goes by SMS goes by e-mail too, if
        there is an address and the class goes by e-mail; a secret, or a number of nobody here, by SMS alone.
        """
        return await self._prepared(notice, await self._said(notice))

    async def _prepared(self, notice: Notice, said: tuple[Channel, ...] | None) -> Prepared:
        """Word and seal what goes to somebody who has said this."""
        valid_s = self._valid_s[notice.class_]
        secret = bool(NEEDS[notice.class_].secrets)
        by_mail = bool(notice.email) and self._words.subject(notice) is not None and not secret
        text = self._words.sms(notice, valid_s=valid_s)
        first = Channel.SMS
        if said is not None:
            reached = {Channel.SMS, Channel.MAILBOX} | ({Channel.EMAIL} if by_mail else set())
            if self._shows is not None and self._shows(text):
                reached.add(Channel.USSD_PUSH)
            first = next_channel(said, reached.__contains__) or Channel.SMS
        if first is Channel.MAILBOX:
            title = self._words.subject(notice) or self._words.title(notice.language)
            kept = {"cause": notice.cause, "class_": notice.class_.value, "title": title, "text": text}
            return Prepared((), {"person_id": notice.person_id, **kept}, chosen=True)
        rows = []
        if first is Channel.SMS or first is Channel.USSD_PUSH:
            rows.append(await self._row(notice, first, notice.msisdn, text))
        # A page of HTML takes longer to make than all the rest, so only for whom it is sent to.
        if by_mail and (letter := self._words.letter(notice, valid_s=valid_s)) is not None:
            rows.append(await self._row(notice, Channel.EMAIL, notice.email, letter.text, letter))
        return Prepared(tuple(rows), chosen=said is not None)

    def put(self, tx: Connection, prepared: Prepared) -> bool:
        """Put it into the outbox inside the caller's unit of work; False if that cause has told this already."""
        if prepared.letter:
            assert self._mailbox is not None, "only a house with a mailbox prepares for it"
            return not _told(tx, prepared.letter) and self._mailbox.put(tx, **prepared.letter)
        first, *others = prepared.rows
        if prepared.chosen and _told(tx, {**first, "person_id": first["person"]}):
            return False
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

    async def tell_statement(self, notice: Notice, sheet: Sheet | FeeSheet) -> bool:
        """Put a statement into the outbox, by e-mail alone; False if that cause has told it already."""
        letter = self._words.letter(notice, valid_s=self._valid_s[notice.class_], sheet=sheet)
        assert letter is not None, "a statement is a letter"
        row = await self._row(notice, Channel.EMAIL, notice.email, letter.text, letter)
        return await self._store.write(lambda tx: insert_ignore(tx, OUTBOX, row))

    async def told_up_to(self, follower: str) -> int:
        """The log position up to which `follower` has told everything; 0 at first."""
        rows = await self._store.find(_TOLD_UP_TO, {"follower": follower})
        return int(rows[0].position) if rows else 0

    async def tell_following(self, follower: str, before: int, after: int, notices: Iterable[Notice]) -> bool:
        """Tell what happened between two log positions and move the cursor, in one unit of work.

        Returns:
            False if another process has moved the cursor from `before` meanwhile; then nothing is written.
        """
        listed = list(notices)
        said = await self._said_among(listed)
        alike: defaultdict[NoticeClass, list[Own]] = defaultdict(list)
        prepared = []
        for place, (notice, id_) in enumerate(zip(listed, new_ids("ntc", self._clock, len(listed)), strict=True)):
            if place % WORDED == 0:
                await asyncio.sleep(0)  # others of the loop come between
            chosen = said.get(notice.person_id) if _asks(notice) else None
            if chosen is None and self._is_plain(notice):
                text = self._words.sms(notice, valid_s=self._valid_s[notice.class_])
                person = notice.person_id or notice.msisdn
                alike[notice.class_].append((id_, notice.cause, person, notice.language, notice.msisdn, text))
            else:
                prepared.append(await self._prepared(notice, chosen))
        now = self._clock.now()
        rest = {class_: self._fresh(class_, Channel.SMS, now) for class_ in alike}

        def work(tx: Connection) -> bool:
            insert_ignore(tx, CURSOR, {"name": follower, "position": 0})
            if write(tx, _ADVANCE, {"follower": follower, "before": before, "after": after}) != 1:
                return False
            for class_, rows in alike.items():
                put_alike(tx, rows, {**rest[class_], "html": None})
            for one in prepared:
                self.put(tx, one)
            return True

        return await self._store.write(work)

    async def _said(self, notice: Notice) -> tuple[Channel, ...] | None:
        """The order that the person has chosen; a secret, an answer by SMS or somebody we do not know has none."""
        if self._preferences is None or not _asks(notice):
            return None
        return await self._preferences.said(notice.person_id)

    async def _said_among(self, notices: Iterable[Notice]) -> Mapping[str, tuple[Channel, ...]]:
        """The same of many people: one question."""
        asked = {notice.person_id for notice in notices if _asks(notice)}
        return {} if self._preferences is None else await self._preferences.said_among(asked)

    async def _row(
        self, notice: Notice, channel: Channel, address: str, text: str, letter: Letter | None = None
    ) -> Mapping[str, object]:
        id_ = new_id("ntc", self._clock)
        # A statement shows a month of somebody's money; it is wiped when it is sent, as codes are.
        secret = bool(NEEDS[notice.class_].secrets) or notice.class_ in SHEETS
        sealed = await self._keys.seal(KEY_REF, text.encode(), id_.encode()) if secret else None
        return {
            "id": id_,
            "cause": notice.cause,
            "person": notice.person_id or notice.msisdn,
            "language": notice.language,
            "address": address,
            "text": None if secret else text,
            **self._fresh(notice.class_, channel, self._clock.now()),
            "subject": letter.subject if letter else "",
            "sealed": sealed,
            "html": letter.html if letter else None,
        }

    def _fresh(self, class_: NoticeClass, channel: Channel, now: datetime) -> dict[str, object]:
        return fresh(class_, channel, now, now, now + timedelta(seconds=self._valid_s[class_]))

    def _is_plain(self, notice: Notice) -> bool:
        """Whether one row says it, by SMS and no secret, to somebody who has chosen nothing: put with its like."""
        by_mail = bool(notice.email) and self._words.subject(notice) is not None
        return not by_mail and not NEEDS[notice.class_].secrets and notice.class_ is not NoticeClass.STATEMENT


def _asks(notice: Notice) -> bool:
    """Whether it goes by the channel that its person has chosen; not a secret, and not an answer by SMS."""
    return bool(notice.person_id) and not NEEDS[notice.class_].secrets and notice.class_ not in BY_SMS


def _nobody() -> None:
    """Nobody is woken."""


def _told(tx: Connection, row: Mapping[str, object]) -> bool:
    """Whether this cause has told the person this by any channel: they may have chosen another one since."""
    which = {"a_cause": row["cause"], "a_class": row["class_"], "a_person": row["person_id"]}
    return any(find(tx, query, which) for query in _TOLD)


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
