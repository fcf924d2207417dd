"""The maker's half: propose and look. Services that propose take this half, so that nobody needs nobody's executor."""

from collections.abc import Mapping

from gateway.services.approvals.model import Approval, Change
from gateway.store import Store
from wallet.clock import Clock


class Proposals:
    """What waits for a decision."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def propose(self, kind: str, subject: str, payload: Mapping[str, str], maker: str) -> Approval:
        """Propose; while one of this kind and subject is open, that one is returned instead."""
        raise NotImplementedError

    async def by_id(self, approval_id: str) -> Approval | None:
        """The approval with this id."""
        raise NotImplementedError

    async def list_pending(self, *, limit: int, after: str = "", kind: str = "") -> list[Approval]:
        """What waits, oldest first, from after id `after`; of one kind, or of all."""
        raise NotImplementedError

    async def history(self, approval_id: str) -> list[Change]:
        """Everything that happened to it, oldest first."""
        raise NotImplementedError
