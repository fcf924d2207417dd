"""How breaks are shown: the table with their age, chips, who may look after them."""

from collections.abc import Mapping, Sequence
from datetime import date

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.visit import Visit
from gateway.services.breaks import Break, BreakState, Named, Posting, PostingState
from gateway.services.staff import Role
from wallet.money import ASSETS, Money
from wallet.reconciliation import Bucket, bucket

TONES = {
    BreakState.OPEN: "bad",
    BreakState.EXPLAINED: "wait",
    BreakState.PROPOSED: "wait",
    BreakState.RESOLVED: "good",
}
AGE_TONES = {
    Bucket.TO_1: "plain",
    Bucket.TO_3: "plain",
    Bucket.TO_7: "wait",
    Bucket.TO_30: "bad",
    Bucket.OVER_30: "bad",
}
POSTING_TONES = {
    PostingState.ASKED: "wait",
    PostingState.REFUSED: "bad",
    PostingState.STALE: "bad",
    PostingState.INTENDED: "wait",
    PostingState.FAILED: "bad",
    PostingState.POSTED: "good",
}
STAFF_MAX = 500
OWNERS = frozenset({Role.FINANCE})
"""Roles of those who may look after a break; the service decides."""


async def owners(visit: Visit) -> list[tuple[str, str]]:
    """Who may look after a break: id and name, in order of their names."""
    members = await visit.deps.staff.members(limit=STAFF_MAX)
    able = [(one.id, one.name) for one in members if not one.disabled and not OWNERS.isdisjoint(one.roles)]
    return sorted(able, key=lambda pair: pair[1])


def value(found: Break) -> Money:
    """What it comes to, with its sign."""
    return Money(found.minor, ASSETS[found.asset])


def state_chip(found: Break) -> Chip:
    """Where it stands."""
    return Chip(f"break_state.{found.state.value}", TONES[found.state])


def type_chip(found: Break) -> Chip:
    """What is wrong."""
    return Chip(f"break_type.{found.type.value}")


def age_chip(visit: Visit, found: Break) -> Chip:
    """How long its money has stood open."""
    return age_of(visit, found.opened_on)


def age_of(visit: Visit, day: date) -> Chip:
    """How long something has stood open since that day."""
    step = bucket(day, today(visit))
    return Chip(f"age_bucket.{step.value}", AGE_TONES[step])


def is_late(visit: Visit, found: Break) -> bool:
    """Whether somebody should have dealt with it by now."""
    return found.state is not BreakState.RESOLVED and found.due_on < today(visit)


def columns(visit: Visit, names: Mapping[str, str]) -> list[Column[Break]]:
    """What a list says of each."""
    return [
        Column("break", lambda row: Link(row.id, f"/breaks/{row.id}", code=True)),
        Column("break_type", type_chip),
        Column("recon_flow", lambda row: visit.words.t(f"recon_flow.{row.flow}")),
        Column("amount", value, end=True),
        Column("age", lambda row: age_chip(visit, row)),
        Column("cared_by", lambda row: names.get(row.owner, "")),
        Column("due_day", lambda row: row.due_on),
        Column("break_reason", lambda row: Chip(f"break_reason.{row.reason.value}") if row.reason else None),
        Column("state", state_chip),
    ]


def postings_table(rows: Sequence[Posting], names: Mapping[str, str]) -> Table[Posting]:
    """What was proposed for one break, and what became of it."""
    return Table(
        name="postings",
        columns=[
            Column("number", lambda row: row.number, end=True),
            Column("what", lambda row: Chip(f"posting_action.{row.action.value}")),
            Column("amount", lambda row: Money(row.minor, ASSETS[row.asset]), end=True),
            Column("debit_account", lambda row: _named(row.debit)),
            Column("credit_account", lambda row: _named(row.credit)),
            Column("reason", lambda row: row.reason),
            Column("state", lambda row: Chip(f"posting_state.{row.state.value}", POSTING_TONES[row.state])),
            Column("maker", lambda row: names.get(row.staff_id, "")),
            Column("approval", _approval),
            Column("transfers", _transfers),
        ],
        rows=rows,
        empty="empty.postings",
    )


def today(visit: Visit) -> date:
    """The business day."""
    return visit.deps.clock.now().astimezone(visit.words.zone).date()


def _named(account: Named | None) -> Cell:
    return Code(":".join(part for part in (account.role, account.owner) if part)) if account else None


def _approval(row: Posting) -> Cell:
    return Link(row.approval_id, f"/approvals/{row.approval_id}", code=True) if row.approval_id else None


def _transfers(row: Posting) -> Cell:
    cause = row.break_id
    return Link(str(len(row.transfers)), f"/cause/{cause}") if row.transfers else None
