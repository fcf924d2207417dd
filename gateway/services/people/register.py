"""Where people are found: what the other rooms of this service build on."""

import hmac
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, func, select, update

from gateway.keys import KeyStore
from gateway.observe import Metrics
from gateway.services.people.model import BranchPurpose, Person, PersonState, PersonStatus
from gateway.services.people.ports import AccessLog, Registry
from gateway.services.people.rules import BRANCH_CODE_TRIES_MAX, HOUR
from gateway.services.people.tables import branch_codes, limits, persons, pins
from gateway.services.shortnumber import ascii_digits
from gateway.services.telling import Teller
from gateway.settings import Settings
from gateway.store import Store, insert_ignore
from ussd_menus import Style
from wallet.clock import Clock

_BY_ID = select(persons).where(persons.c.id == bindparam("an_id"))
_BY_MSISDN = select(persons).where(persons.c.msisdn == bindparam("a_msisdn"))
_HELD = _BY_ID.with_for_update(key_share=True)
_OPEN_CODE = select(branch_codes.c.id).where(
    branch_codes.c.purpose == BranchPurpose.ACTIVATE.value,
    branch_codes.c.msisdn == bindparam("a_msisdn"),
    branch_codes.c.closed_at.is_(None),
    branch_codes.c.expires_at > bindparam("now"),
    branch_codes.c.tries < BRANCH_CODE_TRIES_MAX,
)
_OWING = (PersonState.ACTIVE, PersonState.LOCKED)


@dataclass(frozen=True, slots=True)
class National:
    """A national number as it is stored: found by `mac`, read from `sealed`."""

    mac: bytes
    sealed: bytes


class Register:
    """People by id and number, and what every verb needs at hand."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        keys: KeyStore,
        registry: Registry,
        teller: Teller,
        access: AccessLog,
        settings: Settings,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys
        self._registry = registry
        self._teller = teller
        self._access = access
        self._settings = settings
        self._metrics = metrics

    async def by_id(self, person_id: str) -> Person | None:
        """The person with this id."""
        return await self._one(_BY_ID, {"an_id": person_id})

    async def by_msisdn(self, msisdn: str) -> Person | None:
        """The person with this number, `+989…`."""
        return await self._one(_BY_MSISDN, {"a_msisdn": msisdn})

    async def national_number_ends(self, person_id: str, digits: str) -> bool:
        """Whether the person's national number ends with these digits; False for nobody, and for no digits."""
        rows = await self._store.read(select(persons).where(persons.c.id == person_id))
        number = await self._national_number(rows[0]) if rows else ""
        return bool(digits) and same(number[-len(digits) :].encode(), ascii_digits(digits).encode())

    async def by_ids(self, ids: Collection[str]) -> list[Person]:
        """The people with these ids, in no order; at most some thousands at once."""
        return [person_of(row) for row in await self._store.read(select(persons).where(persons.c.id.in_(ids)))]

    async def by_msisdns(self, msisdns: Collection[str]) -> list[Person]:
        """The people with these numbers, in no order; at most some thousands at once."""
        return [person_of(row) for row in await self._store.read(select(persons).where(persons.c.msisdn.in_(msisdns)))]

    async def by_nationals(self, numbers: Collection[str]) -> dict[str, Person]:
        """The people with these national numbers, by number; at most some thousands at once."""
        macs = {await self._national_mac(number): number for number in numbers}
        rows = await self._store.read(select(persons).where(persons.c.national_mac.in_(macs)))
        return {macs[row.national_mac]: person_of(row) for row in rows}

    async def resets(self, ids: Collection[str], since: datetime) -> dict[str, datetime]:
        """Who of these has chosen a new PIN after an unlock since then, and when; at most some thousands at once."""
        anew = (pins.c.unlocked_by != "") & (pins.c.changed_at > since)
        query = select(pins.c.person_id, pins.c.changed_at).where(pins.c.person_id.in_(ids), anew)
        return {row.person_id: row.changed_at for row in await self._store.read(query)}

    async def status(self, msisdn: str) -> PersonStatus:
        """What the next dial of this number begins with."""
        known = await self.by_msisdn(msisdn)
        if known is not None:
            return PersonStatus(known.state.value)
        found = await self._store.find(_OPEN_CODE, {"a_msisdn": msisdn, "now": self._clock.now()})
        return PersonStatus.BRANCH_CODE if found else PersonStatus.UNKNOWN

    async def set_language(self, person_id: str, language: str) -> None:
        """Remember the language of screens and notices."""
        statement = update(persons).where(persons.c.id == person_id).values(language=language)
        await self._store.write(lambda tx: tx.execute(statement).rowcount)

    async def set_style(self, person_id: str, style: Style) -> None:
        """Remember how this person wants pages."""
        statement = update(persons).where(persons.c.id == person_id).values(style_columns(style))
        await self._store.write(lambda tx: tx.execute(statement).rowcount)

    async def email_bounced(self, person_id: str, email: str, status: str) -> bool:
        """Write no more to this address of the person until it is changed; False if it is another one already."""
        statement = update(persons).where(persons.c.id == person_id, persons.c.email == email)
        return await self._store.write(lambda tx: tx.execute(statement.values(email_bounced=status)).rowcount) == 1

    async def active_ids(self, *, after: str, limit: int) -> list[str]:
        """Ids of active and locked people in order, from after `after`: whoever owes contributions."""
        query = select(persons.c.id).where(persons.c.state.in_(_OWING), persons.c.id > after)
        return [row.id for row in await self._store.read(query.order_by(persons.c.id).limit(limit))]

    async def count_active(self) -> int:
        """How many people `active_ids` goes through."""
        query = select(func.count()).select_from(persons).where(persons.c.state.in_(_OWING))
        return int((await self._store.read(query))[0][0])

    async def _one(self, query: Select[Any], values: Mapping[str, str]) -> Person | None:
        rows = await self._store.find(query, values)
        return person_of(rows[0]) if rows else None

    async def _national(self, number: str, msisdn: str) -> National:
        mac = await self._national_mac(number)
        return National(mac, await self._keys.seal("outbox", number.encode(), national_aad(msisdn)))

    async def _national_mac(self, number: str) -> bytes:
        return await self._keys.mac("lookup", b"national number\0" + number.encode())

    async def _national_number(self, row: Row[Any]) -> str:
        return (await self._keys.unseal("outbox", row.national_sealed, national_aad(row.msisdn))).decode()


