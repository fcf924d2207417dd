"""Step 1 to 2 on SQLite: one transaction, so a process that dies in the middle leaves version 1 as it was.

SQLite cannot drop a column that a CHECK names, nor a UNIQUE of a table: `account` and `transfer` are copied, as
SQLite's own page on ALTER TABLE has it, with foreign keys off until all of them are checked. Dropping a table drops its
triggers, so they are made anew. The file belongs to one machine, whose gateway is stopped while its schema changes; one
that runs on is refused at its next group, because `head` has lost a column that it reads first.
"""

from sqlalchemy import Connection

from wallet.errors import LedgerCorrupt
from wallet.ledger.migrations.openings import seal_rest

_FIGURES = "debits_posted, credits_posted, debits_held, credits_held, version"
_TRANSFER = """position, id, entry_id, leg, kind, debit_id, credit_id, asset, amount, code, cause, hold_id, expires_at,
effective_on, linked, booked_at, debit_debits_posted, debit_credits_posted, debit_debits_held, debit_credits_held,
debit_version, credit_debits_posted, credit_credits_posted, credit_debits_held, credit_credits_held, credit_version,
leaf"""

_ADD = (
    "ALTER TABLE head ADD COLUMN closed_through TEXT",
    "ALTER TABLE head ADD COLUMN soft_through TEXT",
    "ALTER TABLE refusal ADD COLUMN cites BLOB",
    "ALTER TABLE refusal ADD COLUMN balancing TEXT",
    "ALTER TABLE block ADD COLUMN changes INTEGER DEFAULT '0' NOT NULL",
    "ALTER TABLE block ADD COLUMN lag_us INTEGER DEFAULT '0' NOT NULL",
    "CREATE INDEX block_booked ON block (booked_at)",
    """CREATE TABLE account_change (
block INTEGER NOT NULL, place INTEGER NOT NULL, account_id BLOB NOT NULL, state TEXT NOT NULL, debit_excess_max INTEGER,
credit_excess_max INTEGER, cause TEXT NOT NULL, changed_at INTEGER NOT NULL, leaf BLOB NOT NULL,
PRIMARY KEY (block, place), FOREIGN KEY(account_id) REFERENCES account (id)) WITHOUT ROWID, STRICT""",
    "CREATE INDEX account_change_account ON account_change (account_id, block)",
    """CREATE TABLE period (
through TEXT NOT NULL, state TEXT NOT NULL, block INTEGER NOT NULL, place INTEGER NOT NULL, position INTEGER NOT NULL,
seal BLOB, cause TEXT NOT NULL, closed_at INTEGER NOT NULL, leaf BLOB NOT NULL,
PRIMARY KEY (through, state), UNIQUE (block, place)) WITHOUT ROWID, STRICT""",
)
_COPY = (
    """CREATE TABLE account_2 (
id BLOB NOT NULL, asset TEXT NOT NULL, code TEXT NOT NULL, role TEXT NOT NULL, owner TEXT NOT NULL, kind TEXT NOT NULL,
normal TEXT NOT NULL, opened_at INTEGER NOT NULL, state TEXT NOT NULL, debit_excess_max INTEGER,
credit_excess_max INTEGER, debits_posted INTEGER NOT NULL, credits_posted INTEGER NOT NULL,
debits_held INTEGER NOT NULL, credits_held INTEGER NOT NULL, version INTEGER NOT NULL,
PRIMARY KEY (id), UNIQUE (code), UNIQUE (id, asset),
CHECK (debits_posted >= 0 AND credits_posted >= 0 AND debits_held >= 0 AND credits_held >= 0),
CONSTRAINT account_debit_excess CHECK (debits_posted + debits_held - credits_posted <= debit_excess_max),
CONSTRAINT account_credit_excess CHECK (credits_posted + credits_held - debits_posted <= credit_excess_max)
) WITHOUT ROWID, STRICT""",
    f"""INSERT INTO account_2 SELECT id, asset, code, role, owner, kind, normal, opened_at, state,
CASE balance_rule WHEN 'debits_within_credits' THEN 0 END, CASE balance_rule WHEN 'credits_within_debits' THEN 0 END,
{_FIGURES} FROM account""",  # noqa: S608 - only names of ours
    "DROP TABLE account",
    "ALTER TABLE account_2 RENAME TO account",
    """CREATE TABLE transfer_2 (
position INTEGER NOT NULL, id BLOB NOT NULL, entry_id BLOB NOT NULL, leg INTEGER NOT NULL, kind TEXT NOT NULL,
debit_id BLOB NOT NULL, credit_id BLOB NOT NULL, asset TEXT NOT NULL, amount INTEGER NOT NULL, code INTEGER NOT NULL,
cause TEXT NOT NULL, hold_id BLOB, expires_at INTEGER, effective_on TEXT, linked INTEGER NOT NULL,
booked_at INTEGER NOT NULL, debit_debits_posted INTEGER NOT NULL, debit_credits_posted INTEGER NOT NULL,
debit_debits_held INTEGER NOT NULL, debit_credits_held INTEGER NOT NULL, debit_version INTEGER NOT NULL,
credit_debits_posted INTEGER NOT NULL, credit_credits_posted INTEGER NOT NULL, credit_debits_held INTEGER NOT NULL,
credit_credits_held INTEGER NOT NULL, credit_version INTEGER NOT NULL, leaf BLOB NOT NULL, cites BLOB, balancing TEXT,
asked INTEGER,
PRIMARY KEY (position), UNIQUE (id), FOREIGN KEY(debit_id, asset) REFERENCES account (id, asset),
FOREIGN KEY(credit_id, asset) REFERENCES account (id, asset), FOREIGN KEY(hold_id) REFERENCES transfer (id),
CHECK (amount > 0 AND position > 0), CHECK (debit_id <> credit_id)
) STRICT""",
    f"INSERT INTO transfer_2 ({_TRANSFER}) SELECT {_TRANSFER} FROM transfer ORDER BY position",  # noqa: S608 - as above
    "DROP TABLE transfer",
    "ALTER TABLE transfer_2 RENAME TO transfer",
    "CREATE INDEX transfer_debit ON transfer (debit_id, position)",
    "CREATE INDEX transfer_credit ON transfer (credit_id, position)",
    "CREATE INDEX transfer_cause ON transfer (cause)",
    "CREATE INDEX transfer_cites ON transfer (cites) WHERE cites IS NOT NULL",
    "CREATE INDEX transfer_effective ON transfer (effective_on) WHERE effective_on IS NOT NULL",
    "CREATE UNIQUE INDEX transfer_hold ON transfer (hold_id) WHERE hold_id IS NOT NULL",
    "ALTER TABLE head RENAME COLUMN booked_at TO moved_at",
)
_REPLACED = {
    "transfer": ("position = NEW.position", "id = NEW.id", "hold_id = NEW.hold_id"),
    "account_change": ("block = NEW.block AND place = NEW.place",),
    "period": ("through = NEW.through AND state = NEW.state", "block = NEW.block AND place = NEW.place"),
}
_IDENTITY = "id, asset, code, role, owner, kind, normal, opened_at"


