"""The intents of purchases, stored for all that wait at once: counters move, and taps are PENDING or DECLINED."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from gateway.services.answered import Key, Seen, Taking, seen_all, settle, take_all
from gateway.services.taps.checks import Decision, stored_checks
from gateway.services.taps.deciding import Used
from gateway.services.taps.decision import Case
from gateway.services.taps.model import WHOLE, Tap
from gateway.services.taps.ports import TokenUse, TokenVault
from gateway.services.taps.requests import Purchase
from gateway.services.taps.rows import KIND_PURCHASE, Counted, name_all, named_by
from gateway.services.taps.rules import TapState, Verdict
from gateway.services.taps.tables import taps
from gateway.store import Many
from wallet.money import irr

LAST = 4
"""How many digits of a token's number are shown."""
_TAPS = Many(taps)


@dataclass(frozen=True, slots=True)
class Intent:
    """A purchase whose cryptogram is good, ready to become a tap.

    Attributes:
        key: Of its message.
        digest: Of its message's content.
        part_minor: The least part of the amount that would do, 0 when only all of it does.
        decided: What was decided before its token's counter moves; not refused.
        case: What is decided about.
        use: How it uses its token.
    """

    key: Key
    digest: bytes
    purchase: Purchase
    tap_id: str
    merchant_id: str
    person_id: str
    par: str
    approval: str
    part_minor: int
    decided: Decision
    case: Case
    use: TokenUse
    expires_at: datetime
    at: datetime


class Deciding(Protocol):
    """Who decides once the counters have moved."""

    def after_use(self, tx: Connection, used: Sequence[Used]) -> list[Decision]:
        """Decide one tap after the other."""
        ...


class Opening:
    """Opens taps."""

    def __init__(self, tokens: TokenVault, decider: Deciding, counted: Counted) -> None:
        self._tokens = tokens
        self._decider = decider
        self._counted = counted

    def all(self, tx: Connection, intents: Sequence[Intent]) -> list[tuple[Seen, Tap | None]]:
        """Store purchases as if one came after the other; None for one whose message came before.

        Those whose references name something already come last: what they move is given back before the next of them.
        """
        took = take_all(tx, [Taking(one.key, one.digest, one.tap_id, one.at) for one in intents])
        fresh = [one for one, free in zip(intents, took, strict=True) if free]
        named = name_all(tx, [(one.purchase, KIND_PURCHASE, one.tap_id, one.at) for one in fresh])
        done = dict(self._stored(tx, [one for one, free in zip(fresh, named, strict=True) if free]))
        for one, free in zip(fresh, named, strict=True):
            if not free:
                done |= self._again(tx, one)
        before = seen_all(tx, {one.key for one in intents if one.tap_id not in done})
        return [done[one.tap_id] if one.tap_id in done else (before[one.key], None) for one in intents]

    def _stored(self, tx: Connection, intents: Sequence[Intent]) -> Iterator[tuple[str, tuple[Seen, Tap]]]:
        """Taps whose references are new."""
        made = []
        for one, decided in zip(intents, self._decided(tx, intents), strict=True):
            verdict = decided.verdict if decided.refused else None
            made.append((one, _made(one, decided, verdict)))
        yield from self._put(tx, made)

    def _again(self, tx: Connection, intent: Intent) -> dict[str, tuple[Seen, Tap]]:
        """A tap whose references another one has, or a reversal that overtook it."""
        (decided,) = self._decided(tx, [intent])
        named = named_by(tx, intent.purchase, intent.purchase.stan)
        assert named is not None, "somebody has the references"
        verdict = decided.verdict if decided.refused else Verdict.DUPLICATE if named[0] else Verdict.REVERSED
        done = dict(self._put(tx, [(intent, _made(intent, decided, verdict))]))
        if not decided.refused:
            self._counted.refused(tx, intent.par, intent.use.token_id, intent.at, intent.purchase.amount_minor)
        return done

    def _decided(self, tx: Connection, intents: Sequence[Intent]) -> list[Decision]:
        uses = self._tokens.use_all(tx, [one.use for one in intents])
        used = [Used(one.decided, one.case, use) for one, use in zip(intents, uses, strict=True)]
        return self._decider.after_use(tx, used)

    def _put(self, tx: Connection, made: Sequence[tuple[Intent, Tap]]) -> Iterator[tuple[str, tuple[Seen, Tap]]]:
        went = _TAPS.put(tx, [_row(tap) for _, tap in made])
        assert all(went), "ids are made once"
        for intent, tap in made:
            if tap.verdict is not None:
                settle(tx, intent.key, tap.id, tap.verdict)
                self._counted.declined(tx, tap.id, tap.person_id, tap.verdict, tap.amount.minor, intent.at)
            yield tap.id, (Seen(intent.digest, tap.id, tap.verdict or "", b""), tap)


def _made(intent: Intent, decided: Decision, verdict: Verdict | None) -> Tap:
    purchase = intent.purchase
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
        token_id=intent.use.token_id,
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
        made_at=intent.at,
        expires_at=intent.expires_at,
        changed_at=intent.at,
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
