"""Tables of controls. A subject is an account's reference (PAR) or a token's id."""

from sqlalchemy import Column

from gateway.store import table
from wallet.types import Day, Int64, JsonText, Moment, Text

controls = table(
    "controls_controls",
    Column("subject", Text, primary_key=True),
    Column("party", Text, primary_key=True),
    Column("version", Int64, nullable=False),
    Column("content", JsonText, nullable=False),
)
"""What holds now; each version of it is in the history."""

history = table(
    "controls_history",
    Column("subject", Text, primary_key=True),
    Column("party", Text, primary_key=True),
    Column("version", Int64, primary_key=True),
    Column("content", JsonText, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""Who set what, why and when; rows are only added."""

used = table(
    "controls_used",
    Column("subject", Text, primary_key=True),
    Column("since", Moment, nullable=False),
    Column("day", Day, nullable=False),
    Column("week", Day, nullable=False),
    Column("month", Day, nullable=False),
    Column("day_count", Int64, nullable=False),
    Column("day_minor", Int64, nullable=False),
    Column("week_count", Int64, nullable=False),
    Column("week_minor", Int64, nullable=False),
    Column("month_count", Int64, nullable=False),
    Column("month_minor", Int64, nullable=False),
    Column("unverified_count", Int64, nullable=False),
    Column("unverified_minor", Int64, nullable=False),
)
"""What was counted, `since` the first payment that was.

`day`, `week` and `month` are the first days of the windows that the counts are of.
"""

programmes = table(
    "controls_programmes",
    Column("merchant_id", Text, primary_key=True),
    Column("programme", Text, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""Which merchants are part of which programme."""
