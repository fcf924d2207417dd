"""Verbs of tokens: activation codes, provisioning, states, and the use of a token by a tap."""

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from gateway.errors import BadInput, Conflict
from gateway.keys import KeyStore
from gateway.services.tokens import lifecycle, rules, sealing, uses
from gateway.services.tokens.model import (
    ActivationCode,
    Holders,
    ProvisionedToken,
    ProvisionRequest,
    ProvisionResult,
    SealedKey,
    Token,
    TokenEvent,
)
from gateway.services.tokens.rules import CodeCheck, ProvisionOutcome, StateOutcome, TokenState, UseOutcome
from gateway.services.tokens.tables import activations, history, limited_keys, tokens
from gateway.settings import Settings
from gateway.store import Store, Write, insert_ignore
from gateway.wire.emv import AID
from wallet.clock import Clock
from wallet.ids import new_id

ASSURANCE = "one-time code shown behind the PIN by USSD"
_PHONE = "phone"
_PAN_DRAWS = 5
_BY_PAN = select(tokens).where(tokens.c.pan_mac == bindparam("mac"))
_COUNT_BAD = (
    update(tokens).where(tokens.c.id == bindparam("token")).values(bad_cryptograms=tokens.c.bad_cryptograms + 1)
)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A token that was drawn and whose key was sealed, ready to be stored."""

    given: ProvisionedToken
    row: Mapping[str, object] = field(repr=False)


class Tokens:
    """Makes tokens for phones and watches over their use."""

    def __init__(self, store: Store, people: Holders, keys: KeyStore, clock: Clock, settings: Settings) -> None:
        self._store = store
        self._people = people
        self._keys = keys
        self._clock = clock
        self._settings = settings

    async def activation_code(self, person_id: str) -> ActivationCode:
        """A new code of eight digits; an older one is void."""
        code = f"{secrets.randbelow(10**rules.CODE_DIGITS):0{rules.CODE_DIGITS}d}"
        mine = {
            "mac": await self._code_mac(person_id, code),
            "tries": 0,
            "expires_at": self._clock.now() + timedelta(seconds=rules.CODE_VALID_S),
            "token_id": "",
        }

        def put(tx: Connection) -> None:
            if not insert_ignore(tx, activations, {"person_id": person_id, **mine}):
                tx.execute(update(activations).where(activations.c.person_id == person_id).values(mine))

        await self._store.write(put)
        return ActivationCode(code, rules.CODE_VALID_S)

    async def provision(self, request: ProvisionRequest) -> ProvisionResult:
        """Make a token for a phone whose holder has an activation code.

        The same request again, within the code's time, gets the same token with its key sealed anew: an answer that was
        lost on the way costs nobody a second code.
        """
        try:
            sealing.check_device_key(request.device_key)
            sealing.seal_to(request.seal_key, b"", b"")
        except BadInput:
            return ProvisionResult(ProvisionOutcome.BAD_KEY)
        holder = await self._people.by_msisdn(request.msisdn)
        if holder is None or holder.state != "active" or not rules.is_activation_code(request.activation_code):
            return ProvisionResult(ProvisionOutcome.WRONG_CODE)
        mac = await self._code_mac(holder.id, request.activation_code)
        for _ in range(_PAN_DRAWS):
            draft, now = await self._draft(holder.id, request), self._clock.now()
            check, stored = await self._store.write(partial(_provision, draft=draft, mac=mac, now=now))
            if check is CodeCheck.USED:
                return await self._given_before(stored, request)
            if (refused := rules.refusal(check)) is not None:
                return ProvisionResult(refused)
            if stored:
                return ProvisionResult(ProvisionOutcome.OK, draft.given)
        raise Conflict("no free token number was drawn; try again")

    async def find_by_pan(self, pan: str) -> Token | None:
        """The token with this PAN."""
        rows = await self._store.find(_BY_PAN, {"mac": await self._pan_mac(pan)})
        return _token(rows[0]) if rows else None

    async def token(self, token_id: str) -> Token | None:
        """The token with this id."""
        return await self._one(select(tokens).where(tokens.c.id == token_id))

    async def of_person(self, person_id: str) -> list[Token]:
        """A person's tokens, oldest first."""
        query = select(tokens).where(tokens.c.person_id == person_id).order_by(tokens.c.id)
        return [_token(row) for row in await self._store.read(query)]

    async def history(self, token_id: str) -> list[TokenEvent]:
        """Every state the token was in, oldest first."""
        query = select(history).where(history.c.token_id == token_id).order_by(history.c.number)
        return [TokenEvent(TokenState(r.state), r.actor, r.reason, r.at) for r in await self._store.read(query)]

    async def suspend(self, token_id: str, actor: str, reason: str) -> StateOutcome:
        """Lock the token until it is resumed."""
        return await self._change(token_id, TokenState.SUSPENDED, actor, reason)

    async def resume(self, token_id: str, actor: str, reason: str) -> StateOutcome:
        """Let a suspended token pay again."""
        return await self._change(token_id, TokenState.ACTIVE, actor, reason)

    async def deactivate(self, token_id: str, actor: str, reason: str) -> StateOutcome:
        """End the token for good."""
        return await self._change(token_id, TokenState.DEACTIVATED, actor, reason)

    def use(
        self,
        tx: Connection,
        token_id: str,
        luk_id: bytes,
        atc: int,
        now: datetime,
        *,
        amount_minor: int = 0,
        channel: str = "tap",
        ac: bytes = b"",
    ) -> UseOutcome:
        """Inside the caller's unit of work: move the counter of a tap whose cryptogram was good."""
        return uses.use(tx, token_id, luk_id, atc, now)

    async def count_bad_cryptogram(self, token_id: str) -> None:
        """Count a cryptogram that did not verify; nothing else of the token moves."""
        await self._store.apply(Write(_COUNT_BAD, {"token": token_id}))

    async def _change(self, token_id: str, then: TokenState, actor: str, reason: str) -> StateOutcome:
        now = self._clock.now()
        return await self._store.write(lambda tx: lifecycle.change(tx, token_id, then, actor, reason, now))

    async def _one(self, query: Select[Any]) -> Token | None:
        rows = await self._store.read(query)
        return _token(rows[0]) if rows else None

    async def _draft(self, person_id: str, request: ProvisionRequest) -> _Draft:
        now = self._clock.now()
        token_id = new_id("tok", self._clock)
        pan = rules.token_pan(secrets.randbelow(rules.SERIALS))
        given = ProvisionedToken(
            id=token_id,
            pan=pan,
            psn=rules.PSN,
            expiry=rules.expiry_of(now),
            par=await self._par(person_id),
            aid=AID,
            luk=await self._sealed_key(
                token_id,
                pan,
                request.seal_key,
                rules.luk_id(now, 1),
                self._settings.luk_uses_max,
                now + timedelta(seconds=self._settings.luk_valid_s),
            ),
        )
        row = {
            "id": token_id,
            "person_id": person_id,
            "pan_mac": await self._pan_mac(pan),
            "pan_sealed": await self._keys.seal("token", pan.encode(), token_id.encode()),
            "psn": given.psn,
            "expiry": given.expiry,
            "par": given.par,
            "device_key": request.device_key,
            "seal_key": request.seal_key,
            "assurance": ASSURANCE,
            "state": TokenState.ACTIVE,
            "atc_high": 0,
            "atc_seen": 0,
            "bad_cryptograms": 0,
            "made_at": now,
        }
        return _Draft(given, row)

    async def _sealed_key(
        self, token_id: str, pan: str, seal_key: bytes, luk_id: bytes, uses_max: int, valid_until: datetime
    ) -> SealedKey:
        luk = await self._keys.derive_luk("imk", rules.DKI, pan, rules.PSN, luk_id)
        ephemeral, sealed = sealing.seal_to(seal_key, luk, token_id.encode())
        return SealedKey(luk_id, ephemeral, sealed, uses_max, valid_until)

    async def _given_before(self, token_id: str, request: ProvisionRequest) -> ProvisionResult:
        joined = tokens.join(limited_keys, limited_keys.c.token_id == tokens.c.id)
        query = select(tokens, limited_keys.c.id.label("luk_id"), limited_keys.c.uses_max, limited_keys.c.valid_until)
        (row,) = await self._store.read(query.select_from(joined).where(tokens.c.id == token_id))
        if row.device_key != request.device_key or row.seal_key != request.seal_key:
            return ProvisionResult(ProvisionOutcome.WRONG_CODE)
        pan = (await self._keys.unseal("token", row.pan_sealed, token_id.encode())).decode()
        luk = await self._sealed_key(token_id, pan, row.seal_key, row.luk_id, row.uses_max, row.valid_until)
        given = ProvisionedToken(token_id, pan, row.psn, row.expiry, row.par, AID, luk)
        return ProvisionResult(ProvisionOutcome.OK, given)

    async def _code_mac(self, person_id: str, code: str) -> bytes:
        return await self._keys.mac("lookup", f"token activation\0{person_id}\0{code}".encode())

    async def _pan_mac(self, pan: str) -> bytes:
        return await self._keys.mac("lookup", f"token pan\0{pan}".encode())

    async def _par(self, person_id: str) -> str:
        digest = await self._keys.mac("lookup", f"payment account reference\0{person_id}".encode())
        return "TDPL" + base64.b32encode(digest).decode()[:25]


