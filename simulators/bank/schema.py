"""What the bank keeps, in one SQLite file or in memory: whatever was acknowledged is on the disk."""

import sqlite3
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (one INTEGER PRIMARY KEY CHECK (one = 1), day TEXT NOT NULL, cycle INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS accounts (
  iban TEXT PRIMARY KEY, owner TEXT NOT NULL, balance INTEGER NOT NULL, opening INTEGER NOT NULL,
  statements INTEGER NOT NULL, opened_on TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS orders (
  id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, received_at TEXT NOT NULL, msg_id TEXT NOT NULL, version TEXT NOT NULL,
  count INTEGER NOT NULL, total INTEGER NOT NULL, single INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
  silent INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS orders_msg_id ON orders (msg_id);
CREATE TABLE IF NOT EXISTS payments (
  id INTEGER PRIMARY KEY, order_id TEXT NOT NULL, msg_id TEXT NOT NULL, block_id TEXT NOT NULL, single INTEGER NOT NULL,
  batch INTEGER NOT NULL, execute_on TEXT NOT NULL, debtor TEXT NOT NULL, instr_id TEXT NOT NULL,
  end_to_end_id TEXT NOT NULL, amount INTEGER NOT NULL, name TEXT NOT NULL, iban TEXT NOT NULL,
  remittance TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, due_cycle INTEGER NOT NULL,
  back_cycle INTEGER NOT NULL DEFAULT 0, back_reason TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS payments_order ON payments (order_id);
CREATE INDEX IF NOT EXISTS payments_due ON payments (state, due_cycle);
CREATE INDEX IF NOT EXISTS payments_back ON payments (back_cycle) WHERE back_cycle > 0;
CREATE TABLE IF NOT EXISTS entries (
  id INTEGER PRIMARY KEY, account TEXT NOT NULL, cycle INTEGER NOT NULL, day TEXT NOT NULL, at TEXT NOT NULL,
  amount INTEGER NOT NULL, reversal INTEGER NOT NULL, reason TEXT NOT NULL, batch INTEGER NOT NULL,
  statement INTEGER NOT NULL DEFAULT 0, told INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS entries_open ON entries (account, statement);
CREATE TABLE IF NOT EXISTS details (
  entry_id INTEGER NOT NULL, place INTEGER NOT NULL, payment_id INTEGER NOT NULL, end_to_end_id TEXT NOT NULL,
  instr_id TEXT NOT NULL, msg_id TEXT NOT NULL, block_id TEXT NOT NULL, amount INTEGER NOT NULL, name TEXT NOT NULL,
  iban TEXT NOT NULL, remittance TEXT NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (entry_id, place));
CREATE TABLE IF NOT EXISTS files (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, octets BLOB NOT NULL, sha256 TEXT NOT NULL,
  made_at TEXT NOT NULL);
"""


def opened(folder: Path | None) -> sqlite3.Connection:
    """The database in `folder`, made if need be; calls come from one thread at a time."""
    where: str | Path = ":memory:"
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        where = folder / "bank.db"
    base = sqlite3.connect(where, check_same_thread=False, isolation_level=None)
    base.row_factory = sqlite3.Row
    base.execute("PRAGMA journal_mode=WAL")
    base.execute("PRAGMA synchronous=FULL")
    base.executescript(SCHEMA)
    return base
