"""The counter: what is checked of an order when it comes, and what is said of it at once."""

import sqlite3

from simulators.bank import iban
from simulators.bank.entries import Now
from simulators.bank.magic import behaviour_of
from simulators.bank.orders import CURRENCY, Block, Malformed, Order, Payment
from simulators.bank.payments import Payments, group_status
from simulators.bank.voice import Voice
from simulators.faults import BankFaults, BankMishap

NEVER = 1 << 40
"""A cycle that does not come."""


class Counter:
    """Takes orders within the transaction of whoever calls."""

    def __init__(self, base: sqlite3.Connection, payments: Payments, voice: Voice, faults: BankFaults) -> None:
        self._base = base
        self._payments = payments
        self._voice = voice
        self._faults = faults

    def receive(self, order_id: str, sha256: str, order: Order | Malformed, now: Now) -> None:
        """Keep the order and answer; payments that are paid one by one are paid at once."""
        if isinstance(order, Order) and self._has_message(order.msg_id):
            order = Malformed("DU01", "this MsgId has come before", order.msg_id)
        silent = self._faults.hits(BankMishap.SILENT, order_id)
        if isinstance(order, Malformed):
            self._keep(order_id, sha256, now, msg_id=order.msg_id, status="RJCT", reason=order.reason, silent=silent)
            if not silent:
                # Without a MsgId that could be read, the name under which the file came is all there is.
                self._voice.refuse(order.msg_id or order_id, order.reason, order.text, now)
            return
        sums = {"count": order.count, "total": order.total, "single": all(block.single for block in order.blocks)}
        self._keep(order_id, sha256, now, msg_id=order.msg_id, version=order.version, silent=silent, **sums)
        self._enter(order_id, order, now)
        self._payments.at_once(order_id, now)
        said = self._payments.said_of(order_id)
        status = group_status(said, order.count)
        self._base.execute("UPDATE orders SET status = ? WHERE id = ?", (status, order_id))
        if said and not silent:
            self._voice.say(order.msg_id, order.version, status, said, now)

    def _has_message(self, msg_id: str) -> bool:
        found = self._base.execute("SELECT 1 FROM orders WHERE msg_id = ? AND count > 0 LIMIT 1", (msg_id,))
        return found.fetchone() is not None

    def _keep(self, order_id: str, sha256: str, now: Now, **more: str | int) -> None:
        nothing = {"msg_id": "", "version": "", "count": 0, "total": 0, "single": 0, "status": "", "reason": ""}
        about = {"id": order_id, "sha256": sha256, "received_at": now.at.isoformat()}
        self._base.execute(
            "INSERT INTO orders VALUES"
            " (:id, :sha256, :received_at, :msg_id, :version, :count, :total, :single, :status, :reason, :silent)",
            nothing | about | more,
        )

    def _enter(self, order_id: str, order: Order, now: Now) -> None:
        seen: set[str] = set()
        rows = []
        for block in order.blocks:
            known = self._base.execute("SELECT 1 FROM accounts WHERE iban = ?", (block.debtor_iban,)).fetchone()
            for one in block.payments:
                reason = "" if known else "AC02"
                reason = reason or _objection(one) or ("AM05" if one.end_to_end_id in seen else "")
                seen.add(one.end_to_end_id)
                rows.append(self._row(order_id, order, block, one, reason, now))
        self._base.executemany(
            "INSERT INTO payments (order_id, msg_id, block_id, single, batch, execute_on, debtor, instr_id,"
            " end_to_end_id, amount, name, iban, remittance, state, reason, due_cycle)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
        )

    def _row(
        self, order_id: str, order: Order, block: Block, one: Payment, reason: str, now: Now
    ) -> tuple[str | int, ...]:
        behaviour = behaviour_of(one.iban)
        late = behaviour.late
        if self._faults.hits(BankMishap.LATE, one.end_to_end_id):
            late += self._faults.late_cycles
        # What is paid at once is due in the cycle that has been; what waits, in a later one.
        due = now.cycle + late + (0 if block.single else 1) if behaviour.paid else NEVER
        return (
            order_id, order.msg_id, block.id, block.single, block.batch_booking and not block.single,
            block.execute_on.isoformat(), block.debtor_iban, one.instr_id, one.end_to_end_id, one.amount or 0, one.name,
            one.iban, one.remittance, "rejected" if reason else "received", reason, due,
        )  # fmt: skip


def _objection(one: Payment) -> str:
    """What a bank sees of a payment by itself: currency, amount, the account's check digits."""
    if one.currency != CURRENCY:
        return "AM03"
    if one.amount is None:
        return "AM12"
    return "" if iban.is_valid(one.iban) else "AC01"
