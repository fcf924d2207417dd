"""The bank's books: each verb is one transaction, so that a killed bank has done a thing wholly or not at all."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from simulators.bank import camt, iban, orders, plain
from simulators.bank.counter import Counter
from simulators.bank.entries import Entries, Now
from simulators.bank.orders import Malformed
from simulators.bank.outbox import Listed, Outbox
from simulators.bank.payments import Payments
from simulators.bank.schema import opened
from simulators.bank.values import Detail, Entry, Format, Report, Terms
from simulators.bank.voice import Voice
from simulators.faults import BankFaults, BankMishap

STRAY_MINOR = 1_250_000
STRAY_IBAN = iban.of_account(77, bank="998")
SHOWN_MAX = 12
ZONE = ZoneInfo("Asia/Tehran")
"""Whose days the bank keeps: an order for today is paid today, also in the hours in which it is yesterday in London."""
_ENDINGS = {Format.MT940: "sta", Format.CSV: "csv"}


class Taken(StrEnum):
    """What became of an order at the door."""

    NEW = "new"
    SAME = "same"
    OTHER = "other"
    """The id is known with another content."""


@dataclass(frozen=True, slots=True)
class Account:
    """A customer's account as it is opened."""

    iban: str
    owner: str
    balance: int


@dataclass(frozen=True, slots=True)
class ShownOrder:
    """An order as the lab shows it."""

    id: str
    single: bool
    count: int
    total: int
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShownPayment:
    """A payment as the lab shows it: `received`, `rejected`, `paid` or `returned`."""

    id: int
    end_to_end_id: str
    amount: int
    name: str = field(repr=False)
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class View:
    """What the lab shows; `number` rises with every change."""

    number: int
    day: date
    cycle: int
    accounts: tuple[Account, ...]
    orders: tuple[ShownOrder, ...]
    payments: tuple[ShownPayment, ...]
    files: int


