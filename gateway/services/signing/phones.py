"""Asking phones: the request is kept first, a worker asks, the answer is verified again and counted once."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, or_, select, update

from gateway.errors import Fault
from gateway.observe import log
from gateway.services.signing.model import (
    Progress,
    Purpose,
    SignOutcome,
    SignRequest,
    SignResult,
    SignStart,
    StartOutcome,
)
from gateway.services.signing.parts import SigningParts
from gateway.services.signing.rules import SKEW, TIMEOUT_S
from gateway.services.signing.tables import requests, signatures, signers
from gateway.services.signing.texts import phone_text

ASKED = "asked"
ANSWER_S = TIMEOUT_S + 15
"""How long the service may take in all; then nothing is known."""
LEASE = timedelta(seconds=ANSWER_S + 10)
"""Whoever asks has the request for so long. After a crash the next one ends it: the person's time is over by then, and
the signature service's client asks nobody then (see MobileSigner)."""
GIVEN_UP = timedelta(minutes=15)
"""A request this old is asked for no more."""
ATTACKS = frozenset({SignOutcome.INVALID, SignOutcome.OTHER_SIGNER})
"""Signatures that came and must not count: staff look into each."""
REPLAYED = "replayed"
STALE = "stale"
GONE = "disabled"

Counted = Callable[[Connection, Row[Any], SignResult, datetime], SignOutcome]
"""Count a verified signature inside the unit that ends its request; what came of it."""
Failed = Callable[[Connection, Row[Any], SignOutcome, str, datetime], None]
"""Note that a request ended otherwise."""
After = Callable[[str], Awaitable[object]]
"""What follows, given what the request was about; harmless twice."""


@dataclass(frozen=True, slots=True)
class Ends:
    """What the answers to requests of one purpose do."""

    counted: Counted
    failed: Failed
    after: After


class Phones:
    """Requests to phones: nothing is asked where no signature service is.

    Args:
        parts: See there.
        ends: What the answers do, by purpose.
    """

    def __init__(self, parts: SigningParts, ends: Mapping[Purpose, Ends]) -> None:
        self._store = parts.store
        self._clock = parts.clock
        self._metrics = parts.metrics
        self._signer = parts.signer
        self._check = parts.check
        self._staff = parts.staff
        self._ends = ends
        self._log = log(service="signing")

    async def claim(self, limit: int) -> list[Row[Any]]:
        """Lease requests that are to be asked, oldest first."""
        now = self._clock.now()
        free = or_(requests.c.leased_until.is_(None), requests.c.leased_until < now)
        query = select(requests).where(requests.c.due.is_not(None), free).order_by(requests.c.due).limit(limit)
        if self._signer is None or not await self._store.read(query):
            return []

        def work(tx: Connection) -> list[Row[Any]]:
            rows = list(tx.execute(query.with_for_update(key_share=True)))
            ids = [row.id for row in rows]
            tx.execute(update(requests).where(requests.c.id.in_(ids)).values(leased_until=now + LEASE))
            return rows

        return await self._store.write(work)

    async def ask(self, row: Row[Any]) -> None:
        """Ask the phone of a leased request and record what came of it.

        Asking twice for one transaction is one request (see MobileSigner), and after a crash asks nobody.
        """
        assert self._signer is not None, "claim leases nothing without a service"
        request = request_of(row)
        try:
            async with asyncio.timeout(ANSWER_S):
                result = await self._signer.sign(request)
        except (TimeoutError, Fault) as problem:
            self._log.warning("signature_service_silent", request=row.id, fault=type(problem).__name__)
            result = SignResult(SignOutcome.UNAVAILABLE)
        outcome, note = self._verified(row, request, result)
        if outcome is SignOutcome.SIGNED and await self._is_gone(row.staff_id):
            outcome, note = SignOutcome.INVALID, GONE
        ended = await self._record(row.id, result, outcome, note)
        if ended is None:
            return
        self._metrics.signatures.labels(row.purpose, ended.value).inc()
        tell = self._log.warning if ended in ATTACKS else self._log.info
        tell("phone_answered", request=row.id, purpose=row.purpose, outcome=ended.value, fault=result.fault)
        await self._ends[Purpose(row.purpose)].after(row.about)
        await self._tell(row, ended)

    async def sweep(self) -> int:
        """Give up requests that nobody could ask for long; how many."""
        before = self._clock.now() - GIVEN_UP
        query = select(requests.c.id).where(requests.c.due.is_not(None), requests.c.asked_at < before).limit(100)
        given_up = 0
        for row in await self._store.read(query):
            ended = await self._record(row.id, SignResult(SignOutcome.UNAVAILABLE), SignOutcome.UNAVAILABLE, "given up")
            given_up += ended is not None
        return given_up

    async def _is_gone(self, staff_id: str) -> bool:
        """Whether whoever was asked may do nothing any more."""
        member = await self._staff.by_id(staff_id)
        return member is None or member.disabled

    def _verified(self, row: Row[Any], request: SignRequest, result: SignResult) -> tuple[SignOutcome, str]:
        """What the answer is worth: the service's word alone is not enough."""
        if result.outcome is not SignOutcome.SIGNED:
            return result.outcome, result.fault
        now = self._clock.now()
        at = result.signed_at or now
        if self._check is None or not row.asked_at - SKEW <= at <= now + SKEW:
            return SignOutcome.INVALID, "its time"
        outcome = self._check.check(result.cms, request, at)
        if outcome is not SignOutcome.SIGNED:
            return outcome, "its content"
        if row.serial and row.serial != result.serial:
            return SignOutcome.OTHER_SIGNER, ""
        return SignOutcome.SIGNED, ""

    async def _record(self, request_id: str, result: SignResult, outcome: SignOutcome, note: str) -> SignOutcome | None:
        """End the request, once; None if it had ended."""
        now = self._clock.now()

        def work(tx: Connection) -> SignOutcome | None:
            mine = requests.c.id == request_id
            row = tx.execute(select(requests).where(mine).with_for_update(key_share=True)).one()
            if row.state != ASKED:
                return None
            ends, ended, why = self._ends[Purpose(row.purpose)], outcome, note
            if ended is SignOutcome.SIGNED:
                ended, why = (SignOutcome.INVALID, REPLAYED) if _replayed(tx, result.cms) else (ended, "")
            if ended is SignOutcome.SIGNED:
                ended, why = ends.counted(tx, row, result, now), STALE
            if ended is SignOutcome.OTHER_SIGNER and row.serial:
                suspend(tx, row.staff_id, "another SIM has signed")
            if ended is not SignOutcome.SIGNED:
                ends.failed(tx, row, ended, why, now)
            values = {"state": ended, "fault": result.fault, "ended_at": now, "phone_key": None, "due": None}
            tx.execute(update(requests).where(mine).values(values))
            return ended

        return await self._store.write(work)

    async def _tell(self, row: Row[Any], ended: SignOutcome) -> None:
        """The receipt: the phone says what came of its signature; one that is lost does not matter."""
        told = {SignOutcome.SIGNED: "receipt", SignOutcome.OTHER_SIGNER: "suspended"}.get(ended)
        if told is None or self._signer is None:
            return
        try:
            async with asyncio.timeout(10):
                await self._signer.told(row.msisdn, row.id, phone_text(told, row.language, code=row.code))
        except (TimeoutError, Fault) as problem:
            self._log.info("receipt_lost", request=row.id, fault=type(problem).__name__)


