"""Units of work of refunds, and of reversals and voids, which take back taps and refunds."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, insert, select

from gateway.services.answered import Key, Seen, put_answer, settle, take
from gateway.services.taps import refund_rules, rules
from gateway.services.taps.model import Refund, Tap
from gateway.services.taps.refund_rules import RefundKind, RefundState, RefundStep, Source
from gateway.services.taps.requests import RefundAsked, Reversal, Void
from gateway.services.taps.rows import (
    KIND_REFUND,
    KIND_VOID,
    Counted,
    given_back,
    locked,
    locked_refund,
    name_original,
    named_by,
    write_refund,
)
from gateway.services.taps.rules import TapState, Verdict
from gateway.services.taps.tables import refunds
from gateway.store import write
from wallet.transfers import Outcome

_PUT_REFUND = insert(refunds)
SHORT = and_(
    refunds.c.unfinished == True,  # noqa: E712 - a column's comparison
    refunds.c.state == RefundState.PENDING,
    refunds.c.attempt > 0,
)
"""Of a refund that the ledger refused and that is tried again."""


@dataclass(frozen=True, slots=True)
class RefundIntent:
    """A refund whose tap was found; `refused` is what refuses it whatever that stands like."""

    refund_id: str
    tap_id: str
    approval: str
    refused: Verdict | None


def open_refund(
    tx: Connection, key: Key, digest: bytes, asked: RefundAsked, intent: RefundIntent, counted: Counted, now: datetime
) -> Seen:
    """Store the intent of a refund, or why it is refused; all refunds of a tap together stay within what is left."""
    taken = take(tx, key, digest, now)
    if taken is not None:
        return taken
    verdict, subject = intent.refused, ""
    if verdict is None:
        tap = locked(tx, intent.tap_id)
        verdict = rules.check_refund(tap.state, tap.net_minor - tap.due_back_minor, asked.amount_minor)
        # Named only now: what is refused names nothing, so that its reversal finds nothing to take back.
        named = None if verdict else name_original(tx, asked, asked.stan, KIND_REFUND, intent.refund_id, now)
        if named is not None:
            verdict = Verdict.DUPLICATE if named else Verdict.REVERSED
        if verdict is None:
            subject = intent.refund_id
            made = _refund(tap, subject, RefundKind.REFUND, asked.amount_minor, now)
            made = replace(
                made,
                terminal_id=asked.terminal_id,
                stan=asked.stan,
                rrn=asked.rrn,
                approval=intent.approval,
                batch_number=asked.batch_number,
            )
            _put(tx, made)
            counted.write(tx, tap, given_back(tap, refunded_minor=asked.amount_minor), now)
    settle(tx, key, subject, verdict or "")
    return Seen(digest, subject, verdict or "", b"")


def give_back(tx: Connection, tap_id: str, refund_id: str, counted: Counted, now: datetime) -> str:
    """Make a refund of what reversals ask back of a captured tap; its id, '' when there is nothing more."""
    tap = locked(tx, tap_id)
    minor = tap.due_back_minor
    if tap.state is not TapState.CAPTURED or not minor:
        return ""
    _put(tx, _refund(tap, refund_id, RefundKind.REVERSAL, minor, now))
    counted.write(tx, tap, given_back(tap, undone_minor=minor), now)
    return refund_id


def open_reversal(tx: Connection, key: Key, digest: bytes, asked: Reversal, counted: Counted, now: datetime) -> Seen:
    """Store that something is taken back, or a tombstone where it is not there yet.

    Approved also when there is nothing to do any more; only a void stays, and a part must be one.
    """
    taken = take(tx, key, digest, now)
    if taken is not None:
        return taken
    verdict, subject = Verdict.APPROVED, name_original(tx, asked, asked.original_stan, "", "", now) or ""
    named = named_by(tx, asked, asked.original_stan) if subject else None
    if named is not None and named[1] == KIND_VOID:
        verdict = Verdict.REVERSED
    elif subject.startswith("rfd_"):
        verdict = Verdict.BAD_AMOUNT if asked.stays_minor else _take_refund_back(tx, subject, now)
    elif subject:
        tap = locked(tx, subject)
        if asked.stays_minor is None:
            counted.write(tx, tap, taken_back(tap), now)
        elif asked.stays_minor > tap.amount.minor:
            verdict = Verdict.BAD_AMOUNT
        else:
            counted.write(tx, tap, lowered(tap, asked.stays_minor), now)
    settle(tx, key, subject, verdict)
    return Seen(digest, subject, verdict, b"")


def open_void(
    tx: Connection, key: Key, digest: bytes, asked: Void, found: str, counted: Counted, now: datetime
) -> Seen:
    """Store that a tap or refund of the terminal's open batch is taken back, or why not; `found` is its id or ''."""
    taken = take(tx, key, digest, now)
    if taken is not None:
        return taken
    verdict: Verdict | None = None if found else Verdict.NO_ORIGINAL
    if found:
        tap = locked(tx, found if found.startswith("tap_") else _tap_of_refund(tx, found))
        refund = locked_refund(tx, found) if found.startswith("rfd_") else None
        verdict = _check_void(asked, tap, refund)
        if verdict is None:
            named = name_original(tx, asked, asked.stan, KIND_VOID, found, now)
            verdict = None if named is None else Verdict.DUPLICATE if named else Verdict.REVERSED
        if verdict is None and refund is not None:
            _take_refund_back(tx, found, now)
        elif verdict is None:
            counted.write(tx, tap, taken_back(tap), now)
    subject = found if verdict is None else ""
    settle(tx, key, subject, verdict or Verdict.APPROVED)
    return Seen(digest, subject, verdict or Verdict.APPROVED, b"")


