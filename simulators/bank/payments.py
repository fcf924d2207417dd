"""Payments from the day they are due: paid or rejected, booked, and some of them returned."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby

from simulators.bank.entries import Entries, Now
from simulators.bank.magic import REASONS, behaviour_of
from simulators.bank.values import Detail, Said
from simulators.bank.voice import Voice
from simulators.faults import BankFaults, BankMishap

_STATUS = {"received": "ACTC", "rejected": "RJCT", "paid": "ACSC", "returned": "ACSC"}


class Payments:
    """Works within the transaction of whoever calls."""

    def __init__(self, base: sqlite3.Connection, entries: Entries, voice: Voice, faults: BankFaults) -> None:
        self._base = base
        self._entries = entries
        self._voice = voice
        self._faults = faults

    def at_once(self, order_id: str, now: Now) -> None:
        """Pay those of the order that are paid one by one."""
        rows = self._base.execute(
            "SELECT * FROM payments WHERE order_id = ? AND single = 1 AND state = 'received'"
            " AND due_cycle <= ? AND execute_on <= ? ORDER BY id",
            (order_id, now.cycle, now.day.isoformat()),
        )
        self._settle(rows.fetchall(), now)

    def due(self, now: Now) -> None:
        """Pay what is due in this cycle, and say so."""
        rows = self._base.execute(
            "SELECT * FROM payments WHERE state = 'received' AND due_cycle <= ? AND execute_on <= ? ORDER BY id",
            (now.cycle, now.day.isoformat()),
        ).fetchall()
        self._settle(rows, now)
        orders: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            orders[row["order_id"]].append(row["id"])
        for order_id, ids in orders.items():
            self._say(order_id, ids, now)

    def come_back(self, now: Now) -> None:
        """Return what is to come back by now."""
        rows = self._base.execute(
            "SELECT * FROM payments WHERE back_cycle > 0 AND back_cycle <= ? AND state = 'paid' ORDER BY id",
            (now.cycle,),
        ).fetchall()
        for row in rows:
            self._return(row, row["back_reason"], now)

    def give_back(self, payment_id: int, reason: str, now: Now) -> bool:
        """Return a payment now; whether it was paid."""
        row = self._base.execute("SELECT * FROM payments WHERE id = ? AND state = 'paid'", (payment_id,)).fetchone()
        if row is None:
            return False
        self._return(row, reason, now)
        return True

    def said_of(self, order_id: str, ids: Sequence[int] | None = None) -> tuple[Said, ...]:
        """What a pain.002 says of an order's payments, or of those of them, but for accounts that are never named."""
        rows: Iterable[sqlite3.Row] = self._base.execute(
            "SELECT * FROM payments WHERE order_id = ? ORDER BY id", (order_id,)
        )
        if ids is not None:
            wanted = set(ids)
            rows = [row for row in rows if row["id"] in wanted]
        return tuple(_said(row) for row in rows if not behaviour_of(row["iban"]).silent)

    def _settle(self, rows: list[sqlite3.Row], now: Now) -> None:
        """Decide each in turn while the account lasts, then book: a block as one, or each by itself."""
        covers = {row["iban"]: row["balance"] for row in self._base.execute("SELECT iban, balance FROM accounts")}
        paid, outcomes = [], []
        for row in rows:
            reason = self._objection(row)
            if not reason and covers[row["debtor"]] < row["amount"]:
                reason = "AM04"
            if not reason:
                covers[row["debtor"]] -= row["amount"] * (2 if behaviour_of(row["iban"]).twice else 1)
                paid.append(row)
            back, back_reason = (0, "") if reason else self._back(row, now)
            outcomes.append(("rejected" if reason else "paid", reason, back, back_reason, row["id"]))
        self._base.executemany(
            "UPDATE payments SET state = ?, reason = ?, back_cycle = ?, back_reason = ? WHERE id = ?", outcomes
        )
        for (debtor, _, _, batch, _), group in groupby(paid, key=_block):
            details = [part for row in group for part in self._details(row)]
            if batch:
                self._entries.book(debtor, now, details, credit=False, batch=True)
            else:
                for part in details:
                    self._entries.book(debtor, now, [part], credit=False)

    def _objection(self, row: sqlite3.Row) -> str:
        """Why the destination does not take it, or ''."""
        known = behaviour_of(row["iban"]).reject
        if known or not self._faults.hits(BankMishap.REJECT, row["end_to_end_id"]):
            return known
        return self._faults.draw("reason", row["end_to_end_id"]).choice(REASONS)

    def _back(self, row: sqlite3.Row, now: Now) -> tuple[int, str]:
        """In which cycle it will come back and why; (0, '') if it stays."""
        behaviour = behaviour_of(row["iban"])
        if behaviour.back:
            return now.cycle + behaviour.back_after, behaviour.back
        if self._faults.hits(BankMishap.RETURN, row["end_to_end_id"]):
            return now.cycle + 1, self._faults.draw("reason", row["end_to_end_id"]).choice(REASONS)
        return 0, ""

    def _details(self, row: sqlite3.Row) -> list[tuple[int, Detail]]:
        behaviour = behaviour_of(row["iban"])
        short = behaviour.short or int(self._faults.hits(BankMishap.WRONG_AMOUNT, row["end_to_end_id"]))
        return [(row["id"], _detail(row, row["amount"] - short))] * (2 if behaviour.twice else 1)

    def _return(self, row: sqlite3.Row, reason: str, now: Now) -> None:
        self._base.execute("UPDATE payments SET state = 'returned', reason = ? WHERE id = ?", (reason, row["id"]))
        detail = _detail(row, row["amount"], reason)
        self._entries.book(row["debtor"], now, [(row["id"], detail)], credit=True, reversal=True, reason=reason)

    def _say(self, order_id: str, ids: Sequence[int], now: Now) -> None:
        order = self._base.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone()
        said = self.said_of(order_id, ids)
        # Money of a cycle is on its way to the other bank: ACSP; what is paid at once has arrived: ACSC.
        if not order["single"]:
            said = tuple(_on_its_way(one) for one in said)
        status = group_status(said, order["count"])
        self._base.execute("UPDATE orders SET status = ? WHERE id = ?", (status, order_id))
        if said and not order["silent"]:
            self._voice.say(order["msg_id"], order["version"], status, said, now)


def group_status(said: Sequence[Said], count: int) -> str:
    """Of the whole by its parts: the one that all have, else PART: a status of the whole holds for who is not named."""
    found = {one.status for one in said}
    return found.pop() if len(found) == 1 and len(said) == count else "PART"


def _said(row: sqlite3.Row) -> Said:
    return Said(
        row["block_id"], row["instr_id"], row["end_to_end_id"], _STATUS[row["state"]],
        row["reason"] if row["state"] == "rejected" else "", row["amount"],
    )  # fmt: skip


def _on_its_way(one: Said) -> Said:
    if one.status != "ACSC":
        return one
    return Said(one.block_id, one.instr_id, one.end_to_end_id, "ACSP", one.reason, one.amount)


def _block(row: sqlite3.Row) -> tuple[str, str, str, bool, bool]:
    return (row["debtor"], row["order_id"], row["block_id"], bool(row["batch"]), bool(row["single"]))


def _detail(row: sqlite3.Row, amount: int, reason: str = "") -> Detail:
    return Detail(
        row["end_to_end_id"], row["instr_id"], row["msg_id"], row["block_id"], amount, row["name"], row["iban"],
        row["remittance"], reason,
    )  # fmt: skip
