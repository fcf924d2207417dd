"""Rows of taps and refunds as values and back, and what a message's references name."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from gateway.services.taps import declined, refund_rules, rules
from gateway.services.taps.checks import checks_of, stored_checks
from gateway.services.taps.model import Refund, Tap
from gateway.services.taps.ports import Counters
from gateway.services.taps.refund_rules import RefundKind, RefundState, Source
from gateway.services.taps.requests import Asked
from gateway.services.taps.rules import TapState, Verdict
from gateway.services.taps.tables import originals, refunds, taps
from gateway.store import Many, find, insert_ignore, write
from wallet.money import irr

KIND_PURCHASE, KIND_COMPLETION, KIND_REFUND, KIND_VOID = "purchase", "completion", "refund", "void"

TAP = select(taps).where(taps.c.id == bindparam("tap"))
REFUND = select(refunds).where(refunds.c.id == bindparam("refund"))
_TAP_LOCKED, _REFUND_LOCKED = TAP.with_for_update(key_share=True), REFUND.with_for_update(key_share=True)
_ORIGINAL = select(originals.c.tap_id, originals.c.kind).where(
    originals.c.acquirer == bindparam("acquirer"),
    originals.c.terminal_id == bindparam("terminal_id"),
    originals.c.stan == bindparam("stan"),
    originals.c.rrn == bindparam("rrn"),
)
_ORIGINALS = Many(originals)
_WRITE_TAP = (
    update(taps)
    .where(taps.c.id == bindparam("tap"))
    .values(
        {
            name: bindparam(f"new_{name}", type_=taps.c[name].type)
            for name in (
                "state", "verdict", "capture_minor", "reversal", "refund_attempt", "hold_minor", "hold_number",
                "keep_minor", "shrink_minor", "undone_minor", "refunded_minor", "captured_at", "owner", "unfinished",
                "checks", "changed_at",
            )
        }
    )
)  # fmt: skip
_WRITE_REFUND = (
    update(refunds)
    .where(refunds.c.id == bindparam("refund"))
    .values(
        {
            name: bindparam(f"new_{name}", type_=refunds.c[name].type)
            for name in ("state", "verdict", "reversal", "attempt", "owner", "unfinished", "changed_at")
        }
    )
)


def tap_of(row: Row[Any]) -> Tap:
    """A tap's row as a value."""
    return Tap(
        id=row.id,
        class_=row._mapping["class"],  # noqa: SLF001 - SQLAlchemy's documented way to a column named so
        terminal_id=row.terminal_id,
        batch_number=row.batch_number,
        stan=row.stan,
        rrn=row.rrn,
        merchant_id=row.merchant_id,
        person_id=row.person_id,
        token_id=row.token_id,
        par=row.par,
        last4=row.last4,
        atc=row.atc,
        amount=irr(row.amount_minor),
        part=irr(row.part_minor) if row.part_minor else None,
        hold_minor=row.hold_minor,
        hold_number=row.hold_number,
        keep_minor=row.keep_minor,
        shrink_minor=row.shrink_minor,
        captured=irr(row.capture_minor) if row.capture_minor else None,
        undone_minor=row.undone_minor,
        refunded_minor=row.refunded_minor,
        approval=row.approval,
        state=TapState(row.state),
        verdict=Verdict(row.verdict) if row.verdict else None,
        reversal=row.reversal,
        refund_attempt=row.refund_attempt,
        made_at=row.made_at,
        expires_at=row.expires_at,
        changed_at=row.changed_at,
        captured_at=row.captured_at,
        cycle_id=row.cycle_id,
        settled_minor=row.settled_minor,
        owner=row.owner,
        checks=checks_of(row.checks),
    )


def refund_of(row: Row[Any]) -> Refund:
    """A refund's row as a value."""
    return Refund(
        id=row.id,
        tap_id=row.tap_id,
        kind=RefundKind(row.kind),
        terminal_id=row.terminal_id,
        stan=row.stan,
        rrn=row.rrn,
        merchant_id=row.merchant_id,
        person_id=row.person_id,
        amount=irr(row.amount_minor),
        approval=row.approval,
        batch_number=row.batch_number,
        source=Source(row.source),
        state=RefundState(row.state),
        verdict=Verdict(row.verdict) if row.verdict else None,
        reversal=row.reversal,
        attempt=row.attempt,
        cycle_id=row.cycle_id,
        owner=row.owner,
        made_at=row.made_at,
        changed_at=row.changed_at,
    )


def locked(tx: Connection, tap_id: str) -> Tap:
    """The tap, its row held until the end of the unit."""
    return tap_of(find(tx, _TAP_LOCKED, {"tap": tap_id})[0])


def locked_refund(tx: Connection, refund_id: str) -> Refund:
    """The refund, its row held until the end of the unit; its tap is locked before it."""
    return refund_of(find(tx, _REFUND_LOCKED, {"refund": refund_id})[0])


