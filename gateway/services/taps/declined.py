"""Telling people, in plain words, why their tap was refused: noted in the unit that refuses, told by a loop.

A terminal that hammers, or somebody who guesses at cryptograms, must not fill a person's inbox: a person is told of few
refusals an hour, and what is above that is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import Column, Connection, Index, Row, delete, func, select, update

from gateway.observe import Metrics, log
from gateway.services.taps.rules import Verdict
from gateway.services.telling import Tell, Teller
from gateway.store import Store, insert_ignore, table
from wallet.clock import Clock
from wallet.money import irr
from wallet.types import Int64, Moment, Text

TOLD_MAX = 3
"""Refusals that a person is told of in `WITHIN`."""
WITHIN = timedelta(hours=1)
LATE = timedelta(hours=6)
"""After so long nobody wants to hear of a refusal."""
ROWS_MAX = 200
KEPT = timedelta(days=1)
DUE, TOLD, DROPPED = "due", "told", "dropped"

declined = table(
    "taps_declined",
    Column("cause", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("taps_declined_due", "state", "at"),
    Index("taps_declined_person", "person_id", "at"),
)
"""Refusals that a person is to be told of, and for a day those that they were."""

_RULES, _SAFETY, _LATER = "tap_declined_rules", "tap_declined_safety", "tap_declined_later"
_PHONE, _LOCKED, _LIMIT = "tap_declined_phone", "tap_declined_locked", "tap_declined_limit"
_UNLOCK = "tap_declined_unlock"
CLASSES: Mapping[Verdict, str] = {
    Verdict.NO_FUNDS: "tap_declined_funds",
    Verdict.TOKEN_EXPIRED: _PHONE,
    Verdict.KEY_USED_UP: _PHONE,
    Verdict.PHONE_DECLINED: _PHONE,
    Verdict.TOKEN_SUSPENDED: _LOCKED,
    Verdict.WALLET_BLOCKED: _LOCKED,
    Verdict.CVM_REQUIRED: _UNLOCK,
    Verdict.CVM_FAILED: _UNLOCK,
    Verdict.SWITCHED_OFF: "tap_declined_off",
    Verdict.CHANNEL_REFUSED: _RULES,
    Verdict.MERCHANT_REFUSED: _RULES,
    Verdict.CATEGORY_REFUSED: _RULES,
    Verdict.PLACE_REFUSED: _RULES,
    Verdict.HOURS_REFUSED: _RULES,
    Verdict.PROGRAMME_REFUSED: _RULES,
    Verdict.AMOUNT_LIMIT: _LIMIT,
    Verdict.COUNT_LIMIT: _LIMIT,
    Verdict.BAD_CRYPTOGRAM: _SAFETY,
    Verdict.REPLAYED: _SAFETY,
    Verdict.TAMPERED: _SAFETY,
    Verdict.RELAY: _SAFETY,
    Verdict.TERMINAL_RISK: _SAFETY,
    Verdict.LEDGER_DOWN: _LATER,
    Verdict.MALFUNCTION: _LATER,
}
"""The class of the notice (a value of NoticeClass) that tells a refusal.

One that is not here is no news for the person: it is the terminal's or the merchant's, or nothing was to be paid.
"""


class Address(Protocol):
    """Where a person is reached."""

    @property
    def msisdn(self) -> str:
        """`+989…`."""
        ...

    @property
    def language(self) -> str:
        """`en`, `fa`, `fr` or `ar`."""
        ...


class Addresses(Protocol):
    """Knows how people are reached."""

    async def address(self, person_id: str) -> Address | None:
        """None for a person that is not known."""
        ...


@dataclass(frozen=True, slots=True)
class Refusal:
    """A tap that was refused.

    Attributes:
        cause: The tap's id; of a bad cryptogram, which makes no tap, what names the token and the day.
    """

    cause: str
    person_id: str
    verdict: Verdict
    amount_minor: int


def note(tx: Connection, refusal: Refusal, now: datetime) -> None:
    """Have the person told, once for each cause; nothing if the refusal is no news for them."""
    class_ = CLASSES.get(refusal.verdict)
    if class_ is not None:
        row = {"person_id": refusal.person_id, "kind": class_, "amount_minor": refusal.amount_minor}
        insert_ignore(tx, declined, {"cause": refusal.cause, **row, "state": DUE, "at": now})


class DeclinedNotices:
    """Tells what was noted."""

    def __init__(self, store: Store, clock: Clock, teller: Teller, addresses: Addresses, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._teller = teller
        self._addresses = addresses
        self._metrics = metrics

    async def tick(self) -> int:
        """Tell or drop what is due, and forget what is a day old; how many were due."""
        now = self._clock.now()
        query = select(declined).where(declined.c.state == DUE).order_by(declined.c.at, declined.c.cause)
        rows = await self._store.read(query.limit(ROWS_MAX))
        for row in rows:
            await self._settle(row, now)
        if not rows:
            old = delete(declined).where(declined.c.state != DUE, declined.c.at < now - KEPT)
            await self._store.write(lambda tx: tx.execute(old))
        return len(rows)

    async def _settle(self, row: Row[tuple[object, ...]], now: datetime) -> None:
        tell = await self._told(row) if row.at > now - LATE else None
        state = await self._store.write(lambda tx: _settled(tx, row, tell, now))
        self._metrics.tap_refusals_told.labels(outcome=state).inc()
        log().info("tap_refusal_told", cause=row.cause, what=row.kind, outcome=state)

    async def _told(self, row: Row[tuple[object, ...]]) -> Tell | None:
        address = await self._addresses.address(row.person_id)
        if address is None:
            return None
        return await self._teller.prepared(
            row.kind,
            cause=row.cause,
            msisdn=address.msisdn,
            person_id=row.person_id,
            language=address.language,
            values={"amount": irr(row.amount_minor)},
            secrets={},
        )


def _settled(tx: Connection, row: Row[tuple[object, ...]], tell: Tell | None, now: datetime) -> str:
    """Tell it unless the person was told of enough already; what became of it."""
    mine = declined.c.cause == row.cause
    state = tx.execute(select(declined.c.state).where(mine).with_for_update()).scalar_one()
    if state != DUE:
        return str(state)
    of_person = (declined.c.person_id == row.person_id) & (declined.c.state == TOLD)
    told = select(func.count()).select_from(declined).where(of_person, declined.c.at > now - WITHIN)
    state = DROPPED
    if tell is not None and tx.execute(told).scalar_one() < TOLD_MAX:
        tell(tx)
        state = TOLD
    tx.execute(update(declined).where(mine).values(state=state))
    return state