def step(connection: Connection) -> None:
    """Bring version 1 to 2 inside the connection's transaction, whose foreign keys are off.

    Raises:
        LedgerCorrupt: A row points to one that does not exist.
    """
    for statement in _ADD:
        connection.exec_driver_sql(statement)
    seal_rest(connection, "booked_at")
    for statement in _COPY:
        connection.exec_driver_sql(statement)
    for table, keys in _REPLACED.items():
        exists = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {key})" for key in keys)  # noqa: S608 - as above
        _trigger(connection, table, "update", "BEFORE UPDATE")
        _trigger(connection, table, "delete", "BEFORE DELETE")
        _trigger(connection, table, "replace", "BEFORE INSERT", f" WHEN {exists}")
    _trigger(connection, "account", "update", f"BEFORE UPDATE OF {_IDENTITY}")
    _trigger(connection, "account", "delete", "BEFORE DELETE")
    astray = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if astray is not None:
        raise LedgerCorrupt(
            f"a row of {astray[0]} points to one of {astray[2]} that does not exist; nothing was changed"
        )


def _trigger(connection: Connection, table: str, verb: str, event: str, when: str = "") -> None:
    raises = f"SELECT RAISE(ABORT, 'rows of {table} never change')"
    connection.exec_driver_sql(
        f"CREATE TRIGGER {table}_no_{verb} {event} ON {table} FOR EACH ROW{when} BEGIN {raises}; END"
    )
