"""The front door of this service."""

from collections.abc import AsyncIterable, Sequence

from gateway.services.banking.model import BankOrder, BankPayment, Imported, OrderRow


class Banking:
    """Writes orders and ships them; keeps what the bank says, and tells who has ordered."""

    async def order(self, order: BankOrder, payments: AsyncIterable[Sequence[BankPayment]]) -> OrderRow:
        """Write the order's file from pages of payments; the same order again is the same file, written once.

        Raises:
            Conflict: Another order has that id, or the payments do not agree with its count and total.
            StoreUnavailable: The file could not be written, nothing of it stands.
        """
        raise NotImplementedError

    async def ship(self) -> int:
        """Hand written orders over to the bank; how many. A worker's tick."""
        raise NotImplementedError

    async def fetch(self) -> int:
        """Keep what waits at the bank, take it, tell who has ordered; how many files. A worker's tick."""
        raise NotImplementedError

    async def sweep(self) -> int:
        """Finish what a crash left: files kept and not taken, news not told; how many things."""
        raise NotImplementedError

    async def import_statement(self, octets: bytes, name: str, staff_id: str) -> Imported:
        """Take a file that staff bring."""
        raise NotImplementedError
