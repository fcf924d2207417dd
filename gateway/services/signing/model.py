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


class DocumentState(StrEnum):
    """Where a document stands."""

    WAITING = "waiting"
    SIGNED = "signed"
    REFUSED = "refused"
    EXPIRED = "expired"
    VOID = "void"
    """What it is about was changed or asked for anew: whatever was signed of it counts for nothing."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that is kept.

    Attributes:
        staff_id: Whose phone or password it was.
        principal: In whose name: the same, or whom they stood in for.
        by_phone: By a mobile signature, else by password and one-time code.
        serial: Serial number of the certificate, decimal digits; '' without a phone.
        certificate: Its distinguished name, RFC 4514; '' without a phone.
        code: What both screens showed, as `TXN-KDRK`; '' without a phone.
        signed_at: When.
    """

    staff_id: str
    principal: str
    by_phone: bool
    serial: str
    certificate: str
    code: str
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A document as staff see it.

    Attributes:
        id: `doc_…`.
        need: What its kind and amount ask for.
        missing: How many signatures are missing.
        asked_at: When it was asked for.
        reason: Why it was refused or made void, or ''.
    """

    id: str
    document: Document
    need: Need
    state: DocumentState
    signatures: tuple[Signature, ...]
    missing: int
    asked_at: datetime
    reason: str = ""

    @property
    def digits(self) -> str:
        """The first digits of its hash, which the phone shows as well."""
        return digits_of(self.document.digest)


def digits_of(digest: bytes) -> str:
    """The first 8 digits of a document's hash, as both screens show them."""
    return digest[:4].hex().upper()


class StartOutcome(StrEnum):
    """Answers to `sign`, `sign_with_pin` and `refuse`. The refusals in the order in which they are looked at."""

    OK = "ok"
    """The phone is being asked; or the signature by password or the refusal is kept."""
    UNKNOWN = "unknown"
    ROLE_MISSING = "role_missing"
    """Neither one's own roles nor those of anybody whom one stands in for may sign this."""
    ALREADY_SIGNED = "already_signed"
    """By oneself, or in the name of whom one stands in for, or by whoever stands in for oneself."""
    NOT_WAITING = "not_waiting"
    """It is signed, refused or void."""
    EXPIRED = "expired"
    MADE_IT = "made_it"
    """Who made or approved a document does not sign it."""
    STANDS_IN_FOR_MAKER = "stands_in_for_maker"
    """Who stands in for somebody counts as that person, on either side."""
    OTHER_MEANS = "other_means"
    """It is signed by phone where the password was given, or the other way round."""
    NOT_ENROLLED = "not_enrolled"
    """No phone of this member is enrolled."""
    SUSPENDED = "suspended"
    """Another SIM has signed with this member's number: enrol it anew first."""
    BUSY = "busy"
    """A request is on this phone already."""
    UNAVAILABLE = "unavailable"
    """There is no signature service, or too much waits for it."""
    WRONG = "wrong"
    """The password or the one-time code is not right."""
    CODE_USED = "code_used"
    """All is right, but this one-time code has worked before: wait for the next."""
    LOCKED = "locked"
    """Too many wrong passwords: wait."""


@dataclass(frozen=True, slots=True)
class SignStart:
    """The answer to `sign`; the rest only with OK."""

    outcome: StartOutcome
    request_id: str = ""
    code: str = ""
    """What both screens show, as `TXN-KDRK`."""
    digits: str = ""
    """The first digits of the document's hash, likewise."""


class Purpose(StrEnum):
    """Why a phone is asked."""

    DOCUMENT = "document"
    ENROLMENT = "enrolment"
    SIGN_IN = "sign_in"


@dataclass(frozen=True, slots=True)
class Progress:
    """How a request to a phone stands; `outcome` None while the phone is being asked."""

    request_id: str
    purpose: Purpose
    document_id: str
    """'' where it is not about a document."""
    staff_id: str
    code: str
    digits: str
    outcome: SignOutcome | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """What can be proved now, by verifying every kept signature again."""

    outcome: ProofOutcome
    signatures: tuple[Signature, ...] = ()


class EventKind(StrEnum):
    """What happened to a document."""

    ASKED = "asked"
    PHONE_ASKED = "phone_asked"
    SIGNED = "signed"
    FAILED = "failed"
    """A request to a phone ended without a signature; the note is the outcome."""
    ATTACK = "attack"
    """A signature came that must not count; the note says which: replayed, changed, another person's phone, …"""
    TURNED_AWAY = "turned_away"
    """Somebody wanted to sign or refuse who made it, or counts as somebody who did; the note is the outcome."""
    REFUSED = "refused"
    EXPIRED = "expired"
    VOIDED = "voided"
    DONE = "done"
    """What follows the signature was done."""
    NOT_DONE = "not_done"
    """It met a fault; the sweep tries again, and says so once for each fault."""


@dataclass(frozen=True, slots=True)
class Event:
    """A row of a document's history; `seq` from 1."""

    document_id: str
    seq: int
    what: EventKind
    staff_id: str
    note: str
    at: datetime


class SignerState(StrEnum):
    """Where a signer stands."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True, slots=True)
class Signer:
    """A member of staff whose phone signs.

    Attributes:
        serial: Pinned: another certificate on a later signature suspends the signer.
        certificate: Its distinguished name.
        enrolled_by: Who asked for it.
        approved_by: Who agreed; never the same, nor the signer.
        reason: Why it is suspended, or ''.
    """

    staff_id: str
    msisdn: str = field(repr=False)
    serial: str
    certificate: str
    state: SignerState
    enrolled_by: str
    approved_by: str
    enrolled_at: datetime
    reason: str = ""


class EnrolOutcome(StrEnum):
    """Answers to `enrol`."""

    ASKED = "asked"
    """The phone shows a text to sign; when that is done, another member of staff is asked to agree."""
    NUMBER_FORM = "number_form"
    UNKNOWN_STAFF = "unknown_staff"
    NUMBER_TAKEN = "number_taken"
    """Another member signs with this number."""
    OPEN = "open"
    """An enrolment of this member or number is going on."""
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class EnrolStart:
    """The answer to `enrol`; the rest only with ASKED."""

    outcome: EnrolOutcome
    enrolment_id: str = ""
    request_id: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class MobileSignIn:
    """What `start_sign_in` answers, the same whether or not there is such a member.

    Attributes:
        handle: Whoever has it gets the sign-in when the phone has signed; '' while the name is locked.
        code: What both screens show.
        wait_s: How long the name is locked, or 0.
    """

    handle: str = field(repr=False)
    code: str
    wait_s: int = 0


class FinishOutcome(StrEnum):
    """Answers to `finish_sign_in`."""

    WAITING = "waiting"
    """The phone has not signed; it never will where nobody has that name, and nothing tells the two apart."""
    OK = "ok"
    FAILED = "failed"
    """Its time is over, or it was used, or there is no such handle."""


@dataclass(frozen=True, slots=True)
class FinishedSignIn:
    """The answer to `finish_sign_in`; `token` only with OK."""

    outcome: FinishOutcome
    token: str = field(default="", repr=False)
