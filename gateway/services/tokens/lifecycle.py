"""The states and locks of a token, with their history, inside the caller's unit of work.

Rows are locked in one order: account, token.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from gateway.services.tokens import states
from gateway.services.tokens.states import ActorClass, StateOutcome, TokenState
from gateway.services.tokens.tables import accounts, history, tokens
from gateway.store import insert_ignore

PHONE = "phone"
"""The actor of what a phone asks for itself."""
HOUSE = "system"
"""The actor of what the house does on its own."""


@dataclass(frozen=True, slots=True)
class Act:
    """Who does something, when and why. `by` is None for the house's own notes."""

    actor: str
    by: ActorClass | None
    reason: str
    at: datetime


def note(tx: Connection, token_id: str, event: str, state: str, act: Act) -> None:
    """Add a line to the token's history; the caller holds the token's row."""
    count = select(func.count()).select_from(history).where(history.c.token_id == token_id)
    row = {
        "token_id": token_id,
        "number": tx.execute(count).scalar_one() + 1,
        "event": event,
        "state": state,
        "actor": act.actor,
        "actor_class": act.by or "",
        "reason": act.reason,
        "at": act.at,
    }
    tx.execute(insert(history).values(row))


def held(tx: Connection, token_id: str) -> Row[Any] | None:
    """The token's row, locked until the unit is over."""
    return tx.execute(select(tokens).where(tokens.c.id == token_id).with_for_update(key_share=True)).one_or_none()


def put(tx: Connection, token_id: str, values: Mapping[str, object]) -> None:
    """Write columns of a token whose row the caller holds."""
    tx.execute(update(tokens).where(tokens.c.id == token_id).values(values))


def suspend(tx: Connection, token_id: str, by: ActorClass, act: Act) -> StateOutcome:
    """Put the lock of `by` on a token."""
    return _relock(tx, token_id, by, act, lock=True)


def resume(tx: Connection, token_id: str, by: ActorClass, act: Act) -> StateOutcome:
    """Take the lock of `by` off a token; it is active again when no other is on."""
    return _relock(tx, token_id, by, act, lock=False)


def _relock(tx: Connection, token_id: str, by: ActorClass, act: Act, *, lock: bool) -> StateOutcome:
    row = held(tx, token_id)
    if row is None:
        return StateOutcome.UNKNOWN
    state = TokenState(row.state)
    if not states.is_living(state):
        return StateOutcome.NOT_POSSIBLE
    outcome, bits = states.locked(row.locks, by) if lock else states.lifted(row.locks, by)
    if outcome is StateOutcome.OK:
        after = states.state_under(state, bits)
        put(tx, token_id, {"locks": bits, "state": after})
        note(tx, token_id, "suspended" if lock else "resumed", after, act)
    return outcome


def deactivate(tx: Connection, token_id: str, act: Act) -> StateOutcome:
    """End a token for good."""
    row = held(tx, token_id)
    if row is None:
        return StateOutcome.UNKNOWN
    if row.state == TokenState.DEACTIVATED:
        return StateOutcome.NOT_POSSIBLE
    put(tx, token_id, {"state": TokenState.DEACTIVATED})
    note(tx, token_id, "deactivated", TokenState.DEACTIVATED, act)
    return StateOutcome.OK


def account(tx: Connection, person_id: str, par: str, now: datetime) -> Row[Any]:
    """The account behind a person's tokens, made with `par` if there is none, its row locked until the unit is over."""
    fresh = {"par": par, "generation": 0, "locks": 0, "actor": "", "actor_class": "", "reason": "", "at": now}
    insert_ignore(tx, accounts, {"person_id": person_id, **fresh})
    mine = select(accounts).where(accounts.c.person_id == person_id).with_for_update(key_share=True)
    return tx.execute(mine).one()


def lock_card(tx: Connection, row: Row[Any], by: ActorClass, act: Act) -> StateOutcome:
    """Put the lock of `by` on an account that the caller holds, and so on every token of it."""
    return _relock_card(tx, row, by, act, lock=True)


def unlock_card(tx: Connection, row: Row[Any], by: ActorClass, act: Act) -> StateOutcome:
    """Take the lock of `by` off an account that the caller holds."""
    return _relock_card(tx, row, by, act, lock=False)


def _relock_card(tx: Connection, row: Row[Any], by: ActorClass, act: Act, *, lock: bool) -> StateOutcome:
    outcome, bits = states.locked(row.locks, by) if lock else states.lifted(row.locks, by)
    if outcome is StateOutcome.OK:
        put_account(tx, row.person_id, {"locks": bits}, act)
        each(tx, row.person_id, {"card_locks": bits}, "card_locked" if lock else "card_unlocked", act)
    return outcome


def put_account(tx: Connection, person_id: str, values: Mapping[str, object], act: Act) -> None:
    """Write columns of an account that the caller holds, and who moved it."""
    who = {"actor": act.actor, "actor_class": act.by or "", "reason": act.reason, "at": act.at}
    tx.execute(update(accounts).where(accounts.c.person_id == person_id).values({**values, **who}))


def each(tx: Connection, person_id: str, values: Mapping[str, object], event: str, act: Act) -> int:
    """Write columns of every token of an account that the caller holds, each with a line of history; how many."""
    mine = select(tokens.c.id, tokens.c.state).where(tokens.c.person_id == person_id).order_by(tokens.c.id)
    rows = tx.execute(mine.with_for_update(key_share=True)).all()
    for row in rows:
        put(tx, row.id, values)
        note(tx, row.id, event, row.state, act)
    return len(rows)
