"""The verbs of this service."""

from collections.abc import Mapping

from gateway.keys import KeyStore
from gateway.services.payments.model import ClaimCode, Invoice, Payee, Payment, PayResult, RedeemResult
from gateway.services.payments.ports import Ledger, Payers, Progress, Teller
from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.money import Money

INVOICES_JOB = "make_invoices"
"""Kind of the job that `make_invoices_job` does; params: {"period": "1405-08"}."""


class Payments:
    """Moves money for people, by intent, post and outcome."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ledger: Ledger,
        chart: Chart,
        people: Payers,
        keys: KeyStore,
        teller: Teller,
        settings: Settings,
    ) -> None:
        raise NotImplementedError

    async def invoices_of(self, person_id: str, *, limit: int = 20) -> list[Invoice]:
        """A person's unpaid invoices, oldest period first."""
        raise NotImplementedError

    async def invoice(self, invoice_id: str) -> Invoice | None:
        """The invoice with this id."""
        raise NotImplementedError

    async def make_invoice(self, person_id: str, period: str, amount: Money, made_by: str) -> Invoice:
        """Make a contribution invoice; one for each person and period, whoever asks how often.

        Raises:
            BadInput: The period is not `YYYY-MM`, or the amount is not positive.
        """
        raise NotImplementedError

    async def make_invoices_job(self, job: Progress, params: Mapping[str, str]) -> str:
        """The job INVOICES_JOB: this month's contribution invoice for everybody who owes one, in pages."""
        raise NotImplementedError

    async def pay_invoice(self, person_id: str, invoice_id: str, call_key: str) -> PayResult:
        """Wallet to contribution income."""
        raise NotImplementedError

    async def payee(self, person_id: str, msisdn: str) -> Payee:
        """Whom a typed number belongs to, masked; any usual way of writing an Iranian mobile number is understood."""
        raise NotImplementedError

    async def send(self, person_id: str, msisdn: str, amount: Money, call_key: str) -> PayResult:
        """Wallet to the wallet of the person with that number."""
        raise NotImplementedError

    async def send_code(self, person_id: str, msisdn: str, amount: Money, call_key: str) -> PayResult:
        """Wallet to a claim code that goes by SMS to a number which is not enrolled."""
        raise NotImplementedError

    async def redeem(self, person_id: str, code: str, call_key: str) -> RedeemResult:
        """The money of a claim code to the wallet of the person whose number it was sent to."""
        raise NotImplementedError

    async def cash_in(self, person_id: str, amount: Money, branch: str, staff_id: str, form_key: str) -> PayResult:
        """Notes taken in at a branch, to the wallet."""
        raise NotImplementedError

    async def by_id(self, payment_id: str) -> Payment | None:
        """The payment with this id."""
        raise NotImplementedError

    async def by_reference(self, reference: str) -> Payment | None:
        """The payment with this reference."""
        raise NotImplementedError

    async def payments_of(self, person_id: str, *, limit: int, before: str = "") -> list[Payment]:
        """A person's payments, newest first, of ids before `before`."""
        raise NotImplementedError

    async def claim_code(self, code_id: str) -> ClaimCode | None:
        """The claim code with this id, `cco_…`."""
        raise NotImplementedError

    async def sweep(self) -> int:
        """Send back what nobody claimed in time and finish what a crash left; how many."""
        raise NotImplementedError
