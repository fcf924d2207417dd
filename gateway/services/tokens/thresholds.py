"""Pure rules of limited-use keys: what one may serve, when the next one is due, and what the phone proves."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from gateway.services.tokens.states import ActorClass, locks_of

KEYS_PER_DAY_MAX = 20
"""Keys that one token is given in a day; a phone that loses more is broken or in other hands."""
_PROOF = b"TDLUK"
"""Begins what a proof is made over. The data of a tap begin with an amount in BCD, so no tap ever signs a proof."""


class Channel(StrEnum):
    """Where a tap comes from."""

    TAP = "tap"
    """A terminal that asks while the phone waits."""
    TRANSIT = "transit"
    """A gate, which tells of it later."""
    OFFLINE = "offline"
    """A terminal that decided itself and tells of it later."""


CHANNEL_BITS: Mapping[Channel, int] = {Channel.TAP: 1, Channel.TRANSIT: 2, Channel.OFFLINE: 4}
ALL_CHANNELS = sum(CHANNEL_BITS.values())


class Way(StrEnum):
    """How a limited-use key came to its phone."""

    PROVISION = "provision"
    PULL = "pull"
    PUSH = "push"
    USSD = "ussd"


class UseOutcome(StrEnum):
    """Whether a tap with a good cryptogram may use its token."""

    OK = "ok"
    REPLAYED = "replayed"
    """The counter was seen, is too old to tell, or jumps too far."""
    NOT_ACTIVE = "not_active"
    """The token is not active yet, or deactivated."""
    LOCKED_BY_HOLDER = "locked_by_holder"
    LOCKED_BY_STAFF = "locked_by_staff"
    LOCKED_BY_FRAUD = "locked_by_fraud"
    CARD_LOCKED = "card_locked"
    """The account is locked, with all its tokens."""
    EXPIRED = "expired"
    """The token's month, or its limited-use key's time, is over."""
    KEY_USED_UP = "key_used_up"
    """The limited-use key served as often as it may."""
    KEY_AMOUNT = "key_amount"
    """With this tap the limited-use key would serve more money than it may."""
    KEY_CHANNEL = "key_channel"
    """The limited-use key does not serve where the tap comes from."""
    KEY_UNKNOWN = "key_unknown"
    """No such limited-use key was given out for this token."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a limited-use key may serve, and has served."""

    uses: int
    uses_max: int
    amount_minor: int
    amount_max_minor: int
    channels: int
    valid_until: datetime

    def check(self, amount_minor: int, channel: Channel, now: datetime) -> UseOutcome:
        """Whether it serves one tap more."""
        if self.valid_until <= now:
            return UseOutcome.EXPIRED
        if not self.channels & CHANNEL_BITS[channel]:
            return UseOutcome.KEY_CHANNEL
        if self.uses >= self.uses_max:
            return UseOutcome.KEY_USED_UP
        if self.amount_minor + amount_minor > self.amount_max_minor:
            return UseOutcome.KEY_AMOUNT
        return UseOutcome.OK

    @property
    def is_near(self) -> bool:
        """Whether so little is left, a tenth of the taps or a fifth of the money, that the next key is due."""
        few = self.uses_max - self.uses <= max(1, self.uses_max // 10)
        return few or 5 * (self.amount_max_minor - self.amount_minor) <= self.amount_max_minor


def refused_by_lock(locks: int, card_locks: int) -> UseOutcome | None:
    """What a tap of a living token is refused for by its locks; the gravest is named. None if there is no lock."""
    if card_locks:
        return UseOutcome.CARD_LOCKED
    return next((_outcome(one) for one in reversed(ActorClass) if one in locks_of(locks)), None)


def _outcome(by: ActorClass) -> UseOutcome:
    match by:
        case ActorClass.HOLDER:
            return UseOutcome.LOCKED_BY_HOLDER
        case ActorClass.STAFF:
            return UseOutcome.LOCKED_BY_STAFF
        case ActorClass.FRAUD:
            return UseOutcome.LOCKED_BY_FRAUD
        case unreachable:
            assert_never(unreachable)


def channels_of(bits: int) -> frozenset[Channel]:
    """The channels in a stored sum."""
    return frozenset(channel for channel, bit in CHANNEL_BITS.items() if bits & bit)


def bits_of(channels: Iterable[Channel]) -> int:
    """The stored sum of channels."""
    return sum(CHANNEL_BITS[channel] for channel in frozenset(channels))


def proof_data(number: str, luk_id: bytes, atc: int) -> bytes:
    """What a phone makes a cryptogram over to prove its last use; `number` has eight digits."""
    return _PROOF + number.encode("ascii") + luk_id + atc.to_bytes(2)


def digits_of(proof: bytes) -> str:
    """The eight decimal digits by which a proof is dialled."""
    return f"{int.from_bytes(proof) % 10**8:08d}"
