"""Tables of clearing: terminal batches and what was found in them, cycles and their items, what merchants are owed."""

from sqlalchemy import Column, Index, UniqueConstraint

from gateway.store import table
from wallet.types import Day, Int64, JsonText, Moment, Text

BATCHES = table(
    "clearing_batches",
    Column("id", Text, primary_key=True),
    Column("terminal_id", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("round", Int64, nullable=False),
    Column("state", Text, nullable=False),
    Column("terminal_totals", JsonText),
    Column("host_totals", JsonText),
    Column("tries", Int64, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("moved_at", Moment, nullable=False),
    Column("closed_at", Moment),
    UniqueConstraint("terminal_id", "number", "round"),
    Index("clearing_batches_state", "state", "moved_at"),
    Index("clearing_batches_number", "number"),
)

MEMBERS = table(
    "clearing_members",
    Column("taking_id", Text, primary_key=True),
    Column("batch_id", Text, nullable=False),
    Index("clearing_members_batch", "batch_id"),
)
"""Which takings a batch was closed with: what comes later under its number belongs to the next round."""

UPLOADS = table(
    "clearing_uploads",
    Column("batch_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("stan", Text, primary_key=True),
    Column("rrn", Text, primary_key=True),
    Column("approval", Text, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("fate", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""Items as terminals have sent them."""

EXCEPTIONS = table(
    "clearing_exceptions",
    Column("id", Text, primary_key=True),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("batch_id", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("terminal_id", Text, nullable=False),
    Column("detail", JsonText, nullable=False),
    Column("owner", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("resolved_by", Text, nullable=False),
    Column("resolved_at", Moment),
    UniqueConstraint("type", "subject"),
    Index("clearing_exceptions_state", "state", "owner", "id"),
    Index("clearing_exceptions_batch", "batch_id", "id"),
)

CYCLES = table(
    "clearing_cycles",
    Column("id", Text, primary_key=True),
    Column("business_on", Day, nullable=False),
    Column("number", Int64, nullable=False),
    Column("cut_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("item_count", Int64, nullable=False),
    Column("gross_minor", Int64, nullable=False),
    Column("fee_minor", Int64, nullable=False),
    Column("refund_minor", Int64, nullable=False),
    Column("fee_back_minor", Int64, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("finished_at", Moment),
    # Which process works on it, until when it is believed to.
    Column("worker", Text, nullable=False),
    Column("worker_until", Moment),
    UniqueConstraint("business_on", "number"),
    Index("clearing_cycles_state", "state", "cut_at"),
    Index("clearing_cycles_opened", "opened_at"),
)

ITEMS = table(
    "clearing_items",
    Column("taking_id", Text, primary_key=True),
    Column("cycle_id", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("terminal_id", Text, nullable=False),
    Column("batch_number", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("original_id", Text, nullable=False),
    Column("business_on", Day, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("fee_minor", Int64, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Int64, nullable=False),
    Index("clearing_items_cycle", "cycle_id", "state", "taking_id"),
    Index("clearing_items_merchant", "cycle_id", "merchant_id", "taking_id"),
    Index("clearing_items_state", "state", "taking_id"),
    Index("clearing_items_original", "original_id"),
)
"""What each cycle settles. `state`: waiting, posted, refused, again (asked for once more by the next cycle)."""

SHARES = table(
    "clearing_shares",
    Column("cycle_id", Text, primary_key=True),
    Column("merchant_id", Text, primary_key=True),
    Column("item_count", Int64, nullable=False),
    Column("gross_minor", Int64, nullable=False),
    Column("fee_minor", Int64, nullable=False),
    Column("refund_minor", Int64, nullable=False),
    Column("fee_back_minor", Int64, nullable=False),
    Column("net_minor", Int64, nullable=False),
    Column("due_minor", Int64, nullable=False),
    Column("carried_minor", Int64, nullable=False),
    Index("clearing_shares_merchant", "merchant_id", "cycle_id"),
)

CARRIED = table(
    "clearing_carried",
    Column("merchant_id", Text, primary_key=True),
    Column("minor", Int64, nullable=False),
)
"""By how much a merchant's refunds exceed what it was owed: its next cycles pay that first."""

DUES = table(
    "clearing_dues",
    Column("id", Text, primary_key=True),
    Column("merchant_id", Text, nullable=False),
    Column("cycle_id", Text, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("state", Text, nullable=False),
    Column("batch_id", Text, nullable=False),
    # Item and verdict that were heard of last.
    Column("heard", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("paid_at", Moment),
    Column("returned_at", Moment),
    Index("clearing_dues_state", "state", "id"),
    Index("clearing_dues_merchant", "merchant_id", "state", "id"),
)
