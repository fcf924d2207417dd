"""What releases ask of the rest of the house."""

from collections.abc import Mapping
from typing import Protocol


class Proposed(Protocol):
    """A matter that waits for a second person, or was decided."""

    @property
    def id(self) -> str:
        """`apr_…`."""
        ...

    @property
    def checker(self) -> str:
        """Staff id of who decided, or ''."""
        ...


class Proposals(Protocol):
    """Satisfied by gateway.services.approvals.Proposals."""

    async def propose(self, kind: str, subject: str, payload: Mapping[str, str], maker: str) -> Proposed:
        """Propose, once while it waits."""
        ...

    async def by_id(self, approval_id: str) -> Proposed | None:
        """The approval with this id."""
        ...
