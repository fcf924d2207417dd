"""The decision about a tap joined with what it needs of others: the policy, the controls and what was counted."""

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from gateway.services.controls import Account, Used, Windows
from gateway.services.taps import decision, declined
from gateway.services.taps.checks import Decision
from gateway.services.taps.decision import Case
from gateway.services.taps.policy import TapPolicy
from gateway.services.taps.rules import Verdict


class Counting(Protocol):
    """The part of the controls that a tap is decided with."""

    def held(
        self, tx: Connection, par: str, token_id: str, merchant_id: str, windows: Windows, now: datetime
    ) -> Account:
        """Hold what was counted for an account, with the controls over it and its token."""
        ...

    def count(self, tx: Connection, account: Account, amount_minor: int, *, verified: bool) -> None:
        """Count a payment of an account that is held."""
        ...

    def give_back(
        self, tx: Connection, par: str, token_id: str, paid: Used, windows: Windows, made_at: datetime
    ) -> None:
        """Take back what was counted in `windows`."""
        ...


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

    def after_use(self, tx: Connection, decided: Decision, case: Case, use: str) -> Decision:
        """What token, phone, controls and limits say once the counter has moved; counts what is not refused.

        Args:
            tx: The unit of work in which the counter moved.
            decided: After `decision.with_cryptogram`; not refused.
            case: As in `before_cryptogram`.
            use: What `use` of the token answered (a value of UseOutcome).
        """
        assert not decided.refused, "after a refusal nothing may move"
        token, shop, _ = case.known
        windows = self._policy.windows(case.day)
        account = self._controls.held(tx, token.par, token.id, shop.id, windows, case.at)
        decided = decision.after_use(decided, case, use, account, self._policy)
        if not decided.refused:
            self._controls.count(tx, account, decided.approved_minor, verified=decision.verified(case))
        return decided

    def declined(
        self, tx: Connection, cause: str, person_id: str, verdict: Verdict, amount_minor: int, now: datetime
    ) -> None:
        """Have the person told of a refusal, in the unit that stores it; once for each `cause`."""
        declined.note(tx, declined.Refusal(cause, person_id, verdict, amount_minor), now)

    def give_back(
        self, tx: Connection, par: str, token_id: str, made_at: datetime, amount_minor: int, *, whole: bool
    ) -> None:
        """Take back what `after_use` counted for a tap that was made at `made_at`, the moment of its `Case.at`.

        Call it once in the unit that stores what became of the tap: `whole` where nothing was paid in the end (no
        funds, reversed, void, lapsed), not `whole` with the rest where only a part was (partial approval or reversal, a
        completion below its hold).
        """
        windows = self._policy.windows(self.local(made_at).date())
        self._controls.give_back(tx, par, token_id, Used(int(whole), amount_minor), windows, made_at)