def write_tap(tx: Connection, tap: Tap, now: datetime) -> None:
    """Store what changes about a tap."""
    values = {
        "tap": tap.id,
        "new_state": tap.state,
        "new_verdict": tap.verdict or "",
        "new_capture_minor": tap.capture_minor,
        "new_reversal": tap.reversal,
        "new_refund_attempt": tap.refund_attempt,
        "new_hold_minor": tap.hold_minor,
        "new_hold_number": tap.hold_number,
        "new_keep_minor": tap.keep_minor,
        "new_shrink_minor": tap.shrink_minor,
        "new_undone_minor": tap.undone_minor,
        "new_refunded_minor": tap.refunded_minor,
        "new_captured_at": tap.captured_at,
        "new_owner": tap.owner,
        "new_checks": stored_checks(tap.checks),
        "new_unfinished": rules.next_step(tap.progress, now) is not None,
        "new_changed_at": now,
    }
    write(tx, _WRITE_TAP, values)


class Counted:
    """Writes taps, and keeps what is counted against their holders' limits in step."""

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    def write(self, tx: Connection, before: Tap, after: Tap, now: datetime) -> None:
        """Store what changed about a tap."""
        write_tap(tx, after, now)
        self.changed(tx, before, after, now)

    def refused(self, tx: Connection, par: str, token_id: str, made_at: datetime, minor: int) -> None:
        """Give back what was counted for a purchase that became none in the same unit."""
        if par:
            self._counters.give_back(tx, par, token_id, made_at, minor, whole=True)

    def declined(self, tx: Connection, cause: str, person_id: str, verdict: Verdict, minor: int, now: datetime) -> None:
        """Have the person told why a tap was refused, in the unit that stores it; once for each `cause`."""
        declined.note(tx, declined.Refusal(cause, person_id, verdict, minor), now)

    def changed(self, tx: Connection, before: Tap, after: Tap, now: datetime) -> None:
        """Give back what a tap counts for no longer, and tell of one that is refused now."""
        if after.verdict not in {None, before.verdict, Verdict.APPROVED, Verdict.PARTIAL} and not after.offline:
            assert after.verdict is not None, "see above"
            self.declined(tx, after.id, after.person_id, after.verdict, after.amount.minor, now)
        less, left = before.counted_minor - after.counted_minor, after.counted_minor
        if less > 0 and after.par:
            self._counters.give_back(tx, after.par, after.token_id, after.made_at, less, whole=left == 0)


def write_refund(tx: Connection, refund: Refund, now: datetime) -> None:
    """Store what changes about a refund."""
    values = {
        "refund": refund.id,
        "new_state": refund.state,
        "new_verdict": refund.verdict or "",
        "new_reversal": refund.reversal,
        "new_attempt": refund.attempt,
        "new_owner": refund.owner,
        "new_unfinished": refund_rules.next_step(refund.progress) is not None,
        "new_changed_at": now,
    }
    write(tx, _WRITE_REFUND, values)


def name_original(tx: Connection, asked: Asked, stan: str, kind: str, id_: str, now: datetime) -> str | None:
    """Let a message's references name a tap or refund; None when they were free, else the id that they name.

    '' as the id is a tombstone, taken by what came before its original.
    """
    row = {
        "acquirer": asked.acquirer,
        "terminal_id": asked.terminal_id,
        "stan": stan,
        "rrn": asked.rrn,
        "tap_id": id_,
        "kind": kind,
        "at": now,
    }
    if insert_ignore(tx, originals, row):
        return None
    named = named_by(tx, asked, stan)
    assert named is not None, "somebody has the references"
    return named[0]


def name_all(tx: Connection, names: Sequence[tuple[Asked, str, str, datetime]]) -> list[bool]:
    """Let the references of messages name something: each with its kind, the id and a moment; which were free."""
    rows = [
        {
            "acquirer": asked.acquirer,
            "terminal_id": asked.terminal_id,
            "stan": asked.stan,
            "rrn": asked.rrn,
            "tap_id": id_,
            "kind": kind,
            "at": at,
        }
        for asked, kind, id_, at in names
    ]
    return _ORIGINALS.put(tx, rows)


def named_by(tx: Connection, asked: Asked, stan: str) -> tuple[str, str] | None:
    """The id ('' for a tombstone) and kind of what was asked with these references; None for nothing."""
    references = {"acquirer": asked.acquirer, "terminal_id": asked.terminal_id, "stan": stan, "rrn": asked.rrn}
    rows = find(tx, _ORIGINAL, references)
    return (rows[0].tap_id, rows[0].kind) if rows else None


def given_back(tap: Tap, *, undone_minor: int = 0, refunded_minor: int = 0) -> Tap:
    """The tap with other sums of what goes back; REFUNDED when that is all of it, CAPTURED again when it is not."""
    changed = replace(
        tap, undone_minor=tap.undone_minor + undone_minor, refunded_minor=tap.refunded_minor + refunded_minor
    )
    if changed.state not in {TapState.CAPTURED, TapState.REFUNDED}:
        return changed
    return replace(changed, state=TapState.CAPTURED if changed.net_minor else TapState.REFUNDED)
