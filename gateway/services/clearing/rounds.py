"""Units of work on rounds of batches, and what a unit concludes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from gateway.services.answered import Key, Seen, take
from gateway.services.clearing.bulk import NewItem
from gateway.services.clearing.model import CLOSED, BatchState, TerminalBatch, Totals
from gateway.services.clearing.ports import Taking
from gateway.services.clearing.reconcile import Found
from gateway.services.clearing.tables import BATCHES, MEMBERS
from gateway.store import insert_ignore
from wallet.clock import Clock
from wallet.ids import new_id


@dataclass(frozen=True, slots=True)
class Outcome:
    """What totals lead to: the batch as it was read, its new state, both sides' totals, and what is written with it."""

    batch: TerminalBatch
    state: BatchState
    totals: Totals
    host: Totals
    members: Sequence[Taking] = ()
    fates: Sequence[tuple[str, str, str, str]] = ()
    found: Sequence[Found] = ()


def taken(tx: Connection, key: Key, digest: bytes, now: datetime) -> Seen:
    """Take the key of a message; its row, whoever has taken it."""
    return take(tx, key, digest, now) or Seen(digest, "", "", b"")


def last_round(tx: Connection, terminal_id: str, number: str) -> Row[Any] | None:
    """The latest round of a terminal's batch number, its row held until the end of the unit."""
    mine = (BATCHES.c.terminal_id == terminal_id) & (BATCHES.c.number == number)
    query = select(BATCHES).where(mine).order_by(BATCHES.c.round.desc()).limit(1)
    return tx.execute(query.with_for_update(key_share=True)).one_or_none()


def begun(tx: Connection, clock: Clock, terminal_id: str, merchant_id: str, number: str, *, after: int = 0) -> Row[Any]:
    """The round behind `after`, begun now unless another process was faster."""
    now, round_ = clock.now(), after + 1
    row = {
        "id": new_id("tbt", clock), "terminal_id": terminal_id, "merchant_id": merchant_id, "number": number,
        "round": round_, "state": BatchState.OPEN.value, "terminal_totals": None, "host_totals": None, "tries": 0,
        "opened_at": now, "moved_at": now, "closed_at": None,
    }  # fmt: skip
    insert_ignore(tx, BATCHES, row)
    made = (BATCHES.c.terminal_id == terminal_id) & (BATCHES.c.number == number) & (BATCHES.c.round == round_)
    return tx.execute(select(BATCHES).where(made)).one()


def members_of(tx: Connection, terminal_id: str, number: str) -> Sequence[tuple[str, str]]:
    """Takings that rounds of this number were closed with, each with its batch."""
    rounds = (BATCHES.c.terminal_id == terminal_id) & (BATCHES.c.number == number)
    query = select(MEMBERS.c.taking_id, MEMBERS.c.batch_id).join(BATCHES, BATCHES.c.id == MEMBERS.c.batch_id)
    return [(row.taking_id, row.batch_id) for row in tx.execute(query.where(rounds))]


def begun_for(tx: Connection, clock: Clock, items: Sequence[NewItem]) -> None:
    """Batches that these items belong to, begun where the number has none that is open to them."""
    counted = [one for one in items if one.batch_number]
    ids = [one.taking_id for one in counted]
    known = set(tx.execute(select(MEMBERS.c.taking_id).where(MEMBERS.c.taking_id.in_(ids))).scalars())
    wanted = {(one.terminal_id, one.batch_number): one.merchant_id for one in counted if one.taking_id not in known}
    for (terminal_id, number), merchant_id in sorted(wanted.items()):
        row = last_round(tx, terminal_id, number)
        if row is None or BatchState(row.state) in CLOSED:
            begun(tx, clock, terminal_id, merchant_id, number, after=row.round if row is not None else 0)
