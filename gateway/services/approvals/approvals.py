"""The checker's half: decide, then do."""

from collections.abc import Awaitable, Callable, Mapping

from gateway.services.approvals.model import ApprovalOutcome, Checker
from gateway.services.approvals.proposals import Proposals
from gateway.settings import Settings
from gateway.store import Store
from wallet.clock import Clock

Executor = Callable[[str, str], Awaitable[str]]
"""`(subject, approval_id) -> result`: does what was approved; called again after a crash, so twice must be harmless."""


class Approvals(Proposals):
    """Decides what was proposed; maker is never checker.

    Args:
        store: The gateway's store.
        clock: The time.
        settings: `sweep_after_s`.
        roles: The role that a checker of each kind must have; a kind that is missing here cannot be decided.
        executors: What is done on approval, by kind.
        refusers: What is done on rejection, by kind, where anything is.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        settings: Settings,
        *,
        roles: Mapping[str, str],
        executors: Mapping[str, Executor],
        refusers: Mapping[str, Executor] | None = None,
    ) -> None:
        super().__init__(store, clock)
        self._settings = settings
        self._roles = roles
        self._executors = executors
        self._refusers = refusers or {}

    async def approve(self, approval_id: str, checker: Checker) -> ApprovalOutcome:
        """Approve and do it; a fault while doing it leaves it to the sweep."""
        raise NotImplementedError

    async def reject(self, approval_id: str, checker: Checker, reason: str) -> ApprovalOutcome:
        """Reject, saying why."""
        raise NotImplementedError

    async def sweep(self) -> int:
        """Do what was decided and not done; how many were finished."""
        raise NotImplementedError
