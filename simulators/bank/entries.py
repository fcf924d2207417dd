"""Entries on accounts: booked once, read back for statements."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from simulators.bank.values import Detail, Entry


@dataclass(frozen=True, slots=True)
class Now:
    """The bank's moment: its cycle, its day, the time."""

    cycle: int
    day: date
    at: datetime


class Entries:
    """Writes within the transaction of whoever calls."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base

    def book(
        self,
        account: str,
        now: Now,
        details: Sequence[tuple[int, Detail]],
        *,
        credit: bool,
        batch: bool = False,
        reversal: bool = False,
        reason: str = "",
    ) -> None:
        """One entry of these payments, each with its number (0 for none), and the new balance."""
        amount = sum(detail.amount for _, detail in details) * (1 if credit else -1)
        cursor = self._base.execute(
            "INSERT INTO entries (account, cycle, day, at, amount, reversal, reason, batch)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (account, now.cycle, now.day.isoformat(), now.at.isoformat(), amount, reversal, reason, batch),
        )
        self._base.executemany(
            "INSERT INTO details VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    cursor.lastrowid, place, number, one.end_to_end_id, one.instr_id, one.msg_id, one.block_id,
                    one.amount, one.name, one.iban, one.remittance, one.reason,
                )
                for place, (number, one) in enumerate(details)
            ],
        )  # fmt: skip
        self._base.execute("UPDATE accounts SET balance = balance + ? WHERE iban = ?", (amount, account))

    def untold(self, account: str) -> tuple[Entry, ...]:
        """Entries that no notification has told of; from now on one has."""
        found = tuple(entry for told, entry in self._read(account) if not told)
        self._base.execute("UPDATE entries SET told = 1 WHERE account = ? AND told = 0", (account,))
        return found

    def open(self, account: str) -> tuple[Entry, ...]:
        """Entries that stand on no statement yet."""
        return tuple(entry for _, entry in self._read(account))

    def close(self, account: str, statement: int) -> None:
        """Put the open ones on that statement."""
        self._base.execute("UPDATE entries SET statement = ? WHERE account = ? AND statement = 0", (statement, account))

    def _read(self, account: str) -> list[tuple[bool, Entry]]:
        rows = self._base.execute(
            "SELECT * FROM entries WHERE account = ? AND statement = 0 ORDER BY id", (account,)
        ).fetchall()
        details: dict[int, list[Detail]] = {row["id"]: [] for row in rows}
        joined = self._base.execute(
            "SELECT details.* FROM details JOIN entries ON entries.id = entry_id"
            " WHERE account = ? AND statement = 0 ORDER BY entry_id, place",
            (account,),
        )
        for one in joined:
            details[one["entry_id"]].append(
                Detail(
                    one["end_to_end_id"], one["instr_id"], one["msg_id"], one["block_id"], one["amount"], one["name"],
                    one["iban"], one["remittance"], one["reason"],
                )
            )  # fmt: skip
        return [(bool(row["told"]), _entry(row, tuple(details[row["id"]]))) for row in rows]


def _entry(row: sqlite3.Row, details: tuple[Detail, ...]) -> Entry:
    return Entry(
        ref=f"TB{row['id']:010d}",
        amount=row["amount"],
        booked_on=date.fromisoformat(row["day"]),
        at=datetime.fromisoformat(row["at"]),
        reversal=bool(row["reversal"]),
        reason=row["reason"],
        batch=bool(row["batch"]),
        details=details,
    )
