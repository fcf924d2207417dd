"""What the console needs of finding and reports."""

from datetime import date, datetime
from typing import Protocol

from gateway.services.finding import Findings
from gateway.services.reports import Report, ReportName

# The verbs are documented where they are made; here is only which of them the console uses.


class FindingDesk(Protocol):
    """Satisfied by gateway.services.finding.Finding."""

    async def find(
        self, text: str, staff_id: str, *, reason: str = "", people: bool = False, limit: int = 20
    ) -> Findings: ...


class ReportsDesk(Protocol):
    """Satisfied by gateway.services.reports.Reports."""

    async def trial_balance(
        self,
        *,
        at: datetime | None = None,
        day: date | None = None,
        position: int | None = None,
        accounts: bool = False,
    ) -> Report: ...
    async def general_ledger(self, what: str, first: date, last: date) -> Report: ...
    async def named(self, name: ReportName, first: date, last: date, *, what: str = "") -> Report: ...
