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

__all__ = [
    "AccountSpan",
    "CauseOf",
    "Cell",
    "ColumnKind",
    "Drill",
    "Report",
    "ReportColumn",
    "ReportName",
    "ReportRow",
    "RoleSpan",
]
