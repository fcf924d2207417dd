"""Tables of banking: orders and how they fare, files as they came, statements and lines, news until it is told."""

from sqlalchemy import Column, ForeignKey, Index, UniqueConstraint, text

from gateway.store import table
from wallet.types import Blob, Day, Flag, Int64, JsonText, Moment, Text

_UNTOLD = text("told_at IS NULL")

ORDERS = table(
    "banking_orders",
    Column("id", Text, primary_key=True),
    Column("cause", Text, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("execute_on", Day, nullable=False),
    Column("count", Int64, nullable=False),
    Column("minor", Int64, nullable=False),
    Column("asset", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("attempts", Int64, nullable=False),
    Column("next_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("banking_orders_next", "next_at"),
    Index("banking_orders_created", "created_at", "id"),
)
"""`next_at` is set while the order must still be handed over."""

FILES = table(
    "banking_files",
    Column("id", Text, primary_key=True),
    Column("position", Int64, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", Int64, nullable=False),
    Column("octets", Blob, nullable=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("staff_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("attempts", Int64, nullable=False),
    Column("next_at", Moment),
    UniqueConstraint("staff_id", "name", "sha256"),
    Index("banking_files_sha256", "sha256"),
    Index("banking_files_next", "next_at"),
)
"""`octets` are compressed (RFC 1950); `position` is the order in which they came; `next_at` is set while it is KEPT."""

STATEMENTS = table(
    "banking_statements",
    Column("id", Text, primary_key=True),
    Column("file_id", Text, ForeignKey("banking_files.id"), nullable=False),
    Column("root", Text, nullable=False),
    Column("statement_id", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("asset", Text, nullable=False),
    Column("sequence", Int64, nullable=False),
    Column("digest", Text, nullable=False),
    Column("opening", Int64),
    Column("closing", Int64),
    Column("from_on", Day),
    Column("to_on", Day),
    Column("order_on", Day, nullable=False),
    Column("count", Int64, nullable=False),
    Column("left_out", Int64, nullable=False),
    Column("whole", Flag, nullable=False),
    Column("findings", JsonText, nullable=False),
    Column("at", Moment, nullable=False),
    UniqueConstraint("account", "root", "sequence", "digest"),
    Index("banking_statements_series", "account", "root", "order_on", "sequence"),
    Index("banking_statements_file", "file_id"),
    Index("banking_statements_name", "statement_id"),
)
"""`order_on` orders a series; `whole` once every line and all news of it are in."""

PAGES = table(
    "banking_pages",
    Column("file_id", Text, ForeignKey("banking_files.id"), primary_key=True),
    Column("place", Int64, primary_key=True),
    Column("root", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("asset", Text, nullable=False),
    Column("sequence", Int64, nullable=False),
    Column("name", Text, nullable=False),
    Column("statement_id", Text, nullable=False),
    Index("banking_pages_series", "account", "root", "sequence"),
)
"""Parts of statements, by their place in a file; `statement_id` is '' until the statement is whole and in."""

WHOLE = STATEMENTS.c.whole == True  # noqa: E712 - a column expression

LINES = table(
    "banking_lines",
    Column("statement_id", Text, ForeignKey("banking_statements.id"), primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("minor", Int64, nullable=False),
    Column("booked_on", Day, nullable=False),
    Column("value_on", Day, nullable=False),
    Column("bank_reference", Text, nullable=False),
    Column("end_to_end_id", Text, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("payment_information_id", Text, nullable=False),
    Column("count", Int64, nullable=False),
    Column("reversal", Flag, nullable=False),
    Column("return_reason", Text, nullable=False),
    Column("counterparty", Text, nullable=False),
    Column("counterparty_account", Text, nullable=False),
    Column("remittance", Text, nullable=False),
    Column("code", Text, nullable=False),
)
QUOTED = ("bank_reference", "end_to_end_id", "message_id", "payment_information_id")
"""What people quote of a line; most lines have only some of these."""
for _name in QUOTED:
    _SAID = LINES.c[_name] != ""
    Index(f"banking_lines_{_name}", LINES.c[_name], sqlite_where=_SAID, postgresql_where=_SAID)

NEWS = table(
    "banking_news",
    Column("source_id", Text, primary_key=True),
    Column("place", Int64, primary_key=True),
    Column("end_to_end_id", Text, primary_key=True),
    Column("position", Int64, nullable=False),
    Column("what", Text, nullable=False),
    Column("minor", Int64),
    Column("asset", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("told_at", Moment),
    Index("banking_news_payment", "end_to_end_id"),
    Index(
        "banking_news_untold",
        "position",
        "place",
        "end_to_end_id",
        sqlite_where=_UNTOLD,
        postgresql_where=_UNTOLD,
    ),
)
"""What is to be told, in the order of the files that say it; told again until whoever takes it has returned."""
