"""The table of USSD sessions: one row a dialogue, one write a hop."""

from sqlalchemy import Column, Index, UniqueConstraint, text

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
    # {} once it is wiped: a session that is over and can no longer be resumed remembers nothing of what was typed.
    Column("state", JsonText, nullable=False),
    Column("hops", Int64, nullable=False),
    # HMAC-SHA-256 and length of the accumulated text that was answered last; the text itself is kept nowhere. On a
    # wire that numbers its deliveries, the HMACs of the last few, newest first.
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
    # The provider's word for the network, and the code that was dialled without what was dialled behind it.
    Column("operator", Text, nullable=False, server_default=""),
    Column("service_code", Text, nullable=False, server_default=""),
    # The session whose call keys this one goes on with, since it was resumed from it; '' for its own.
    Column("origin", Text, nullable=False, server_default=""),
    # The earlier session that may be resumed, and which page stands before the dialogue's own: '', result or offer.
    Column("offer", Text, nullable=False, server_default=""),
    Column("aside", Text, nullable=False, server_default=""),
    Column("answered_at", Moment, nullable=False, server_default="0"),
    Column("ended_at", Moment),
    Column("end_reason", Text, nullable=False, server_default=""),
    # The text of a last page that never reached the person; the next dial begins with it. NULL otherwise.
    Column("result", Blob),
    # The provider's word for how the session ended, from its report.
    Column("reported", Text, nullable=False, server_default=""),
    # One entry a hop: screen, language, milliseconds since the start, milliseconds taken, how it was answered.
    Column("trail", JsonText, nullable=False, server_default="[]"),
    UniqueConstraint("adapter", "session_key"),
    Index("dialogue_sessions_deadline", "status", "deadline"),
    Index("dialogue_sessions_msisdn", "msisdn", "started_at"),
)

UNWIPED = text("status <> 'live' AND state <> '{}'")
"""Sessions that are over and still remember; the words of the partial index, so that a sweep reads no others."""

Index("dialogue_sessions_unwiped", sessions.c.answered_at, sqlite_where=UNWIPED, postgresql_where=UNWIPED)
