"""Verbs of merchants and terminals."""

import secrets
from typing import Any, Protocol

from sqlalchemy import Connection, Row, Select, bindparam, select, update

from gateway.errors import BadInput, Conflict, NotFound
from gateway.keys import KeyStore
from gateway.services.merchants import rules
from gateway.services.merchants.model import NO_CATEGORY, Merchant, Terminal, TerminalKey
from gateway.services.merchants.tables import merchants, terminals
from gateway.store import Store, insert_ignore
from wallet.accounts import Account, Chart
from wallet.clock import Clock
from wallet.ids import new_id

NAME_MAX = 60
_NUMBER_DRAWS = 8


class Ledger(Protocol):
    """The part of the wallet's ledger that opens a merchant's account."""

    async def open_accounts(self, *accounts: Account) -> None:
        """Open accounts; harmless when they are open."""
        ...


class Merchants:
    """Registers merchants and terminals, and finds them."""

    def __init__(self, store: Store, ledger: Ledger, chart: Chart, keys: KeyStore, clock: Clock) -> None:
        self._store = store
        self._ledger = ledger
        self._chart = chart
        self._keys = keys
        self._clock = clock

    async def register_merchant(
        self, name: str, owner_person_id: str, city: str, *, category: str = NO_CATEGORY
    ) -> Merchant:
        """Store a merchant with a number of its own and open its account.

        Raises:
            BadInput: No name or city, or one of more than 60 characters, or a category that is not four digits.
        """
        _check_category(category)
        name, city = name.strip(), city.strip()
        if not 0 < len(name) <= NAME_MAX or not 0 < len(city) <= NAME_MAX:
            raise BadInput(f"a merchant's name and city have 1 to {NAME_MAX} characters")
        merchant_id, now = new_id("mer", self._clock), self._clock.now()
        # The account first: a merchant that can be seen can be paid.
        roles = ("merchant_clearing", "merchant_payable")
        await self._ledger.open_accounts(*(self._chart.account(role, merchant_id) for role in roles))

        def insert(tx: Connection) -> str:
            for _ in range(_NUMBER_DRAWS):
                number = rules.merchant_number(secrets.randbelow(rules.SERIALS))
                row = {
                    "id": merchant_id,
                    "number": number,
                    "name": name,
                    "owner_person_id": owner_person_id,
                    "city": city,
                    "registered_at": now,
                    "category": category,
                }
                if insert_ignore(tx, merchants, row):
                    return number
            raise Conflict("no free merchant number was drawn; try again")

        return Merchant(merchant_id, await self._store.write(insert), name, owner_person_id, city, now, category)

    async def set_category(self, merchant_id: str, category: str) -> bool:
        """Say what a merchant sells; whether there is such a merchant.

        Raises:
            BadInput: Not four digits.
        """
        _check_category(category)
        changed = update(merchants).where(merchants.c.id == merchant_id).values(category=category)
        return await self._store.write(lambda tx: tx.execute(changed).rowcount) == 1

    async def register_terminal(self, merchant_id: str, terminal_id: str) -> TerminalKey:
        """Store a terminal and hand out its key, this once.

        Raises:
            BadInput: Not eight capital letters and digits.
            NotFound: No such merchant.
            Conflict: The terminal's id is taken.
        """
        if not rules.is_terminal_id(terminal_id):
            raise BadInput("a terminal's id has eight capital letters or digits")
        merchant = await self.merchant(merchant_id)
        if merchant is None:
            raise NotFound("no such merchant")
        row = {"id": terminal_id, "merchant_id": merchant_id, "registered_at": self._clock.now()}
        if not await self._store.write(lambda tx: insert_ignore(tx, terminals, row)):
            raise Conflict("this terminal's id is taken")
        return TerminalKey(terminal_id, merchant.number, await self._keys.terminal_key("acquirer", terminal_id))

    async def merchant(self, merchant_id: str) -> Merchant | None:
        """The merchant with this id."""
        rows = await self._store.read(select(merchants).where(merchants.c.id == merchant_id))
        return _merchant(rows[0]) if rows else None

    async def merchants(self, limit: int = 100, after: str = "") -> list[Merchant]:
        """Merchants in order of registration, from behind the id `after`."""
        query = select(merchants).where(merchants.c.id > after).order_by(merchants.c.id).limit(limit)
        return [_merchant(row) for row in await self._store.read(query)]

    async def terminal(self, terminal_id: str) -> Terminal | None:
        """The terminal with this id."""
        rows = await self._store.find(_TERMINAL, {"terminal": terminal_id})
        return _terminal(rows[0]) if rows else None

    async def terminals(self, merchant_id: str) -> list[Terminal]:
        """A merchant's terminals by id."""
        query = _terminals().where(terminals.c.merchant_id == merchant_id).order_by(terminals.c.id)
        return [_terminal(row) for row in await self._store.read(query)]


def _terminals() -> Select[Any]:
    joined = terminals.join(merchants, merchants.c.id == terminals.c.merchant_id)
    theirs = (merchants.c.number, merchants.c.name, merchants.c.city, merchants.c.category)
    return select(terminals, *theirs).select_from(joined)


def _check_category(category: str) -> None:
    if not rules.is_category(category):
        raise BadInput("a merchant's category has four digits")


def _merchant(row: Row[Any]) -> Merchant:
    return Merchant(row.id, row.number, row.name, row.owner_person_id, row.city, row.registered_at, row.category)


def _terminal(row: Row[Any]) -> Terminal:
    return Terminal(row.id, row.merchant_id, row.number, row.name, row.registered_at, row.city, row.category)


_TERMINAL = _terminals().where(terminals.c.id == bindparam("terminal"))
