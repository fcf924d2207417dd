"""Verbs of merchants and terminals."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from gateway.errors import BadInput, Conflict, NotFound
from gateway.keys import KeyStore
from gateway.services.iban import masked_iban, normal_iban
from gateway.services.merchants import rules
from gateway.services.merchants.model import (
    NO_CATEGORY,
    IbanChange,
    IbanOutcome,
    Merchant,
    Terminal,
    TerminalKey,
    TerminalState,
)
from gateway.services.merchants.tables import ibans, merchants, terminals
from gateway.store import Store, insert_ignore
from wallet.accounts import Account, Chart
from wallet.clock import Clock
from wallet.ids import new_id

NAME_MAX = 60
FEE_CLASS_MAX = 40
REASON_MAX = 200
_NUMBER_DRAWS = 8


class Ledger(Protocol):
    """The part of the wallet's ledger that opens a merchant's account."""

    async def open_accounts(self, *accounts: Account) -> None:
        """Open accounts; harmless when they are open."""
        ...


class Merchants:
    """Registers merchants and terminals, and finds them."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        chart: Chart,
        keys: KeyStore,
        clock: Clock,
        *,
        cool: timedelta = timedelta(hours=24),
    ) -> None:
        """`cool` is how long nothing is paid to an account that was just changed."""
        self._store = store
        self._ledger = ledger
        self._chart = chart
        self._keys = keys
        self._clock = clock
        self._cool = cool

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
                    "iban": "",
                    "iban_since": None,
                    "iban_cool_until": None,
                    "fee_class": "",
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

    async def by_ids(self, ids: Collection[str]) -> Mapping[str, Merchant]:
        """Merchants by id; at most some thousands at once."""
        rows = await self._store.read(select(merchants).where(merchants.c.id.in_(sorted(ids))))
        return {row.id: _merchant(row) for row in rows}

    async def names(self, ids: Collection[str]) -> dict[str, str]:
        """What merchants are called, by id; some hundreds at once."""
        return {one.id: one.name for one in (await self.by_ids(ids)).values()}

    async def set_iban(self, merchant_id: str, iban: str, staff_id: str, reason: str) -> IbanOutcome:
        """Where the merchant is paid from now on, '' for its owner's own account; the change stands in its history.

        A change of an account that was there cools first: until then nothing is paid to the new one.
        """
        account, reason, now = (
            normal_iban(iban) if iban.strip() else "",
            " ".join(reason.split())[:REASON_MAX],
            self._clock.now(),
        )
        if account is None:
            return IbanOutcome.BAD_IBAN
        if not reason:
            return IbanOutcome.REASON_MISSING
        change = {
            "id": new_id("mib", self._clock), "merchant_id": merchant_id, "iban": account, "staff_id": staff_id,
            "reason": reason, "at": now,
        }  # fmt: skip

        def work(tx: Connection) -> IbanOutcome:
            mine = merchants.c.id == merchant_id
            row = tx.execute(select(merchants).where(mine).with_for_update(key_share=True)).one_or_none()
            if row is None:
                return IbanOutcome.UNKNOWN
            if row.iban == account:
                return IbanOutcome.SAME
            cools = now + self._cool if row.iban else None
            tx.execute(update(merchants).where(mine).values(iban=account, iban_since=now, iban_cool_until=cools))
            tx.execute(insert(ibans).values(**change, old_iban=row.iban))
            return IbanOutcome.OK

        return await self._store.write(work)

    async def iban_changes(self, merchant_id: str, limit: int = 50) -> list[IbanChange]:
        """The changes of a merchant's account, newest first, masked."""
        query = select(ibans).where(ibans.c.merchant_id == merchant_id).order_by(ibans.c.id.desc()).limit(limit)
        return [
            IbanChange(
                row.merchant_id, masked_iban(row.iban), masked_iban(row.old_iban), row.staff_id, row.reason, row.at
            )
            for row in await self._store.read(query)
        ]

    async def set_fee_class(self, merchant_id: str, fee_class: str) -> bool:
        """Which class of the schedule of fees the merchant is of, '' for none; False if there is no such merchant.

        Raises:
            BadInput: More than 40 characters.
        """
        if len(fee_class) > FEE_CLASS_MAX:
            raise BadInput(f"a class of fees has at most {FEE_CLASS_MAX} characters")
        mine = update(merchants).where(merchants.c.id == merchant_id).values(fee_class=fee_class)
        return await self._store.write(lambda tx: tx.execute(mine).rowcount) == 1

    async def terminal(self, terminal_id: str) -> Terminal | None:
        """The terminal with this id."""
        rows = await self._store.find(_TERMINAL, {"terminal": terminal_id})
        return _terminal(rows[0]) if rows else None

    async def terminals(self, merchant_id: str) -> list[Terminal]:
        """A merchant's terminals by id."""
        query = _terminals().where(terminals.c.merchant_id == merchant_id).order_by(terminals.c.id)
        return [_terminal(row) for row in await self._store.read(query)]

    async def every_terminal(self, *, after: str = "", limit: int = 100) -> list[Terminal]:
        """Terminals of all merchants by id, from behind the id `after`."""
        query = _terminals().where(terminals.c.id > after).order_by(terminals.c.id).limit(limit)
        return [_terminal(row) for row in await self._store.read(query)]

    async def stopped(self, terminal_ids: Sequence[str]) -> frozenset[str]:
        """Which of these may not sign on; ids that are not registered are not among them."""
        query = select(terminals.c.id).where(terminals.c.state != TerminalState.ACTIVE.value)
        return frozenset(row.id for row in await self._store.read(query.where(terminals.c.id.in_(terminal_ids))))

    async def set_terminal_state(self, terminal_id: str, state: TerminalState, *, actor: str, reason: str) -> Terminal:
        """Let a terminal sign on, stop it, or retire it for ever; its line is cut within seconds.

        Raises:
            BadInput: No reason, or one of more than 200 characters.
            NotFound: No such terminal.
            Conflict: It is retired.
        """
        reason = reason.strip()
        if not 0 < len(reason) <= REASON_MAX:
            raise BadInput(f"a reason has 1 to {REASON_MAX} characters")
        says = {"state": state.value, "state_reason": reason, "state_by": actor, "state_at": self._clock.now()}
        open_ = (terminals.c.id == terminal_id) & (terminals.c.state != TerminalState.RETIRED.value)
        changed = await self._store.write(lambda tx: tx.execute(update(terminals).where(open_).values(says)).rowcount)
        found = await self.terminal(terminal_id)
        if found is None:
            raise NotFound("no such terminal")
        if not changed:
            raise Conflict("this terminal is retired")
        return found


def _terminals() -> Select[Any]:
    joined = terminals.join(merchants, merchants.c.id == terminals.c.merchant_id)
    theirs = (merchants.c.number, merchants.c.name, merchants.c.city, merchants.c.category)
    return select(terminals, *theirs).select_from(joined)


def _check_category(category: str) -> None:
    if not rules.is_category(category):
        raise BadInput("a merchant's category has four digits")


def _merchant(row: Row[Any]) -> Merchant:
    return Merchant(
        row.id, row.number, row.name, row.owner_person_id, row.city, row.registered_at, row.category, row.iban,
        row.iban_since, row.iban_cool_until, row.fee_class,
    )  # fmt: skip


def _terminal(row: Row[Any]) -> Terminal:
    state = TerminalState(row.state), row.state_reason, row.state_by, row.state_at
    return Terminal(row.id, row.merchant_id, row.number, row.name, row.registered_at, row.city, row.category, *state)


_TERMINAL = _terminals().where(terminals.c.id == bindparam("terminal"))
