"""A token as the house knows it, what a phone is given, and the codes that lead there; no repr shows a secret."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from sqlalchemy import Connection

from gateway.services.tokens.devices import DeviceKeyKind
from gateway.services.tokens.rules import ProvisionOutcome
from gateway.services.tokens.states import ActorClass, TokenState
from gateway.services.tokens.thresholds import Channel, Way
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

    @property
    def msisdn(self) -> str:
        """Where they are told."""
        ...

    @property
    def language(self) -> str:
        """In which language."""
        ...


class Holders(Protocol):
    """Where people are found."""

    async def by_msisdn(self, msisdn: str) -> Holder | None:
        """The person with this number."""
        ...

    async def by_id(self, person_id: str) -> Holder | None:
        """The person with this id."""
        ...

    async def national_number_ends(self, person_id: str, digits: str) -> bool:
        """Whether the person's national number ends with these digits."""
        ...


class Followers(Protocol):
    """What is kept under accounts' references by other services."""

    def renumbered(self, tx: Connection, before: str, after: str) -> None:
        """Inside the unit of work: what was kept under the reference `before` goes on under `after`."""
        ...


class Method(StrEnum):
    """How a holder was identified; stored with the token as its assurance."""

    ONE_TIME_CODE = "one_time_code"
    """Shown by USSD behind the PIN, typed into the phone."""
    NATIONAL_NUMBER = "national_number"
    """The last digits of the national number, checked against the register."""


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
        number: Short number, eight digits, by which the phone dials.
        last4: The last digits of its PAN, all that anybody is shown of it.
        psn: PAN sequence number, two digits.
        expiry: YYMM.
        par: Payment account reference, 29 characters, the same for all tokens of a person.
        trid: Token requestor, 11 digits.
        dki: Version of the issuer's key of its newest limited-use key.
        cvn: How its cryptograms are made.
        assurance: How the holder was identified when it was made, in words.
        locks: Who has locked this token.
        card_locks: Who has locked the account, with all its tokens.
    """

    id: str
    person_id: str
    number: str
    last4: str
    psn: str
    expiry: str
    par: str
    trid: str
    dki: int
    cvn: Cvn
    device_key_kind: DeviceKeyKind
    assurance: str
    state: TokenState
    locks: frozenset[ActorClass]
    card_locks: frozenset[ActorClass]
    bad_cryptograms: int
    made_at: datetime

    @property
    def pays(self) -> bool:
        """Whether it is active and neither lock is on; its month is another matter."""
        return self.state is TokenState.ACTIVE and not self.locks and not self.card_locks


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """One line of a token's history: what happened, and the state that it left. `actor_class` is '' for the house."""

    event: str
    state: TokenState
    actor: str
    actor_class: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Assurance:
    """One way in which the holder was identified."""

    method: Method
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """The account behind a person's tokens, and who moved its lock last."""

    person_id: str
    par: str
    locks: frozenset[ActorClass]
    actor: str
    actor_class: str
    reason: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class KeyView:
    """A limited-use key as the house counts it; the key itself is derived when it is needed."""

    id: bytes
    way: Way
    dki: int
    uses: int
    uses_max: int
    amount_minor: int
    amount_max_minor: int
    channels: frozenset[Channel]
    made_at: datetime
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class ProvisionRequest:
    """What a phone sends: its number, the code, and its public keys.

    `device_key` is an Ed25519 key (32 raw bytes) or a point on P-256 (33 or 65 bytes), `seal_key` an X25519 key.
    `national_digits` are the last four of the holder's national number, '' if they were not asked for.
    """

    msisdn: str
    activation_code: str = field(repr=False)
    device_key: bytes
    seal_key: bytes
    national_digits: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A limited-use key sealed to the phone: X25519, HKDF-SHA-256, AES-256-GCM (nonce, ciphertext, tag)."""

    id: bytes
    ephemeral_key: bytes
    sealed: bytes = field(repr=False)
    uses_max: int
    valid_until: datetime
    amount_max_minor: int
    channels: frozenset[Channel]
    dki: int


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
    number: str
    trid: str


@dataclass(frozen=True, slots=True)
class ProvisionResult:
    """Answer to `provision`; `token` with OK only."""

    outcome: ProvisionOutcome
    token: ProvisionedToken | None = None


class ReplenishOutcome(StrEnum):
    """Answers to a phone that asks for its next limited-use key."""

    OK = "ok"
    BAD_PROOF = "bad_proof"
    """What it says of its last use does not verify, or is not what the house saw."""
    REAUTHENTICATE = "reauthenticate"
    """The newest key ran out of time without one use: only the holder's next activation code gives another."""
    NOT_ACTIVE = "not_active"
    """Locked, over, or ended."""
    TOO_MANY = "too_many"
    """More keys, or tries, than a phone needs in a day."""


@dataclass(frozen=True, slots=True)
class LastUse:
    """What a phone says of its last use: counter, cryptogram and key, and a proof made with that key.

    `atc` 0 and an empty `ac` say that there was none. `activation_code` is needed for REAUTHENTICATE alone.
    """

    luk_id: bytes
    atc: int
    ac: bytes = field(repr=False)
    proof: bytes = field(repr=False)
    activation_code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Replenished:
    """Answer to `replenish`; `key` with OK only."""

    outcome: ReplenishOutcome
    key: SealedKey | None = None


@dataclass(frozen=True, slots=True)
class Dialled:
    """Answer to a phone that dialled for its key; `text` is the compact form, with OK only."""

    outcome: ReplenishOutcome
    text: str = field(default="", repr=False)
