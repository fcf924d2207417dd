"""The use of a token by one tap, inside the caller's unit of work."""

from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from gateway.services.tokens.rules import AtcWindow, TokenState, UseOutcome, is_expired
from gateway.services.tokens.tables import limited_keys, tokens, uses
from gateway.store import insert_ignore


def use(tx: Connection, token_id: str, luk_id: bytes, atc: int, now: datetime) -> UseOutcome:
    """Move the counter of a token whose cryptogram was good, and say whether the tap may go on.

    The counter moves whatever else is refused: the cryptogram proves that the phone spent it.
    """
    held = select(tokens).where(tokens.c.id == token_id).with_for_update(key_share=True)
    row = tx.execute(held).one()
    window = AtcWindow.stored(row.atc_high, row.atc_seen).advanced(atc)
    mark = {"token_id": token_id, "atc": atc, "luk_id": luk_id, "at": now}
    if window is None or not insert_ignore(tx, uses, mark):
        return UseOutcome.REPLAYED
    moved = update(tokens).where(tokens.c.id == token_id)
    tx.execute(moved.values(atc_high=window.high, atc_seen=window.seen_signed))
    if row.state != TokenState.ACTIVE:
        return UseOutcome.NOT_ACTIVE
    if is_expired(row.expiry, now):
        return UseOutcome.EXPIRED
    return _use_key(tx, token_id, luk_id, now)


def _use_key(tx: Connection, token_id: str, luk_id: bytes, now: datetime) -> UseOutcome:
    mine = (limited_keys.c.token_id == token_id) & (limited_keys.c.id == luk_id)
    key: Row[tuple[int, int, datetime]] | None = tx.execute(
        select(limited_keys.c.uses, limited_keys.c.uses_max, limited_keys.c.valid_until).where(mine)
    ).one_or_none()
    if key is None:
        return UseOutcome.KEY_UNKNOWN
    if key.valid_until <= now:
        return UseOutcome.EXPIRED
    if key.uses >= key.uses_max:
        return UseOutcome.KEY_USED_UP
    tx.execute(update(limited_keys).where(mine).values(uses=key.uses + 1))
    return UseOutcome.OK
