"""Reports: on a page that prints, as CSV and as a workbook; each of fixed days, so that it reads the same again."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from aiohttp import web
from pydantic import Field

from gateway.channels.console.cells import Table
from gateway.channels.console.downloads import download
from gateway.channels.console.reported import table_columns
from gateway.channels.console.roles import SEE_REPORTS
from gateway.channels.console.routes import ENDING, Route, get
from gateway.channels.console.spans import Days, Span, chosen, today, usual
from gateway.channels.console.visit import Visit
from gateway.errors import BadInput
from gateway.services.reports import Report, ReportName, ReportRow
from wallet.ids import AccountId

ROWS_SHOWN = 500
"""Of a longer report the page shows the beginning and says so; the files have it whole."""
NAME = "{name:" + "|".join(ReportName) + "}"
OF = r"^[A-Za-z0-9_:.-]{0,200}$"


class Asked(Days):
    """Of which days; of which account or role, for a general ledger."""

    what: str = Field("", pattern=OF)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was asked for, and how the address says it."""

    name: ReportName
    span: Span
    what: str

    @property
    def query(self) -> str:
        """As the address has it."""
        return self.span.query + ("&" + urlencode({"what": self.what}) if self.what else "")


def routes() -> list[Route]:
    """The routes of this module."""
    return [
        get("/reports", index, SEE_REPORTS),
        get(f"/reports/{NAME}", show, SEE_REPORTS),
        get(f"/reports/{NAME}{ENDING}", file, SEE_REPORTS),
    ]


async def index(visit: Visit) -> web.StreamResponse:
    """Every report with what it is for."""
    return visit.page("reports.jinja", names=list(ReportName))


async def show(visit: Visit) -> web.StreamResponse:
    """One report on a page."""
    asked = _asked(visit)
    if asked.name is ReportName.GENERAL_LEDGER and not asked.what:
        return _page(visit, asked, None, None, cut=False)
    report = await _made(visit, asked)
    rows, cut = await _beginning(report)
    columns = table_columns(report, visit.words)
    table = Table(
        name=asked.name.value,
        columns=columns,
        rows=rows,
        empty="empty.report",
        exports=f"/reports/{asked.name.value}",
        asked=asked.query,
        totals=[[column.value(row) for column in columns] for row in report.totals],
    )
    return _page(visit, asked, report, table, cut=cut)


async def file(visit: Visit) -> web.StreamResponse:
    """The whole report as a file."""
    asked = _asked(visit)
    if asked.name is ReportName.GENERAL_LEDGER and not asked.what:
        raise BadInput("query: what")
    report = await _made(visit, asked)
    return await download(visit, report.name.value, table_columns(report, visit.words), report.pages)


def _asked(visit: Visit) -> Chosen:
    """What was asked for; days that have not come are left out, since nothing can be read of them."""
    query, now = visit.query(Asked), today(visit)
    span = chosen(visit, query.first, query.last)
    span = Span(min(span.first, now), min(span.last, now))
    return Chosen(ReportName(visit.named("name")), span, query.what)


async def _made(visit: Visit, asked: Chosen) -> Report:
    """The report; one of a person's own account is a view of that person, which the access log keeps."""
    report = await visit.deps.reports.named(asked.name, asked.span.first, asked.span.last, what=asked.what)
    if asked.name is ReportName.GENERAL_LEDGER and (person := await _person(visit, asked.what)):
        await visit.deps.access.viewed(visit.staff.id, person, "movements", "ledger")
    return report


async def _person(visit: Visit, what: str) -> str:
    """Whose account it is that a general ledger is of, given its code or UUID; '' for nobody's."""
    with suppress(ValueError):
        found = await visit.deps.ledger.account(AccountId(UUID(what)))
        return found.owner if found and found.owner.startswith("per_") else ""
    return next((part for part in what.split(":") if part.startswith("per_")), "")


def _page(
    visit: Visit, asked: Chosen, report: Report | None, table: Table[ReportRow] | None, *, cut: bool
) -> web.Response:
    return visit.page(
        "report.jinja",
        name=asked.name.value,
        asked=asked,
        days=f"{visit.words.day(asked.span.first)} – {visit.words.day(asked.span.last)}",
        usual=usual(visit),
        tail="&" + urlencode({"what": asked.what}) if asked.what else "",
        now=visit.deps.clock.now(),
        report=report,
        table=table,
        cut=cut,
    )


async def _beginning(report: Report) -> tuple[Sequence[ReportRow], bool]:
    """As many rows as a page shows, and whether there are more."""
    rows: list[ReportRow] = []
    async for page in report.pages:
        rows += page
        if len(rows) > ROWS_SHOWN:
            return rows[:ROWS_SHOWN], True
    return rows, False
