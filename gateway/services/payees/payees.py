"""Changing where a person is paid: every change is told, cools, and can be taken back by whoever did not make it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from gateway.services.iban import normal_iban
from gateway.services.payees.mapper import SEAL_KEY, Mapper, aad
from gateway.services.payees.model import AccountKind, ChangeKind, PayeeOutcome, PayeeResult
from gateway.services.payees.ports import Owner
from gateway.services.payees.tables import accounts, changes
from gateway.store import insert_ignore
from wallet.ids import new_id

CHANGES_A_DAY_MAX = 3
OFFER_VALID = timedelta(minutes=10)
DISOWN_WITHIN = timedelta(days=30)
"""How long a person may say that a change was not theirs."""
OLD_NUMBER_DAYS = timedelta(days=90)
OLD_NUMBERS_MAX = 3
"""How long the numbers of changes before hear of the next one, and how many of them."""
BY_PHONE, BY_SMS = "phone", "sms"
CHOSEN = (ChangeKind.LINKED.value, ChangeKind.UNLINKED.value)
DAY = timedelta(days=1)

Put = Callable[[Connection], object]


@dataclass(frozen=True, slots=True)
class _Account:
    """An account as the tables have it."""

    sealed: bytes | None = field(default=None, repr=False)
    mac: bytes | None = field(default=None, repr=False)
    tail: str = ""
    name: str = field(default="", repr=False)

    @property
    def kind(self) -> AccountKind:
        return AccountKind.IBAN if self.mac else AccountKind.WALLET

    def columns(self) -> dict[str, object]:
        return {"sealed": self.sealed, "mac": self.mac, "tail": self.tail, "name": self.name}


@dataclass(frozen=True, slots=True)
class _Change:
    """A change that was worded, ready to be stored."""

    id: str
    kind: ChangeKind
    call_key: str
    by: str
    msisdn: str
    at: datetime
    cool_until: datetime
    tells: Sequence[Put] = ()
    linked_only: bool = False


WALLET = _Account()


class Payees(Mapper):
    """The account mapper. `call_key` makes a change harmless to repeat."""

    async def link(self, person_id: str, iban: str, *, by: str, call_key: str, name: str = "") -> PayeeResult:
        """Pay into this bank account from now on; `name` is what the bank knows its owner by, if not the person's."""
        return await self._to_bank(person_id, iban, name, by=by, call_key=call_key, linked_only=False)

    async def update(self, person_id: str, iban: str, *, by: str, call_key: str, name: str = "") -> PayeeResult:
        """The same, for somebody who is paid into a bank account already."""
        return await self._to_bank(person_id, iban, name, by=by, call_key=call_key, linked_only=True)

    async def unlink(self, person_id: str, *, by: str, call_key: str) -> PayeeResult:
        """Pay into the wallet again."""
        return await self._change(person_id, WALLET, by=by, call_key=call_key, linked_only=True)

    async def offer(self, person_id: str, iban: str) -> PayeeResult:
        """What the phone has typed; `keep` makes it so once the PIN was right. Nothing else keeps it between pages."""
        account = await self.resolve(person_id)
        normal = normal_iban(iban)
        if account is None or normal is None:
            return PayeeResult(PayeeOutcome.BAD_IBAN if account else PayeeOutcome.UNKNOWN_PERSON, account)
        new = await self._sealed(person_id, normal)
        now = self._clock.now()
        offered = {"offered_sealed": new.sealed, "offered_mac": new.mac, "offered_tail": new.tail, "offered_at": now}

        def work(tx: Connection) -> PayeeOutcome:
            row = _held(tx, person_id)
            if row.frozen:
                return PayeeOutcome.FROZEN
            if row.mac == new.mac:
                return PayeeOutcome.SAME
            tx.execute(update(accounts).where(accounts.c.person_id == person_id).values(**offered))
            return PayeeOutcome.OK

        outcome = await self._store.write(work)
        return PayeeResult(outcome, replace(account, kind=AccountKind.IBAN, iban=normal))

    async def keep(self, person_id: str, *, call_key: str) -> PayeeResult:
        """Make what was offered lately the account."""
        rows = await self._rows([person_id])
        offered = rows[0] if rows else None
        if offered is None or offered.offered_at is None or offered.offered_at + OFFER_VALID <= self._clock.now():
            # A second delivery of the same call finds that nothing is offered any more.
            known = await self._store.read(select(changes.c.id).where(changes.c.call_key == call_key))
            outcome = PayeeOutcome.OK if known else PayeeOutcome.NOTHING
            return PayeeResult(outcome, await self.resolve(person_id))
        new = _Account(offered.offered_sealed, offered.offered_mac, offered.offered_tail)
        return await self._change(person_id, new, by=BY_PHONE, call_key=call_key)

    async def phone_changed(self, person_id: str, staff_id: str, call_key: str) -> PayeeResult:
        """Staff have learned that the SIM, the number or the phone is new: what is due waits until it has cooled."""
        owner = await self._owners.by_id(person_id)
        if owner is None:
            return PayeeResult(PayeeOutcome.UNKNOWN_PERSON)
        change = self._drafted(ChangeKind.PHONE_CHANGED, owner, staff_id, call_key)

        def work(tx: Connection) -> PayeeOutcome:
            row = _held(tx, person_id)
            if _known(tx, call_key) is None:
                _store(tx, row, _standing(row), change, frozen=row.frozen, since=row.since)
            return PayeeOutcome.OK

        return await self._done(person_id, await self._store.write(work), change)

    async def thaw(self, person_id: str, staff_id: str, call_key: str) -> PayeeResult:
        """Staff have spoken with the person: the account that stands is theirs, and may be changed and paid again."""
        owner = await self._owners.by_id(person_id)
        if owner is None:
            return PayeeResult(PayeeOutcome.UNKNOWN_PERSON)
        change = replace(self._drafted(ChangeKind.THAWED, owner, staff_id, call_key), cool_until=self._clock.now())

        def work(tx: Connection) -> PayeeOutcome:
            row = _held(tx, person_id)
            if _known(tx, call_key) is not None:
                return PayeeOutcome.OK
            if not row.frozen:
                return PayeeOutcome.NOTHING
            _store(tx, row, _standing(row), change, frozen=False, since=row.since)
            return PayeeOutcome.OK

        return await self._done(person_id, await self._store.write(work), change)

    async def disown(self, person_id: str, *, by: str, change_id: str = "") -> PayeeResult:
        """`I did not do this`: the earlier account stands again, frozen, and staff get a ticket.

        Args:
            person_id: Who says so.
            by: `phone` or `sms`.
            change_id: Which change; '' for the last one.
        """
        owner = await self._owners.by_id(person_id)
        since = self._clock.now() - DISOWN_WITHIN
        mine = (changes.c.person_id == person_id) & changes.c.kind.in_(CHOSEN) & (changes.c.at > since)
        which = mine & (changes.c.id == change_id) if change_id else mine
        found = await self._store.read(select(changes).where(which).order_by(changes.c.id.desc()).limit(1))
        if owner is None or not found:
            return PayeeResult(PayeeOutcome.NOTHING, await self.resolve(person_id))
        bad = found[0]
        change = self._drafted(ChangeKind.DISOWNED, owner, by, f"disown:{bad.id}")
        told = await self._told("payee_frozen", owner, change, [owner.msisdn], asked=False)

        def work(tx: Connection) -> PayeeOutcome:
            row = _held(tx, person_id)
            if _known(tx, change.call_key) is not None:
                return PayeeOutcome.SAME if row.frozen else PayeeOutcome.NOTHING
            _store(tx, row, _before(tx, bad), replace(change, tells=told), frozen=True, since=change.at)
            return PayeeOutcome.OK

        outcome = await self._store.write(work)
        if outcome is PayeeOutcome.NOTHING:
            # Staff have spoken with the person about this change already.
            return PayeeResult(outcome, await self.resolve(person_id))
        if outcome is PayeeOutcome.OK:
            self._metrics.payees.labels(ChangeKind.DISOWNED.value).inc()
        text = f"{bad.kind} {bad.at:%Y-%m-%d %H:%M} UTC: not this person's doing; {bad.id}"
        await self._desk.open(f"payee:{bad.id}", owner.msisdn, person_id, owner.language, text)
        return PayeeResult(PayeeOutcome.OK, await self.resolve(person_id), change.id)

    async def answered_no(self, person_id: str, change_id: str) -> None:
        """A person has answered NO to the SMS about this change; harmless to repeat."""
        await self.disown(person_id, by=BY_SMS, change_id=change_id)

    async def _to_bank(
        self, person_id: str, iban: str, name: str, *, by: str, call_key: str, linked_only: bool
    ) -> PayeeResult:
        normal = normal_iban(iban)
        if normal is None:
            return PayeeResult(PayeeOutcome.BAD_IBAN, await self.resolve(person_id))
        new = replace(await self._sealed(person_id, normal), name=name)
        return await self._change(person_id, new, by=by, call_key=call_key, linked_only=linked_only)

    async def _change(
        self, person_id: str, new: _Account, *, by: str, call_key: str, linked_only: bool = False
    ) -> PayeeResult:
        owner = await self._owners.by_id(person_id)
        if owner is None:
            return PayeeResult(PayeeOutcome.UNKNOWN_PERSON)
        kind = ChangeKind.LINKED if new.mac else ChangeKind.UNLINKED
        change = self._drafted(kind, owner, by, call_key)
        numbers = [owner.msisdn, *await self._old_numbers(owner)]
        class_ = "payee_iban" if new.mac else "payee_wallet"
        told = await self._told(class_, owner, change, numbers, asked=True, tail=new.tail)
        worded = replace(change, tells=told, linked_only=linked_only)
        outcome = await self._store.write(lambda tx: _changed(tx, person_id, new, worded))
        return await self._done(person_id, outcome, change)

    async def _done(self, person_id: str, outcome: PayeeOutcome, change: _Change) -> PayeeResult:
        self._metrics.payees.labels(outcome.value).inc()
        return PayeeResult(outcome, await self.resolve(person_id), change.id if outcome is PayeeOutcome.OK else "")

    async def _sealed(self, person_id: str, iban: str) -> _Account:
        sealed = await self._keys.seal(SEAL_KEY, iban.encode(), aad(person_id))
        return _Account(sealed, await self.mac_of(iban), iban[-4:])

    def _drafted(self, kind: ChangeKind, owner: Owner, by: str, call_key: str) -> _Change:
        now = self._clock.now()
        return _Change(new_id("pch", self._clock), kind, call_key, by, owner.msisdn, now, now + self._cool)

    async def _old_numbers(self, owner: Owner) -> list[str]:
        """Other numbers of the changes of late: whoever took the new one must hear of no change alone."""
        since = self._clock.now() - OLD_NUMBER_DAYS
        mine = (changes.c.person_id == owner.id) & (changes.c.at > since) & (changes.c.msisdn != owner.msisdn)
        query = select(changes.c.msisdn).where(mine).group_by(changes.c.msisdn)
        latest = query.order_by(func.max(changes.c.id).desc()).limit(OLD_NUMBERS_MAX)
        return [row.msisdn for row in await self._store.read(latest)]

    async def _told(
        self, class_: str, owner: Owner, change: _Change, msisdns: Sequence[str], *, asked: bool, tail: str = ""
    ) -> list[Put]:
        tells: list[Put] = []
        for msisdn in msisdns:
            # An old number may be somebody else's by now: it is told as a number, not as the person.
            whom = owner.id if msisdn == owner.msisdn else ""
            tells.append(
                await self._teller.prepared(
                    class_,
                    cause=change.id,
                    msisdn=msisdn,
                    person_id=whom,
                    language=owner.language,
                    values={"number": tail, "at": change.cool_until},
                    secrets={},
                )
            )
            if asked:
                tells.append(self._asker.prepared(owner.id, msisdn, change.id, change.at + DISOWN_WITHIN))
        return tells


