"""What the page of finding needs; ConsoleDeps has one."""

from typing import Protocol

from gateway.services.finding import Findings


class FindingDesk(Protocol):
    """Satisfied by gateway.services.finding.Finding."""

    async def find(
        self, text: str, staff_id: str, *, reason: str = "", people: bool = False, limit: int = 20
    ) -> Findings:
        """What is like a text that somebody has typed."""
        ...
