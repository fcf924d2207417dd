"""Ids are 128 bits, chosen by the caller, time-ordered, and prefixed where people and logs see them.

A business id is a string such as `clm_01K8...`: a prefix and 26 digits of Crockford base 32, whose first 48 bits are
milliseconds since 1970. The ids of accounts and transfers are UUIDs derived from business ids, so that a service that
crashed derives the same ones again.
"""

import hashlib
import secrets
from datetime import datetime
from typing import NewType
from uuid import UUID

from wallet.clock import Clock, from_us, to_us

AccountId = NewType("AccountId", UUID)
TransferId = NewType("TransferId", UUID)

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_AS_PYTHON = str.maketrans(_ALPHABET + "ILOU", "0123456789abcdefghijklmnopqrstuv!!!!")
"""From our digits to those of `int(text, 32)`; the four letters that we leave out are none."""
_RANDOM_BITS = 80


def new_id(prefix: str, clock: Clock) -> str:
    """A fresh business id `prefix_` + 26 digits: 48 bits of milliseconds, 80 random bits."""
    number = (to_us(clock.now()) // 1000) << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
    return f"{prefix}_{_base32(number)}"


def new_id_after(last: str, prefix: str, clock: Clock) -> str:
    """A fresh one that sorts behind `last`, '' for none, also within its millisecond or on a clock that went back."""
    fresh = new_id(prefix, clock)
    if fresh > last:
        return fresh
    return f"{prefix}_{_base32(_number(last.rpartition('_')[2]) + 1 + secrets.randbits(32))}"


def new_ids(prefix: str, clock: Clock, count: int) -> list[str]:
    """As many of them, of one moment: the system is asked for chance once."""
    moment, octets = (to_us(clock.now()) // 1000) << _RANDOM_BITS, secrets.token_bytes(10 * count)
    chances = (int.from_bytes(octets[start : start + 10], "big") for start in range(0, len(octets), 10))
    return [f"{prefix}_{_base32(moment | chance)}" for chance in chances]


def first_id(prefix: str, moment: datetime) -> str:
    """The lowest id that can be made at this moment or later: where a range of ids begins in time."""
    return f"{prefix}_{_base32((to_us(moment) // 1000) << _RANDOM_BITS)}"


def moment_of(business_id: str) -> datetime | None:
    """The millisecond when an id was made; None for a text that is none of ours."""
    digits = business_id.rpartition("_")[2]
    if len(digits) != 26 or digits[0] > "7" or not set(digits) <= set(_ALPHABET):
        return None
    try:
        return from_us((_number(digits) >> _RANDOM_BITS) * 1000)
    except OverflowError:
        return None


def account_id(role: str, owner: str, asset: str) -> AccountId:
    """The account that plays `role` for `owner` in `asset`; the same three always give the same id."""
    digest = hashlib.sha256(f"account\0{role}\0{owner}\0{asset}".encode()).digest()
    return AccountId(UUID(bytes=digest[:16]))


def transfer_id(business_id: str, leg: str, attempt: int = 0) -> TransferId:
    """The business id's 48 time bits and 80 bits of hash(business id, leg, attempt).

    `attempt` rises only after a stored final refusal: the same three always name the same transfer.
    """
    time_bits = _number(business_id.rpartition("_")[2]) >> _RANDOM_BITS
    number = time_bits << _RANDOM_BITS | _hash80(f"transfer\0{business_id}\0{leg}\0{attempt}")
    return TransferId(UUID(int=number))


def _base32(number: int) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def _number(digits: str) -> int:
    return int(digits.translate(_AS_PYTHON), 32)


def _hash80(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:10], "big")
