"""How batches and items are shown: tables, chips, and the funnel from received to returned."""

from collections.abc import Sequence

from markupsafe import Markup

from gateway.channels.console.bars import bars
from gateway.channels.console.cells import Cell, Chip, Code, Column, Link, Table
from gateway.channels.console.visit import Visit
from gateway.channels.console.words import Words
from gateway.services.payouts.answers import DeskState, Flag, HeldReason, Stop
from gateway.services.payouts.model import BadRow, Batch, BatchState, Change, Item, ItemState, Progress, Tally

TONES = {
    BatchState.LOADING: "wait",
    BatchState.DRAFT: "plain",
    BatchState.LOCKED: "wait",
    BatchState.APPROVED: "wait",
    BatchState.RUNNING: "wait",
    BatchState.PAUSED: "plain",
    BatchState.DONE: "good",
    BatchState.REFUSED: "bad",
    BatchState.CANCELLED: "plain",
}
ITEM_TONES = {
    ItemState.RECEIVED: "plain",
    ItemState.REJECTED: "bad",
    ItemState.HELD: "wait",
    ItemState.APPROVED: "plain",
    ItemState.SENT: "wait",
    ItemState.ACCEPTED: "wait",
    ItemState.SETTLED: "good",
    ItemState.CONFIRMED: "good",
    ItemState.UNKNOWN: "bad",
    ItemState.RETURNED: "bad",
    ItemState.CANCELLED: "plain",
}
OUT = frozenset(
    {
        ItemState.SENT,
        ItemState.ACCEPTED,
        ItemState.UNKNOWN,
        ItemState.SETTLED,
        ItemState.CONFIRMED,
        ItemState.RETURNED,
    }
)
ARRIVED = frozenset({ItemState.SETTLED, ItemState.CONFIRMED, ItemState.RETURNED})
WORDED = {*map(str, HeldReason), *map(str, Stop), *map(str, Flag), *map(str, DeskState)}
"""Reasons that have words of their own; others are codes of a bank or of the ledger, or what staff wrote."""


def batch_link(batch: Batch) -> Link:
    """`B7`, leading to its page."""
    return Link(batch.label, f"/payouts/{batch.id}", code=True)


def steps(batch: Batch, now: Progress) -> list[tuple[str, int]]:
    """How many payments came how far."""

    def count(states: frozenset[ItemState]) -> int:
        return sum(one.count for one in now.tallies if one.state in states)

    return [
        ("received", now.lines),
        ("valid", batch.count),
        ("approved", batch.manifest_count if batch.approved_at else 0),
        ("signed", batch.manifest_count if batch.released_at else 0),
        ("sent", count(OUT)),
        ("settled", count(ARRIVED)),
        ("confirmed", count(frozenset({ItemState.CONFIRMED}))),
        ("returned", count(frozenset({ItemState.RETURNED}))),
    ]


def funnel(batch: Batch, now: Progress, words: Words) -> Markup:
    """Bars from received to returned."""
    return bars([(words.t(f"funnel.{name}"), count) for name, count in steps(batch, now)], words)


def rails_table(now: Progress) -> Table[Tally]:
    """Totals by rail and state."""
    rows = sorted(now.tallies, key=lambda one: (one.rail, list(ItemState).index(one.state)))
    return Table(
        name="payout_rails",
        columns=[
            Column("rail", lambda row: Chip(f"rail.{row.rail.value}")),
            Column("state", lambda row: Chip(f"item_state.{row.state.value}", ITEM_TONES[row.state])),
            Column("payments", lambda row: row.count, end=True),
            Column("amount", lambda row: row.total, end=True),
        ],
        rows=rows,
        empty="empty.payout_rails",
    )


def bad_columns() -> list[Column[BadRow]]:
    """What is said of a line that was not taken."""
    return [
        Column("row", lambda row: row.line, end=True),
        Column("file_column", lambda row: Code(row.column) if row.column else None),
        Column("fault", lambda row: Chip(f"payout_fault.{row.fault.value}", "bad")),
        Column(
            "about_item", lambda row: Link(row.about, f"/payouts/items/{row.about}", code=True) if row.about else None
        ),
    ]


def bad_table(rows: Sequence[BadRow]) -> Table[BadRow]:
    """Lines that were not taken."""
    return Table(name="payout_bad", columns=bad_columns(), rows=rows, empty="empty.payout_bad")


def item_columns(visit: Visit) -> list[Column[Item]]:
    """What is shown of an item; of an account its last digits."""
    return [
        Column("row", lambda row: row.seq + 1, end=True),
        Column("reference", lambda row: Link(row.reference, f"/payouts/items/{row.id}", code=True)),
        Column("payee", lambda row: row.name),
        Column("account", lambda row: Code(row.masked) if row.masked else visit.words.t("payee.wallet")),
        Column("amount", lambda row: row.amount, end=True),
        Column("state", item_chip),
        Column("reason", lambda row: reason(row.reason)),
        Column("flag", lambda row: reason(row.flag)),
        Column("updated", lambda row: row.changed_at),
    ]


def item_chip(item: Item) -> Chip:
    """An item's state."""
    return Chip(f"item_state.{item.state.value}", ITEM_TONES[item.state])


def reason(text: str) -> Cell:
    """Why, in words where we have them."""
    if not text:
        return None
    return Chip(f"payout_reason.{text}") if text in WORDED else text


async def history_table(visit: Visit, name: str, rows: Sequence[Change]) -> Table[Change]:
    """What has happened, oldest first, with who or what knew it."""
    names = await visit.staff_names({row.staff_id for row in rows})
    prefix = "batch_state" if name == "payout_history" else "item_state"
    return Table(
        name=name,
        columns=[
            Column("when", lambda row: row.at),
            Column("state", lambda row: Chip(f"{prefix}.{row.state}")),
            Column("reason", lambda row: reason(row.reason)),
            Column("source", lambda row: row.source),
            Column("by", lambda row: names.get(row.staff_id, row.staff_id)),
        ],
        rows=rows,
        empty="empty.payout_history",
    )
