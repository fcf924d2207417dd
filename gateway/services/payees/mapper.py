"""Reading: where people are paid now, what has happened to that, and which accounts several people share."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select, type_coerce

from gateway.services.iban import masked_iban
from gateway.services.payees.model import AccountKind, ChangeKind, PayeeAccount, PayeeChange, SharedAccount
from gateway.services.payees.ports import Owner, PayeeParts
from gateway.services.payees.tables import accounts, changes
from wallet.types import Int64

SEAL_KEY, LOOKUP_KEY = "outbox", "lookup"
PEOPLE_SHOWN_MAX = 50
"""People of one shared account that are listed."""


class Mapper:
    """Where people are paid."""

    def __init__(self, parts: PayeeParts, *, cool: timedelta) -> None:
        """`cool`: how long what is due waits after a change of account, SIM or PIN."""
        self._store = parts.store
        self._clock = parts.clock
        self._keys = parts.keys
        self._owners = parts.owners
        self._teller = parts.teller
        self._asker = parts.asker
        self._desk = parts.desk
        self._metrics = parts.metrics
        self._cool = cool

    async def resolve(self, person_id: str) -> PayeeAccount | None:
        """Where this person is paid now; None for nobody whom we know."""
        return (await self.accounts([person_id])).get(person_id)

    async def accounts(self, person_ids: Collection[str]) -> Mapping[str, PayeeAccount]:
        """The accounts of these people, some thousands at once; unknown people are left out."""
        now = self._clock.now()
        rows = {row.person_id: row for row in await self._rows(person_ids)}
        resets = await self._owners.resets(person_ids, now - self._cool)
        owners = await self._owners.by_ids(person_ids)
        return {owner.id: await self._account(owner, rows.get(owner.id), resets.get(owner.id), now) for owner in owners}

    async def frozen(self, person_ids: Collection[str]) -> frozenset[str]:
        """Who of these has said that a change was not theirs: they are paid nothing until staff have looked."""
        is_frozen = type_coerce(accounts.c.frozen, Int64) == 1
        query = select(accounts.c.person_id).where(accounts.c.person_id.in_(person_ids), is_frozen)
        return frozenset(row.person_id for row in await self._store.read(query)) if person_ids else frozenset()

    async def history(self, person_id: str, *, limit: int = 50) -> list[PayeeChange]:
        """What has happened, newest first."""
        query = select(changes).where(changes.c.person_id == person_id).order_by(changes.c.id.desc()).limit(limit)
        return [_change_of(row) for row in await self._store.read(query)]

    async def sharing(self, person_id: str) -> Sequence[str]:
        """Who else is paid to this person's bank account; a sign of fraud that staff look at."""
        mine = select(accounts.c.mac).where(accounts.c.person_id == person_id).scalar_subquery()
        others = select(accounts.c.person_id).where(accounts.c.mac == mine, accounts.c.person_id != person_id)
        return [row.person_id for row in await self._store.read(others.limit(PEOPLE_SHOWN_MAX))]

    async def shared(self, *, people_min: int = 2, limit: int = 100) -> list[SharedAccount]:
        """Bank accounts that at least so many people are paid to, the most shared first."""
        count = func.count().label("people")
        most = select(accounts.c.mac, count).where(accounts.c.mac.is_not(None)).group_by(accounts.c.mac)
        found = await self._store.read(
            most.having(count >= people_min).order_by(count.desc(), accounts.c.mac).limit(limit)
        )
        wanted = select(accounts.c.mac, accounts.c.tail, accounts.c.person_id)
        rows = await self._store.read(
            wanted.where(accounts.c.mac.in_([row.mac for row in found])).order_by(accounts.c.person_id)
        )
        by_mac: dict[bytes, list[Row[Any]]] = {row.mac: [] for row in found}
        for row in rows:
            by_mac[row.mac].append(row)
        return [
            SharedAccount(masked_iban(group[0].tail), tuple(row.person_id for row in group[:PEOPLE_SHOWN_MAX]))
            for group in by_mac.values()
            if group
        ]

    async def mac_of(self, iban: str) -> bytes:
        """The keyed hash by which an account is found."""
        return await self._keys.mac(LOOKUP_KEY, b"iban\0" + iban.encode())

    async def _rows(self, person_ids: Collection[str]) -> Sequence[Row[Any]]:
        return await self._store.read(select(accounts).where(accounts.c.person_id.in_(person_ids)))

    async def _account(self, owner: Owner, row: Row[Any] | None, reset: datetime | None, now: datetime) -> PayeeAccount:
        if row is None:
            cool = reset + self._cool if reset else None
            return PayeeAccount(owner.id, AccountKind.WALLET, "", owner.name, None, cool)
        ends = [row.cool_until, reset + self._cool if reset else None, now + self._cool if row.frozen else None]
        cool = max((end for end in ends if end is not None and end > now), default=None)
        iban = await self._opened(owner.id, row.sealed)
        return PayeeAccount(owner.id, AccountKind(row.kind), iban, row.name or owner.name, row.since, cool, row.frozen)

    async def _opened(self, person_id: str, sealed: bytes | None) -> str:
        return (await self._keys.unseal(SEAL_KEY, sealed, aad(person_id))).decode() if sealed else ""


def aad(person_id: str) -> bytes:
    """What binds a sealed IBAN to its person."""
    return f"iban\0{person_id}".encode()


def _change_of(row: Row[Any]) -> PayeeChange:
    return PayeeChange(
        row.id,
        row.person_id,
        ChangeKind(row.kind),
        masked_iban(row.tail),
        masked_iban(row.old_tail),
        row.by_whom,
        row.at,
        row.cool_until,
    )
