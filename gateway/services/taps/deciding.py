"""The decision about a tap joined with what it needs of others: the policy, the controls and what was counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.services.controls import Held, Spending, Windows
from gateway.services.controls import Used as Paid
from gateway.services.taps import decision
from gateway.services.taps.checks import Decision
from gateway.services.taps.decision import Case
from gateway.services.taps.policy import TapPolicy


class Counting(Protocol):
    """The part of the controls that a tap is decided with."""

    def held(self, tx: Connection, spends: Sequence[Spending]) -> Held:
        """Hold what was counted for the accounts of payments, with the controls over them and their tokens."""
        ...

    def give_back(
        self, tx: Connection, par: str, token_id: str, paid: Paid, windows: Windows, made_at: datetime
    ) -> None:
        """Take back what was counted in `windows`."""
        ...


@dataclass(frozen=True, slots=True)
class Used:
    """A tap whose counter has moved.

    Attributes:
        decided: After `decision.with_cryptogram`; not refused.
        case: As in `before_cryptogram`.
        use: What `use` of the token answered (a value of UseOutcome).
    """

    decided: Decision
    case: Case
    use: str


class Decider:
    """Decides about taps. Counters move in `after_use` only, which a bad cryptogram never reaches."""

    def __init__(self, policy: TapPolicy, controls: Counting, zone: ZoneInfo) -> None:
        self._policy = policy
        self._controls = controls
        self._zone = zone

    def local(self, now: datetime) -> datetime:
        """A moment in the zone of business dates, as `Case.at` wants it."""
        return now.astimezone(self._zone)

    def before_cryptogram(self, case: Case) -> Decision:
        """What the message alone refuses."""
        return decision.before_cryptogram(case, self._policy)

    def after_use(self, tx: Connection, used: Sequence[Used]) -> list[Decision]:
        """What token, phone, controls and limits say once the counters have moved; counts what is not refused.

        The taps are decided one after the other, in the unit of work `tx` in which their counters moved.
        """
        spends = [self._spending(one.case) for one in used]
        held = self._controls.held(tx, spends)
        decisions = []
        for one, spending in zip(used, spends, strict=True):
            assert not one.decided.refused, "after a refusal nothing may move"
            account = held.account(spending)
            decided = decision.after_use(one.decided, one.case, one.use, account, self._policy)
            if not decided.refused:
                held.count(account, decided.approved_minor, verified=decision.verified(one.case))
            decisions.append(decided)
        held.store()
        return decisions

    def _spending(self, case: Case) -> Spending:
        token, shop, _ = case.known
        return Spending(token.par, token.id, shop.id, self._policy.windows(case.day), case.at)

    def give_back(
        self, tx: Connection, par: str, token_id: str, made_at: datetime, amount_minor: int, *, whole: bool
    ) -> None:
        """Take back what `after_use` counted for a tap that was made at `made_at`, the moment of its `Case.at`.

        Call it once in the unit that stores what became of the tap: `whole` where nothing was paid in the end (no
        funds, reversed, void, lapsed), not `whole` with the rest where only a part was (partial approval or reversal, a
        completion below its hold).
        """
        windows = self._policy.windows(self.local(made_at).date())
        self._controls.give_back(tx, par, token_id, Paid(int(whole), amount_minor), windows, made_at)
