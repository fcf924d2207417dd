"""Units of work on the messages of terminals: a key is taken once, and its answer's bytes are kept."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, select, update

from gateway.services.answered.tables import messages
from gateway.store import Many, find, insert_ignore, write
from wallet.types import Day


@dataclass(frozen=True, slots=True)
class Key:
    """Under which a message is answered once. `class_` is a message type of which a repeat counts as the same."""

    acquirer: str
    terminal_id: str
    stan: str
    local_on: date
    class_: str

    @property
    def columns(self) -> tuple[str, str, str, date, str]:
        """The primary key of its row."""
        return self.acquirer, self.terminal_id, self.stan, self.local_on, self.class_

    @property
    def binds(self) -> dict[str, object]:
        """What the statements below are asked with."""
        return {
            "for_acquirer": self.acquirer,
            "for_terminal": self.terminal_id,
            "for_stan": self.stan,
            "for_day": self.local_on,
            "for_class": self.class_,
        }


@dataclass(frozen=True, slots=True)
class Seen:
    """A message's row.

    Attributes:
        digest: Of its content: the same key with another digest is another message.
        subject: Business id of what it is about; '' for none.
        verdict: What was decided; '' while that is open.
        answer: The exact bytes; empty until there are some.
    """

    digest: bytes
    subject: str
    verdict: str
    answer: bytes


_MINE = and_(
    messages.c.acquirer == bindparam("for_acquirer"),
    messages.c.terminal_id == bindparam("for_terminal"),
    messages.c.stan == bindparam("for_stan"),
    messages.c.local_on == bindparam("for_day", type_=Day),
    messages.c["class"] == bindparam("for_class"),
)
_SEEN = select(messages).where(_MINE)
MESSAGES = Many(messages)
"""Finds a message's row by `Key.columns`."""
_KEYS = tuple(column.name for column in messages.primary_key)
_ANSWERS = Many(messages, columns=(*_KEYS, "answer"))
_ANSWER = select(messages.c.answer).where(_MINE).with_for_update(key_share=True)
_SETTLE = update(messages).where(_MINE).values(subject=bindparam("new_subject"), verdict=bindparam("new_verdict"))
_PUT = (
    update(messages)
    .where(_MINE, messages.c.answer == b"")
    .values(answer=bindparam("new_answer", type_=messages.c.answer.type))
)


def seen_of(row: Row[Any]) -> Seen:
    """A message's row as a value."""
    return Seen(row.digest, row.subject, row.verdict, row.answer)


@dataclass(frozen=True, slots=True)
class Taking:
    """A message that wants its key; see `Seen` for what is stored of it."""

    key: Key
    digest: bytes
    subject: str
    at: datetime


def take_all(tx: Connection, takings: Sequence[Taking]) -> list[bool]:
    """Take a key for each message, in this order; which were free. `seen_all` tells who had the others."""
    return MESSAGES.put(
        tx,
        [
            dict(zip(_KEYS, one.key.columns, strict=True))
            | {"digest": one.digest, "subject": one.subject, "verdict": "", "answer": b"", "at": one.at}
            for one in takings
        ],
    )


def seen_all(tx: Connection, keys: Collection[Key]) -> dict[Key, Seen]:
    """What came under those of these keys that are taken."""
    rows = MESSAGES.found(tx, [key.columns for key in keys])
    return {Key(*row[:5]): seen_of(row) for row in rows}


def put_answers(tx: Connection, answers: Mapping[Key, bytes]) -> dict[Key, bytes]:
    """Store each answer unless there is one; those that count."""
    rows = _ANSWERS.locked(tx, [key.columns for key in answers])
    told = {Key(*row[:5]): bytes(row.answer) for row in rows}
    fresh = [key for key, answer in told.items() if not answer]
    changed = [dict(zip(_KEYS, key.columns, strict=True)) | {"answer": answers[key]} for key in fresh]
    MESSAGES.change(tx, changed)
    return told | {key: answers[key] for key in fresh}


def take(
    tx: Connection, key: Key, digest: bytes, now: datetime, verdict: str = "", answer: bytes = b"", subject: str = ""
) -> Seen | None:
    """Take the key for this message; None when it was free, else the row that has it."""
    row = {
        "acquirer": key.acquirer,
        "terminal_id": key.terminal_id,
        "stan": key.stan,
        "local_on": key.local_on,
        "class": key.class_,
        "digest": digest,
        "subject": subject,
        "verdict": verdict,
        "answer": answer,
        "at": now,
    }
    if insert_ignore(tx, messages, row):
        return None
    return seen_of(find(tx, _SEEN, key.binds)[0])


def settle(tx: Connection, key: Key, subject: str, verdict: str) -> None:
    """Store what a taken message is about and what was decided; '' while that is open."""
    write(tx, _SETTLE, {**key.binds, "new_subject": subject, "new_verdict": verdict})


def put_answer(tx: Connection, key: Key, answer: bytes) -> bytes:
    """Store the answer unless there is one; the one that counts."""
    if write(tx, _PUT, {**key.binds, "new_answer": answer}):
        return answer
    return bytes(find(tx, _ANSWER, key.binds)[0].answer)
