"""Tickets: what people complain of, dispute or want to be called about, which staff read and answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from gateway.errors import BadInput, Conflict
from gateway.keys import KeyStore
from gateway.services.messages import questions
from gateway.services.messages.questions import SCALE, Questions
from gateway.services.messages.tables import TICKETS
from gateway.services.shortnumber import new_digits
from gateway.services.telling import Teller
from gateway.store import Store, insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id

SEAL_KEY = "outbox"
NUMBER_PREFIX = "C-"
NUMBER_DIGITS = 8
NUMBERS_TRIED_MAX = 10
TICKETS_A_DAY_MAX = 3
"""Of one number."""
ANSWER_MAX = 160
"""Characters of an answer, so that it goes out in few parts in Persian too."""
SURVEY = "complaint_survey"
"""Kind of the question that follows an answer: how well were you helped, 1 to 5?"""
SURVEY_VALID = timedelta(days=7)
DAY = timedelta(days=1)


class TicketKind(StrEnum):
    """What somebody wants of us."""

    COMPLAINT = "complaint"
    """Written by SMS."""
    DISPUTE = "dispute"
    """`I did not make this payment`, said of one movement on a phone's screen."""
    CALL_BACK = "call_back"
    """`Call me back`; one of a number is open at a time."""


class TicketState(StrEnum):
    """Where a ticket stands."""

    OPEN = "open"
    CLOSED = "closed"


