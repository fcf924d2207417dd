"""Units of work of taps: intents, answers, outcomes. Locks are taken in one order: message, token, original, tap."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, insert, or_, select, update

from gateway.services.answered import Key, Seen, put_answer, settle, take
from gateway.services.taps import rules
from gateway.services.taps.model import Tap
from gateway.services.taps.requests import Advice, Asked, Purchase
from gateway.services.taps.rules import TapState, Verdict
from gateway.services.taps.tables import originals, taps
from gateway.store import insert_ignore
from wallet.money import irr

_USE: Mapping[str, Verdict | None] = {
    "ok": None,
    "replayed": Verdict.REPLAYED,
    "not_active": Verdict.TOKEN_SUSPENDED,
    "locked_by_holder": Verdict.TOKEN_SUSPENDED,
    "locked_by_staff": Verdict.TOKEN_SUSPENDED,
    "locked_by_fraud": Verdict.TOKEN_SUSPENDED,
    "card_locked": Verdict.TOKEN_SUSPENDED,
    "expired": Verdict.TOKEN_EXPIRED,
    "key_used_up": Verdict.KEY_USED_UP,
    "key_amount": Verdict.KEY_USED_UP,
    "key_channel": Verdict.KEY_USED_UP,
    "key_unknown": Verdict.BAD_CRYPTOGRAM,
}


@dataclass(frozen=True, slots=True)
class Intent:
    """A purchase whose cryptogram is good, ready to become a tap.

    `refused` is what the phone's own data refuses after its counter has moved. `use` moves it.
    """

    tap_id: str
    merchant_id: str
    person_id: str
    token_id: str
    approval: str
    refused: Verdict | None
    use: Callable[[Connection], str]
    expires_at: datetime


def refuse(tx: Connection, key: Key, digest: bytes, verdict: Verdict, answer: bytes, now: datetime) -> Seen:
    """Store a refusal that touches no token, with its answer."""
    taken = take(tx, key, digest, now, verdict, answer)
    return taken or Seen(digest, "", verdict, answer)


def open_tap(tx: Connection, key: Key, digest: bytes, purchase: Purchase, intent: Intent, now: datetime) -> Seen:
    """Store the intent of a purchase: the counter moves, the tap is PENDING or DECLINED."""
    taken = take(tx, key, digest, now)
    if taken is not None:
        return taken
    verdict = _USE[intent.use(tx)]
    if verdict is not Verdict.REPLAYED:
        verdict = intent.refused or verdict
    original = {**_original(purchase, purchase.stan), "tap_id": intent.tap_id, "at": now}
    if not insert_ignore(tx, originals, original):
        named = tx.execute(select(originals.c.tap_id).where(_is_original(purchase, purchase.stan))).scalar_one()
        verdict = verdict or (Verdict.DUPLICATE if named else Verdict.REVERSED)
    row = {
        "id": intent.tap_id,
        "terminal_id": purchase.terminal_id,
        "stan": purchase.stan,
        "rrn": purchase.rrn,
        "merchant_id": intent.merchant_id,
        "person_id": intent.person_id,
        "token_id": intent.token_id,
        "atc": purchase.tap.atc,
        "amount_minor": purchase.amount_minor,
        "approval": intent.approval,
        "state": TapState.DECLINED if verdict else TapState.PENDING,
        "verdict": verdict or "",
        "capture_minor": 0,
        "reversal": False,
        "refund_attempt": 0,
        "unfinished": verdict is None,
        "made_at": now,
        "expires_at": intent.expires_at,
        "changed_at": now,
    }
    tx.execute(insert(taps).values(row))
    settle(tx, key, intent.tap_id, verdict or "")
    return Seen(digest, intent.tap_id, verdict or "", b"")


def open_completion(tx: Connection, key: Key, digest: bytes, advice: Advice, now: datetime) -> Seen:
    """Store what a completion asks of its tap, or why it is refused."""
    taken = take(tx, key, digest, now)
    if taken is not None:
        return taken
    tap = _tap_of(tx, advice)
    if tap is None:
        verdict: Verdict | None = Verdict.NO_ORIGINAL
    else:
        verdict = rules.check_completion(tap.completable, advice.amount_minor, advice.approval)
    if tap is not None and verdict is None:
        _write(tx, replace(tap, captured=irr(advice.amount_minor)), now)
    tap_id = tap.id if tap is not None else ""
    settle(tx, key, tap_id, verdict or "")
    return Seen(digest, tap_id, verdict or "", b"")


def open_reversal(tx: Connection, key: Key, digest: bytes, advice: Advice, now: datetime) -> Seen:
    """Store that a tap is taken back, or a tombstone where there is none yet. Always approved."""
    taken = take(tx, key, digest, now)
    if taken is not None:
        return taken
    tomb = {**_original(advice, advice.original_stan), "tap_id": "", "at": now}
    tap = None if insert_ignore(tx, originals, tomb) else _tap_of(tx, advice)
    if tap is not None:
        lapsed = tap.state is TapState.EXPIRED and tap.captured is None
        _write(tx, replace(tap, reversal=True, state=TapState.VOIDED if lapsed else tap.state), now)
    tap_id = tap.id if tap is not None else ""
    settle(tx, key, tap_id, Verdict.APPROVED)
    return Seen(digest, tap_id, Verdict.APPROVED, b"")


def conclude(tx: Connection, key: Key, tap_id: str, verdict: Verdict, answer: bytes, now: datetime) -> bytes | None:
    """Store the ledger's answer to a hold together with ours; None, and nothing done, if the tap moved meanwhile."""
    tap = locked(tx, tap_id)
    if tap.state is not TapState.PENDING or tap.reversal:
        return None
    state = TapState.HELD if verdict is Verdict.APPROVED else TapState.DECLINED
    _write(tx, replace(tap, state=state, verdict=verdict), now)
    return put_answer(tx, key, answer)