def _check_void(asked: Void, tap: Tap, refund: Refund | None) -> Verdict | None:
    one: Tap | Refund = refund or tap
    if one.terminal_id != asked.terminal_id or one.batch_number != asked.batch_number or one.cycle_id:
        return Verdict.NO_ORIGINAL
    if one.state in {TapState.DECLINED, RefundState.REFUSED}:
        return Verdict.NO_ORIGINAL
    if one.reversal or one.state in {TapState.VOIDED, RefundState.UNDONE}:
        return Verdict.REVERSED
    amounts = {one.amount.minor, tap.keep_minor} if refund is None else {one.amount.minor}
    return None if asked.amount_minor in amounts else Verdict.BAD_AMOUNT


def taken_back(tap: Tap) -> Tap:
    """A tap of which all is taken back. Of one that holds nothing and was never captured nothing more is needed."""
    nothing = tap.state is TapState.UNPAID or (tap.state is TapState.EXPIRED and tap.captured is None)
    return replace(tap, reversal=True, state=TapState.VOIDED if nothing else tap.state)


def lowered(tap: Tap, stays_minor: int) -> Tap:
    """A tap of which at most this much stays; its hold follows, or the rest goes back once it is captured."""
    keep = min(tap.keep_minor, stays_minor)
    held = tap.state in {TapState.PENDING, TapState.HELD} and not tap.capture_minor
    shrink = tap.shrink_minor or (keep if held and keep < tap.hold_minor else 0)
    return replace(tap, keep_minor=keep, shrink_minor=shrink)


def abandon_refund(tx: Connection, key: Key, refund_id: str, answer: bytes, now: datetime) -> bytes:
    """Give up a refund of which nobody knows whether it was paid: it is answered so, and taken back if it was."""
    locked(tx, _tap_of_refund(tx, refund_id))
    told = put_answer(tx, key, answer)
    if told == answer:
        _take_refund_back(tx, refund_id, now)
    return told


