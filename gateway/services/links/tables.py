"""Table of what processes last said of their links; rows of processes that are gone are swept."""

from sqlalchemy import Column

from gateway.store import table
from wallet.types import JsonText, Moment, Text

LINKS = table(
    "link_reports",
    Column("process", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("status", JsonText, nullable=False),
    Column("since", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)
