"""Everything that can be found, joined."""

from gateway.services.approvals.looking import LOOKED as APPROVALS
from gateway.services.banking.looking import LOOKED as BANKING
from gateway.services.benefits.looking import LOOKED as BENEFITS
from gateway.services.clearing.looking import LOOKED as CLEARING
from gateway.services.finding import Finding, Looked, Parts, Tables, TailIndex
from gateway.services.merchants.looking import LOOKED as MERCHANTS
from gateway.services.payments.looking import LOOKED as PAYMENTS
from gateway.services.payouts.looking import LOOKED as PAYOUTS
from gateway.services.people import People
from gateway.services.providers.looking import LOOKED as PROVIDERS
from gateway.services.signing.looking import LOOKED as SIGNING
from gateway.services.taps.looking import LOOKED as TAPS
from gateway.services.tokens.looking import LOOKED as TOKENS
from gateway.store import Store
from wallet.ledger import Ledger

LOOKED: tuple[Looked, ...] = (
    *APPROVALS, *BANKING, *BENEFITS, *CLEARING, *MERCHANTS, *PAYMENTS, *PAYOUTS, *PROVIDERS, *SIGNING, *TAPS, *TOKENS,
)  # fmt: skip


def build_finding(store: Store, ledger: Ledger, people: People) -> tuple[Finding, TailIndex]:
    """The one box, and the index that it needs kept."""
    index = TailIndex(store, ledger, ledger.lookups)
    return Finding(Parts(ledger.lookups, index, people, (Tables(store, LOOKED),))), index
