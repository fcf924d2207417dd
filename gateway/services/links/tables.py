"""Tables of what processes last said of links and terminals' lines; rows of processes that are gone are swept."""

from sqlalchemy import Column, Index

from gateway.store import table
from wallet.types import Flag, Int64, JsonText, Moment, Text

LINKS = table(
    "link_reports",
    Column("process", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("status", JsonText, nullable=False),
    Column("since", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

TERMINAL_LINES = table(
    "terminal_lines",
    Column("process", Text, primary_key=True),
    Column("terminal_id", Text, primary_key=True),
    Column("listener", Text, nullable=False),
    Column("dialect", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("up", Flag, nullable=False),
    Column("since", Moment, nullable=False),
    Column("last_at", Moment),
    Column("last_mti", Text, nullable=False),
    Column("in_flight", Int64, nullable=False),
    Column("messages", Int64, nullable=False),
    Column("refused", Int64, nullable=False),
    Column("dropped", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Index("terminal_lines_terminal", "terminal_id", "process"),
)
