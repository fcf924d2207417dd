"""The next limited-use key: pulled by a phone, pushed to it, or dialled for; never given without proof of the last.

While the newest key was not used, it is the newest key that comes again, sealed anew: asking twice makes one key.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, select, update

from gateway.observe import log
from gateway.services.tokens import lifecycle, minting, sealing
from gateway.services.tokens.compact import Header, compact
from gateway.services.tokens.lifecycle import HOUSE, PHONE, Act
from gateway.services.tokens.minting import Terms
from gateway.services.tokens.model import Dialled, KeyView, LastUse, Replenished, ReplenishOutcome
from gateway.services.tokens.provisioning import Code, spend_code, take_code
from gateway.services.tokens.rules import ATC_WINDOW, CodeCheck, is_expired
from gateway.services.tokens.states import ActorClass, StateOutcome, TokenState, pays
from gateway.services.tokens.tables import limited_keys, numbers, tokens, uses
from gateway.services.tokens.thresholds import Way, bits_of, digits_of, proof_data
from gateway.services.tokens.vault import Vault, count_try, key_of
from gateway.wire.emv import house

DIALLED_KEYS = 3
"""How many of a token's newest keys a dialled proof is tried with: its phone cannot say which it used."""
DIALS_PER_DAY_MAX = 20
"""Keys that one person may dial for in a day, with a right proof or a wrong one."""
PUSHED_AT_ONCE = 50
_AGE_LEFT = 0.2
"""A key that was used is followed by the next when less than this share of its time is left."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """What a phone proved: its last use, under a key that verified it. `ac` is None where a wire has no room for it."""

    luk_id: bytes
    atc: int
    ac: bytes | None = field(repr=False)
    code_mac: bytes = field(default=b"", repr=False)


class Replenishing(Vault):
    """Gives phones their next keys."""

    async def replenish(self, token_id: str, last: LastUse) -> Replenished:
        """The next key for a phone whose call was signed; `last` is checked against what the house saw."""
        row = await self._row(token_id)
        assert row is not None, "a signed call names a token"
        key = await self._key(token_id, last.luk_id)
        if key is None or not hmac.compare_digest(await self._proof(row, key, last.atc), last.proof):
            return Replenished(self._doubted(token_id, "proof"))
        mac = await self._code_mac(row.person_id, last.activation_code) if last.activation_code else b""
        claim = _Claim(last.luk_id, last.atc, last.ac, mac)
        outcome, given = await self._next(token_id, claim, Way.PULL)
        if given is None:
            return Replenished(outcome)
        luk = await self._luk(row, given.dki, given.id)
        # Its seal key may have been changed while this went on.
        row = await self._row(token_id) or row
        return Replenished(outcome, await self._sealed(token_id, row.seal_key, luk, given))

    async def key_by_dial(self, person_id: str, number: str, atc: int, digits: str) -> Dialled:
        """The next key in its compact form for a phone that dialled from its holder's number.

        `digits` are the eight of the proof. Each try is counted before anything is compared.
        """
        subject, now = await self._subject(f"dial {person_id}"), self._clock.now()
        if await self._store.write(lambda tx: count_try(tx, subject, now)) > DIALS_PER_DAY_MAX:
            return Dialled(ReplenishOutcome.TOO_MANY)
        found = await self._dialled(person_id, number, atc, digits)
        if found is None:
            return Dialled(self._doubted(number, "dialled"))
        row, proved = found
        outcome, given = await self._next(row.id, _Claim(proved.id, atc, None), Way.USSD)
        return Dialled(outcome, await self._compact(row, given, proved) if given is not None else "")

    async def change_seal_key(self, token_id: str, seal_key: bytes) -> StateOutcome:
        """From here on keys are sealed to another key of the phone.

        Raises:
            BadInput: It is not an X25519 key to work with.
        """
        sealing.seal_to(seal_key, b"", b"")
        act = Act(PHONE, ActorClass.HOLDER, "", self._clock.now())

        def work(tx: Connection) -> StateOutcome:
            row = lifecycle.held(tx, token_id)
            if row is None:
                return StateOutcome.UNKNOWN
            if row.state == TokenState.DEACTIVATED:
                return StateOutcome.NOT_POSSIBLE
            if row.seal_key != seal_key:
                lifecycle.put(tx, token_id, {"seal_key": seal_key})
                lifecycle.note(tx, token_id, "seal_key", row.state, act)
            return StateOutcome.OK

        return await self._store.write(work)

    async def push(self) -> int:
        """Send the next key to phones whose key nears its end, once a key; how many were looked after."""
        await self._aged()
        due = select(limited_keys).where(limited_keys.c.push == "due").order_by(limited_keys.c.valid_until)
        rows = await self._store.read(due.limit(PUSHED_AT_ONCE))
        for key in rows:
            await self._push(key.token_id, key_of(key))
        return len(rows)

    async def _push(self, token_id: str, key: KeyView) -> None:
        """The next key goes out bound to the one that nears its end, which its phone is known to have."""
        row = await self._row(token_id)
        assert row is not None, "a key has a token"
        holder = await self._people.by_id(row.person_id)
        _, given = await self._next(token_id, _Claim(key.id, 0, None), Way.PUSH, proved=False)
        if holder is None or given is None or given.id == key.id or not row.number:
            await self._store.write(partial(_pushed, token_id=token_id, luk_id=key.id, push="dropped"))
            return
        text = await self._compact(row, given, key)
        cause = f"{token_id}.{given.id.hex()}"
        tell = await self._tell("phone_key", cause, holder, secrets={"text": text})

        def work(tx: Connection) -> None:
            if _pushed(tx, token_id, key.id, "sent"):
                tell(tx)

        await self._store.write(work)

    async def _aged(self) -> None:
        """Make the next key due where a used one has little time left."""
        now = self._clock.now()
        soon = now + timedelta(seconds=self._settings.luk_valid_s * _AGE_LEFT)
        waits = limited_keys.c.push == "", limited_keys.c.valid_until.between(now, soon), limited_keys.c.uses > 0
        query = select(limited_keys.c.token_id, limited_keys.c.id).where(*waits).limit(PUSHED_AT_ONCE)
        for row in await self._store.read(query):
            await self._store.write(partial(_age, token_id=row.token_id, luk_id=row.id))

    async def _next(
        self, token_id: str, claim: _Claim, way: Way, *, proved: bool = True
    ) -> tuple[ReplenishOutcome, KeyView | None]:
        terms, now = await self._terms(), self._clock.now()

        def work(tx: Connection) -> tuple[ReplenishOutcome, KeyView | None]:
            return _give(tx, token_id, claim if proved else None, way, terms, now)

        outcome, given = await self._store.write(work)
        if outcome is ReplenishOutcome.BAD_PROOF:
            self._doubted(token_id, "last_use")
        return outcome, given

    async def _dialled(self, person_id: str, number: str, atc: int, digits: str) -> tuple[Row[Any], KeyView] | None:
        """The token with this number and the key that made the proof, if it is this person's."""
        joined = tokens.join(numbers, numbers.c.token_id == tokens.c.id)
        query = select(tokens).select_from(joined)
        rows = await self._store.read(query.where(numbers.c.number == number, tokens.c.person_id == person_id))
        if not rows:
            return None
        newest = select(limited_keys).where(limited_keys.c.token_id == rows[0].id).order_by(limited_keys.c.id.desc())
        for key in map(key_of, await self._store.read(newest.limit(DIALLED_KEYS))):
            if hmac.compare_digest(digits_of(await self._proof(rows[0], key, atc)), digits):
                return rows[0], key
        return None

    async def _key(self, token_id: str, luk_id: bytes) -> KeyView | None:
        mine = limited_keys.c.token_id == token_id, limited_keys.c.id == luk_id
        rows = await self._store.read(select(limited_keys).where(*mine))
        return key_of(rows[0]) if rows else None

    async def _proof(self, row: Row[Any], key: KeyView, atc: int) -> bytes:
        return house.cryptogram(await self._luk(row, key.dki, key.id), atc, proof_data(row.number, key.id, atc))

    async def _compact(self, row: Row[Any], given: KeyView, binder: KeyView) -> str:
        header = Header(
            number=row.number,
            luk_id=given.id,
            binder=binder.id,
            dki=given.dki,
            channels=bits_of(given.channels),
            uses_max=given.uses_max,
            amount_max_minor=given.amount_max_minor,
            valid_until=given.valid_until,
        )
        luk, bound = await self._luk(row, given.dki, given.id), await self._luk(row, binder.dki, binder.id)
        return compact(header, row.id, luk, seal_key=row.seal_key, bound_to=bound)

    def _doubted(self, subject: str, what: str) -> ReplenishOutcome:
        self._alarm("replenish")
        log().warning("token_key_refused", token=subject, what=what)
        return ReplenishOutcome.BAD_PROOF