def advance_refund(
    tx: Connection,
    before: Refund,
    step: RefundStep,
    outcome: Outcome,
    restored_id: str,
    counted: Counted,
    now: datetime,
) -> None:
    """Store the ledger's answer to a step; nothing if somebody else was first.

    What is taken back after a cycle has counted it is stored as `restored_id`, for the next cycle.
    """
    tap = locked(tx, before.tap_id)
    refund = locked_refund(tx, before.id)
    if (refund.state, refund.attempt) != (before.state, before.attempt):
        return
    state = refund_rules.after(step, refund.progress, outcome)
    again = state is RefundState.PENDING
    verdict = rules.verdict_of(outcome) if step is RefundStep.PAY else refund.verdict
    write_refund(tx, replace(refund, state=state, verdict=verdict, attempt=refund.attempt + again), now)
    if state in {RefundState.REFUSED, RefundState.UNDONE}:
        counted.write(tx, tap, given_back(tap, refunded_minor=-refund.amount.minor), now)
    counted_in = refund.cycle_id if refund.source is Source.PAYABLE else tap.cycle_id
    if state is RefundState.UNDONE and counted_in:
        restored = _refund(tap, restored_id, RefundKind.RESTORED, refund.amount.minor, now)
        _put(tx, replace(restored, source=Source.CLEARING, state=RefundState.PAID))


def collect_refund(tx: Connection, refund_id: str, staff_id: str, now: datetime) -> bool:
    """Let a refund that waits for staff ask the ledger once more; whether it waited."""
    locked(tx, _tap_of_refund(tx, refund_id))
    refund = locked_refund(tx, refund_id)
    if not refund.waits_for_staff:
        return False
    if refund.state is RefundState.OWED:
        refund = replace(refund, state=RefundState.PAID, attempt=refund.attempt + 1)
    write_refund(tx, replace(refund, owner=staff_id), now)
    return True


def own_refund(tx: Connection, refund_id: str, staff_id: str, now: datetime) -> bool:
    """Let somebody look after a refund that waits for staff; whether it does."""
    refund = locked_refund(tx, refund_id)
    if not refund.waits_for_staff:
        return False
    write_refund(tx, replace(refund, owner=staff_id), now)
    return True


def unfinished_refunds(before: datetime, limit: int) -> Select[Any]:
    """Reads refunds that wait for a step since `before`."""
    waiting = and_(refunds.c.unfinished == True, refunds.c.changed_at <= before)  # noqa: E712 - a column's comparison
    return select(refunds).where(waiting).order_by(refunds.c.changed_at).limit(limit)


def _take_refund_back(tx: Connection, refund_id: str, now: datetime) -> Verdict:
    locked(tx, _tap_of_refund(tx, refund_id))
    write_refund(tx, replace(locked_refund(tx, refund_id), reversal=True), now)
    return Verdict.APPROVED


def _tap_of_refund(tx: Connection, refund_id: str) -> str:
    return str(tx.execute(select(refunds.c.tap_id).where(refunds.c.id == refund_id)).scalar_one())


def _refund(tap: Tap, refund_id: str, kind: RefundKind, minor: int, now: datetime) -> Refund:
    return Refund(
        id=refund_id,
        tap_id=tap.id,
        kind=kind,
        terminal_id=tap.terminal_id,
        stan=tap.stan,
        rrn=tap.rrn,
        merchant_id=tap.merchant_id,
        person_id=tap.person_id,
        amount=replace(tap.amount, minor=minor),
        approval="",
        batch_number=tap.batch_number,
        source=Source.PAYABLE if tap.cycle_id else Source.CLEARING,
        state=RefundState.PENDING,
        verdict=None,
        reversal=False,
        attempt=0,
        cycle_id="",
        owner="",
        made_at=now,
        changed_at=now,
    )


def _put(tx: Connection, made: Refund) -> None:
    row = {name: getattr(made, name) for name in _PLAIN} | {
        "amount_minor": made.amount.minor,
        "verdict": "",
        "unfinished": refund_rules.next_step(made.progress) is not None,
    }
    write(tx, _PUT_REFUND, row)


_PLAIN = tuple(
    column.name for column in refunds.columns if column.name not in {"amount_minor", "verdict", "unfinished"}
)
