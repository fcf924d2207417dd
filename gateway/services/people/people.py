"""The verbs of this service."""

from gateway.keys import KeyStore
from gateway.observe import Metrics
from gateway.services.people.model import (
    ActivateOutcome,
    BranchPurpose,
    CodeResult,
    EnrolOutcome,
    Person,
    PersonStatus,
    PersonView,
    PinCheck,
    PinForm,
    PinRepeat,
    ResendOutcome,
    UnlockOutcome,
)
from gateway.services.people.ports import AccessLog, Registry, Teller
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import Clock


class People:
    """Who deals with the institution."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        keys: KeyStore,
        registry: Registry,
        teller: Teller,
        access: AccessLog,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Stop the threads that hash PINs."""
        raise NotImplementedError

    async def by_id(self, person_id: str) -> Person | None:
        """The person with this id."""
        raise NotImplementedError

    async def by_msisdn(self, msisdn: str) -> Person | None:
        """The person with this number, `+989…`."""
        raise NotImplementedError

    async def status(self, msisdn: str) -> PersonStatus:
        """What the next dial of this number begins with."""
        raise NotImplementedError

    async def set_language(self, person_id: str, language: str) -> None:
        """Remember the language of screens and notices."""
        raise NotImplementedError

    async def set_email(self, person_id: str, email: str) -> None:
        """Where receipts go besides; '' for nowhere."""
        raise NotImplementedError

    async def active_ids(self, *, after: str, limit: int) -> list[str]:
        """Ids of active and locked people in order, from after `after`: whoever owes contributions."""
        raise NotImplementedError

    async def count_active(self) -> int:
        """How many people `active_ids` goes through."""
        raise NotImplementedError

    async def enrol(self, msisdn: str, national_number: str, language: str) -> EnrolOutcome:
        """Begin or go on with enrolment: the registry is asked, then a one-time code goes to the number."""
        raise NotImplementedError

    async def activate(self, msisdn: str, branch_code: str, language: str = "fa") -> ActivateOutcome:
        """Enrol on the word of a branch that has seen the person's papers; a one-time code goes to the number."""
        raise NotImplementedError

    async def confirm_code(self, msisdn: str, code: str) -> CodeResult:
        """Prove the phone; afterwards a PIN is to be chosen."""
        raise NotImplementedError

    async def resend_code(self, msisdn: str) -> ResendOutcome:
        """Send a new one-time code; older ones are void."""
        raise NotImplementedError

    async def offer_pin(self, person_id: str, pin: str) -> PinForm:
        """First typing of a new PIN, for a person who is to choose one.

        Raises:
            Conflict: The person is not to choose a PIN.
        """
        raise NotImplementedError

    async def repeat_pin(self, person_id: str, pin: str) -> PinRepeat:
        """Second typing; OK makes it the PIN and the person active.

        Raises:
            Conflict: The person is not to choose a PIN.
        """
        raise NotImplementedError

    async def check_pin(self, person_id: str, pin: str) -> PinCheck:
        """Compare a PIN; each try is counted durably before it is compared.

        Raises:
            Overloaded: Too many PINs wait to be hashed; this try was not counted.
        """
        raise NotImplementedError

    async def unlock_with_code(self, msisdn: str, branch_code: str) -> UnlockOutcome:
        """Let a locked or forgetful person choose a new PIN, on the word of a branch."""
        raise NotImplementedError

    async def unlock(self, person_id: str, approval_id: str) -> str:
        """The same on the word of two members of staff: executor of approval kind `pin_unlock`; harmless twice."""
        raise NotImplementedError

    async def issue_branch_code(
        self,
        purpose: BranchPurpose,
        msisdn: str,
        national_number: str,
        staff_id: str,
        *,
        name: str = "",
        name_fa: str = "",
    ) -> str:
        """Eight digits for a person who stands at the desk; shown once, stored as a keyed hash.

        Raises:
            BadInput: The national number or the number has no valid form.
            NotFound: UNLOCK, and nobody with this number and national number is enrolled.
            Conflict: ACTIVATE, and the number or the national number is enrolled already.
        """
        raise NotImplementedError

    async def view(self, person_id: str, staff_id: str, reason: str) -> PersonView | None:
        """All about one person; leaves a row in the access log first."""
        raise NotImplementedError

    async def search(self, text: str, staff_id: str) -> list[Person]:
        """People by number, national number or part of a name, 20 at most; a row in the access log for each."""
        raise NotImplementedError

    async def sweep(self) -> int:
        """Lock who used up the tries while a crash hid it; how many."""
        raise NotImplementedError
