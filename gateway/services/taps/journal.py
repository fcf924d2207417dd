"""Units of work of taps: intents, answers, outcomes. Locks: message, token, original, tap, refund, in this order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, insert, or_, select, update

from gateway.services.answered import Key, Seen, put_answer, settle, take
from gateway.services.taps import decision, rules
from gateway.services.taps.checks import Decision
from gateway.services.taps.model import WHOLE, Tap
from gateway.services.taps.requests import Asked, Completion, Purchase
from gateway.services.taps.rows import (
    KIND_COMPLETION,
    KIND_PURCHASE,
    Counted,
    locked,
    name_original,
    named_by,
    stored_checks,
    write_tap,
)
from gateway.services.taps.rules import Step, TapState, Verdict
from gateway.services.taps.tables import attempts, taps
from gateway.store import insert_ignore, write
from wallet.money import Money, irr
from wallet.transfers import PostResult

_PUT_TAP = insert(taps)
_ANSWERED = (
    update(taps)
    .where(
        taps.c.id == bindparam("tap"),
        taps.c.state == TapState.PENDING,
        taps.c.reversal == False,  # noqa: E712 - a column's comparison
        taps.c.keep_minor == bindparam("was_keep"),
    )
    .values(
        {
            name: bindparam(f"new_{name}", type_=taps.c[name].type)
            for name in (
                "state", "verdict", "hold_minor", "keep_minor", "capture_minor", "captured_at", "reversal",
                "unfinished", "checks", "changed_at",
            )
        }
    )
)  # fmt: skip


LAST = 4
"""How many digits of a token's number are shown."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A purchase whose cryptogram is good, ready to become a tap.

    `decide` moves the counters of token and account and says whether it may go on. `part_minor` is the least part of
    the amount that would do, 0 when only all of it does.
    """

    tap_id: str
    merchant_id: str
    person_id: str
    token_id: str
    par: str
    approval: str
    part_minor: int
    decide: Callable[[Connection], Decision]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """A purchase that becomes no tap; `person_id` is told of it, once for each `cause`, if there is one."""

    id: str
    last4: str
    decided: Decision
    person_id: str = ""
    cause: str = ""


def refuse(
    tx: Connection,
    key: Key,
    digest: bytes,
    asked: Asked,
    attempt: Attempt,
    answer: bytes,
    counted: Counted,
    now: datetime,
) -> Seen:
    """Store a refusal that touches no token, with its answer."""
    taken = take(tx, key, digest, now, attempt.decided.verdict, answer)
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
        "verdict": attempt.decided.verdict,
        "checks": attempt.decided.json(),
        "at": now,
    }
    insert_ignore(tx, attempts, row)
    if attempt.person_id:
        counted.declined(tx, attempt.cause, attempt.person_id, attempt.decided.verdict, asked.amount_minor, now)
    return Seen(digest, "", attempt.decided.verdict, answer)


def open_tap(
    tx: Connection, key: Key, digest: bytes, purchase: Purchase, intent: Intent, counted: Counted, now: datetime
) -> tuple[Seen, Tap | None]:
    """Store the intent of a purchase: the counters move, the tap is PENDING or DECLINED; None if the key was taken."""
    taken = take(tx, key, digest, now, subject=intent.tap_id)
    if taken is not None:
        return taken, None
    decided = intent.decide(tx)
    verdict = decided.verdict if decided.refused else None
    named = name_original(tx, purchase, purchase.stan, KIND_PURCHASE, intent.tap_id, now)
    if named is not None:
        verdict = verdict or (Verdict.DUPLICATE if named else Verdict.REVERSED)
    tap = _made(purchase, intent, decided, verdict, now)
    write(tx, _PUT_TAP, _row(tap))
    if verdict is not None:
        settle(tx, key, intent.tap_id, verdict)
        counted.declined(tx, intent.tap_id, intent.person_id, verdict, purchase.amount_minor, now)
    if named is not None and not decided.refused:
        counted.refused(tx, intent.par, intent.token_id, now, purchase.amount_minor)
    return Seen(digest, intent.tap_id, verdict or "", b""), tap


def _made(purchase: Purchase, intent: Intent, decided: Decision, verdict: Verdict | None, now: datetime) -> Tap:
    whole, amount = purchase.class_ in WHOLE and not intent.part_minor, irr(purchase.amount_minor)
    return Tap(
        id=intent.tap_id,
        class_=purchase.class_,
        terminal_id=purchase.terminal_id,
        batch_number=purchase.batch_number,
        stan=purchase.stan,
        rrn=purchase.rrn,
        merchant_id=intent.merchant_id,
        person_id=intent.person_id,
        token_id=intent.token_id,
        par=intent.par,
        last4=purchase.pan[-LAST:],
        atc=purchase.tap.atc,
        amount=amount,
        part=irr(intent.part_minor) if intent.part_minor else None,
        hold_minor=amount.minor,
        hold_number=0,
        keep_minor=amount.minor,
        shrink_minor=0,
        captured=amount if whole else None,
        undone_minor=0,
        refunded_minor=0,
        approval=intent.approval,
        state=TapState.PENDING if verdict is None else TapState.DECLINED,
        verdict=verdict,
        reversal=False,
        refund_attempt=0,
        made_at=now,
        expires_at=intent.expires_at,
        changed_at=now,
        captured_at=None,
        cycle_id="",
        settled_minor=0,
        owner="",
        checks=decided.checks,
    )


_SAME = tuple(
    {column.name for column in taps.columns}
    - {"class", "amount_minor", "part_minor", "capture_minor", "verdict", "unfinished", "checks"}
)


def _row(tap: Tap) -> dict[str, object]:
    return {name: getattr(tap, name) for name in _SAME} | {
        "class": tap.class_,
        "amount_minor": tap.amount.minor,
        "part_minor": tap.part.minor if tap.part else 0,
        "capture_minor": tap.capture_minor,
        "verdict": tap.verdict or "",
        "unfinished": tap.state is TapState.PENDING,
        "checks": stored_checks(tap.checks),
    }


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


def complete(tx: Connection, tap_id: str, amount: Money, counted: Counted, now: datetime) -> None:
    """Store a completion whose message was lost; nothing if the tap moved meanwhile."""
    tap = locked(tx, tap_id)
    open_ = tap.state in {TapState.HELD, TapState.EXPIRED}
    if open_ and not tap.reversal and not tap.capture_minor and amount.minor <= tap.keep_minor:
        counted.write(tx, tap, replace(tap, captured=amount), now)


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
    if tap.state is TapState.PENDING and not tap.reversal:
        said = decision.with_funds(
            Decision(Verdict.APPROVED, 0, tap.checks), changed.verdict or Verdict.MALFUNCTION, changed.keep_minor
        )
        changed = replace(changed, checks=said.checks)
    if changed.state is TapState.CAPTURED and tap.state is not TapState.CAPTURED:
        kept = Verdict.PARTIAL if tap.verdict is Verdict.PARTIAL else changed.verdict
        changed = replace(changed, captured_at=now, verdict=kept)
    return changed


def _held(tap: Tap, held_minor: int) -> Tap:
    """A tap whose hold stands for this much; too small a part is given up again."""
    keep = min(tap.keep_minor, held_minor)
    whole = held_minor == tap.amount.minor
    verdict = tap.verdict if tap.reversal else Verdict.APPROVED if whole else Verdict.PARTIAL
    shrink = tap.shrink_minor if tap.shrink_minor < held_minor else 0
    tap = replace(tap, hold_minor=held_minor, keep_minor=keep, shrink_minor=shrink, verdict=verdict)
    if tap.part is not None and held_minor < tap.part.minor and not tap.reversal:
        return replace(tap, reversal=True, verdict=Verdict.NO_FUNDS)
    if tap.class_ in WHOLE and not tap.capture_minor:
        return replace(tap, captured=irr(keep))
    return tap


def conclude(
    tx: Connection, key: Key, before: Tap, tap: Tap, answer: bytes, counted: Counted, now: datetime
) -> bytes | None:
    """Store how a purchase went together with its answer; None, and nothing done, if the tap moved meanwhile."""
    values = {
        "tap": tap.id,
        "was_keep": before.keep_minor,
        "new_state": tap.state,
        "new_verdict": tap.verdict or "",
        "new_hold_minor": tap.hold_minor,
        "new_keep_minor": tap.keep_minor,
        "new_capture_minor": tap.capture_minor,
        "new_captured_at": tap.captured_at,
        "new_reversal": tap.reversal,
        "new_checks": stored_checks(tap.checks),
        "new_unfinished": rules.next_step(tap.progress, now) is not None,
        "new_changed_at": now,
    }
    if not write(tx, _ANSWERED, values):
        return None
    counted.changed(tx, before, tap, now)
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
    # A completion that came meanwhile may have captured the hold that was let go here: then the ledger is asked anew.
    if all(getattr(tap, name) == getattr(before, name) for name in _SAME_STEP):
        counted.write(tx, tap, stepped(tap, step, results, now), now)


_SAME_STEP = ("state", "capture_minor", "refund_attempt", "shrink_minor")


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
