"""The states of a token, with their history, inside the caller's unit of work."""

from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from gateway.services.tokens.rules import StateOutcome, TokenState, may_become
from gateway.services.tokens.tables import history, tokens


def note(tx: Connection, token_id: str, state: TokenState, actor: str, reason: str, now: datetime) -> None:
    """Add a line to the token's history; the caller holds the token's row."""
    count = select(func.count()).select_from(history).where(history.c.token_id == token_id)
    number = tx.execute(count).scalar_one() + 1
    row = {"token_id": token_id, "number": number, "state": state, "actor": actor, "reason": reason, "at": now}
    tx.execute(insert(history).values(row))


def change(tx: Connection, token_id: str, then: TokenState, actor: str, reason: str, now: datetime) -> StateOutcome:
    """Put a token into the state `then`, if its present one leads there."""
    held = select(tokens.c.state).where(tokens.c.id == token_id).with_for_update(key_share=True)
    state = tx.execute(held).scalar_one_or_none()
    if state is None:
        return StateOutcome.UNKNOWN
    if not may_become(TokenState(state), then):
        return StateOutcome.NOT_POSSIBLE
    tx.execute(update(tokens).where(tokens.c.id == token_id).values(state=then))
    note(tx, token_id, then, actor, reason, now)
    return StateOutcome.OK
