"""Tickets: complaints that people write to us, which staff read and answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from gateway.errors import BadInput, Conflict
from gateway.keys import KeyStore
from gateway.services.messages import questions
from gateway.services.messages.model import Teller
from gateway.services.messages.questions import SCALE, Questions
from gateway.services.messages.tables import TICKETS
from gateway.services.shortnumber import new_digits
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
class Ticket:
    """A complaint.

    Attributes:
        id: `cmp_…`.
        number: What the person was told, as `C-12345674`.
        msisdn: Who wrote.
        person_id: '' for a number that is not enrolled.
        language: In which the answer is worded.
        state: See TicketState.
        opened_at: When.
        text: What was written; '' in lists.
        answer: What staff answered, or ''.
        closed_by: Staff id, or ''.
        closed_at: When, or None.
    """

    id: str
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
    """Complaints, from the message to the answer."""

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
            id_ = new_id("cmp", self._clock)
            row: dict[str, object] = {
                "id": id_,
                "number": NUMBER_PREFIX + new_digits(NUMBER_DIGITS),
                "cause": cause,
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
            number = await self._store.write(_opening(row, self._clock.now() - DAY))
            if number is None:
                return None
            if number:
                return number
        raise Conflict("no ticket number was free")

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
        mine = (TICKETS.c.msisdn == row["msisdn"]) & (TICKETS.c.opened_at > since)
        if tx.execute(select(func.count()).select_from(TICKETS).where(mine)).scalar_one() >= TICKETS_A_DAY_MAX:
            return None
        return str(row["number"]) if insert_ignore(tx, TICKETS, row) else ""

    return work


def _ticket(row: Row[Any], text: str) -> Ticket:
    return Ticket(
        row.id, row.number, row.msisdn, row.person_id, row.language, TicketState(row.state), row.opened_at, text,
        row.answer, row.closed_by, row.closed_at,
    )  # fmt: skip


def _aad(ticket_id: str) -> bytes:
    return f"ticket\0{ticket_id}".encode()