def _give(
    tx: Connection, token_id: str, claim: _Claim | None, way: Way, terms: Terms, now: datetime
) -> tuple[ReplenishOutcome, KeyView | None]:
    """The key that the phone is to have next; no claim stands for one that the house itself wants it to have."""
    row = lifecycle.held(tx, token_id)
    assert row is not None, "a proved claim names a token"
    if not pays(TokenState(row.state), row.locks, row.card_locks) or is_expired(row.expiry, now):
        return ReplenishOutcome.NOT_ACTIVE, None
    if claim is not None and not _was_seen(tx, row, claim):
        return ReplenishOutcome.BAD_PROOF, None
    newest = minting.newest(tx, token_id)
    used = newest.uses > 0 or (claim is not None and claim.luk_id == newest.id and claim.atc > 0)
    over = newest.valid_until <= now
    if not used and not over:
        return ReplenishOutcome.OK, key_of(newest)
    if not used:
        refused = _reauthenticated(tx, row, claim, now)
        if refused is not None:
            return refused, None
    made = minting.mint(tx, token_id, terms, way, now)
    if made is None:
        return ReplenishOutcome.TOO_MANY, None
    lifecycle.put(tx, token_id, {"atc_proved": max(row.atc_proved, claim.atc if claim else 0), "dki": made.dki})
    by = None if claim is None else ActorClass.HOLDER
    lifecycle.note(tx, token_id, "key", row.state, Act(HOUSE if claim is None else PHONE, by, way, now))
    return ReplenishOutcome.OK, key_of(made)


