"""What this service needs of others, said as small Protocols; app.py joins them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from gateway.keys import KeyStore
from gateway.services import posting
from gateway.services.clearing.calendar import Calendar
from gateway.services.clearing.fees import Schedule
from gateway.settings import Settings
from gateway.store import Store
from wallet.accounts import Chart
from wallet.clock import Clock
from wallet.ids import AccountId
from wallet.transfers import Balances, Movement


class Taking(Protocol):
    """What the host took at a terminal: a captured purchase, or a refund."""

    @property
    def id(self) -> str:
        """Time-ordered; the cause of what a cycle posts for it."""
        ...

    @property
    def kind(self) -> str:
        """`purchase` or `refund`."""
        ...

    @property
    def terminal_id(self) -> str:
        """DE41."""
        ...

    @property
    def merchant_id(self) -> str:
        """Whose terminal."""
        ...

    @property
    def stan(self) -> str:
        """Of the original request, as DE90 names it."""
        ...

    @property
    def rrn(self) -> str:
        """DE37 of the original request."""
        ...

    @property
    def approval(self) -> str:
        """DE38."""
        ...

    @property
    def batch_number(self) -> str:
        """DE60, six digits; '' of what no terminal counts."""
        ...

    @property
    def amount_minor(self) -> int:
        """What the terminal counts."""
        ...

    @property
    def reversed(self) -> bool:
        """Taken back: in no total."""
        ...

    @property
    def settles_minor(self) -> int:
        """What a cycle moves: of a purchase what is left of it in clearing, of a refund what it took from payable."""
        ...

    @property
    def original_id(self) -> str:
        """Of a refund the purchase that it refunds; of a purchase that counts anew, itself as it was; else ''."""
        ...

    @property
    def taken_at(self) -> datetime:
        """When the host took it."""
        ...


class HealOutcome(Protocol):
    """A member of the closed enum of taps; compared by its value, `healed` when the money is captured."""

    @property
    def value(self) -> str:
        """`healed`, `unknown`, `wrong_approval`, `wrong_amount`, `reversed`, `unpaid`."""
        ...


class Takings(Protocol):
    """What the host took. Satisfied by gateway.services.taps. Every verb is harmless twice."""

    async def takings(self, terminal_id: str, batch_number: str) -> Sequence[Taking]:
        """All of a batch, reversed ones included."""
        ...

    async def unsettled(self, cut: datetime, merchant_id: str = "", *, after: str, limit: int) -> Sequence[Taking]:
        """What was taken before `cut` and is in no cycle, in order of ids from after that one."""
        ...

    async def mark(self, ids: Sequence[str], cycle_id: str) -> Sequence[str]:
        """Take them for a cycle; those that were free or are this cycle's. `settles_minor` is frozen from then on."""
        ...

    async def settling(self, cycle_id: str, *, after: str, limit: int) -> Sequence[Taking]:
        """What is taken for this cycle, in order of ids from after that one."""
        ...

    async def heal(self, terminal_id: str, stan: str, rrn: str, amount_minor: int, approval: str) -> HealOutcome:
        """Capture an approved tap whose completion was lost."""
        ...


class Book(Protocol):
    """What statements read of the ledger. Satisfied by wallet.ledger.Ledger."""

    async def balances(self, account: AccountId) -> Balances | None:
        """The account's balances now."""
        ...

    async def balances_at(
        self, account: AccountId, *, position: int | None = None, at: datetime | None = None
    ) -> Balances | None:
        """Right after a position, or at a moment."""
        ...

    async def position_at(self, at: datetime) -> int:
        """The last position of the log at a moment."""
        ...

    async def movements_between(
        self, account: AccountId, *, after: int, through: int, limit: int
    ) -> Sequence[Movement]:
        """Movements of positions above `after` up to `through`, oldest first."""
        ...


class Shop(Protocol):
    """A merchant as clearing needs one."""

    @property
    def id(self) -> str:
        """`mer_…`."""
        ...

    @property
    def name(self) -> str:
        """As the bank is given it."""
        ...

    @property
    def owner_person_id(self) -> str:
        """Whose own account is paid where the shop has none."""
        ...

    @property
    def iban(self) -> str:
        """Where it is paid, or ''."""
        ...

    @property
    def iban_since(self) -> datetime | None:
        """When that was last changed."""
        ...

    @property
    def iban_cool_until(self) -> datetime | None:
        """Before that nothing is paid to it."""
        ...

    @property
    def category(self) -> str:
        """Merchant category code, four digits, or ''."""
        ...

    @property
    def fee_class(self) -> str:
        """What the fee schedule may treat apart, or ''."""
        ...


class Terminal(Protocol):
    """A terminal and whose it is."""

    @property
    def merchant_id(self) -> str:
        """`mer_…`."""
        ...


class Shops(Protocol):
    """Where merchants and terminals are found. Satisfied by gateway.services.merchants."""

    async def terminal(self, terminal_id: str) -> Terminal | None:
        """The terminal with this id."""
        ...

    async def by_ids(self, ids: Collection[str]) -> Mapping[str, Shop]:
        """Merchants by id."""
        ...

    async def merchants(self, limit: int = 100, after: str = "") -> Sequence[Shop]:
        """All, page by page in order of ids."""
        ...


class ReturnedItem(Protocol):
    """An item of a payout batch that came back."""

    @property
    def reason(self) -> str:
        """The bank's code."""
        ...

    @property
    def iban(self) -> str:
        """Where it went, or ''."""
        ...


class ReturnsDesk(Protocol):
    """Where money that came back lies. Satisfied by gateway.services.payouts."""

    async def item(self, item_id: str) -> ReturnedItem | None:
        """The item."""
        ...

    async def give_back(self, item_id: str, staff_id: str, reason: str) -> object:
        """Put it back into the account that paid; its source is told NOT_PAID."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What the service is joined with."""

    store: Store
    clock: Clock
    ledger: posting.Ledger
    book: Book
    chart: Chart
    keys: KeyStore
    takings: Takings
    shops: Shops
    schedule: Schedule
    calendar: Calendar
    settings: Settings
