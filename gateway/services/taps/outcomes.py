"""What became of taps once the ledger was asked, stored with their answers for all that wait at once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from gateway.services.answered import Key, put_answers
from gateway.services.taps import decision, rules
from gateway.services.taps.checks import Decision, stored_checks
from gateway.services.taps.model import WHOLE, Tap
from gateway.services.taps.rows import Counted
from gateway.services.taps.rules import Step, TapState, Verdict
from gateway.services.taps.tables import taps
from gateway.store import Many
from wallet.money import irr
from wallet.transfers import PostResult

_MOVED, _TAPS = Many(taps, columns=("id", "state", "reversal", "keep_minor", "capture_minor")), Many(taps)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A pending tap before and after the ledger's answer, and what its terminal is answered."""

    key: Key
    before: Tap
    after: Tap
    answer: bytes
    at: datetime


class Concluding:
    """Stores outcomes."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted

    def all(self, tx: Connection, outcomes: Sequence[Outcome]) -> list[bytes | None]:
        """Store how purchases went together with their answers; None, and nothing done, where a tap moved meanwhile."""
        held = {row.id: row for row in _MOVED.locked(tx, [(one.before.id,) for one in outcomes])}
        done: dict[str, Outcome] = {}
        for one in outcomes:
            row, before = held[one.before.id], one.before
            # The first answer to an offline purchase may be out already, and what its terminal then said must stay.
            same = (row.keep_minor, row.capture_minor) == (before.keep_minor, before.capture_minor)
            if row.state == TapState.PENDING and not row.reversal and same:
                done.setdefault(before.id, one)
        _TAPS.change(tx, [_row(one) for one in done.values()])
        for one in done.values():
            self._counted.changed(tx, one.before, one.after, one.at)
        told = put_answers(tx, {one.key: one.answer for one in done.values()})
        return [told[one.key] if done.get(one.before.id) is one else None for one in outcomes]


def _row(one: Outcome) -> dict[str, object]:
    tap = one.after
    return {
        "id": tap.id,
        "state": tap.state,
        "verdict": tap.verdict or "",
        "hold_minor": tap.hold_minor,
        "keep_minor": tap.keep_minor,
        "capture_minor": tap.capture_minor,
        "captured_at": tap.captured_at,
        "reversal": tap.reversal,
        "checks": stored_checks(tap.checks),
        "unfinished": rules.next_step(tap.progress, one.at) is not None,
        "changed_at": one.at,
    }


def stepped(tap: Tap, step: Step, results: Sequence[PostResult], now: datetime) -> Tap:
    """The tap after the ledger's answer to a step."""
    outcome = next((one.outcome for one in results if not one.outcome.stands), results[0].outcome)
    state, changed = rules.after(step, tap.progress, outcome), tap
    if step is Step.SHRINK:
        changed = replace(changed, shrink_minor=0, refund_attempt=tap.refund_attempt + 1)
        if outcome.stands:
            lower, number = tap.shrink_minor, tap.refund_attempt + 1
            again = tap.keep_minor if tap.keep_minor < lower else 0
            changed = replace(changed, hold_minor=lower, hold_number=number, shrink_minor=again)
    if step is Step.HOLD and outcome.stands:
        changed = _held(changed, results[0].transfer.amount.minor)
    verdict, checks, captured_at = changed.verdict, tap.checks, tap.captured_at
    if step in {Step.HOLD, Step.CHARGE} and not tap.reversal:
        verdict = verdict if outcome.stands and step is Step.HOLD else rules.verdict_of(outcome)
    if tap.state is TapState.PENDING and not tap.reversal:
        said = decision.with_funds(
            Decision(Verdict.APPROVED, 0, tap.checks), verdict or Verdict.MALFUNCTION, changed.keep_minor
        )
        checks = said.checks
    if state is TapState.CAPTURED and tap.state is not TapState.CAPTURED:
        captured_at = now
        verdict = Verdict.PARTIAL if tap.verdict is Verdict.PARTIAL else verdict
    return replace(changed, state=state, verdict=verdict, checks=checks, captured_at=captured_at)


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
