"""How a tap is shown: its state, its verdict, its facts, its refunds and the way to what it belongs to."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.channels.console.book import AccountNames
from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table, brief
from gateway.channels.console.movements import journal_table
from gateway.channels.console.pages.causes import person_link
from gateway.channels.console.roles import SEE_CLEARING, SEE_LEDGER, SEE_MERCHANTS, SEE_PEOPLE, SEE_TOKENS
from gateway.channels.console.visit import Visit
from gateway.services.clearing import TerminalBatch
from gateway.services.taps import Check, Refund, RefundState, Tap, TapState, Verdict
from wallet.money import irr

GONE = frozenset({TapState.UNPAID})
"""States in which goods are gone and money is not there."""
TONES = {
    "pending": "wait", "held": "wait", "captured": "good", "declined": "bad", "refused": "bad", "unpaid": "bad",
}  # fmt: skip
REFUND_TONES = {
    RefundState.PENDING: "wait",
    RefundState.PAID: "good",
    RefundState.REFUSED: "bad",
    RefundState.UNDONE: "plain",
    RefundState.OWED: "bad",
}
BATCHES_LOOKED_AT = 50


def masked(last4: str) -> str:
    """A token's number as staff see it."""
    return f"****{last4}" if last4 else ""


def state_chip(state: str) -> Chip:
    """Where an authorisation stands."""
    return Chip(f"tap_state.{state}", TONES.get(state, "plain"))


def verdict_chip(verdict: Verdict | None) -> Cell:
    """What the terminal was told; nothing while that is open."""
    if verdict is None:
        return None
    return Chip(f"tap_verdict.{verdict.value}", "good" if verdict in {Verdict.APPROVED, Verdict.PARTIAL} else "bad")


def check_table(checks: Sequence[Check]) -> Table[tuple[int, Check]]:
    """The verdict step by step, in the order in which it was come to."""
    return Table(
        name="tap_checks",
        columns=[
            Column("step", lambda row: row[0], end=True),
            Column("check", lambda row: Chip(f"tap_check.{row[1].name.value}")),
            Column("found", lambda row: _passed(row[1])),
            Column("note", lambda row: brief(row[1].detail)),
        ],
        rows=list(enumerate(checks, 1)),
        empty="empty.tap_checks",
    )


def refund_table(refunds: Sequence[Refund], names: Mapping[str, str]) -> Table[Refund]:
    """What goes back of a tap."""
    return Table(
        name="tap_refunds",
        columns=[
            Column("refund", lambda row: Link(row.id, f"/cause/{row.id}", code=True)),
            Column("kind", lambda row: Chip(f"refund_kind.{row.kind.value}")),
            Column("amount", lambda row: row.amount, end=True),
            Column("state", lambda row: Chip(f"refund_state.{row.state.value}", REFUND_TONES[row.state])),
            Column("source", lambda row: Chip(f"refund_source.{row.source.value}")),
            Column("terminal", lambda row: Code(row.terminal_id)),
            Column("when", lambda row: row.made_at),
            Column("cared_by", lambda row: names.get(row.owner, "")),
        ],
        rows=refunds,
        empty="empty.tap_refunds",
    )


async def facts_of(visit: Visit, tap: Tap, names: Mapping[str, str]) -> list[tuple[str, Cell]]:
    """All about one tap; it leads where its reader may go."""
    merchant = await visit.deps.merchants.merchant(tap.merchant_id)
    name = merchant.name if merchant else tap.merchant_id
    sees_clearing, sees_shop = visit.may(*SEE_CLEARING), visit.may(*SEE_MERCHANTS)
    return [
        ("verdict", verdict_chip(tap.verdict)),
        ("amount", tap.amount),
        ("least_part", tap.part),
        ("hold", irr(tap.hold_minor) if tap.state is TapState.HELD else None),
        ("captured", tap.captured),
        ("undone", irr(tap.undone_minor) if tap.undone_minor else None),
        ("refunded", irr(tap.refunded_minor) if tap.refunded_minor else None),
        ("kept", irr(tap.net_minor) if tap.captured else None),
        ("tap_class", Chip(f"tap_class.c{tap.class_}")),
        ("merchant", Link(name, f"/merchants/{tap.merchant_id}") if merchant and sees_shop else name),
        ("terminal", _terminal(tap.terminal_id, leads=sees_shop)),
        ("person", person_link(tap.person_id, tap.id) if visit.may(*SEE_PEOPLE) else Code(tap.person_id)),
        ("token", _token(tap, leads=visit.may(*SEE_TOKENS))),
        ("reference", Code(tap.rrn)),
        ("stan", Code(tap.stan)),
        ("approval_code", Code(tap.approval) if tap.approval else None),
        ("counter", tap.atc),
        ("terminal_batch", await _batch(visit, tap) if sees_clearing else Code(tap.batch_number)),
        ("cycle", _cycle(tap.cycle_id, leads=sees_clearing)),
        ("made", tap.made_at),
        ("captured_at", tap.captured_at),
        ("hold_until", tap.expires_at if tap.state is TapState.HELD else None),
        ("cared_by", names.get(tap.owner, "")),
    ]


async def transfers(visit: Visit, tap: Tap, refunds: Sequence[Refund]) -> Table[Any] | None:
    """What the ledger moved for it, its refunds included; only for those who see the ledger."""
    if not visit.may(*SEE_LEDGER):
        return None
    rows = [row for cause in (tap.id, *(one.id for one in refunds)) for row in await visit.deps.ledger.caused_by(cause)]
    rows.sort(key=lambda row: row.position)
    return journal_table("transfers_of_cause", rows, await AccountNames(visit.deps.ledger).of(rows))


def _passed(check: Check) -> Chip:
    if check.passed:
        return Chip("check_result.passed", "good")
    return Chip("check_result.noted", "wait") if check.noted else Chip("check_result.failed", "bad")


def _terminal(terminal_id: str, *, leads: bool) -> Cell:
    return Link(terminal_id, f"/merchants/terminals/{terminal_id}", code=True) if leads else Code(terminal_id)


def _token(tap: Tap, *, leads: bool) -> Cell:
    text = masked(tap.last4) or tap.token_id
    return Link(text, f"/tokens/{tap.token_id}", code=True) if leads and tap.token_id else Code(text)


def _cycle(cycle_id: str, *, leads: bool) -> Cell:
    if not cycle_id:
        return None
    return Link(cycle_id, f"/merchants/cycles/{cycle_id}", code=True) if leads else Code(cycle_id)


async def _batch(visit: Visit, tap: Tap) -> Cell:
    """The terminal's batch of that number that was open then; the number comes again after 999999."""
    rows = await visit.deps.clearing.views.batches(terminal_id=tap.terminal_id, limit=BATCHES_LOOKED_AT)
    mine: list[TerminalBatch] = [row for row in rows if row.number == tap.batch_number]
    then = [row for row in mine if row.closed_at is None or row.closed_at >= tap.made_at]
    found = then[-1:] or mine[:1]
    return Link(tap.batch_number, f"/merchants/batches/{found[0].id}", code=True) if found else Code(tap.batch_number)