def put_request(tx: Connection, values: Mapping[str, object], now: datetime) -> None:
    """Keep a request that is to be asked, or, where nobody is asked (`due` None), one that only looks like it."""
    row = {
        "state": ASKED,
        "fault": "",
        "asked_at": now,
        "expires_at": now + timedelta(seconds=TIMEOUT_S),
        "principal": values["staff_id"],
        "phone_key": values["msisdn"],
        "due": values["id"],
    }
    tx.execute(insert(requests).values(row | dict(values)))


def suspend(tx: Connection, staff_id: str, reason: str) -> bool:
    """Let a signer sign nothing more until enrolled again; whether there is one."""
    mine = update(signers).where(signers.c.staff_id == staff_id)
    return tx.execute(mine.values(state="suspended", reason=reason)).rowcount == 1


def request_of(row: Row[Any]) -> SignRequest:
    """What the phone is asked: the same for the same row, however often."""
    return SignRequest(row.id, row.msisdn, row.text, row.digest, row.language, TIMEOUT_S, serial=row.serial)


def cms_hash(cms: bytes) -> bytes:
    """By which a signature is known again."""
    return hashlib.sha256(cms).digest()


def _replayed(tx: Connection, cms: bytes) -> bool:
    query = select(signatures.c.document_id).where(signatures.c.cms_hash == cms_hash(cms))
    return tx.execute(query).first() is not None


def same_request(tx: Connection, form_key: str) -> SignStart | None:
    """The request of a form that was sent before."""
    row = tx.execute(select(requests).where(requests.c.form_key == form_key)).one_or_none()
    return None if row is None else start_of(row)


def on_phone(tx: Connection, msisdn: str) -> Row[Any] | None:
    """The request that this phone is being asked."""
    return tx.execute(select(requests).where(requests.c.phone_key == msisdn)).one_or_none()


def start_of(row: Row[Any]) -> SignStart:
    """How a request began."""
    return SignStart(StartOutcome.OK, row.id, row.code, row.digits)


def progress_of(row: Row[Any]) -> Progress:
    """How a request stands."""
    return Progress(
        request_id=row.id,
        purpose=Purpose(row.purpose),
        document_id=row.about if row.purpose == Purpose.DOCUMENT else "",
        staff_id=row.staff_id,
        code=row.code,
        digits=row.digits,
        outcome=None if row.state == ASKED else SignOutcome(row.state),
        expires_at=row.expires_at,
    )
