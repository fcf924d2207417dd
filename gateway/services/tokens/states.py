"""Pure rules of states and locks: who may lock what, and who lifts it."""

from collections.abc import Mapping
from enum import StrEnum


class TokenState(StrEnum):
    """INACTIVE -> ACTIVE <-> SUSPENDED; any -> DEACTIVATED, which is final. SUSPENDED is ACTIVE with a lock on it."""

    INACTIVE = "inactive"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DEACTIVATED = "deactivated"


class ActorClass(StrEnum):
    """Who acts. A lock is lifted by its own class alone: whoever stole a PIN lifts no lock of the fraud desk."""

    HOLDER = "holder"
    STAFF = "staff"
    FRAUD = "fraud"
    """Officers who look after fraud, and the house's own alarms."""


class StateOutcome(StrEnum):
    """Answers to locking, lifting, ending and moving."""

    OK = "ok"
    UNKNOWN = "unknown"
    NOT_POSSIBLE = "not_possible"
    """The state does not lead there: ended, or locked by this class already."""
    NOT_YOURS = "not_yours"
    """It is locked, but by another class of actor."""


LOCK_BITS: Mapping[ActorClass, int] = {ActorClass.HOLDER: 1, ActorClass.STAFF: 2, ActorClass.FRAUD: 4}
"""How a set of locks is stored."""
_LIVING = frozenset({TokenState.ACTIVE, TokenState.SUSPENDED})


def locks_of(bits: int) -> frozenset[ActorClass]:
    """Whose locks a stored sum holds."""
    return frozenset(actor for actor, bit in LOCK_BITS.items() if bits & bit)


def locked(bits: int, by: ActorClass) -> tuple[StateOutcome, int]:
    """The locks with one more; NOT_POSSIBLE if that class has locked already."""
    if bits & LOCK_BITS[by]:
        return StateOutcome.NOT_POSSIBLE, bits
    return StateOutcome.OK, bits | LOCK_BITS[by]


def lifted(bits: int, by: ActorClass) -> tuple[StateOutcome, int]:
    """The locks without that of `by`."""
    if bits & LOCK_BITS[by]:
        return StateOutcome.OK, bits & ~LOCK_BITS[by]
    return (StateOutcome.NOT_YOURS if bits else StateOutcome.NOT_POSSIBLE), bits


def state_under(state: TokenState, bits: int) -> TokenState:
    """What a living token is under these locks of its own; others stay what they are."""
    if state not in _LIVING:
        return state
    return TokenState.SUSPENDED if bits else TokenState.ACTIVE


def is_living(state: TokenState) -> bool:
    """Whether locks have a meaning for it."""
    return state in _LIVING


def pays(state: TokenState, locks: int, card_locks: int) -> bool:
    """Whether a token pays: it is active and neither lock is on."""
    return state is TokenState.ACTIVE and not locks and not card_locks
