"""Which groups a page of reconciliation shows: what may be asked for, and the groups that fit, page by page."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from gateway.channels.console.forms import BusinessId, Form, Whole
from gateway.channels.console.reconciliation_desks import ReconciliationDesk
from gateway.services.reconciliation import FlowName, GroupRow
from wallet.reconciliation import Row, Rule, Side, Verdict

PICKS_MAX = 40
"""How many groups can be linked at once: a form has so many fields at most."""
SCAN_PAGE = 500
SCANNED_MAX = 20_000
"""Groups that are looked at for one page; the next page goes on from there."""


def _none(value: object) -> object:
    return value or None


class Narrowed(Form):
    """Which groups."""

    view: Literal["open", "matched"] = "open"
    verdict: Annotated[Verdict | None, BeforeValidator(_none)] = Field(None, strict=False)
    rule: Annotated[Rule | None, BeforeValidator(_none)] = Field(None, strict=False)
    side: Annotated[Side | None, BeforeValidator(_none)] = Field(None, strict=False)
    amount: Annotated[Whole | None, BeforeValidator(_none)] = Field(None, ge=0)
    day: Annotated[date | None, BeforeValidator(_none)] = Field(None, strict=False)
    text: str = Field("", max_length=70)

    @property
    def narrow(self) -> bool:
        """Whether it asks for less than the whole view."""
        return any((self.verdict, self.rule, self.side, self.amount, self.day, self.text.strip()))


class Shown(Narrowed):
    """And after which one the page begins, with what is chosen on other pages."""

    after: Annotated[BusinessId | None, BeforeValidator(_none)] = None
    group: list[BusinessId] = Field(default_factory=list, max_length=PICKS_MAX)
    reason: str = Field("", max_length=200)
    """Why the chosen ones belong together, as far as it is written."""


@dataclass(frozen=True, slots=True)
class Found:
    """Groups that fit; `after` is where the next page begins, or ''."""

    groups: Sequence[GroupRow]
    after: str


async def found(desk: ReconciliationDesk, flow: FlowName, query: Narrowed, *, limit: int, after: str = "") -> Found:
    """A page of groups in order of their ids; it may be short of its limit where few of very many fit."""
    groups: list[GroupRow] = []
    seen = 0
    async for page in _pages(desk, flow, query, after):
        for group in page:
            if fits(group, query):
                if len(groups) == limit:
                    return Found(groups, groups[-1].id)
                groups.append(group)
            seen += 1
        if seen >= SCANNED_MAX:
            return Found(groups, page[-1].id)
    return Found(groups, "")


async def every(desk: ReconciliationDesk, flow: FlowName, query: Narrowed) -> AsyncIterator[list[GroupRow]]:
    """All groups that fit, in pages."""
    async for page in _pages(desk, flow, query, ""):
        yield [group for group in page if fits(group, query)]


async def _pages(
    desk: ReconciliationDesk, flow: FlowName, query: Narrowed, after: str
) -> AsyncIterator[list[GroupRow]]:
    is_open = query.view == "open"
    verdict = query.verdict if is_open else Verdict.MATCHED
    while page := await desk.groups(flow, verdict=verdict, rule=query.rule, open=is_open, limit=SCAN_PAGE, after=after):
        yield page
        after = page[-1].id


def fits(group: GroupRow, query: Narrowed) -> bool:
    """Whether a group is one of those that are asked for."""
    rows = group.rows
    if query.side and all(row.side is not query.side for row in rows):
        return False
    if query.day and all(query.day not in {row.on, row.value_on} for row in rows):
        return False
    if query.amount is not None and not _comes_to(group, query.amount):
        return False
    wanted = query.text.strip().casefold()
    return not wanted or any(wanted in word.casefold() for row in rows for word in _words(row))


def _comes_to(group: GroupRow, amount: int) -> bool:
    sums = {sum(row.minor for row in group.rows if row.side is side) for side in Side}
    known = {abs(minor) for minor in (*sums, group.difference_minor, *(row.minor for row in group.rows))}
    return amount in known


def _words(row: Row) -> tuple[str, ...]:
    return (row.id, row.own, row.end_to_end_id, row.batch, row.reference, row.party, row.account, row.text)
