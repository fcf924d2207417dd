"""Merchants and terminals in dicts."""

from gateway.errors import Conflict
from gateway.services.merchants import Merchant, Terminal, TerminalKey
from wallet.clock import Clock
from wallet.ids import new_id


class StubMerchants:
    """Merchants and terminals in dicts."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.all: dict[str, Merchant] = {}
        self.of: dict[str, Terminal] = {}

    async def register_merchant(self, name: str, owner_person_id: str, city: str) -> Merchant:
        made = Merchant(new_id("mer", self.clock), "581420000000018", name, owner_person_id, city, self.clock.now())
        self.all[made.id] = made
        return made

    async def register_terminal(self, merchant_id: str, terminal_id: str) -> TerminalKey:
        if terminal_id in self.of:
            raise Conflict("taken")
        merchant = self.all[merchant_id]
        self.of[terminal_id] = Terminal(terminal_id, merchant_id, merchant.number, merchant.name, self.clock.now())
        return TerminalKey(terminal_id, merchant.number, bytes(range(16)))

    async def merchant(self, merchant_id: str) -> Merchant | None:
        return self.all.get(merchant_id)

    async def merchants(self, limit: int = 100, after: str = "") -> list[Merchant]:
        return [row for row in self.all.values() if row.id > after][:limit]

    async def terminals(self, merchant_id: str) -> list[Terminal]:
        return [row for row in self.of.values() if row.merchant_id == merchant_id]
