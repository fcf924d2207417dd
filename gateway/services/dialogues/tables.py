"""The table of USSD sessions: one row a dialogue, one write a hop."""

from sqlalchemy import Column, Index, UniqueConstraint

from gateway.store import table
from wallet.types import Blob, Flag, Int64, JsonText, Moment, Text

sessions = table(
    "dialogue_sessions",
    Column("id", Text, primary_key=True),  # ses_…
    Column("adapter", Text, nullable=False),
    Column("session_key", Text, nullable=False),
    Column("msisdn", Text, nullable=False),
    Column("person_id", Text),
    Column("language", Text, nullable=False),
    Column("menu_version", Text, nullable=False),
    Column("state", JsonText, nullable=False),
    Column("hops", Int64, nullable=False),
    # HMAC-SHA-256 and length of the accumulated text that was answered last; the text itself is kept nowhere.
    Column("answered_mac", Blob, nullable=False),
    Column("answered_length", Int64, nullable=False),
    # The bytes of the last reply, sealed by the KeyStore where the page is sensitive; NULL once wiped.
    Column("reply", Blob),
    Column("reply_sealed", Flag, nullable=False),
    Column("status", Text, nullable=False),
    # Counts the row's writes: a hop that was decided on an older row is refused.
    Column("version", Int64, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("deadline", Moment, nullable=False),
    UniqueConstraint("adapter", "session_key"),
    Index("dialogue_sessions_deadline", "status", "deadline"),
    Index("dialogue_sessions_msisdn", "msisdn", "started_at"),
)
