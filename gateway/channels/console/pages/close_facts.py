"""A checklist and a closed day as cells: what each check was judged by, what to do where it fails, what was sealed."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.roles import MENU
from gateway.channels.console.visit import Visit
from gateway.services.closing import Check, Checklist, CloseState, DayClose, Fact, FactName, Root

STATE_TONES = {
    CloseState.DRAFT: "wait",
    CloseState.ASKED: "wait",
    CloseState.SIGNED: "good",
    CloseState.VOID: "bad",
}
_IDS = frozenset({FactName.UNSIGNED})


@dataclass(frozen=True, slots=True)
class Line:
    """One check as the page shows it.

    Attributes:
        check: The check itself.
        chip: Whether it holds.
        todo: Key of what to do, or '' where it holds.
        facts: Label, whose figure it is ('' for none), and the figure.
        place: The page where it is put right, for whoever may see it.
        excused_by: Name of who explained it, or ''.
    """

    check: Check
    chip: Chip
    todo: str
    facts: Sequence[tuple[str, str, Cell]]
    place: Link | None
    excused_by: str


async def lines(visit: Visit, checks: Sequence[Check]) -> list[Line]:
    """The checks in their order."""
    names = await visit.staff_names({check.excuse.staff_id for check in checks if check.excuse})
    return [
        Line(
            check,
            state_of(check),
            "" if check.passed else f"close_todo.{check.name.value}",
            [(f"close_fact.{fact.name.value}", fact.of, _cell(fact)) for fact in check.facts],
            _place(visit, check.path),
            names.get(check.excuse.staff_id, check.excuse.staff_id) if check.excuse else "",
        )
        for check in checks
    ]


def state_of(check: Check) -> Chip:
    """Whether it holds, blocks, is explained, or is only to be known."""
    if check.passed:
        return Chip("close.holds", "good")
    if check.excuse is not None:
        return Chip("close.explained", "wait")
    return Chip("close.blocks", "bad") if check.blocking else Chip("close.mind", "wait")


def standing(checklist: Checklist) -> tuple[int, int]:
    """How many checks let the day be closed, and how many there are."""
    return sum(not check.blocks for check in checklist.checks), len(checklist.checks)


def state_chip(row: DayClose) -> Chip:
    """Where the closing of a day stands."""
    return Chip(f"close_state.{row.state.value}", STATE_TONES[row.state])


def days_table(rows: Sequence[DayClose], more: str | None) -> Table[DayClose]:
    """Closings, newest day first, given up ones too."""
    return Table(
        name="days_closed",
        columns=[
            Column("day", lambda row: Link(row.day, f"/close/{row.id}")),
            Column("state", state_chip),
            Column("reason", lambda row: Chip(f"close_void.{row.reason.value}") if row.reason else None),
            Column("asked", lambda row: row.asked_at),
            Column("signed", lambda row: row.signed_at),
        ],
        rows=rows,
        empty="empty.days_closed",
        more=more,
    )


def facts_of(visit: Visit, row: DayClose, names: dict[str, str]) -> list[tuple[str, Cell]]:
    """What is known of the closing of a day."""
    signers = visit.words.t("shell.comma").join(names.get(one, one) for one in row.signed_by)
    return [
        ("day", Link(row.day, f"/ledger?day={row.day.isoformat()}")),
        ("asked", row.asked_at),
        ("by", names.get(row.asked_by, row.asked_by)),
        ("sealed_at", row.sealed_at),
        ("signed", row.signed_at),
        ("signers", signers or None),
        ("reason", Chip(f"close_void.{row.reason.value}", "bad") if row.reason else None),
        ("digest", Code(row.digest.hex(), wraps=True) if row.digest else None),
        ("block", row.block or None),
        ("position", Link(row.position, f"/ledger/journal?position={row.position}") if row.position else None),
        ("ledger_head", Code(row.head_hash.hex(), wraps=True) if row.head_hash else None),
        ("trial_seal", Code(row.trial_seal.hex(), wraps=True) if row.trial_seal else None),
    ]


def roots_table(roots: Sequence[Root]) -> Table[Root]:
    """What vouches for each part of a day."""
    return Table(
        name="roots",
        columns=[
            Column("section", lambda row: Code(row.section)),
            Column("rows", lambda row: row.count, end=True),
            Column("root", lambda row: Code(row.root.hex(), wraps=True)),
        ],
        rows=roots,
        empty="empty.roots",
    )


def _cell(fact: Fact) -> Cell:
    if isinstance(fact.cell, str) and fact.cell:
        return Link(fact.cell, f"/breaks/{fact.cell}", code=True) if fact.name in _IDS else Code(fact.cell)
    return fact.cell


def _place(visit: Visit, path: str) -> Link | None:
    """The page that a check names, by the words of its line of the menu."""
    for item in sorted(MENU, key=lambda item: len(item.path), reverse=True):
        if item.path != "/" and path.startswith(item.path) and visit.may(*item.roles):
            return Link(visit.words.t(f"nav.{item.name}"), path)
    return None
