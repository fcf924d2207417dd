"""What the menus' actions need of the services, verb by verb; app.py hands in the services themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from gateway.channels.ussd.care_ports import Care
from gateway.services.benefits import (
    Attested,
    Attester,
    AttesterOutcome,
    Claim,
    ClaimResult,
    Evidence,
    ObjectOutcome,
)
from gateway.services.controls.holders import Allowed
from gateway.services.notices import Kept, Title
from gateway.services.payees import PayeeAccount, PayeeResult
from gateway.services.payments import Invoice, Payee, PayResult, RedeemResult
from gateway.services.people import (
    ActivateOutcome,
    CodeResult,
    EnrolOutcome,
    Person,
    PersonStatus,
    PinCheck,
    PinForm,
    PinRepeat,
    ResendOutcome,
    UnlockOutcome,
)
from gateway.services.tokens import Dialled, StateOutcome
from ussd_menus import Style
from wallet.ids import AccountId
from wallet.money import Money
from wallet.transfers import Balances, LogRow, Movement


class People(Protocol):
    """Who calls; satisfied by services/people."""

    async def by_msisdn(self, msisdn: str) -> Person | None:
        """The person with this number."""
        ...

    async def status(self, msisdn: str) -> PersonStatus:
        """What a dial of this number begins with."""
        ...

    async def set_language(self, person_id: str, language: str) -> None:
        """Remember the language."""
        ...

    async def set_style(self, person_id: str, style: Style) -> None:
        """Remember how pages are wanted."""
        ...

    async def enrol(self, msisdn: str, national_number: str, language: str) -> EnrolOutcome:
        """Begin or go on with enrolment."""
        ...

    async def activate(self, msisdn: str, branch_code: str, language: str = "fa") -> ActivateOutcome:
        """Enrol on the word of a branch."""
        ...

    async def confirm_code(self, msisdn: str, code: str) -> CodeResult:
        """Prove the phone."""
        ...

    async def resend_code(self, msisdn: str) -> ResendOutcome:
        """Send a new one-time code."""
        ...

    async def offer_pin(self, person_id: str, pin: str) -> PinForm:
        """First typing of a new PIN."""
        ...

    async def repeat_pin(self, person_id: str, pin: str) -> PinRepeat:
        """Second typing."""
        ...

    async def check_pin(self, person_id: str, pin: str) -> PinCheck:
        """Compare a PIN, counting the try."""
        ...

    async def by_pin(self, msisdn: str, pin: str) -> Person | None:
        """Who has this number and PIN; the caller has counted the try."""
        ...

    async def unlock_with_code(self, msisdn: str, branch_code: str) -> UnlockOutcome:
        """Let a person choose a new PIN, on the word of a branch."""
        ...


class Payments(Protocol):
    """Money out of and into a wallet; satisfied by services/payments. `call_key` makes each harmless to repeat."""

    async def invoices_of(self, person_id: str) -> list[Invoice]:
        """Unpaid invoices, oldest first."""
        ...

    async def pay_invoice(self, person_id: str, invoice_id: str, call_key: str) -> PayResult:
        """Wallet to contribution income."""
        ...

    async def payee(self, person_id: str, msisdn: str) -> Payee:
        """Whom a typed number belongs to, masked."""
        ...

    async def send(self, person_id: str, msisdn: str, amount: Money, call_key: str) -> PayResult:
        """Wallet to wallet."""
        ...

    async def send_code(self, person_id: str, msisdn: str, amount: Money, call_key: str) -> PayResult:
        """Wallet to a claim code."""
        ...

    async def redeem(self, person_id: str, code: str, call_key: str) -> RedeemResult:
        """A claim code to the wallet."""
        ...


class Benefits(Protocol):
    """Claims, and who attests them; satisfied by services/benefits."""

    async def claim(
        self,
        person_id: str,
        first_day: date,
        last_day: date,
        call_key: str,
        *,
        kind: str = "sickness",
        attester_code: str = "",
    ) -> ClaimResult:
        """Submit a claim."""
        ...

    async def attester(self, person: Person, kind: str, code: str) -> tuple[AttesterOutcome, Attester | None]:
        """The employer or provider that a person names."""
        ...

    async def own_claim(self, person_id: str, digits: str) -> Claim | None:
        """A person's own claim by the digits of its number."""
        ...

    async def evidence(self, claim_id: str) -> list[Evidence]:
        """All that was looked at."""
        ...

    async def object_to(self, person_id: str, digits: str) -> ObjectOutcome:
        """The person does not agree with a refusal."""
        ...

    def objection_until(self, claim: Claim) -> date | None:
        """Until when a refused claim may be objected to; None if it may not."""
        ...

    async def attest_open(self, msisdn: str, code: str) -> Attested:
        """Show the claim of a code to its attester."""
        ...

    async def attest_seen(self, msisdn: str, number: str, *, agrees: bool) -> Attested:
        """The attester's answer about the claim that was shown."""
        ...

    async def claims_of(self, person_id: str) -> list[Claim]:
        """A person's claims, newest first."""
        ...


