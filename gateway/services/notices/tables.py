"""Tables of the outbox, of the receipts' inbox, and of how far the ledger's log has been told."""

from sqlalchemy import Column, Index, UniqueConstraint

from gateway.store import table
from wallet.types import Blob, Int64, Moment, Text

OUTBOX = table(
    "notice_outbox",
    Column("id", Text, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("class_", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("subject", Text, nullable=False),
    # Exactly one of the two is set until the message is done; a sealed one is wiped then.
    Column("text", Text),
    Column("sealed", Blob),
    # Of an e-mail; wiped when the message is done.
    Column("html", Text),
    Column("lane", Int64, nullable=False),
    Column("state", Text, nullable=False),
    Column("next_at", Moment, nullable=False),
    Column("valid_until", Moment, nullable=False),
    Column("lease", Text),
    Column("lease_until", Moment),
    Column("attempts", Int64, nullable=False),
    Column("resends", Int64, nullable=False),
    Column("parts", Int64, nullable=False),
    Column("status", Int64, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    UniqueConstraint("cause", "class_", "person", "channel", name="notice_outbox_once"),
)
_READY = OUTBOX.c.state == "ready"
_LEASED = OUTBOX.c.state == "leased"
_UNCERTAIN = OUTBOX.c.state == "uncertain"
Index(
    "notice_outbox_ready", OUTBOX.c.channel, OUTBOX.c.lane, OUTBOX.c.next_at, OUTBOX.c.id,
    sqlite_where=_READY, postgresql_where=_READY,
)  # fmt: skip
Index("notice_outbox_expiring", OUTBOX.c.valid_until, sqlite_where=_READY, postgresql_where=_READY)
Index("notice_outbox_uncertain", OUTBOX.c.changed_at, sqlite_where=_UNCERTAIN, postgresql_where=_UNCERTAIN)
Index("notice_outbox_leased", OUTBOX.c.lease_until, sqlite_where=_LEASED, postgresql_where=_LEASED)

PARTS = table(
    "notice_parts",
    Column("notice_id", Text, primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("link", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("sent_at", Moment, nullable=False),
)
Index("notice_parts_by_message", PARTS.c.link, PARTS.c.message_id)

RECEIPTS = table(
    "notice_receipts",
    Column("link", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("state", Text, primary_key=True),
    Column("error", Text, nullable=False),
    Column("received_at", Moment, nullable=False),
    # Null while no part of ours is known by this id; an intermediate state is matched at once, for nothing follows.
    Column("matched_at", Moment),
)
_UNMATCHED = RECEIPTS.c.matched_at.is_(None)
Index("notice_receipts_unmatched", RECEIPTS.c.received_at, sqlite_where=_UNMATCHED, postgresql_where=_UNMATCHED)

CURSOR = table(
    "notice_cursor",
    Column("name", Text, primary_key=True),
    Column("position", Int64, nullable=False),
)