class TicketOutcome(StrEnum):
    """Answers to `close`."""

    OK = "ok"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    """Somebody has answered before."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The ticket that stands now; `is_new` unless it stood before this asking."""

    number: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket.

    Attributes:
        id: `cmp_…`.
        kind: See TicketKind.
        about: Of a dispute, the business id that caused the movement; else ''.
        number: What the person was told, as `C-12345674`.
        msisdn: Who wrote.
        person_id: '' for a number that is not enrolled.
        language: In which the answer is worded.
        state: See TicketState.
        opened_at: When.
        text: What was written, of a dispute the movement; '' in lists.
        answer: What staff answered, or ''.
        closed_by: Staff id, or ''.
        closed_at: When, or None.
    """

    id: str
    kind: TicketKind
    about: str
    number: str
    msisdn: str = field(repr=False)
    person_id: str
    language: str
    state: TicketState
    opened_at: datetime
    text: str = field(repr=False)
    answer: str = field(repr=False)
    closed_by: str
    closed_at: datetime | None


class Tickets:
    """Tickets, from the message or the screen to the answer."""

    def __init__(self, store: Store, keys: KeyStore, clock: Clock, teller: Teller, asked: Questions) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._teller = teller
        self._asked = asked

    async def open(self, cause: str, msisdn: str, person_id: str, language: str, text: str) -> str | None:
        """The number of the ticket that this message makes, the same one for the same `cause`; None if too many.

        Raises:
            Conflict: No number was free.
        """
        for _ in range(NUMBERS_TRIED_MAX):
            row = await self._new(TicketKind.COMPLAINT, cause, msisdn, person_id, language, text)
            number = await self._store.write(_opening(row, self._clock.now() - DAY))
            if number is None:
                return None
            if number:
                return number
        raise Conflict("no ticket number was free")

    async def dispute(
        self, transfer: str, about: str, text: str, *, msisdn: str, person_id: str, language: str
    ) -> Opened:
        """Open a dispute of one movement, once for each person and `transfer`; the person is told by SMS.

        Args:
            transfer: Id of the transfer; its other side may dispute it too.
            about: Business id that the transfer names as its cause.
            text: The movement in words, for staff.
            msisdn: Who says so.
            person_id: The same.
            language: In which the answer is worded.

        Raises:
            Conflict: No number was free.
        """
        cause = f"{transfer}:{person_id}"
        for _ in range(NUMBERS_TRIED_MAX):
            row = await self._new(TicketKind.DISPUTE, cause, msisdn, person_id, language, text, about)
            tell = await self._teller.prepared(
                "dispute_opened",
                cause=str(row["id"]),
                msisdn=msisdn,
                person_id=person_id,
                language=language,
                values={"number": str(row["number"])},
                secrets={},
            )
            opened = await self._store.write(_once(row, TICKETS.c.cause == cause, tell))
            if opened is not None:
                return opened
        raise Conflict("no ticket number was free")

    async def call_back(self, cause: str, *, msisdn: str, person_id: str, language: str) -> Opened:
        """Ask for a call, unless one that this number asked for is still to come.

        The same `cause` asks once, however often it comes; `person_id` is '' for a number that is not enrolled.

        Raises:
            Conflict: No number was free.
        """
        to_come = (TICKETS.c.kind == TicketKind.CALL_BACK.value) & (TICKETS.c.state == TicketState.OPEN.value)
        known = (TICKETS.c.cause == cause) | (to_come & (TICKETS.c.msisdn == msisdn))
        for _ in range(NUMBERS_TRIED_MAX):
            row = await self._new(TicketKind.CALL_BACK, cause, msisdn, person_id, language, "")
            opened = await self._store.write(_once(row, known))
            if opened is not None:
                return opened
        raise Conflict("no ticket number was free")

    async def _new(
        self, kind: TicketKind, cause: str, msisdn: str, person_id: str, language: str, text: str, about: str = ""
    ) -> dict[str, object]:
        id_ = new_id("cmp", self._clock)
        return {
            "id": id_,
            "number": NUMBER_PREFIX + new_digits(NUMBER_DIGITS),
            "cause": cause,
            "kind": kind.value,
            "about": about,
            "msisdn": msisdn,
            "person_id": person_id,
            "language": language,
            "sealed": await self._keys.seal(SEAL_KEY, text.encode("utf-8", "replace"), _aad(id_)),
            "state": TicketState.OPEN.value,
            "answer": "",
            "closed_by": "",
            "opened_at": self._clock.now(),
            "closed_at": None,
        }

    async def close(self, ticket_id: str, staff_id: str, answer: str) -> TicketOutcome:
        """Answer a ticket once; the person is told, and asked how well that helped.

        Raises:
            BadInput: The answer is empty or longer than ANSWER_MAX.
        """
        if not 0 < len(answer) <= ANSWER_MAX:
            raise BadInput(f"an answer has 1 to {ANSWER_MAX} characters")
        row = await self._row(TICKETS.c.id == ticket_id)
        if row is None:
            return TicketOutcome.UNKNOWN
        now = self._clock.now()
        tell = await self._teller.prepared(
            "complaint_answered",
            cause=row.id,
            msisdn=row.msisdn,
            person_id=row.person_id,
            language=row.language,
            values={"number": row.number, "answer": answer},
            secrets={},
        )
        survey = self._asked.row(row.person_id, row.msisdn, SURVEY, row.id, SCALE, now + SURVEY_VALID)

        def work(tx: Connection) -> TicketOutcome:
            mine = (TICKETS.c.id == ticket_id) & (TICKETS.c.state == TicketState.OPEN.value)
            values = {"state": TicketState.CLOSED.value, "answer": answer, "closed_by": staff_id, "closed_at": now}
            if tx.execute(update(TICKETS).where(mine).values(values)).rowcount != 1:
                return TicketOutcome.CLOSED
            tell(tx)
            questions.put(tx, survey)
            return TicketOutcome.OK

        return await self._store.write(work)

    async def by_id(self, ticket_id: str) -> Ticket | None:
        """The ticket with what was written."""
        row = await self._row(TICKETS.c.id == ticket_id)
        if row is None:
            return None
        text = (await self._keys.unseal(SEAL_KEY, row.sealed, _aad(row.id))).decode()
        return _ticket(row, text)

    async def tickets(self, state: TicketState, *, limit: int, after: str = "") -> list[Ticket]:
        """Tickets in a state, oldest first, from after id `after`, without what was written."""
        query = select(TICKETS).where(TICKETS.c.state == state.value, TICKETS.c.id > after)
        return [_ticket(row, "") for row in await self._store.read(query.order_by(TICKETS.c.id).limit(limit))]

    async def _row(self, which: ColumnElement[bool]) -> Row[Any] | None:
        rows = await self._store.read(select(TICKETS).where(which))
        return rows[0] if rows else None


def _opening(row: dict[str, object], since: datetime) -> Callable[[Connection], str | None]:
    """The number; '' if it is taken, None if this number has written too many complaints since `since`."""

    def work(tx: Connection) -> str | None:
        known = tx.execute(select(TICKETS.c.number).where(TICKETS.c.cause == row["cause"])).scalar_one_or_none()
        if known is not None:
            return str(known)
        mine = (TICKETS.c.msisdn == row["msisdn"]) & (TICKETS.c.opened_at > since) & (TICKETS.c.kind == row["kind"])
        if tx.execute(select(func.count()).select_from(TICKETS).where(mine)).scalar_one() >= TICKETS_A_DAY_MAX:
            return None
        return str(row["number"]) if insert_ignore(tx, TICKETS, row) else ""

    return work


def _once(
    row: dict[str, object], known: ColumnElement[bool], tell: Callable[[Connection], bool] | None = None
) -> Callable[[Connection], Opened | None]:
    """The ticket of `row`, or the one that stands already; None if its number is taken."""

    def work(tx: Connection) -> Opened | None:
        # The same cause before any other, and of those the newest.
        mine = select(TICKETS.c.number, TICKETS.c.cause).where(known)
        found = tx.execute(mine.order_by(TICKETS.c.cause != row["cause"], TICKETS.c.id.desc()).limit(1)).one_or_none()
        if found is not None:
            # The cause of a call is the asking itself: that it comes again is no second asking.
            again = row["kind"] == TicketKind.CALL_BACK.value and found.cause == row["cause"]
            return Opened(found.number, is_new=again)
        if not insert_ignore(tx, TICKETS, row):
            return None
        if tell is not None:
            tell(tx)
        return Opened(str(row["number"]), is_new=True)

    return work


def _ticket(row: Row[Any], text: str) -> Ticket:
    return Ticket(
        row.id, TicketKind(row.kind), row.about, row.number, row.msisdn, row.person_id, row.language,
        TicketState(row.state), row.opened_at, text, row.answer, row.closed_by, row.closed_at,
    )  # fmt: skip


def _aad(ticket_id: str) -> bytes:
    return f"ticket\0{ticket_id}".encode()
