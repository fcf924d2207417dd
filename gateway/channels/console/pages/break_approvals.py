"""What whoever decides a posting for a break must see: the break with its rows, and what would be booked."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.channels.console.cells import Cell, Chip, Code, Link
from gateway.channels.console.pages.break_facts import age_chip, state_chip, type_chip, value
from gateway.channels.console.pages.break_page import rows_of
from gateway.channels.console.pages.recon_facts import Book
from gateway.channels.console.roles import SEE_BREAKS
from gateway.channels.console.visit import Visit
from gateway.services.approvals import Approval
from gateway.services.breaks import KINDS

TOLD_HERE = frozenset({"break", "flow", "type", "from", "to", "transfer", "undoes"})
"""What the payload says of the break and its posting, in codes; the page says it in words."""


@dataclass(frozen=True, slots=True)
class About:
    """The break, its rows, and what would be booked."""

    facts: Sequence[tuple[str, Cell]]
    effect: Sequence[tuple[str, Cell]]
    books: Sequence[Book]
    all_rows: str


async def about(visit: Visit, approval: Approval) -> About | None:
    """What an approval of a posting for a break is about; None for other approvals, and for who may not see breaks."""
    if approval.kind not in KINDS.values() or not visit.may(*SEE_BREAKS):
        return None
    found = await visit.deps.breaks.by_id(approval.payload.get("break", ""))
    if found is None:
        return None
    names = await visit.staff_names({found.owner})
    payload = approval.payload
    return About(
        facts=[
            ("break", Link(found.id, f"/breaks/{found.id}", code=True)),
            ("break_type", type_chip(found)),
            ("recon_flow", Chip(f"recon_flow.{found.flow}")),
            ("state", state_chip(found)),
            ("difference", value(found)),
            ("since_day", found.opened_on),
            ("age", age_chip(visit, found)),
            ("cared_by", names.get(found.owner, "")),
            ("break_reason", Chip(f"break_reason.{found.reason.value}") if found.reason else None),
            ("note", found.note),
        ],
        effect=[
            ("what", Chip("breaks.undo") if payload.get("undoes") else None),
            ("debit_account", _code(payload.get("from", ""))),
            ("credit_account", _code(payload.get("to", ""))),
            ("transfer", _code(payload.get("transfer", ""))),
        ],
        books=await rows_of(visit, found),
        all_rows=f"/reconciliation/groups/{found.group_id}",
    )


def _code(text: str) -> Cell:
    return Code(text) if text else None
