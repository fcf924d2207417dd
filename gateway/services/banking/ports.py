"""What this service needs of others, and whom it tells, said as small Protocols; app.py joins them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.services.banking.model import News


class NewsTaker(Protocol):
    """Who has ordered payments; satisfied by gateway.services.payouts."""

    async def take(self, news: Sequence[News]) -> None:
        """Do what follows; a payment that it does not know is left to reconciliation."""
        ...


class OrderBook(Protocol):
    """Which payments an order has; satisfied by gateway.services.banking.files.WrittenOrders out of its own files."""

    async def payments_of(self, order_id: str) -> Sequence[tuple[str, int]]:
        """End-to-end id and minor units of each, in the file's order; none where the order is not known."""
        ...


@dataclass(frozen=True, slots=True)
class Arrived:
    """A file of the bank: `name` is the bank's, unique; `octets` as they came."""

    name: str
    octets: bytes = field(repr=False)


class Bank(Protocol):
    """The bank's file door; satisfied by gateway.peers.bank."""

    async def send(self, order_id: str, name: str, octets: bytes) -> None:
        """Hand a file over; the same `order_id` again is harmless there.

        Raises:
            PeerUnavailable: Nothing is known; `enquire` says more.
            BadInput: The bank refuses the file as such.
        """
        ...

    async def enquire(self, order_id: str) -> bool:
        """Whether the bank has that order.

        Raises:
            PeerUnavailable: It does not answer.
        """
        ...

    async def arrivals(self, *, after: str, limit: int) -> Sequence[Arrived]:
        """Files that wait, in the bank's order, from after that name."""
        ...
