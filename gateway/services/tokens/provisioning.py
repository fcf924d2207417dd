"""Provisioning: activation codes, and tokens for phones whose holders have one; what identified them is kept."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from gateway.errors import BadInput, Conflict
from gateway.services.tokens import lifecycle, minting, rules, sealing
from gateway.services.tokens.devices import kind_of
from gateway.services.tokens.lifecycle import PHONE, Act
from gateway.services.tokens.minting import Terms
from gateway.services.tokens.model import ActivationCode, Method, ProvisionedToken, ProvisionRequest, ProvisionResult
from gateway.services.tokens.rules import CodeCheck, ProvisionOutcome
from gateway.services.tokens.states import ActorClass, TokenState
from gateway.services.tokens.tables import activations, assurances, limited_keys, numbers, tokens
from gateway.services.tokens.thresholds import Way
from gateway.services.tokens.vault import Vault, key_of
from gateway.store import insert_ignore
from gateway.wire.emv import AID
from wallet.ids import new_id

ASSURANCE: Mapping[Method, str] = {
    Method.ONE_TIME_CODE: "one-time code shown behind the PIN by USSD",
    Method.NATIONAL_NUMBER: "last digits of the national number, as registered",
}
"""What each method is, in words."""
_DRAWS = 5


@dataclass(frozen=True, slots=True)
class _Draft:
    """A token that was drawn, ready to be stored."""

    row: Mapping[str, object]
    luk_id: bytes
    terms: Terms
    methods: tuple[Method, ...]
    pan: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Code:
    """An activation code as it was typed, by its keyed hash, and whether what else identifies the holder was right."""

    mac: bytes
    identified: bool = True


class Provisioning(Vault):
    """Makes tokens for phones."""

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

        Digits of a national number that are not the holder's spend a try as another code does. The same request again,
        within the code's time, gets the same token with its key sealed anew: an answer that was lost on the way costs
        nobody a second code.
        """
        try:
            kind_of(request.device_key)
            sealing.seal_to(request.seal_key, b"", b"")
        except BadInput:
            return ProvisionResult(ProvisionOutcome.BAD_KEY)
        holder = await self._people.by_msisdn(request.msisdn)
        if holder is None or holder.state != "active" or not rules.is_activation_code(request.activation_code):
            return ProvisionResult(ProvisionOutcome.WRONG_CODE)
        mac = await self._code_mac(holder.id, request.activation_code)
        code = Code(mac, identified=await self._identified(holder.id, request))
        for _ in range(_DRAWS):
            draft, par, now = await self._draft(holder.id, request), await self._par(holder.id), self._clock.now()
            check, stored = await self._store.write(partial(_provision, draft=draft, par=par, code=code, now=now))
            if (check is CodeCheck.OK and stored) or check is CodeCheck.USED:
                return await self._given(stored, request)
            if (refused := rules.refusal(check)) is not None:
                return ProvisionResult(refused)
        raise Conflict("no free token number was drawn; try again")

    async def _identified(self, person_id: str, request: ProvisionRequest) -> bool:
        if not request.national_digits:
            return not self._settings.token_national_check
        return await self._people.national_number_ends(person_id, request.national_digits)

    async def _draft(self, person_id: str, request: ProvisionRequest) -> _Draft:
        now, pan = self._clock.now(), rules.token_pan(secrets.randbelow(rules.SERIALS))
        token_id = new_id("tok", self._clock)
        terms = await self._terms()
        methods = (Method.ONE_TIME_CODE, *([Method.NATIONAL_NUMBER] if request.national_digits else []))
        row = {
            "id": token_id,
            "person_id": person_id,
            "pan_mac": await self._pan_mac(pan),
            "pan_sealed": await self._keys.seal("token", pan.encode(), token_id.encode()),
            "last4": pan[-4:],
            "number": f"{secrets.randbelow(10**rules.NUMBER_DIGITS):0{rules.NUMBER_DIGITS}d}",
            "trid": self._settings.token_requestor_id,
            "psn": rules.PSN,
            "expiry": rules.expiry_of(now),
            "dki": terms.dki,
            "device_key": request.device_key,
            "device_key_kind": kind_of(request.device_key),
            "seal_key": request.seal_key,
            "assurance": "; ".join(ASSURANCE[method] for method in methods),
            "state": TokenState.ACTIVE,
            "locks": 0,
            "atc_high": 0,
            "atc_seen": 0,
            "atc_proved": 0,
            "bad_cryptograms": 0,
            "expiry_told": "",
            "made_at": now,
        }
        return _Draft(row, rules.luk_id(now, 1), terms, methods, pan)

    async def _given(self, token_id: str, request: ProvisionRequest) -> ProvisionResult:
        """The token as its phone gets it, with its first key; nothing for another phone."""
        query = select(limited_keys).where(limited_keys.c.token_id == token_id)
        (first,) = await self._store.read(query.order_by(limited_keys.c.id).limit(1))
        row = await self._row(token_id)
        assert row is not None, "a key has a token"
        if row.device_key != request.device_key or row.seal_key != request.seal_key:
            return ProvisionResult(ProvisionOutcome.WRONG_CODE)
        pan, luk = await self._pan(row), await self._luk(row, first.dki, first.id)
        key = await self._sealed(token_id, row.seal_key, luk, key_of(first))
        given = ProvisionedToken(token_id, pan, row.psn, row.expiry, row.par, AID, key, row.number, row.trid)
        return ProvisionResult(ProvisionOutcome.OK, given)