def _changed(tx: Connection, person_id: str, new: _Account, change: _Change) -> PayeeOutcome:
    row = _held(tx, person_id)
    if _known(tx, change.call_key) is not None:
        return PayeeOutcome.OK
    if row.frozen:
        return PayeeOutcome.FROZEN
    if change.linked_only and row.kind != AccountKind.IBAN:
        return PayeeOutcome.NOT_LINKED
    if (row.mac, row.name) == (new.mac, new.name):
        return PayeeOutcome.SAME
    today = (changes.c.person_id == person_id) & (changes.c.at > change.at - DAY) & changes.c.kind.in_(CHOSEN)
    if tx.execute(select(func.count()).select_from(changes).where(today)).scalar_one() >= CHANGES_A_DAY_MAX:
        return PayeeOutcome.TOO_MANY
    _store(tx, row, new, change, frozen=False, since=change.at)
    return PayeeOutcome.OK


def _held(tx: Connection, person_id: str) -> Row[Any]:
    """The person's row, made if need be, held until the unit of work is over."""
    fresh = {
        "person_id": person_id,
        "kind": AccountKind.WALLET.value,
        "tail": "",
        "name": "",
        "frozen": False,
        "offered_tail": "",
    }
    insert_ignore(tx, accounts, fresh)
    held = select(accounts).where(accounts.c.person_id == person_id).with_for_update(key_share=True)
    return tx.execute(held).one()


