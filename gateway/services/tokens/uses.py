"""The use of a token by one tap, inside the caller's unit of work."""

from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from gateway.services.tokens.rules import AtcWindow, TokenState, UseOutcome, is_expired
from gateway.services.tokens.tables import limited_keys, tokens, uses
from gateway.store import find, insert_ignore, write

_HELD = select(tokens).where(tokens.c.id == bindparam("token")).with_for_update(key_share=True)
_MOVED = (
    update(tokens)
    .where(tokens.c.id == bindparam("token"))
    .values(atc_high=bindparam("new_high"), atc_seen=bindparam("new_seen"))
)
_MINE = (limited_keys.c.token_id == bindparam("token")) & (limited_keys.c.id == bindparam("luk"))
_KEY = select(limited_keys.c.uses, limited_keys.c.uses_max, limited_keys.c.valid_until).where(_MINE)
_USED = update(limited_keys).where(_MINE).values(uses=bindparam("new_uses"))


def use(tx: Connection, token_id: str, luk_id: bytes, atc: int, now: datetime) -> UseOutcome:
    """Move the counter of a token whose cryptogram was good, and say whether the tap may go on.

    The counter moves whatever else is refused: the cryptogram proves that the phone spent it.
    """
    row = find(tx, _HELD, {"token": token_id})[0]
    window = AtcWindow.stored(row.atc_high, row.atc_seen).advanced(atc)
    mark = {"token_id": token_id, "atc": atc, "luk_id": luk_id, "at": now}
    if window is None or not insert_ignore(tx, uses, mark):
        return UseOutcome.REPLAYED
    write(tx, _MOVED, {"token": token_id, "new_high": window.high, "new_seen": window.seen_signed})
    if row.state != TokenState.ACTIVE:
        return UseOutcome.NOT_ACTIVE
    if is_expired(row.expiry, now):
        return UseOutcome.EXPIRED
    return _use_key(tx, token_id, luk_id, now)


def _use_key(tx: Connection, token_id: str, luk_id: bytes, now: datetime) -> UseOutcome:
    mine = {"token": token_id, "luk": luk_id}
    found = find(tx, _KEY, mine)
    if not found:
        return UseOutcome.KEY_UNKNOWN
    key = found[0]
    if key.valid_until <= now:
        return UseOutcome.EXPIRED
    if key.uses >= key.uses_max:
        return UseOutcome.KEY_USED_UP
    write(tx, _USED, {**mine, "new_uses": key.uses + 1})
    return UseOutcome.OK
