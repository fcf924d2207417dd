"""Tables of how people want to be reached, of notices that went on to another channel, and of the mailbox."""

from sqlalchemy import Column, Index, UniqueConstraint

from gateway.services.notices.tables import OUTBOX
from gateway.store import table
from wallet.types import JsonText, Moment, Text

PREFERENCES = table(
    "notice_preferences",
    Column("person", Text, primary_key=True),
    Column("channels", JsonText, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

FOLLOWED = table(
    "notice_followed",
    Column("notice_id", Text, primary_key=True),
    Column("channel", Text, nullable=False),
    Column("followed_at", Moment, nullable=False),
)
"""Notices that did not arrive and were looked at: by which channel they went on, '' for none."""

MAILBOX = table(
    "notice_mailbox",
    Column("id", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("class_", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("put_at", Moment, nullable=False),
    Column("read_at", Moment),
    Column("kept_until", Moment, nullable=False),
    UniqueConstraint("person", "cause", "class_", name="notice_mailbox_once"),
    Index("notice_mailbox_kept", "kept_until"),
)

_LOST = OUTBOX.c.state.in_(("refused", "failed", "expired", "uncertain"))
Index("notice_outbox_lost", OUTBOX.c.changed_at, sqlite_where=_LOST, postgresql_where=_LOST)
