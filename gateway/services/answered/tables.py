"""The messages of terminals that had an effect, with the exact bytes of their answers."""

from sqlalchemy import Column

from gateway.store import table
from wallet.types import Blob, Day, Moment, Text

messages = table(
    "answered_messages",
    Column("acquirer", Text, primary_key=True),
    Column("terminal_id", Text, primary_key=True),
    Column("stan", Text, primary_key=True),
    Column("local_on", Day, primary_key=True),
    Column("class", Text, primary_key=True),
    Column("digest", Blob, nullable=False),
    Column("subject", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("answer", Blob, nullable=False),
    Column("at", Moment, nullable=False),
)
"""One row for each message that has an effect; `answer` is empty until there is one, `subject` is what it is about."""
