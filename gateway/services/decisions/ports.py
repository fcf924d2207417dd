"""What decision tables ask of the rest of the house."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.services.decisions.model import Inputs, Sort


@dataclass(frozen=True, slots=True)
class Use:
    """What whoever asks a table gives it, and what it must answer; a version that does not fit is never proposed.

    Attributes:
        inputs: What a table may ask.
        outputs: What it must answer, once.
        most: Of outputs that are reckoned with: none is below zero or above this.
    """

    inputs: Mapping[str, Sort]
    outputs: Mapping[str, Sort]
    most: Mapping[str, int] = field(default_factory=dict)


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


class Cases(Protocol):
    """Where real cases come from, for a dry run; satisfied by services/benefits."""

    async def cases(self, table: str, *, limit: int) -> Sequence[Inputs]:
        """What the table was asked lately, newest first."""
        ...