def person_of(row: Row[Any]) -> Person:
    """The person in a row of `persons`."""
    return Person(
        row.id,
        row.msisdn,
        row.name,
        row.name_fa,
        row.language,
        PersonState(row.state),
        row.email,
        row.created_at,
        row.email_bounced,
        row.branch,
        Style(row.digits, row.toman, row.easy),
    )


def style_columns(style: Style) -> dict[str, object]:
    """The columns of `persons` that say how pages are shown."""
    return {"digits": style.digits, "toman": style.toman, "easy": style.easy}


def national_aad(msisdn: str) -> bytes:
    """What binds a sealed national number to its row."""
    return b"national number of " + msisdn.encode()


def open_branch_code(purpose: BranchPurpose, msisdn: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Conditions of a branch code that was neither used nor replaced and is not too old."""
    return (
        branch_codes.c.purpose == purpose,
        branch_codes.c.msisdn == msisdn,
        branch_codes.c.closed_at.is_(None),
        branch_codes.c.expires_at > now,
    )


def take(tx: Connection, what: str, subject: str, now: datetime, count_max: int) -> bool:
    """Count one more of `what` for `subject` in this hour; False, and nothing counted, if that were too many."""
    row = {"what": what, "subject": subject, "since": now, "taken": 0}
    insert_ignore(tx, limits, row)
    mine = (limits.c.what == what) & (limits.c.subject == subject)
    seen = tx.execute(select(limits).where(mine).with_for_update(key_share=True)).one()
    fresh = now - seen.since >= HOUR
    taken = 0 if fresh else seen.taken
    if taken >= count_max:
        return False
    tx.execute(update(limits).where(mine).values(taken=taken + 1, since=now if fresh else seen.since))
    return True


def same(one: bytes, other: bytes) -> bool:
    """Whether two keyed hashes are equal, in constant time."""
    return hmac.compare_digest(one, other)


def locked_person(tx: Connection, person_id: str) -> Row[Any] | None:
    """The person's row, held until the unit of work is over."""
    return tx.execute(_HELD, {"an_id": person_id}).one_or_none()


def set_state(tx: Connection, person_id: str, state: PersonState) -> None:
    """Write a new state."""
    tx.execute(update(persons).where(persons.c.id == person_id).values(state=state))
