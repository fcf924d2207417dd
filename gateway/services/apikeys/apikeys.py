"""Bearer keys for systems (RFC 6750), and calls that are done once however often they come.

A key is shown once and kept as a keyed hash; whoever reads the database can use none.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from gateway.errors import BadInput, NotFound
from gateway.keys import KeyStore
from gateway.services.apikeys.tables import calls, keys
from gateway.store import Store, insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id

PREFIX = "tdk_"
SECRET_BYTES = 32
KEY_MAX = 200
NAME_MAX = 100
AT_WORK = timedelta(minutes=2)
"""How long a call may be at work before the next one takes it over: then its process is gone."""


class Scope(StrEnum):
    """What a key may ask. None of them lets money go: people do that."""

    PAYOUTS_READ = "payouts_read"
    PAYOUTS_WRITE = "payouts_write"
    """Bring batches, which people then check, propose, approve and sign."""
    STATEMENTS_WRITE = "statements_write"
    PAYEES_READ = "payees_read"
    PAYEES_WRITE = "payees_write"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key, without what would let anybody use it."""

    id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None

    @property
    def actor(self) -> str:
        """How it stands where a member of staff would stand: `api:key_…`."""
        return f"api:{self.id}"


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A new key; `secret` is shown this once."""

    key: ApiKey
    secret: str = field(repr=False)


class CallState(StrEnum):
    """What an idempotency key has met."""

    NEW = "new"
    DONE = "done"
    """It was done before: `Call.subject` is what it made."""
    AT_WORK = "at_work"
    OTHER = "other"
    """It came before with another request."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call by its idempotency key; `again` of a NEW one that was begun before by a process that is gone."""

    state: CallState
    subject: str = ""
    again: bool = False


class ApiKeys:
    """Makes, checks and revokes keys."""

    def __init__(self, store: Store, clock: Clock, key_store: KeyStore) -> None:
        self._store = store
        self._clock = clock
        self._keys = key_store

    async def create(self, name: str, scopes: Collection[Scope], *, valid_days: int = 0) -> MadeKey:
        """A new key; with `valid_days` it ends by itself.

        Raises:
            BadInput: No name, or nothing that it may do.
        """
        name = " ".join(name.split())
        if not 0 < len(name) <= NAME_MAX or not scopes:
            raise BadInput(f"a key has a name of at most {NAME_MAX} characters and a scope")
        now = self._clock.now()
        secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
        expires_at = now + timedelta(days=valid_days) if valid_days else None
        key = ApiKey(new_id("key", self._clock), name, frozenset(scopes), now, expires_at, None)
        row = {
            "id": key.id,
            "mac": await self._mac(secret),
            "name": name,
            "scopes": sorted(key.scopes),
            "created_at": now,
            "expires_at": expires_at,
            "revoked_at": None,
        }
        await self._store.write(lambda tx: tx.execute(insert(keys).values(**row)).rowcount)
        return MadeKey(key, secret)

    async def check(self, secret: str) -> ApiKey | None:
        """The key, unless there is none, or it was revoked, or has ended."""
        if not secret.startswith(PREFIX) or len(secret) > KEY_MAX:
            return None
        rows = await self._store.find(_BY_MAC, {"a_mac": await self._mac(secret)})
        key = _key_of(rows[0]) if rows else None
        if key is None or key.revoked_at is not None:
            return None
        return key if key.expires_at is None or key.expires_at > self._clock.now() else None

    async def revoke(self, key_id: str) -> None:
        """End a key for good; harmless twice.

        Raises:
            NotFound: No such key.
        """
        now = self._clock.now()
        rows = await self._store.read(select(keys.c.id).where(keys.c.id == key_id))
        if not rows:
            raise NotFound("no such key")
        ended = update(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None)).values(revoked_at=now)
        await self._store.write(lambda tx: tx.execute(ended).rowcount)

    async def list_keys(self, *, limit: int = 200) -> list[ApiKey]:
        """Keys, newest first."""
        return [_key_of(row) for row in await self._store.read(select(keys).order_by(keys.c.id.desc()).limit(limit))]

    async def began(self, key_id: str, call: str, body_sha256: str) -> Call:
        """Whether this call is the first of its idempotency key; NEW makes the caller the one who does it."""
        now = self._clock.now()
        # Keyed, as a short body could be found again from its plain hash: it may hold an account.
        digest = (await self._keys.mac("lookup", b"api call\0" + body_sha256.encode())).hex()
        row = {"key_id": key_id, "call": call, "sha256": digest, "subject": "", "began_at": now}
        mine = (calls.c.key_id == key_id) & (calls.c.call == call)

        def work(tx: Connection) -> Call:
            if insert_ignore(tx, calls, row):
                return Call(CallState.NEW)
            known = tx.execute(select(calls).where(mine).with_for_update(key_share=True)).one()
            if known.sha256 != digest:
                return Call(CallState.OTHER)
            if known.subject:
                return Call(CallState.DONE, known.subject)
            if known.began_at + AT_WORK > now:
                return Call(CallState.AT_WORK)
            tx.execute(update(calls).where(mine).values(began_at=now))
            return Call(CallState.NEW, again=True)

        return await self._store.write(work)

    async def made(self, key_id: str, call: str, subject: str) -> None:
        """The call has made this."""
        mine = (calls.c.key_id == key_id) & (calls.c.call == call)
        await self._store.write(lambda tx: tx.execute(update(calls).where(mine).values(subject=subject)).rowcount)

    async def refused(self, key_id: str, call: str) -> None:
        """The call was refused and has made nothing: it may come again, corrected."""
        mine = (calls.c.key_id == key_id) & (calls.c.call == call) & (calls.c.subject == "")
        await self._store.write(lambda tx: tx.execute(calls.delete().where(mine)).rowcount)

    async def _mac(self, secret: str) -> bytes:
        return await self._keys.mac("lookup", b"api key\0" + secret.encode("utf-8", "surrogatepass"))


_BY_MAC = select(keys).where(keys.c.mac == bindparam("a_mac"))


def _key_of(row: Row[Any]) -> ApiKey:
    scopes = frozenset(Scope(one) for one in row.scopes)
    return ApiKey(row.id, row.name, scopes, row.created_at, row.expires_at, row.revoked_at)
