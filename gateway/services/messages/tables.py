"""Tables of messages from people, of what they may be answered, of the opt-out list, questions and tickets."""

from sqlalchemy import Column, ForeignKey, Index, UniqueConstraint

from gateway.store import table
from wallet.types import Blob, Flag, Int64, JsonText, Moment, Text

MESSAGES = table(
    "messages",
    Column("id", Text, primary_key=True),  # msg_…
    Column("source", Text, nullable=False),
    Column("dest", Text, nullable=False),
    Column("reference", Int64, nullable=False),
    Column("total", Int64, nullable=False),
    # False if a part never came, or the text is longer than we read.
    Column("whole", Flag, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Int64, nullable=False),
    Column("lease", Text),
    Column("lease_until", Moment),
    Column("taken_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
)
_COLLECTING = MESSAGES.c.state == "collecting"
# One unfinished message of a key at a time, whichever of the binds and processes its parts come over.
Index(
    "messages_collecting", MESSAGES.c.source, MESSAGES.c.dest, MESSAGES.c.reference, MESSAGES.c.total, unique=True,
    sqlite_where=_COLLECTING, postgresql_where=_COLLECTING,
)  # fmt: skip
# The oldest of each number that is not read; a number that wrote thousands of times costs no more than another.
_OPEN, _ENDED = MESSAGES.c.state.in_(["ready", "leased"]), MESSAGES.c.state.in_(["done", "failed"])
Index("messages_open", MESSAGES.c.source, MESSAGES.c.id, sqlite_where=_OPEN, postgresql_where=_OPEN)
Index("messages_ended", MESSAGES.c.changed_at, sqlite_where=_ENDED, postgresql_where=_ENDED)
Index("messages_source", MESSAGES.c.source, MESSAGES.c.reference)

PARTS = table(
    "message_parts",
    Column("message_id", Text, ForeignKey("messages.id"), primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("coding", Text, nullable=False),
    Column("locking", Int64, nullable=False),
    Column("single", Int64, nullable=False),
    # Keyed hash of the octets: tells a part that comes again from another part under a number used anew.
    Column("content", Blob, nullable=False),
    # The octets, sealed, since people type a PIN where it does not belong; NULL once the message is handled.
    Column("sealed", Blob),
)

SEEN = table(
    "message_seen",
    Column("digest", Blob, primary_key=True),
    Column("seen_at", Moment, nullable=False),
    Index("message_seen_age", "seen_at"),
)
"""Deliveries that were taken, each by a keyed hash, so that a repeated one is known."""

LIMITS = table(
    "message_limits",
    Column("source", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("taken", Int64, nullable=False),
    Index("message_limits_age", "since"),
)

OPT_OUTS = table(
    "message_opt_outs",
    Column("msisdn", Text, primary_key=True),
    Column("since", Moment, nullable=False),
)

QUESTIONS = table(
    "message_questions",
    Column("id", Text, primary_key=True),  # qst_…
    Column("msisdn", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("options", JsonText, nullable=False),
    Column("answer", Text, nullable=False),
    Column("answered_by", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("valid_until", Moment, nullable=False),
    Column("answered_at", Moment),
    UniqueConstraint("kind", "cause", "msisdn", name="message_questions_once"),
    Index("message_questions_open", "msisdn", "answer", "id"),
    Index("message_questions_kind", "kind", "answer"),
)

TICKETS = table(
    "message_tickets",
    Column("id", Text, primary_key=True),  # cmp_…
    Column("number", Text, nullable=False, unique=True),
    Column("cause", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False, server_default="complaint"),
    # The business id that a dispute is about, as the transfer names its cause.
    Column("about", Text, nullable=False, server_default=""),
    Column("msisdn", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("sealed", Blob, nullable=False),
    Column("state", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("closed_by", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Index("message_tickets_state", "state", "id"),
    Index("message_tickets_msisdn", "msisdn", "opened_at"),
)
# Nobody is called back twice for having asked twice.
_TO_CALL = (TICKETS.c.kind == "call_back") & (TICKETS.c.state == "open")
Index("message_tickets_call_back", TICKETS.c.msisdn, unique=True, sqlite_where=_TO_CALL, postgresql_where=_TO_CALL)
