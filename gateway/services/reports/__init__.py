"""Reports: trial balance, general ledger, float cover, settlements, benefit spending; totals are the ledger's own."""

from gateway.services.reports.model import (
    AccountSpan,
    CauseOf,
    Cell,
    ColumnKind,
    Drill,
    Report,
    ReportColumn,
    ReportName,
    ReportRow,
    RoleSpan,
)
from gateway.services.reports.ports import Names, Parts
from gateway.services.reports.reports import DAYS_MAX, Reports

__all__ = [
    "DAYS_MAX",
    "AccountSpan",
    "CauseOf",
    "Cell",
    "ColumnKind",
    "Drill",
    "Names",
    "Parts",
    "Report",
    "ReportColumn",
    "ReportName",
    "ReportRow",
    "Reports",
    "RoleSpan",
]