class Books:
    """Calls come from one thread at a time."""

    def __init__(
        self,
        folder: Path | None,
        accounts: tuple[Account, ...],
        faults: BankFaults,
        terms: Terms,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._base = opened(folder)
        self._clock = clock
        self._terms = terms
        self._faults = faults
        self._changes = 0
        self._outbox = Outbox(self._base, faults)
        self._entries = Entries(self._base)
        voice = Voice(self._outbox, terms)
        self._payments = Payments(self._base, self._entries, voice, faults)
        self._counter = Counter(self._base, self._payments, voice, faults)
        with self._transaction():
            self._open(accounts)

    def close(self) -> None:
        """Let go of the file."""
        self._base.close()

    def take(self, order_id: str, sha256: str, octets: bytes) -> Taken:
        """Take an order and say in a pain.002 what became of it; the same again does nothing."""
        known = self.known(order_id)
        if known is not None:
            return Taken.SAME if known[0] == sha256 else Taken.OTHER
        try:
            order: orders.Order | Malformed = orders.read(octets)
        except Malformed as problem:
            order = problem
        with self._transaction():
            now = self._now()
            self._counter.receive(order_id, sha256, order, now)
            self._tell(now)
        return Taken.NEW

    def known(self, order_id: str) -> tuple[str, datetime] | None:
        """Hash and moment of an order that was taken."""
        row = self._base.execute("SELECT sha256, received_at FROM orders WHERE id = ?", (order_id,)).fetchone()
        return None if row is None else (row["sha256"], datetime.fromisoformat(row["received_at"]))

    def cycle(self) -> None:
        """Run the next cycle: returns that are due come back, payments that are due are paid or rejected."""
        with self._transaction():
            self._base.execute("UPDATE meta SET cycle = cycle + 1")
            now = self._now()
            self._payments.come_back(now)
            self._payments.due(now)
            if self._faults.stray_credit:
                self._stray(now, STRAY_MINOR + now.cycle)
            self._tell(now)

    def end_of_day(self) -> None:
        """Close the day: a statement of each account, an empty one too; then it is the next day."""
        with self._transaction():
            now = self._now()
            for row in self._base.execute("SELECT * FROM accounts ORDER BY iban").fetchall():
                self._close_day(row, now)
            self._base.execute("UPDATE meta SET day = ?", ((now.day + timedelta(days=1)).isoformat(),))

    def give_back(self, payment_id: int, reason: str = "AC04") -> bool:
        """Return a payment at once; whether it was one that is paid."""
        with self._transaction():
            now = self._now()
            returned = self._payments.give_back(payment_id, reason, now)
            self._tell(now)
        return returned

    def stray_credit(self, amount: int = STRAY_MINOR) -> None:
        """Somebody whom nobody knows pays in."""
        with self._transaction():
            now = self._now()
            self._stray(now, amount)
            self._tell(now)

    def listed(self, after: str, limit: int) -> list[Listed]:
        """Files that wait."""
        return self._outbox.listed(after, limit)

    def octets(self, name: str) -> bytes | None:
        """One of them."""
        return self._outbox.octets(name)

    def view(self) -> View:
        """What the lab shows."""
        now = self._now()
        held = self._base.execute("SELECT iban, owner, balance FROM accounts ORDER BY iban")
        taken = self._base.execute("SELECT * FROM orders ORDER BY rowid DESC LIMIT ?", (SHOWN_MAX,))
        paid = self._base.execute("SELECT * FROM payments ORDER BY id DESC LIMIT ?", (SHOWN_MAX,))
        return View(
            self._changes,
            now.day,
            now.cycle,
            tuple(Account(row["iban"], row["owner"], row["balance"]) for row in held),
            tuple(
                ShownOrder(row["id"], bool(row["single"]), row["count"], row["total"], row["status"], row["reason"])
                for row in taken
            ),
            tuple(
                ShownPayment(row["id"], row["end_to_end_id"], row["amount"], row["name"], row["state"], row["reason"])
                for row in paid
            ),
            self._outbox.count(),
        )

    def hashes(self) -> dict[str, str]:
        """SHA-256 of every order that was taken."""
        return {row["id"]: row["sha256"] for row in self._base.execute("SELECT id, sha256 FROM orders")}

    def states(self) -> list[tuple[str, int, str]]:
        """End-to-end id, amount and state of every payment: what a rig adds up."""
        rows = self._base.execute("SELECT end_to_end_id, amount, state FROM payments ORDER BY id")
        return [(row["end_to_end_id"], row["amount"], row["state"]) for row in rows]

    def _open(self, accounts: tuple[Account, ...]) -> None:
        today = self._clock().astimezone(ZONE).date().isoformat()
        self._base.execute("INSERT OR IGNORE INTO meta VALUES (1, ?, 0)", (today,))
        self._base.executemany(
            "INSERT OR IGNORE INTO accounts VALUES (?, ?, ?, ?, 0, ?)",
            [(one.iban, one.owner, one.balance, one.balance, today) for one in accounts],
        )

    def _now(self) -> Now:
        """The bank's day is never behind the calendar's; closing days may have brought it ahead."""
        at = self._clock()
        row = self._base.execute("SELECT day, cycle FROM meta").fetchone()
        return Now(row["cycle"], max(date.fromisoformat(row["day"]), at.astimezone(ZONE).date()), at)

    def _stray(self, now: Now, amount: int) -> None:
        first = self._base.execute("SELECT iban FROM accounts ORDER BY rowid LIMIT 1").fetchone()
        detail = Detail("", "", "", "", amount, "Unknown Payer", STRAY_IBAN, "no reference")
        self._entries.book(first["iban"], now, [(0, detail)], credit=True)

    def _tell(self, now: Now) -> None:
        """A notification of what was booked just now, and a report of the day so far."""
        for row in self._base.execute("SELECT * FROM accounts ORDER BY iban").fetchall():
            if entries := self._entries.untold(row["iban"]):
                balance = row["balance"] - sum(entry.amount for entry in entries)
                self._write(Format.CAMT_054, row, balance, entries, now)
                self._write(Format.CAMT_052, row, row["opening"], self._entries.open(row["iban"]), now)

    def _close_day(self, row: sqlite3.Row, now: Now) -> None:
        entries = self._entries.open(row["iban"])
        if row["opening"] + sum(entry.amount for entry in entries) != row["balance"]:
            raise RuntimeError("the bank's balance and its entries disagree")
        for form in (Format.CAMT_053, Format.MT940, Format.CSV):
            self._write(form, row, row["opening"], entries, now)
        number = row["statements"] + 1
        self._entries.close(row["iban"], number)
        self._base.execute(
            "UPDATE accounts SET opening = balance, statements = ?, opened_on = ? WHERE iban = ?",
            (number, (now.day + timedelta(days=1)).isoformat(), row["iban"]),
        )

    def _write(self, form: Format, row: sqlite3.Row, opening: int, entries: tuple[Entry, ...], now: Now) -> None:
        if form not in self._terms.formats:
            return

        def write(message_id: str) -> bytes:
            first = date.fromisoformat(row["opened_on"])
            number = row["statements"] + 1
            report = Report(
                message_id, number, row["iban"], row["owner"], opening, entries, min(first, now.day), now.day, now.at
            )
            match form:
                case Format.MT940:
                    return plain.mt940(report)
                case Format.CSV:
                    return plain.csv_file(report)
                case Format.CAMT_052 | Format.CAMT_053 | Format.CAMT_054:
                    return camt.write(form, report, self._terms)

        self._outbox.add(form, _ENDINGS.get(form, "xml"), write, now.at, BankMishap.DOUBLE_STATEMENT)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")
        self._changes += 1