def abandon(tx: Connection, key: Key, tap_id: str, answer: bytes, now: datetime) -> bytes:
    """Give up a purchase whose hold nobody knows of: it is answered so, and whatever stands is voided later.

    The sweep may have asked the ledger meanwhile, so a hold is given up too, unless the terminal was told of it.
    """
    tap = locked(tx, tap_id)
    told = put_answer(tx, key, answer)
    if told == answer and tap.state in {TapState.PENDING, TapState.HELD}:
        _write(tx, replace(tap, reversal=True, verdict=Verdict.LEDGER_DOWN), now)
    return told


def advance(tx: Connection, before: Tap, state: TapState, verdict: Verdict | None, now: datetime) -> None:
    """Store the ledger's answer to a step; nothing if somebody else was first."""
    tap = locked(tx, before.id)
    if tap.state is not before.state or tap.refund_attempt != before.refund_attempt:
        return
    refused_refund = tap.state is TapState.CAPTURED and state is TapState.CAPTURED
    attempt = tap.refund_attempt + refused_refund
    _write(tx, replace(tap, state=state, verdict=verdict or tap.verdict, refund_attempt=attempt), now)


def locked(tx: Connection, tap_id: str) -> Tap:
    """The tap, its row held until the end of the unit."""
    return tap_of(tx.execute(select(taps).where(taps.c.id == tap_id).with_for_update(key_share=True)).one())


def unfinished_query(now: datetime, before: datetime, limit: int) -> Select[Any]:
    """Reads taps that wait for a step since `before`, and holds whose time is over."""
    waiting = and_(taps.c.unfinished == True, taps.c.changed_at <= before)  # noqa: E712 - a column's comparison
    lapsed = and_(taps.c.state == TapState.HELD, taps.c.expires_at <= now)
    return select(taps).where(or_(waiting, lapsed)).order_by(taps.c.changed_at).limit(limit)


def tap_of(row: Row[Any]) -> Tap:
    """A tap's row as a value."""
    return Tap(
        id=row.id,
        terminal_id=row.terminal_id,
        stan=row.stan,
        rrn=row.rrn,
        merchant_id=row.merchant_id,
        person_id=row.person_id,
        token_id=row.token_id,
        atc=row.atc,
        amount=irr(row.amount_minor),
        captured=irr(row.capture_minor) if row.capture_minor else None,
        approval=row.approval,
        state=TapState(row.state),
        verdict=Verdict(row.verdict) if row.verdict else None,
        reversal=row.reversal,
        refund_attempt=row.refund_attempt,
        made_at=row.made_at,
        expires_at=row.expires_at,
        changed_at=row.changed_at,
    )


def _write(tx: Connection, tap: Tap, now: datetime) -> None:
    values = {
        "state": tap.state,
        "verdict": tap.verdict or "",
        "capture_minor": tap.captured.minor if tap.captured else 0,
        "reversal": tap.reversal,
        "refund_attempt": tap.refund_attempt,
        "unfinished": rules.next_step(tap.progress, now) is not None,
        "changed_at": now,
    }
    tx.execute(update(taps).where(taps.c.id == tap.id).values(values))


def _tap_of(tx: Connection, advice: Advice) -> Tap | None:
    named = select(originals.c.tap_id).where(_is_original(advice, advice.original_stan))
    tap_id = tx.execute(named).scalar_one_or_none()
    return locked(tx, tap_id) if tap_id else None


def _original(asked: Asked, stan: str) -> dict[str, object]:
    return {"acquirer": asked.acquirer, "terminal_id": asked.terminal_id, "stan": stan, "rrn": asked.rrn}


def _is_original(asked: Asked, stan: str) -> Any:  # noqa: ANN401 - SQLAlchemy's expression type is private
    return and_(*(originals.c[name] == value for name, value in _original(asked, stan).items()))
