"""A token as the house knows it, what a phone is given, and the codes that lead there; no repr shows a secret."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gateway.services.tokens.rules import ProvisionOutcome, TokenState
from gateway.wire.emv import Cvn


class Holder(Protocol):
    """A person, as far as a token needs one."""

    @property
    def id(self) -> str:
        """`per_…`."""
        ...

    @property
    def state(self) -> str:
        """Only `active` gets tokens."""
        ...


class Holders(Protocol):
    """Where people are found."""

    async def by_msisdn(self, msisdn: str) -> Holder | None:
        """The person with this number."""
        ...


@dataclass(frozen=True, slots=True)
class ActivationCode:
    """Eight digits that a person types into the phone within `valid_s` seconds."""

    code: str = field(repr=False)
    valid_s: int


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its PAN.

    Attributes:
        id: `tok_…`.
        person_id: Whose wallet pays.
        psn: PAN sequence number, two digits.
        expiry: YYMM.
        par: Payment account reference, 29 characters, the same for all tokens of a person.
        assurance: How the holder was identified when it was made.
    """

    id: str
    person_id: str
    psn: str
    expiry: str
    par: str
    assurance: str
    state: TokenState
    made_at: datetime
    cvn: Cvn = Cvn.HOUSE


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """One line of a token's history."""

    state: TokenState
    actor: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ProvisionRequest:
    """What a phone sends: its number, the code, and its public keys (Ed25519 and X25519, 32 raw bytes each)."""

    msisdn: str
    activation_code: str = field(repr=False)
    device_key: bytes
    seal_key: bytes


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A limited-use key sealed to the phone: X25519, HKDF-SHA-256, AES-256-GCM (nonce, ciphertext, tag)."""

    id: bytes
    ephemeral_key: bytes
    sealed: bytes
    uses_max: int
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class ProvisionedToken:
    """What the phone is given."""

    id: str
    pan: str = field(repr=False)
    psn: str
    expiry: str
    par: str
    aid: bytes
    luk: SealedKey


@dataclass(frozen=True, slots=True)
class ProvisionResult:
    """Answer to `provision`; `token` with OK only."""

    outcome: ProvisionOutcome
    token: ProvisionedToken | None = None
