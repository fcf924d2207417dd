"""Units of work of taps: intents, answers, outcomes. Locks: message, token, original, tap, refund, in this order."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, insert, or_, select, update

from gateway.services.answered import Key, Seen, put_answer, settle, take
from gateway.services.taps import rules
from gateway.services.taps.model import WHOLE, Tap
from gateway.services.taps.requests import Asked, Completion, Purchase
from gateway.services.taps.rows import KIND_COMPLETION, KIND_PURCHASE, Counted, locked, name_original, named_by, tap_of, write_tap
from gateway.services.taps.rules import Step, TapState, Verdict
from gateway.services.taps.tables import attempts, taps
from gateway.store import insert_ignore, write
from wallet.money import irr
from wallet.transfers import PostResult

USE: Mapping[str, Verdict | None] = {
    "ok": None,
    "replayed": Verdict.REPLAYED,
    "not_active": Verdict.TOKEN_SUSPENDED,
    "expired": Verdict.TOKEN_EXPIRED,
    "key_used_up": Verdict.KEY_USED_UP,
    "key_unknown": Verdict.BAD_CRYPTOGRAM,
}
"""What the outcome of a token's use (`UseOutcome`) means to the terminal."""
_PUT_TAP = insert(taps)
_ANSWERED = (
    update(taps)
    .where(taps.c.id == bindparam("tap"), taps.c.state == TapState.PENDING, taps.c.reversal == False)  # noqa: E712 - a comparison
    .values(
        {
            name: bindparam(f"new_{name}", type_=taps.c[name].type)
            for name in (
                "state", "verdict", "hold_minor", "keep_minor", "capture_minor", "captured_at", "reversal", "unfinished",
                "changed_at",
            )
        }
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Intent:
    """A purchase whose cryptogram is good, ready to become a tap.

    `refused` is what refuses it after its counter has moved; `use` moves it. `part_minor` is the least part of the amount
    that would do, 0 when only all of it does.
    """

    tap_id: str
    merchant_id: str
    person_id: str
    token_id: str
    approval: str
    refused: Verdict | None
    checks: Sequence[Mapping[str, object]]
    part_minor: int
    use: Callable[[Connection], str]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """A purchase that becomes no tap."""

    id: str
    last4: str
    verdict: Verdict
    checks: Sequence[Mapping[str, object]]


def refuse(
    tx: Connection, key: Key, digest: bytes, asked: Asked, attempt: Attempt, answer: bytes, now: datetime
) -> Seen:
    """Store a refusal that touches no token, with its answer."""
    taken = take(tx, key, digest, now, attempt.verdict, answer)
    if taken is not None:
        return taken
    row = {
        "id": attempt.id,
        "class": asked.class_,
        "terminal_id": asked.terminal_id,
        "stan": asked.stan,
        "rrn": asked.rrn,
        "amount_minor": asked.amount_minor,
        "last4": attempt.last4,
        "verdict": attempt.verdict,
        "checks": list(attempt.checks),
        "at": now,
    }
    insert_ignore(tx, attempts, row)
    return Seen(digest, "", attempt.verdict, answer)


def open_tap(tx: Connection, key: Key, digest: bytes, purchase: Purchase, intent: Intent, now: datetime) -> Seen:
    """Store the intent of a purchase: the counter moves, the tap is PENDING, DECLINED, or UNPAID when it was offline."""
    taken = take(tx, key, digest, now, subject=intent.tap_id)
    if taken is not None:
        return taken
    verdict = USE[intent.use(tx)]
    if verdict is not Verdict.REPLAYED:
        verdict = intent.refused or verdict
    named = name_original(tx, purchase, purchase.stan, KIND_PURCHASE, intent.tap_id, now)
    if named is not None:
        verdict = verdict or (Verdict.DUPLICATE if named else Verdict.REVERSED)
    state = _opening(purchase, verdict)
    whole = purchase.class_ in WHOLE
    row = {
        "id": intent.tap_id,
        "class": purchase.class_,
        "terminal_id": purchase.terminal_id,
        "batch_number": purchase.batch_number,
        "stan": purchase.stan,
        "rrn": purchase.rrn,
        "merchant_id": intent.merchant_id,
        "person_id": intent.person_id,
        "token_id": intent.token_id,
        "last4": purchase.pan[-4:],
        "atc": purchase.tap.atc,
        "amount_minor": purchase.amount_minor,
        "part_minor": intent.part_minor,
        "hold_minor": purchase.amount_minor,
        "hold_number": 0,
        "keep_minor": purchase.amount_minor,
        "shrink_minor": 0,
        "approval": intent.approval,
        "state": state,
        "verdict": verdict or "",
        "capture_minor": purchase.amount_minor if whole and not intent.part_minor else 0,
        "undone_minor": 0,
        "refunded_minor": 0,
        "reversal": False,
        "refund_attempt": 0,
        "unfinished": state is TapState.PENDING,
        "made_at": now,
        "expires_at": intent.expires_at,
        "changed_at": now,
        "captured_at": None,
        "cycle_id": "",
        "settled_minor": 0,
        "owner": "",
        "checks": list(intent.checks),
    }
    write(tx, _PUT_TAP, row)
    if verdict is not None:
        settle(tx, key, intent.tap_id, verdict)
    return Seen(digest, intent.tap_id, verdict or "", b"")


_NEVER_OWED = frozenset({Verdict.REPLAYED, Verdict.BAD_CRYPTOGRAM, Verdict.REVERSED, Verdict.DUPLICATE, Verdict.TAMPERED})
"""What even an offline purchase is declined for: nothing proves that somebody owes it, or it is charged already."""


def _opening(purchase: Purchase, verdict: Verdict | None) -> TapState:
    if verdict is None:
        return TapState.PENDING
    owed = purchase.class_ in {"0120", "0220"} and verdict not in _NEVER_OWED and _is_tc(purchase)
    return TapState.UNPAID if owed else TapState.DECLINED


def _is_tc(purchase: Purchase) -> bool:
    return purchase.tap.values["9F27"][0] & 0xC0 == rules.CID_TC


def open_completion(
    tx: Connection, key: Key, digest: bytes, asked: Completion, counted: Counted, now: datetime
) -> Seen:
    """Store what a completion asks of its tap, or why it is refused."""
    taken = take(tx, key, digest, now)
    if taken is not None:
        return taken
    named = named_by(tx, asked, asked.original_stan)
    tap = locked(tx, named[0]) if named and named[0].startswith("tap_") else None
    verdict = (
        Verdict.NO_ORIGINAL
        if tap is None
        else rules.check_completion(tap.completable, asked.amount_minor, asked.approval)
    )
    if tap is not None and verdict is None:
        other = name_original(tx, asked, asked.stan, KIND_COMPLETION, tap.id, now)
        verdict = None if other is None else Verdict.DUPLICATE if other else Verdict.REVERSED
        if other is None:
            counted.write(tx, tap, replace(tap, captured=irr(asked.amount_minor)), now)
    tap_id = tap.id if tap is not None else ""
    settle(tx, key, tap_id, verdict or "")
    return Seen(digest, tap_id, verdict or "", b"")


def stepped(tap: Tap, step: Step, results: Sequence[PostResult], now: datetime) -> Tap:
    """The tap after the ledger's answer to a step."""
    outcome = next((one.outcome for one in results if not one.outcome.stands), results[0].outcome)
    changed = replace(tap, state=rules.after(step, tap.progress, outcome))
    if step is Step.SHRINK:
        changed = replace(changed, shrink_minor=0, refund_attempt=tap.refund_attempt + 1)
        if outcome.stands:
            lower, number = tap.shrink_minor, tap.refund_attempt + 1
            again = tap.keep_minor if tap.keep_minor < lower else 0
            changed = replace(changed, hold_minor=lower, hold_number=number, shrink_minor=again)
    if step is Step.HOLD and outcome.stands:
        changed = _held(changed, results[0].transfer.amount.minor)
    if step in {Step.HOLD, Step.CHARGE}:
        told = changed.verdict if outcome.stands and step is Step.HOLD else rules.verdict_of(outcome)
        changed = changed if tap.reversal else replace(changed, verdict=told)
    if changed.state is TapState.CAPTURED and tap.state is not TapState.CAPTURED:
        kept = Verdict.PARTIAL if tap.verdict is Verdict.PARTIAL else changed.verdict
        changed = replace(changed, captured_at=now, verdict=kept)
    return changed


def _held(tap: Tap, held_minor: int) -> Tap:
    """A tap whose hold stands for this much; too small a part is given up again."""
    keep = min(tap.keep_minor, held_minor)
    verdict = Verdict.APPROVED if held_minor == tap.amount.minor else Verdict.PARTIAL
    shrink = tap.shrink_minor if tap.shrink_minor < held_minor else 0
    tap = replace(tap, hold_minor=held_minor, keep_minor=keep, shrink_minor=shrink, verdict=verdict)
    if tap.part is not None and held_minor < tap.part.minor:
        return replace(tap, reversal=True, verdict=Verdict.NO_FUNDS)
    if tap.class_ in WHOLE and not tap.capture_minor:
        return replace(tap, captured=irr(keep))
    return tap


def conclude(  # noqa: PLR0913 - what is stored together
    tx: Connection, key: Key, before: Tap, tap: Tap, answer: bytes, counted: Counted, now: datetime
) -> bytes | None:
    """Store how a purchase went together with its answer; None, and nothing done, if the tap moved meanwhile."""
    values = {
        "tap": tap.id,
        "new_state": tap.state,
        "new_verdict": tap.verdict or "",
        "new_hold_minor": tap.hold_minor,
        "new_keep_minor": tap.keep_minor,
        "new_capture_minor": tap.capture_minor,
        "new_captured_at": tap.captured_at,
        "new_reversal": tap.reversal,
        "new_unfinished": rules.next_step(tap.progress, now) is not None,
        "new_changed_at": now,
    }
    if not write(tx, _ANSWERED, values):
        return None
    counted.changed(tx, before, tap)
    return put_answer(tx, key, answer)


def abandon(tx: Connection, key: Key, tap_id: str, answer: bytes, counted: Counted, now: datetime) -> bytes:
    """Give up a purchase whose hold nobody knows of: it is answered so, and whatever stands is taken back later.

    The sweep may have asked the ledger meanwhile, so what it found is given up too, unless the terminal was told of it.
    """
    tap = locked(tx, tap_id)
    told = put_answer(tx, key, answer)
    if told == answer and tap.state in {TapState.PENDING, TapState.HELD, TapState.CAPTURED}:
        counted.write(tx, tap, replace(tap, reversal=True, verdict=Verdict.LEDGER_DOWN), now)
    return told


def advance(
    tx: Connection, before: Tap, step: Step, results: Sequence[PostResult], counted: Counted, now: datetime
) -> None:
    """Store the ledger's answer to a step; nothing if somebody else was first."""
    tap = locked(tx, before.id)
    if (tap.state, tap.refund_attempt, tap.shrink_minor) == (before.state, before.refund_attempt, before.shrink_minor):
        counted.write(tx, tap, stepped(tap, step, results, now), now)


def collect(tx: Connection, tap_id: str, staff_id: str, now: datetime) -> bool:
    """Let an unpaid tap ask for its money once more; whether it was unpaid."""
    tap = locked(tx, tap_id)
    if tap.state is not TapState.UNPAID or tap.reversal:
        return False
    asked = irr(min(tap.capture_minor or tap.keep_minor, tap.keep_minor))
    again = replace(tap, state=TapState.EXPIRED, captured=asked, refund_attempt=tap.refund_attempt + 1, owner=staff_id)
    write_tap(tx, again, now)
    return True


def own(tx: Connection, tap_id: str, staff_id: str, now: datetime) -> bool:
    """Let somebody look after an unpaid tap; whether it is unpaid."""
    tap = locked(tx, tap_id)
    if tap.state is not TapState.UNPAID:
        return False
    write_tap(tx, replace(tap, owner=staff_id), now)
    return True


def unfinished_query(now: datetime, before: datetime, limit: int) -> Select[Any]:
    """Reads taps that wait for a step since `before`, and holds whose time is over."""
    waiting = and_(taps.c.unfinished == True, taps.c.changed_at <= before)  # noqa: E712 - a column's comparison
    lapsed = and_(taps.c.state == TapState.HELD, taps.c.expires_at <= now)
    return select(taps).where(or_(waiting, lapsed)).order_by(taps.c.changed_at).limit(limit)
