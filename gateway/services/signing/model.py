"""Documents that wait for a signature, what a signature proves, and every answer about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from wallet.money import Money


class Need(StrEnum):
    """What a kind of document asks for."""

    NONE = "none"
    PIN = "pin"
    """The signer's password and one-time code, typed again."""
    MOBILE = "mobile"
    """One signature by mobile."""
    TWO_MOBILE = "two_mobile"
    """Two people sign by mobile."""


class ProofOutcome(StrEnum):
    """Answers to `proof`, in the order in which they are looked at."""

    UNKNOWN = "unknown"
    """Nobody has asked for a signature of this document."""
    DIFFERS = "differs"
    """What was asked for or signed has another hash: the document was changed."""
    WAITING = "waiting"
    """Signatures are missing."""
    REFUSED = "refused"
    EXPIRED = "expired"
    INVALID = "invalid"
    """A signature that is kept no longer verifies."""
    SIGNED = "signed"
    """Everything that its kind asks for is there and verifies now; also where it asks for nothing."""


@dataclass(frozen=True, slots=True)
class Document:
    """What is to be signed.

    Attributes:
        kind: `payout_batch`, `decision_table`, `day_close`, …: decides what it needs.
        subject: Business id of what it is about.
        digest: SHA-256 of its canonical form, 32 octets.
        texts: What the signer reads on the phone, by language. With the hash's first digits and the code that both
            screens show, which the service adds, at most 119 characters, so that any phone shows it whole.
        title: One line for the inbox.
        made_by: Staff ids who made or approved it and so may not sign it, nor those who stand in for them.
        roles: Roles of which a signer must have one.
        amount: Of money that it moves, or None.
        expires_at: After that nobody can sign.
    """

    kind: str
    subject: str
    digest: bytes
    texts: Mapping[str, str]
    title: str
    made_by: frozenset[str]
    roles: frozenset[str]
    amount: Money | None
    expires_at: datetime


class SignOutcome(StrEnum):
    """How a request to a phone ended."""

    SIGNED = "signed"
    REFUSED = "refused"
    """401: the person said no."""
    EXPIRED = "expired"
    """208 or our own time: nobody answered."""
    UNREACHABLE = "unreachable"
    """209: the phone is off."""
    BUSY = "busy"
    """406: another request is on this phone."""
    PIN_BLOCKED = "pin_blocked"
    """402 and 403."""
    NOT_ENROLLED = "not_enrolled"
    """105, 404, 422: this number cannot sign."""
    REVOKED = "revoked"
    """501, 425: the certificate is no longer good."""
    OTHER_SIGNER = "other_signer"
    """It verifies, but another certificate than the pinned one has signed: a changed SIM."""
    INVALID = "invalid"
    """The signature, its time, its path or its content does not verify."""
    UNAVAILABLE = "unavailable"
    """The service cannot be asked, or has answered what it should not; nothing is known."""


@dataclass(frozen=True, slots=True)
class SignRequest:
    """What a phone is asked.

    Attributes:
        transaction_id: Chosen by the caller, an NCName; the same id again is the same request, never a second one.
        msisdn: Whose phone, E.164.
        text: What it shows.
        digest: What is signed, 32 octets of SHA-256; None: the text itself.
        language: Of the phone's own words.
        timeout_s: How long the person has.
        serial: The pinned serial number of the certificate, as decimal digits; '' when enrolling.
    """

    transaction_id: str
    msisdn: str
    text: str = field(repr=False)
    digest: bytes | None
    language: str
    timeout_s: int
    serial: str = ""


@dataclass(frozen=True, slots=True)
class SignResult:
    """What a phone has answered; with SIGNED the signature, which was verified."""

    outcome: SignOutcome
    cms: bytes = field(default=b"", repr=False)
    serial: str = ""
    """Serial number of the signing certificate, decimal digits."""
    subject: str = ""
    """Its distinguished name, RFC 4514."""
    signed_at: datetime | None = None
    fault: str = ""
    """Code of the service where it refused, as `401`."""
