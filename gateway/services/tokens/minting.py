"""Limited-use keys as rows: made, found, and the next one of a token, inside the caller's unit of work."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select

from gateway.services.tokens import rules
from gateway.services.tokens.tables import limited_keys
from gateway.services.tokens.thresholds import ALL_CHANNELS, KEYS_PER_DAY_MAX, Way
from gateway.settings import Settings


@dataclass(frozen=True, slots=True)
class Terms:
    """What a new limited-use key may serve, and `dki`, the version of the issuer's key that it is derived from."""

    dki: int
    uses_max: int
    amount_max_minor: int
    valid_s: int
    channels: int = ALL_CHANNELS

    @classmethod
    def of(cls, settings: Settings, dki: int) -> "Terms":
        """As the settings have it."""
        return cls(dki, settings.luk_uses_max, settings.luk_amount_max_minor, settings.luk_valid_s)


def newest(tx: Connection, token_id: str) -> Row[Any]:
    """The newest key of a token: ids rise with day and number."""
    mine = select(limited_keys).where(limited_keys.c.token_id == token_id)
    return tx.execute(mine.order_by(limited_keys.c.id.desc()).limit(1)).one()


def mint(tx: Connection, token_id: str, terms: Terms, way: Way, now: datetime) -> Row[Any] | None:
    """A new key of a token whose row the caller holds; None if it had as many today as a phone may need."""
    first, last = rules.luk_id(now, 1), rules.luk_id(now, KEYS_PER_DAY_MAX)
    mine = limited_keys.c.token_id == token_id
    today = select(limited_keys.c.id).where(mine, limited_keys.c.id >= first, limited_keys.c.id <= last)
    made: bytes | None = tx.execute(today.order_by(limited_keys.c.id.desc()).limit(1)).scalar_one_or_none()
    number = int.from_bytes(made[2:]) + 1 if made is not None else 1
    if number > KEYS_PER_DAY_MAX:
        return None
    put(tx, token_id, rules.luk_id(now, number), terms, way, now)
    return newest(tx, token_id)


def put(tx: Connection, token_id: str, luk_id: bytes, terms: Terms, way: Way, now: datetime) -> None:
    """Store a key's thresholds."""
    row = {
        "token_id": token_id,
        "id": luk_id,
        "uses": 0,
        "uses_max": terms.uses_max,
        "amount_minor": 0,
        "amount_max_minor": terms.amount_max_minor,
        "channels": terms.channels,
        "dki": terms.dki,
        "way": way,
        "push": "",
        "made_at": now,
        "valid_until": now + timedelta(seconds=terms.valid_s),
    }
    tx.execute(insert(limited_keys).values(row))
