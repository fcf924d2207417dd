"""What this service needs of others, said as small Protocols; app.py joins them."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from gateway.services.signing.model import SignOutcome, SignRequest, SignResult
from gateway.services.signing.profiles import SignerProfile
from wallet.money import Money

Executor = Callable[[str, str], Awaitable[str]]
"""`(subject, document_id) -> result`: what follows; called again after a crash, so twice must be harmless."""


class MobileSigner(Protocol):
    """A mobile signature service; satisfied by gateway.peers.mssp."""

    async def sign(self, request: SignRequest) -> SignResult:
        """Ask a phone and wait until its time is over; never raises for what the service may answer.

        Again for the same transaction it asks how that stands, or, where another process has asked, nobody.
        """
        ...

    async def told(self, msisdn: str, transaction_id: str, text: str) -> None:
        """Send the receipt: a text to the phone that says what came of its signature; lost ones do not matter."""
        ...

    async def profile(self, msisdn: str) -> SignerProfile:
        """What a number signs with, for enrolling it; nobody is asked anything on the phone."""
        ...


class SignatureCheck(Protocol):
    """Verifies a kept signature again, without the service; satisfied by gateway.peers.mssp."""

    def check(self, cms: bytes, request: SignRequest, at: datetime) -> SignOutcome:
        """SIGNED, OTHER_SIGNER or INVALID, as of the moment when it was signed."""
        ...


class Signatory(Protocol):
    """Whoever signs or looks; a member of staff is one."""

    @property
    def id(self) -> str:
        """`stf_…`."""
        ...

    @property
    def roles(self) -> AbstractSet[str]:
        """Names of roles."""
        ...

    @property
    def language(self) -> str:
        """Of the phone's text."""
        ...


class Needs(Protocol):
    """The table of who must sign what; satisfied by gateway.services.approvals.Policy."""

    def need(self, kind: str, amount: Money | None) -> str:
        """A value of `Need`."""
        ...


class StandIn(Protocol):
    """Whom a member stands in for, with that person's own roles now."""

    @property
    def principal(self) -> str:
        """Staff id."""
        ...

    @property
    def roles(self) -> AbstractSet[str]:
        """Names of roles."""
        ...


class StandsIn(Protocol):
    """Who stands in for whom; satisfied by gateway.services.approvals.Delegations."""

    async def principals(self, delegate: str, kind: str) -> Collection[StandIn]:
        """Those whom this member stands in for now, for this kind."""
        ...

    async def stood_in(self, delegates: Collection[str], kind: str, since: datetime) -> Collection[str]:
        """Those whom any of these members has stood in for at any moment since, or does now, over any chain."""
        ...


class Proposed(Protocol):
    """What waits for a second person, or was decided."""

    @property
    def id(self) -> str:
        """`apr_…`."""
        ...

    @property
    def checker(self) -> str:
        """Staff id of who decided, or ''."""
        ...


class Proposals(Protocol):
    """Satisfied by gateway.services.approvals.Proposals."""

    async def propose(
        self, kind: str, subject: str, payload: Mapping[str, str], maker: str, *, barred: Collection[str] = ()
    ) -> Proposed:
        """Propose, once while it waits; those who are barred do not decide."""
        ...

    async def by_id(self, approval_id: str) -> Proposed | None:
        """The approval with this id."""
        ...


class Confirmed(StrEnum):
    """Whether a member of staff has typed the right password and one-time code again."""

    OK = "ok"
    WRONG = "wrong"
    CODE_USED = "code_used"
    LOCKED = "locked"


class Member(Protocol):
    """A member of staff as signing needs one."""

    @property
    def id(self) -> str:
        """`stf_…`."""
        ...

    @property
    def name(self) -> str:
        """For the texts of approvals."""
        ...

    @property
    def language(self) -> str:
        """Of the phone's text."""
        ...

    @property
    def disabled(self) -> bool:
        """Whether they may do anything."""
        ...


class StaffDoor(Protocol):
    """Satisfied by an adapter over gateway.services.staff.Staff."""

    async def by_id(self, staff_id: str) -> Member | None:
        """The member with this id."""
        ...

    async def by_username(self, username: str) -> Member | None:
        """The member with this user name."""
        ...

    async def confirm(self, staff_id: str, password: str, totp: str) -> Confirmed:
        """Check both; counted and locked as a sign-in is, and the code works once."""
        ...

    async def take_try(self, username: str) -> int:
        """Count a try for this name as a sign-in does; how many seconds it is locked, 0 if the try may go on."""
        ...

    async def open_sign_in(self, staff_id: str, remote: str) -> str:
        """The token of a new sign-in, and the tries are forgotten; '' if the account is disabled."""
        ...
