"""Units of work of taps: intents, answers, outcomes. Locks: message, token, original, tap, refund, in this order."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, or_, select

from gateway.services.answered import Key, Seen, put_answer, settle, take
from gateway.services.taps import outcomes, rules
from gateway.services.taps.checks import Decision
from gateway.services.taps.model import Tap
from gateway.services.taps.requests import Asked, Completion
from gateway.services.taps.rows import (
    KIND_COMPLETION,
    Counted,
    locked,
    name_original,
    named_by,
    write_tap,
)
from gateway.services.taps.rules import Step, TapState, Verdict
from gateway.services.taps.tables import attempts, taps
from gateway.store import insert_ignore
from wallet.money import Money, irr
from wallet.transfers import PostResult


@dataclass(frozen=True, slots=True)
class Attempt:
    """A purchase that becomes no tap; `person_id` is told of it, once for each `cause`, if there is one."""

    id: str
    last4: str
    decided: Decision
    person_id: str = ""
    cause: str = ""


def refuse(
    tx: Connection,
    key: Key,
    digest: bytes,
    asked: Asked,
    attempt: Attempt,
    answer: bytes,
    counted: Counted,
    now: datetime,
) -> Seen:
    """Store a refusal that touches no token, with its answer."""
    taken = take(tx, key, digest, now, attempt.decided.verdict, answer)
    if taken is not None:
        return taken
    row = {
        "id": attempt.id,
        "class": asked.class_,
        "terminal_id": asked.terminal_id,
        "stan": asked.stan,
        "rrn": asked.rrn,
        "amount_minor": asked.amount_minor,
        "last4": attempt.last4,
        "verdict": attempt.decided.verdict,
        "checks": attempt.decided.json(),
        "at": now,
    }
    insert_ignore(tx, attempts, row)
    if attempt.person_id:
        counted.declined(tx, attempt.cause, attempt.person_id, attempt.decided.verdict, asked.amount_minor, now)
    return Seen(digest, "", attempt.decided.verdict, answer)


def open_completion(
    tx: Connection, key: Key, digest: bytes, asked: Completion, counted: Counted, now: datetime
) -> Seen:
    """Store what a completion asks of its tap, or why it is refused."""
    taken = take(tx, key, digest, now)
    if taken is not None:
        return taken
    named = named_by(tx, asked, asked.original_stan)
    tap = locked(tx, named[0]) if named and named[0].startswith("tap_") else None
    verdict = (
        Verdict.NO_ORIGINAL
        if tap is None
        else rules.check_completion(tap.completable, asked.amount_minor, asked.approval)
    )
    if tap is not None and verdict is None:
        other = name_original(tx, asked, asked.stan, KIND_COMPLETION, tap.id, now)
        verdict = None if other is None else Verdict.DUPLICATE if other else Verdict.REVERSED
        if other is None:
            counted.write(tx, tap, replace(tap, captured=irr(asked.amount_minor)), now)
    tap_id = tap.id if tap is not None else ""
    settle(tx, key, tap_id, verdict or "")
    return Seen(digest, tap_id, verdict or "", b"")


def complete(tx: Connection, tap_id: str, amount: Money, counted: Counted, now: datetime) -> None:
    """Store a completion whose message was lost; nothing if the tap moved meanwhile."""
    tap = locked(tx, tap_id)
    open_ = tap.state in {TapState.HELD, TapState.EXPIRED}
    if open_ and not tap.reversal and not tap.capture_minor and amount.minor <= tap.keep_minor:
        counted.write(tx, tap, replace(tap, captured=amount), now)


def abandon(tx: Connection, key: Key, tap_id: str, answer: bytes, counted: Counted, now: datetime) -> bytes:
    """Give up a purchase whose hold nobody knows of: it is answered so, and whatever stands is taken back later.

    The sweep may have asked the ledger meanwhile, so what it found is given up too, unless the terminal was told of it.
    """
    tap = locked(tx, tap_id)
    told = put_answer(tx, key, answer)
    if told == answer and tap.state in {TapState.PENDING, TapState.HELD, TapState.CAPTURED}:
        counted.write(tx, tap, replace(tap, reversal=True, verdict=Verdict.LEDGER_DOWN), now)
    return told


def advance(
    tx: Connection, before: Tap, step: Step, results: Sequence[PostResult], counted: Counted, now: datetime
) -> None:
    """Store the ledger's answer to a step; nothing if somebody else was first."""
    tap = locked(tx, before.id)
    # A completion that came meanwhile may have captured the hold that was let go here: then the ledger is asked anew.
    if all(getattr(tap, name) == getattr(before, name) for name in _SAME_STEP):
        counted.write(tx, tap, outcomes.stepped(tap, step, results, now), now)


_SAME_STEP = ("state", "capture_minor", "refund_attempt", "shrink_minor")


def collect(tx: Connection, tap_id: str, staff_id: str, now: datetime) -> bool:
    """Let an unpaid tap ask for its money once more; whether it was unpaid."""
    tap = locked(tx, tap_id)
    if tap.state is not TapState.UNPAID or tap.reversal:
        return False
    asked = irr(min(tap.capture_minor or tap.keep_minor, tap.keep_minor))
    again = replace(tap, state=TapState.EXPIRED, captured=asked, refund_attempt=tap.refund_attempt + 1, owner=staff_id)
    write_tap(tx, again, now)
    return True


def own(tx: Connection, tap_id: str, staff_id: str, now: datetime) -> bool:
    """Let somebody look after an unpaid tap; whether it is unpaid."""
    tap = locked(tx, tap_id)
    if tap.state is not TapState.UNPAID:
        return False
    write_tap(tx, replace(tap, owner=staff_id), now)
    return True


def unfinished_query(now: datetime, before: datetime, limit: int) -> Select[Any]:
    """Reads taps that wait for a step since `before`, and holds whose time is over."""
    waiting = and_(taps.c.unfinished == True, taps.c.changed_at <= before)  # noqa: E712 - a column's comparison
    lapsed = and_(taps.c.state == TapState.HELD, taps.c.expires_at <= now)
    return select(taps).where(or_(waiting, lapsed)).order_by(taps.c.changed_at).limit(limit)
