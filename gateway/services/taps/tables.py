"""Tables of taps: what each is about, the messages that were answered, and which original a trace number names."""

from sqlalchemy import Column, Index

from gateway.store import table
from wallet.types import Flag, Int64, Moment, Text

taps = table(
    "taps_taps",
    Column("id", Text, primary_key=True),
    Column("terminal_id", Text, nullable=False),
    Column("stan", Text, nullable=False),
    Column("rrn", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("token_id", Text, nullable=False),
    Column("atc", Int64, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("approval", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("capture_minor", Int64, nullable=False),
    Column("reversal", Flag, nullable=False),
    Column("refund_attempt", Int64, nullable=False),
    Column("unfinished", Flag, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("taps_taps_unfinished", "unfinished", "changed_at"),
    Index("taps_taps_held", "state", "expires_at"),
)
"""The intents. `capture_minor` is what a completion asked for, 0 before; `reversal`: the terminal took it back."""

originals = table(
    "taps_originals",
    Column("acquirer", Text, primary_key=True),
    Column("terminal_id", Text, primary_key=True),
    Column("stan", Text, primary_key=True),
    Column("rrn", Text, primary_key=True),
    Column("tap_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""Which tap a trace and a reference number name; '' is a tombstone: the reversal came before its original."""