class ActivationCode(Protocol):
    """The code that lets a phone ask for its token."""

    @property
    def code(self) -> str:
        """Eight digits, shown once."""
        ...

    @property
    def valid_s(self) -> int:
        """How long it is valid."""
        ...


class Tokens(Protocol):
    """NFC tokens; satisfied by services/tokens."""

    async def activation_code(self, person_id: str) -> ActivationCode:
        """A new code; older ones are void."""
        ...

    async def lost(self, holder: Person) -> StateOutcome:
        """Lock all phones of the account, for its holder."""
        ...

    async def found(self, holder: Person) -> StateOutcome:
        """Lift the holder's own locks."""
        ...

    async def may_try(self, caller: str, number: str) -> bool:
        """Count a try at the PIN of another number."""
        ...

    async def key_by_dial(self, person_id: str, number: str, atc: int, digits: str) -> Dialled:
        """The next key for a phone, in its compact form, for eight digits of proof."""
        ...


class Opened(Protocol):
    """The ticket that stands now."""

    @property
    def number(self) -> str:
        """What the person is told."""
        ...

    @property
    def is_new(self) -> bool:
        """Whether this asking opened it."""
        ...


class Tickets(Protocol):
    """What people want of staff; satisfied by services/messages."""

    async def dispute(
        self, transfer: str, about: str, text: str, *, msisdn: str, person_id: str, language: str
    ) -> Opened:
        """`I did not make this payment`, once a movement."""
        ...

    async def call_back(self, cause: str, *, msisdn: str, person_id: str, language: str) -> Opened:
        """`Call me back`, one at a time."""
        ...


class Mailbox(Protocol):
    """Messages that wait for a person; satisfied by services/notices."""

    async def titles(self, person_id: str, *, limit: int = 20) -> list[Title]:
        """What there is, newest first."""
        ...

    async def read(self, person_id: str, message_id: str) -> Kept | None:
        """One of the person's own."""
        ...


class Payees(Protocol):
    """Where people are paid; satisfied by services/payees."""

    async def resolve(self, person_id: str) -> PayeeAccount | None:
        """Where this person is paid now."""
        ...

    async def offer(self, person_id: str, iban: str) -> PayeeResult:
        """What was typed, until the PIN agrees."""
        ...

    async def keep(self, person_id: str, *, call_key: str) -> PayeeResult:
        """Make what was offered the account."""
        ...

    async def unlink(self, person_id: str, *, by: str, call_key: str) -> PayeeResult:
        """Pay into the wallet again."""
        ...

    async def disown(self, person_id: str, *, by: str, change_id: str = "") -> PayeeResult:
        """`I did not do this`."""
        ...


class Ledger(Protocol):
    """The part of the wallet's ledger that a balance is read from."""

    async def balances(self, account: AccountId) -> Balances | None:
        """The account's balances now."""
        ...

    async def movements(self, account: AccountId, *, limit: int, before: int | None = None) -> list[Movement]:
        """Last movements, newest first."""
        ...

    async def open_holds(self, account: AccountId) -> list[LogRow]:
        """Holds that are not resolved."""
        ...


class ToSign(Protocol):
    """A document that waits for a signature."""

    @property
    def id(self) -> str:
        """`doc_…`."""
        ...

    @property
    def title(self) -> str:
        """One line."""
        ...


class SendOutcome(StrEnum):
    """What became of sending a request to the phone."""

    ASKED = "asked"
    BUSY = "busy"
    SUSPENDED = "suspended"
    GONE = "gone"
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True)
class Sent:
    """The answer to `send`; the code that both screens show only with ASKED."""

    outcome: SendOutcome
    code: str = ""


class SigningDesk(Protocol):
    """What waits for whoever has this phone; satisfied by an adapter over services/signing."""

    async def waiting(self, msisdn: str) -> Sequence[ToSign]:
        """What they may sign now, oldest first; nothing for numbers that do not sign."""
        ...

    async def send(self, msisdn: str, document_id: str, form_key: str) -> Sent:
        """Ask this phone to sign."""
        ...


class TapControls(Protocol):
    """What people allow their phones to pay; satisfied by services/controls."""

    async def allowed(self, person_id: str) -> Allowed | None:
        """What holds now."""
        ...

    async def switch(self, person_id: str, *, on: bool) -> bool:
        """Payments by phone on or off."""
        ...

    async def limit(self, person_id: str, day_max: Money | None) -> bool:
        """The most of a day."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """All of them."""

    people: People
    payments: Payments
    benefits: Benefits
    tokens: Tokens
    ledger: Ledger
    tickets: Tickets
    mailbox: Mailbox
    payees: Payees
    signing: SigningDesk
    care: Care
    tap_controls: TapControls


__all__ = [
    "ActivationCode",
    "Benefits",
    "Care",
    "Ledger",
    "Mailbox",
    "Opened",
    "Payees",
    "Payments",
    "People",
    "SendOutcome",
    "Sent",
    "Services",
    "SigningDesk",
    "TapControls",
    "Tickets",
    "ToSign",
    "Tokens",
]