def _before(tx: Connection, bad: Row[Any]) -> _Account:
    """What stood before a change that is taken back.

    Whoever has changed twice has left an account of their own as the earlier one: where the change before this one was
    taken back too, what stood before that one counts, whichever NO comes first.
    """
    earlier = (changes.c.person_id == bad.person_id) & (changes.c.id < bad.id)
    taken_back = select(changes.c.call_key).where(
        changes.c.person_id == bad.person_id, changes.c.kind == ChangeKind.DISOWNED.value
    )
    keys = set(tx.execute(taken_back).scalars())
    first = bad
    for one in tx.execute(select(changes).where(earlier & changes.c.kind.in_(CHOSEN)).order_by(changes.c.id.desc())):
        if f"disown:{one.id}" not in keys:
            break
        first = one
    return _Account(first.old_sealed, first.old_mac, first.old_tail, first.old_name)


def _standing(row: Row[Any]) -> _Account:
    return _Account(row.sealed, row.mac, row.tail, row.name)


def _known(tx: Connection, call_key: str) -> str | None:
    return tx.execute(select(changes.c.id).where(changes.c.call_key == call_key)).scalar_one_or_none()


def _store(
    tx: Connection, row: Row[Any], new: _Account, change: _Change, *, frozen: bool, since: datetime | None
) -> None:
    cool_until = change.cool_until if change.cool_until > change.at else None
    old = {f"old_{name}": value for name, value in _standing(row).columns().items()}
    tx.execute(
        insert(changes).values(
            id=change.id,
            person_id=row.person_id,
            kind=change.kind,
            call_key=change.call_key,
            old_kind=row.kind,
            msisdn=change.msisdn,
            by_whom=change.by,
            at=change.at,
            cool_until=cool_until,
            **new.columns(),
            **old,
        )
    )
    gone = {"offered_sealed": None, "offered_mac": None, "offered_tail": "", "offered_at": None}
    stands = {**new.columns(), "kind": new.kind, "since": since, "cool_until": cool_until, "frozen": frozen}
    tx.execute(update(accounts).where(accounts.c.person_id == row.person_id).values(**stands, **gone))
    for tell in change.tells:
        tell(tx)
