"""Calls that phones sign with their device keys: admitted once each, whichever process they reach."""

from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection, delete

from gateway.services.tokens.devices import SKEW, CallOutcome, DeviceKeyKind, SignedCall, is_signed
from gateway.services.tokens.lifecycle import PHONE, Act, deactivate, suspend
from gateway.services.tokens.states import ActorClass, StateOutcome
from gateway.services.tokens.tables import nonces, tries
from gateway.services.tokens.vault import Vault
from gateway.store import insert_ignore


class DeviceCalls(Vault):
    """Who calls, and what phones may do with their own tokens besides paying."""

    async def admit(self, call: SignedCall) -> CallOutcome:
        """Whether a call is the token's phone's, in time, and new. What is OK here is never OK again.

        Only a good signature moves anything: nobody else can use up a nonce of the phone's.
        """
        row, now = await self._row(call.token_id), self._clock.now()
        if row is None or not is_signed(
            DeviceKeyKind(row.device_key_kind), row.device_key, call.signature, call.signed()
        ):
            self._alarm("signature")
            return CallOutcome.BAD_SIGNATURE
        if not call.in_time(now):
            return CallOutcome.STALE
        taken = {"token_id": call.token_id, "nonce": call.nonce, "at": now}
        if not await self._store.write(lambda tx: insert_ignore(tx, nonces, taken)):
            self._alarm("replay")
            return CallOutcome.REPLAYED
        return CallOutcome.OK

    async def suspend_own(self, token_id: str) -> StateOutcome:
        """A phone locks its own token; only the holder's PIN, dialled, lifts that again."""
        act = Act(PHONE, ActorClass.HOLDER, "asked by the phone", self._clock.now())
        return await self._store.write(partial(suspend, token_id=token_id, by=ActorClass.HOLDER, act=act))

    async def deactivate_own(self, token_id: str) -> StateOutcome:
        """A phone ends its own token."""
        act = Act(PHONE, ActorClass.HOLDER, "asked by the phone", self._clock.now())
        return await self._store.write(partial(deactivate, token_id=token_id, act=act))

    async def _forget(self, now: datetime) -> int:
        """Nonces that their time alone refuses by now, and tries of days that are over.

        A call may have been signed `SKEW` ahead of when it came. A process whose clock lags may still count yesterday.
        """
        spent = delete(nonces).where(nonces.c.at < now - 2 * SKEW)
        over = delete(tries).where(tries.c.day < now.date() - timedelta(days=1))

        def work(tx: Connection) -> int:
            return tx.execute(spent).rowcount + tx.execute(over).rowcount

        return await self._store.write(work)
