"""A tap as staff and others of the house see it."""

from dataclasses import dataclass
from datetime import datetime

from gateway.services.taps.rules import Completable, Progress, TapState, Verdict
from wallet.money import Money


@dataclass(frozen=True, slots=True)
class Tap:
    """One tap that had a good cryptogram.

    Attributes:
        id: `tap_…`, the cause of its transfers.
        verdict: Why it was declined, APPROVED once it was approved, None while that is open.
        captured: What a completion asked for; None before.
        approval: DE38, six characters.
        reversal: The terminal took it back, or never got an answer.
    """

    id: str
    terminal_id: str
    stan: str
    rrn: str
    merchant_id: str
    person_id: str
    token_id: str
    atc: int
    amount: Money
    captured: Money | None
    approval: str
    state: TapState
    verdict: Verdict | None
    reversal: bool
    refund_attempt: int
    made_at: datetime
    expires_at: datetime
    changed_at: datetime

    @property
    def progress(self) -> Progress:
        """What decides its next step."""
        return Progress(self.state, self.captured.minor if self.captured else 0, self.reversal, self.expires_at)

    @property
    def completable(self) -> Completable:
        """What decides whether it can be completed."""
        return Completable(
            self.state, self.reversal, self.approval, self.captured.minor if self.captured else 0, self.amount.minor
        )