def _provision(tx: Connection, draft: _Draft, mac: bytes, now: datetime) -> tuple[CodeCheck, str]:
    """What the code is, and the token that it led to; OK with '' when the drawn PAN is taken and nothing was stored."""
    person_id = str(draft.row["person_id"])
    mine = activations.c.person_id == person_id
    row = tx.execute(select(activations).where(mine).with_for_update(key_share=True)).one_or_none()
    check = _check_code(row, mac, now)
    if check is CodeCheck.WRONG and row is not None:
        tx.execute(update(activations).where(mine).values(tries=row.tries + 1))
    if check is not CodeCheck.OK:
        return check, row.token_id if row is not None else ""
    if not insert_ignore(tx, tokens, draft.row):
        return check, ""
    token_id, luk = draft.given.id, draft.given.luk
    key = {"token_id": token_id, "id": luk.id, "uses": 0, "uses_max": luk.uses_max, "valid_until": luk.valid_until}
    tx.execute(insert(limited_keys).values(key))
    lifecycle.note(tx, token_id, TokenState.INACTIVE, _PHONE, "made", now)
    lifecycle.note(tx, token_id, TokenState.ACTIVE, _PHONE, ASSURANCE, now)
    tx.execute(update(activations).where(mine).values(token_id=token_id))
    return check, token_id


def _check_code(row: Row[Any] | None, mac: bytes, now: datetime) -> CodeCheck:
    if row is None:
        return CodeCheck.WRONG
    if row.tries >= rules.CODE_TRIES_MAX:
        return CodeCheck.TOO_MANY
    if row.expires_at <= now:
        return CodeCheck.EXPIRED
    if not hmac.compare_digest(row.mac, mac):
        return CodeCheck.WRONG
    return CodeCheck.USED if row.token_id else CodeCheck.OK


def _token(row: Row[Any]) -> Token:
    return Token(row.id, row.person_id, row.psn, row.expiry, row.par, row.assurance, TokenState(row.state), row.made_at)