def _was_seen(tx: Connection, row: Row[Any], claim: _Claim) -> bool:
    """Whether a phone's last use can be the last: none that the house saw is newer, and what it saw is the same."""
    if claim.atc < row.atc_high or claim.atc > max(row.atc_high, row.atc_proved) + ATC_WINDOW:
        return False
    if claim.ac is not None and bool(claim.ac) != bool(claim.atc):
        return False
    named = select(uses).where(uses.c.token_id == row.id, uses.c.atc == claim.atc)
    seen = tx.execute(named).one_or_none()
    if seen is None:
        return True
    same_ac = claim.ac is None or seen.ac is None or hmac.compare_digest(seen.ac, claim.ac)
    return bool(seen.luk_id == claim.luk_id) and same_ac


def _reauthenticated(tx: Connection, row: Row[Any], claim: _Claim | None, now: datetime) -> ReplenishOutcome | None:
    """None if the holder's activation code came with it; a code serves one key."""
    if claim is None or not claim.code_mac:
        return ReplenishOutcome.REAUTHENTICATE
    check, _ = take_code(tx, row.person_id, Code(claim.code_mac), now)
    if check is not CodeCheck.OK:
        return ReplenishOutcome.TOO_MANY if check is CodeCheck.TOO_MANY else ReplenishOutcome.REAUTHENTICATE
    spend_code(tx, row.person_id, row.id)
    return None


def _pushed(tx: Connection, token_id: str, luk_id: bytes, push: str) -> bool:
    mine = (limited_keys.c.token_id == token_id) & (limited_keys.c.id == luk_id) & (limited_keys.c.push == "due")
    return tx.execute(update(limited_keys).where(mine).values(push=push)).rowcount == 1


def _age(tx: Connection, token_id: str, luk_id: bytes) -> None:
    row = lifecycle.held(tx, token_id)
    mine = (limited_keys.c.token_id == token_id) & (limited_keys.c.id == luk_id) & (limited_keys.c.push == "")
    push = "due" if row is not None and minting.newest(tx, token_id).id == luk_id else "dropped"
    tx.execute(update(limited_keys).where(mine).values(push=push))
