"""Tables of payouts: batches, their files, items, lines that were not taken, orders to the bank, and every change."""

from sqlalchemy import Column, Index, literal_column, type_coerce

from gateway.store import table
from gateway.store.endings import ending
from wallet.types import Blob, Flag, Int64, JsonText, Moment, Text

BATCHES = table(
    "payouts_batches",
    Column("id", Text, primary_key=True),
    Column("number", Int64, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("asset", Text, nullable=False),
    Column("debit_role", Text, nullable=False),
    Column("debit_owner", Text, nullable=False),
    Column("declared", JsonText, nullable=False),
    Column("content_sha256", Text, nullable=False),
    Column("follows", Text, nullable=False),
    # Which items of the batch that it follows, and where they go: see desk.
    Column("chosen", JsonText, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("item_count", Int64, nullable=False),
    Column("total_minor", Int64, nullable=False),
    Column("bad", Int64, nullable=False),
    Column("changes", Int64, nullable=False),
    Column("reached", Text, nullable=False),
    Column("loaded", Flag, nullable=False),
    Column("manifest", Blob, nullable=False),
    Column("manifest_count", Int64, nullable=False),
    Column("manifest_minor", Int64, nullable=False),
    Column("cool_until", Moment),
    Column("approval_id", Text, nullable=False),
    Column("makers", JsonText, nullable=False),
    Column("locked_by", Text, nullable=False),
    Column("stopped", Text, nullable=False),
    # What the ledger holds for it: the try, the two amounts, until when; `hold` is '', asked, held, voiding or over.
    Column("hold", Text, nullable=False),
    Column("hold_try", Int64, nullable=False),
    Column("hold_budget", Int64, nullable=False),
    Column("hold_cover", Int64, nullable=False),
    Column("hold_until", Moment),
    # Until when the next hold is asked for, while that is being done.
    Column("hold_next", Moment),
    Column("created_at", Moment, nullable=False),
    Column("locked_at", Moment),
    Column("approved_at", Moment),
    Column("released_at", Moment),
    Column("finished_at", Moment),
    # When a worker has to look at it; null while only people can move it.
    Column("due_at", Moment),
    Index("payouts_batches_due", "due_at"),
    Index("payouts_batches_content", "content_sha256"),
)
Index("payouts_batches_tail", ending(BATCHES.c.id))

ITEMS = table(
    "payouts_items",
    Column("id", Text, primary_key=True),
    Column("batch_id", Text, nullable=False),
    Column("seq", Int64, nullable=False),
    Column("reference", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("iban", Text, nullable=False),
    Column("rail", Text, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("debit_role", Text, nullable=False),
    Column("debit_owner", Text, nullable=False),
    Column("code", Int64, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("frozen", Flag, nullable=False),
    Column("reason", Text, nullable=False),
    Column("flag", Text, nullable=False),
    Column("desk", Text, nullable=False),
    Column("end_to_end_id", Text),
    Column("order_id", Text, nullable=False),
    Column("follows", Text, nullable=False),
    # Names what is owed. `once` is the same while the item is open or paid, null once it is neither: so no two are.
    Column("owed", Text, nullable=False),
    Column("once", Text, unique=True),
    # What its source has not been told yet: a Verdict, or ''.
    Column("tell", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)
Index("payouts_items_tail", ending(ITEMS.c.id))
IS_FROZEN = type_coerce(ITEMS.c.frozen, Int64) == 1
"""Whether an item is, or will be, in the manifest: what staff have dropped from a draft is not."""
Index("payouts_items_state", ITEMS.c.batch_id, ITEMS.c.state, ITEMS.c.seq)
Index("payouts_items_end_to_end", ITEMS.c.end_to_end_id, unique=True)
Index("payouts_items_reference", ITEMS.c.reference)
_TOLD, _BACK = ITEMS.c.tell != "", ITEMS.c.state == "returned"
Index("payouts_items_tell", ITEMS.c.batch_id, ITEMS.c.seq, sqlite_where=_TOLD, postgresql_where=_TOLD)
Index("payouts_items_returned", ITEMS.c.id, sqlite_where=_BACK, postgresql_where=_BACK)
BY_BANK = ITEMS.c.order_id != literal_column("''")
"""Said of every question by order: with a parameter for it, SQLite would not see that the index answers it."""
Index("payouts_items_order", ITEMS.c.order_id, ITEMS.c.seq, sqlite_where=BY_BANK, postgresql_where=BY_BANK)

BAD_ROWS = table(
    "payouts_bad_rows",
    Column("batch_id", Text, primary_key=True),
    Column("line", Int64, primary_key=True),
    Column("column", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("about", Text, nullable=False),
)

CHANGES = table(
    "payouts_changes",
    Column("batch_id", Text, primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("first", Int64, nullable=False),
    Column("last", Int64, nullable=False),
    Column("rail", Text, nullable=False),
    Column("was", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("payouts_changes_reached", "state", "at", "batch_id", "number"),
    Index("payouts_changes_first", "batch_id", "state", "first"),
)
"""One row says it of all items from `first` to `last` on that rail that stood in `was`: read in order, an item's own
history is what fits its state so far."""

FILES = table(
    "payouts_files",
    Column("batch_id", Text, primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("octets", Blob, nullable=False),
)
"""The file as it came, in pieces: any process goes on with it after a crash, and auditors can read what was sent."""

ORDERS = table(
    "payouts_orders",
    Column("id", Text, primary_key=True),
    Column("batch_id", Text, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("first", Int64, nullable=False),
    Column("last", Int64, nullable=False),
    Column("item_count", Int64, nullable=False),
    Column("total_minor", Int64, nullable=False),
    Column("state", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("handed_at", Moment),
    Index("payouts_orders_batch", "batch_id", "id"),
)
"""`state`: `made` (its items are being posted), `posted` (to be handed over), `handed`."""

GIVEN = table(
    "payouts_appropriations",
    Column("id", Text, primary_key=True),
    Column("line", Text, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("asset", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("posted_at", Moment),
)
"""What was given to budget lines."""
