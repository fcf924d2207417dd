"""What every verb of tokens stands on: stores and keys, keyed hashes, PANs behind their seal, and telling holders."""

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update

from gateway.keys import KeyStore
from gateway.observe import Metrics
from gateway.services.telling import NoticeValue, Tell, Teller
from gateway.services.tokens import sealing
from gateway.services.tokens.devices import DeviceKeyKind
from gateway.services.tokens.minting import Terms
from gateway.services.tokens.model import Followers, Holder, Holders, KeyView, SealedKey, Token
from gateway.services.tokens.states import TokenState, locks_of
from gateway.services.tokens.tables import tokens, tries
from gateway.services.tokens.thresholds import Way, channels_of
from gateway.settings import Settings
from gateway.store import Store, insert_ignore
from gateway.wire.emv import Cvn
from wallet.clock import Clock

ISSUER = "imk"
"""The issuer's master key that limited-use keys are derived from."""


class Vault:
    """The base of `Tokens`.

    Without a teller nobody is told, without metrics nothing is counted, and without followers nothing else goes over to
    an account's new reference.
    """

    def __init__(
        self,
        store: Store,
        people: Holders,
        keys: KeyStore,
        clock: Clock,
        settings: Settings,
        teller: Teller | None = None,
        metrics: Metrics | None = None,
        followers: Followers | None = None,
    ) -> None:
        self._store = store
        self._people = people
        self._keys = keys
        self._clock = clock
        self._settings = settings
        self._teller = teller
        self._metrics = metrics
        self._followers = followers

    async def _one(self, query: Select[Any]) -> Token | None:
        rows = await self._store.read(query)
        return token_of(rows[0]) if rows else None

    async def _row(self, token_id: str) -> Row[Any] | None:
        rows = await self._store.read(select(tokens).where(tokens.c.id == token_id))
        return rows[0] if rows else None

    async def _pan(self, row: Row[Any]) -> str:
        return (await self._keys.unseal("token", row.pan_sealed, row.id.encode())).decode()

    async def _luk(self, row: Row[Any], dki: int, luk_id: bytes) -> bytes:
        return await self._keys.derive_luk(ISSUER, dki, await self._pan(row), row.psn, luk_id)

    async def _terms(self) -> Terms:
        """What the next key may serve; it is derived from the newest version of the issuer's key, older ones go on."""
        return Terms.of(self._settings, (await self._keys.versions(ISSUER))[-1])

    async def _sealed(self, token_id: str, seal_key: bytes, luk: bytes, key: KeyView) -> SealedKey:
        ephemeral, sealed = sealing.seal_to(seal_key, luk, token_id.encode())
        return SealedKey(
            id=key.id,
            ephemeral_key=ephemeral,
            sealed=sealed,
            uses_max=key.uses_max,
            valid_until=key.valid_until,
            amount_max_minor=key.amount_max_minor,
            channels=key.channels,
            dki=key.dki,
        )

    async def _code_mac(self, person_id: str, code: str) -> bytes:
        return await self._keys.mac("lookup", f"token activation\0{person_id}\0{code}".encode())

    async def _pan_mac(self, pan: str) -> bytes:
        return await self._keys.mac("lookup", f"token pan\0{pan}".encode())

    async def _par(self, person_id: str, generation: int = 0) -> str:
        which = f"\0{generation}" if generation else ""
        digest = await self._keys.mac("lookup", f"payment account reference\0{person_id}{which}".encode())
        return "TDPL" + base64.b32encode(digest).decode()[:25]

    async def _tell(
        self,
        class_: str,
        cause: str,
        holder: Holder,
        *,
        values: Mapping[str, NoticeValue] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> Tell:
        if self._teller is None:
            return _untold
        return await self._teller.prepared(
            class_,
            cause=cause,
            msisdn=holder.msisdn,
            person_id=holder.id,
            language=holder.language,
            values=values or {},
            secrets=secrets or {},
        )

    async def _subject(self, who: str) -> bytes:
        """Whose tries are counted, as a keyed hash: it may be a number that nobody has enrolled."""
        return await self._keys.mac("lookup", f"token try\0{who}".encode())

    def _alarm(self, reason: str) -> None:
        if self._metrics is not None:
            self._metrics.token_alarms.labels(reason=reason).inc()


def count_try(tx: Connection, subject: bytes, now: datetime) -> int:
    """Count one try of today inside the caller's unit of work; which one it is."""
    insert_ignore(tx, tries, {"subject": subject, "day": now.date(), "times": 0})
    mine = (tries.c.subject == subject) & (tries.c.day == now.date())
    tx.execute(update(tries).where(mine).values(times=tries.c.times + 1))
    times: int = tx.execute(select(tries.c.times).where(mine)).scalar_one()
    return times


def token_of(row: Row[Any]) -> Token:
    """A token's row as a value."""
    return Token(
        id=row.id,
        person_id=row.person_id,
        number=row.number,
        last4=row.last4,
        psn=row.psn,
        expiry=row.expiry,
        par=row.par,
        trid=row.trid,
        dki=row.dki,
        cvn=Cvn.HOUSE,
        device_key_kind=DeviceKeyKind(row.device_key_kind),
        assurance=row.assurance,
        state=TokenState(row.state),
        locks=locks_of(row.locks),
        card_locks=locks_of(row.card_locks),
        bad_cryptograms=row.bad_cryptograms,
        made_at=row.made_at,
    )


def key_of(row: Row[Any]) -> KeyView:
    """A limited-use key's row as a value."""
    return KeyView(
        id=row.id,
        way=Way(row.way),
        dki=row.dki,
        uses=row.uses,
        uses_max=row.uses_max,
        amount_minor=row.amount_minor,
        amount_max_minor=row.amount_max_minor,
        channels=channels_of(row.channels),
        made_at=row.made_at,
        valid_until=row.valid_until,
    )


def _untold(_tx: Connection) -> bool:
    return False
