"""What the pages of reports need; ConsoleDeps has one."""

from datetime import date
from typing import Protocol

from gateway.services.reports import Report, ReportName


class ReportsDesk(Protocol):
    """Satisfied by gateway.services.reports.Reports."""

    async def named(self, name: ReportName, first: date, last: date, *, what: str = "") -> Report:
        """A report of these days; of an account or a role, for a general ledger."""
        ...
