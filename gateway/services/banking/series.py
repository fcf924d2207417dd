"""Statements in a series: what comes before one, its twins, and what does not fit between them."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, Select, func, or_, select, tuple_

from gateway.services.banking import effective, rules
from gateway.services.banking.model import Finding, Gap
from gateway.services.banking.tables import STATEMENTS, WHOLE

_NEIGHBOURS_MAX = 10


def before(row: Row[Any]) -> Select[Any]:
    """The statement before this one in its series, if there is one."""
    earlier = tuple_(STATEMENTS.c.order_on, STATEMENTS.c.sequence) < (row.order_on, row.sequence)
    another = STATEMENTS.c.id != row.id
    if row.sequence:
        another = or_(STATEMENTS.c.sequence != row.sequence, STATEMENTS.c.order_on < _first(row) - effective.NEAR)
    latest = select(STATEMENTS).where(_series(row), earlier, another)
    order = (STATEMENTS.c.order_on.desc(), STATEMENTS.c.sequence.desc(), STATEMENTS.c.id.desc())
    return latest.order_by(*order).limit(1)


def after(row: Row[Any]) -> Select[Any]:
    """Ids of who follows next in the series, its twins too, if it has some."""
    later = tuple_(STATEMENTS.c.order_on, STATEMENTS.c.sequence) > (row.order_on, row.sequence)
    query = select(STATEMENTS.c.id).where(_series(row), later)
    return query.order_by(STATEMENTS.c.order_on, STATEMENTS.c.sequence).limit(_NEIGHBOURS_MAX)


def twins(row: Row[Any]) -> Select[Any]:
    """An earlier one of the same number and about the same days, if there is one.

    Numbers begin anew, by whatever year or month a bank counts.
    """
    first = func.coalesce(STATEMENTS.c.from_on, STATEMENTS.c.order_on)
    near = (STATEMENTS.c.order_on >= _first(row) - effective.NEAR) & (first <= row.order_on + effective.NEAR)
    same = select(STATEMENTS.c.id).where(_series(row), near, STATEMENTS.c.sequence == row.sequence)
    return same.where(STATEMENTS.c.id < row.id).limit(1)


def _first(row: Row[Any]) -> date:
    last: date = row.order_on
    return min(row.from_on or last, last)


def judged(row: Row[Any], earlier: Row[Any] | None, *, twin: bool) -> tuple[Finding, ...]:
    """What does not fit with its neighbours."""
    closes = row.root in rules.CLOSING
    findings = rules.continuity(link(earlier) if earlier is not None and closes else None, link(row))
    return (*findings, Finding.AGAIN) if row.sequence and closes and twin else findings


def own(findings: Sequence[str]) -> tuple[Finding, ...]:
    """Those that were found in the statement itself, whatever its neighbours are."""
    return tuple(Finding(name) for name in findings if name == Finding.BATCH)


def gap(row: Row[Any], earlier: Row[Any]) -> Gap | None:
    """What a row's findings say of its place in the series, in numbers; None where they say nothing of it."""
    if not {Finding.GAP.value, Finding.OPENING.value} & set(row.findings):
        return None
    missing = rules.missing(link(earlier), link(row)) if Finding.GAP in row.findings else None
    return Gap(row.id, row.account, row.asset, earlier.sequence, row.sequence, missing, earlier.closing, row.opening)


def link(row: Row[Any]) -> rules.Link:
    """What a row shows its neighbours."""
    return rules.Link(row.sequence, row.opening, row.closing, row.order_on)


def _series(row: Row[Any]) -> Any:  # noqa: ANN401 - a condition
    return (STATEMENTS.c.account == row.account) & (STATEMENTS.c.root == row.root) & WHOLE
