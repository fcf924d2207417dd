"""Questions that people answer with one word or digit; the next such word answers the youngest open one."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from gateway.services.messages.tables import QUESTIONS
from gateway.store import Store, insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id

YES, NO = "yes", "no"
SCALE = ("1", "2", "3", "4", "5")
"""The options of a one-digit survey."""
OPTIONS_MAX = 10
OPEN_MAX = 20
"""Open questions of one number that are looked at."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question to one number.

    Attributes:
        id: `qst_…`.
        msisdn: Whose answer counts.
        person_id: '' for nobody who is enrolled.
        kind: What it is about; a survey is the questions of one kind.
        cause: Business id that it came from.
        options: Answers that it takes: `yes`, `no`, single digits.
        answer: One of them, '' while it is open.
    """

    id: str
    msisdn: str
    person_id: str
    kind: str
    cause: str
    options: tuple[str, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Replied:
    """What an answer met: the question, and whether it takes such an answer."""

    question: Question
    taken: bool


QuestionHandler = Callable[[Question], Awaitable[None]]
"""Does what an answered question of its kind asks for; harmless to repeat. A kind without one is only counted."""


class Questions:
    """What we asked people and what they said."""

    def __init__(self, store: Store, clock: Clock, handlers: Mapping[str, QuestionHandler]) -> None:
        """`handlers` by the question's kind."""
        self._store = store
        self._clock = clock
        self._handlers = handlers

    async def ask(
        self, person_id: str, msisdn: str, kind: str, cause: str, options: Sequence[str], valid_until: datetime
    ) -> bool:
        """Open a question in a unit of work of its own; whoever asks tells the person. False if it was asked before."""
        row = self.row(person_id, msisdn, kind, cause, options, valid_until)
        return await self._store.write(lambda tx: put(tx, row))

    def row(
        self, person_id: str, msisdn: str, kind: str, cause: str, options: Sequence[str], valid_until: datetime
    ) -> Mapping[str, object]:
        """An open question, for `put` inside the caller's unit of work; one cause asks one number once."""
        assert 0 < len(options) <= OPTIONS_MAX, "a question takes one to ten answers"
        assert all(option in {YES, NO} or (len(option) == 1 and option.isdigit()) for option in options)
        return {
            "id": new_id("qst", self._clock),
            "msisdn": msisdn,
            "person_id": person_id,
            "kind": kind,
            "cause": cause,
            "options": list(options),
            "answer": "",
            "answered_by": "",
            "asked_at": self._clock.now(),
            "valid_until": valid_until,
            "answered_at": None,
        }

    async def reply(self, msisdn: str, answer: str, cause: str) -> Replied | None:
        """Answer the youngest open question of this number that takes such an answer; None if none is open.

        The same `cause` (the message that answers) again answers the same question again and no other.
        """
        now = self._clock.now()

        def work(tx: Connection) -> Replied | None:
            before = (QUESTIONS.c.msisdn == msisdn) & (QUESTIONS.c.answered_by == cause)
            known = tx.execute(select(QUESTIONS).where(before)).one_or_none()
            if known is not None:
                return Replied(_question(known), taken=True)
            mine = (QUESTIONS.c.msisdn == msisdn) & (QUESTIONS.c.answer == "") & (QUESTIONS.c.valid_until > now)
            youngest = select(QUESTIONS).where(mine).order_by(QUESTIONS.c.id.desc()).limit(OPEN_MAX)
            rows = tx.execute(youngest.with_for_update(key_share=True)).all()
            if not rows:
                return None
            row = next((row for row in rows if answer in row.options), None)
            if row is None:
                return Replied(_question(rows[0]), taken=False)
            values = {"answer": answer, "answered_by": cause, "answered_at": now}
            tx.execute(update(QUESTIONS).where(QUESTIONS.c.id == row.id).values(values))
            return Replied(_question(row, answer), taken=True)

        replied = await self._store.write(work)
        if replied is not None and replied.taken and (handler := self._handlers.get(replied.question.kind)):
            await handler(replied.question)
        return replied

    async def results(self, kind: str) -> Mapping[str, int]:
        """How often each answer was given to the questions of a kind; '' counts those without one."""
        query = (
            select(QUESTIONS.c.answer, func.count().label("n"))
            .where(QUESTIONS.c.kind == kind)
            .group_by(QUESTIONS.c.answer)
            .order_by(QUESTIONS.c.answer)
        )
        return {str(row.answer): int(row.n) for row in await self._store.read(query)}


def put(tx: Connection, row: Mapping[str, object]) -> bool:
    """Open the question of `Questions.row`; False if it was asked before."""
    return insert_ignore(tx, QUESTIONS, row)


def _question(row: Row[Any], answer: str | None = None) -> Question:
    options = tuple(str(option) for option in row.options)
    given = row.answer if answer is None else answer
    return Question(row.id, row.msisdn, row.person_id, row.kind, row.cause, options, given)