def _provision(tx: Connection, draft: _Draft, par: str, code: Code, now: datetime) -> tuple[CodeCheck, str]:
    """What the code is, and the token that it led to; OK with '' when a drawn number is taken and nothing stored."""
    person_id, token_id = str(draft.row["person_id"]), str(draft.row["id"])
    check, used_for = take_code(tx, person_id, code, now)
    if check is not CodeCheck.OK:
        return check, used_for
    account = lifecycle.account(tx, person_id, par, now)
    if tx.execute(select(numbers).where(numbers.c.number == draft.row["number"])).one_or_none() is not None:
        return check, ""
    if not insert_ignore(tx, tokens, {**draft.row, "par": account.par, "card_locks": account.locks}):
        return check, ""
    tx.execute(insert(numbers).values(number=draft.row["number"], token_id=token_id))
    minting.put(tx, token_id, draft.luk_id, draft.terms, Way.PROVISION, now)
    for method in draft.methods:
        tx.execute(insert(assurances).values(token_id=token_id, method=method, actor=PHONE, at=now))
    made = Act(PHONE, ActorClass.HOLDER, "", now)
    lifecycle.note(tx, token_id, "made", TokenState.INACTIVE, made)
    assured = Act(PHONE, ActorClass.HOLDER, str(draft.row["assurance"]), now)
    lifecycle.note(tx, token_id, "active", TokenState.ACTIVE, assured)
    spend_code(tx, person_id, token_id)
    return check, token_id


def take_code(tx: Connection, person_id: str, code: Code, now: datetime) -> tuple[CodeCheck, str]:
    """What an activation code is, a wrong one counted, and what it was used for before; its row is held."""
    mine = activations.c.person_id == person_id
    row = tx.execute(select(activations).where(mine).with_for_update(key_share=True)).one_or_none()
    check = _check_code(row, code, now)
    if check is CodeCheck.WRONG and row is not None:
        tx.execute(update(activations).where(mine).values(tries=row.tries + 1))
    return check, row.token_id if row is not None else ""


def spend_code(tx: Connection, person_id: str, token_id: str) -> None:
    """Note what a code was used for."""
    tx.execute(update(activations).where(activations.c.person_id == person_id).values(token_id=token_id))


def _check_code(row: Row[Any] | None, code: Code, now: datetime) -> CodeCheck:
    # Why a code counts no more is told to those who have it: others would learn whose number is enrolled.
    if row is None or not hmac.compare_digest(row.mac, code.mac):
        return CodeCheck.WRONG
    if row.tries >= rules.CODE_TRIES_MAX:
        return CodeCheck.TOO_MANY
    if row.expires_at <= now:
        return CodeCheck.EXPIRED
    if not code.identified:
        return CodeCheck.WRONG
    return CodeCheck.USED if row.token_id else CodeCheck.OK
