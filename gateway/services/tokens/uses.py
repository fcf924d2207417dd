"""The use of a token by one tap, inside the caller's unit of work."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, Row, exists, select, update

from gateway.services.tokens.rules import ATC_AHEAD_ONLINE, ATC_WINDOW, AtcWindow, is_expired
from gateway.services.tokens.states import TokenState, is_living
from gateway.services.tokens.tables import limited_keys, tokens, uses
from gateway.services.tokens.thresholds import Channel, Limits, UseOutcome, refused_by_lock
from gateway.store import insert_ignore


@dataclass(frozen=True, slots=True)
class Use:
    """One tap whose cryptogram was good; `ac` is that cryptogram, b"" where nobody hands it on."""

    token_id: str
    luk_id: bytes
    atc: int
    amount_minor: int
    channel: Channel
    now: datetime
    ac: bytes = field(default=b"", repr=False)


def use(tx: Connection, tap: Use) -> UseOutcome:
    """Move the counter of a token whose cryptogram was good, and say whether the tap may go on.

    The counter moves whatever else is refused: the cryptogram proves that the phone spent it.
    """
    held = select(tokens).where(tokens.c.id == tap.token_id).with_for_update(key_share=True)
    row = tx.execute(held).one()
    ahead = ATC_AHEAD_ONLINE if tap.channel is Channel.TAP else ATC_WINDOW
    window = AtcWindow.stored(row.atc_high, row.atc_seen).advanced(tap.atc, ahead=ahead, proved=row.atc_proved)
    mark = {"token_id": tap.token_id, "atc": tap.atc, "luk_id": tap.luk_id, "at": tap.now, "ac": tap.ac or None}
    if window is None or not insert_ignore(tx, uses, mark):
        return UseOutcome.REPLAYED
    moved = update(tokens).where(tokens.c.id == tap.token_id)
    tx.execute(moved.values(atc_high=window.high, atc_seen=window.seen_signed))
    if not is_living(TokenState(row.state)):
        return UseOutcome.NOT_ACTIVE
    refused = refused_by_lock(row.locks, row.card_locks)
    if refused is not None:
        return refused
    if is_expired(row.expiry, tap.now):
        return UseOutcome.EXPIRED
    return _use_key(tx, tap)


def _use_key(tx: Connection, tap: Use) -> UseOutcome:
    mine = (limited_keys.c.token_id == tap.token_id) & (limited_keys.c.id == tap.luk_id)
    key = tx.execute(select(limited_keys).where(mine)).one_or_none()
    if key is None:
        return UseOutcome.KEY_UNKNOWN
    outcome = limits_of(key).check(tap.amount_minor, tap.channel, tap.now)
    after = limits_of(key)
    if outcome is UseOutcome.OK:
        after = replace(after, uses=key.uses + 1, amount_minor=key.amount_minor + tap.amount_minor)
    short = after.uses > 0 and (outcome is UseOutcome.KEY_AMOUNT or after.is_near)
    used: dict[str, object] = {"uses": after.uses, "amount_minor": after.amount_minor}
    if short and not key.push and not _is_followed(tx, tap):
        used["push"] = "due"
    tx.execute(update(limited_keys).where(mine).values(used))
    return outcome


def limits_of(key: Row[tuple[object, ...]]) -> Limits:
    """The thresholds in a limited-use key's row."""
    return Limits(key.uses, key.uses_max, key.amount_minor, key.amount_max_minor, key.channels, key.valid_until)


def _is_followed(tx: Connection, tap: Use) -> bool:
    later = (limited_keys.c.token_id == tap.token_id) & (limited_keys.c.id > tap.luk_id)
    return bool(tx.execute(select(exists().where(later))).scalar_one())
