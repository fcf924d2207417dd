"""Tables of taps: what each is about, what goes back, purchases that became none, and what a trace number names."""

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
    Column("class", Text, nullable=False, server_default="0100"),
    Column("batch_number", Text, nullable=False, server_default="000000"),
    Column("par", Text, nullable=False, server_default=""),
    Column("last4", Text, nullable=False, server_default=""),
    Column("part_minor", Int64, nullable=False, server_default="0"),
    Column("keep_minor", Int64, nullable=False, server_default="0"),
    Column("hold_minor", Int64, nullable=False, server_default="0"),
    Column("hold_number", Int64, nullable=False, server_default="0"),
    Column("shrink_minor", Int64, nullable=False, server_default="0"),
    Column("undone_minor", Int64, nullable=False, server_default="0"),
    Column("refunded_minor", Int64, nullable=False, server_default="0"),
    Column("captured_at", Moment),
    Column("cycle_id", Text, nullable=False, server_default=""),
    Column("settled_minor", Int64, nullable=False, server_default="0"),
    Column("owner", Text, nullable=False, server_default=""),
    Column("checks", Text, nullable=False, server_default=""),
    Index("taps_taps_unfinished", "unfinished", "changed_at"),
    Index("taps_taps_held", "state", "expires_at"),
    Index("taps_taps_terminal", "terminal_id", "batch_number"),
    Index("taps_taps_rrn", "rrn", "merchant_id"),
    Index("taps_taps_approval", "approval"),
    Index("taps_taps_stan", "stan"),
    Index("taps_taps_cycle", "cycle_id", "captured_at"),
)
"""The intents.

`class` is the message's type. `part_minor`: the least part of the amount that would do, 0 when only all of it does.
`hold_minor` is what hold number `hold_number` reserves, `keep_minor` the most that the terminal may have of the amount
(an approval in part and partial reversals lower it; `shrink_minor` is what the hold is being lowered to, 0 for none),
`capture_minor` what it asked for, 0 before; `reversal`: the terminal took all of it back. Of what was captured
`undone_minor` goes back by reversals and voids and `refunded_minor` by refunds, `settled_minor` went into the cycle
`cycle_id`. `owner`: who of the staff looks after it.
"""

refunds = table(
    "taps_refunds",
    Column("id", Text, primary_key=True),
    Column("tap_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("terminal_id", Text, nullable=False),
    Column("stan", Text, nullable=False),
    Column("rrn", Text, nullable=False),
    Column("merchant_id", Text, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("approval", Text, nullable=False),
    Column("batch_number", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("reversal", Flag, nullable=False),
    Column("attempt", Int64, nullable=False),
    Column("unfinished", Flag, nullable=False),
    Column("cycle_id", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("taps_refunds_tap", "tap_id", "id"),
    Index("taps_refunds_unfinished", "unfinished", "changed_at"),
    Index("taps_refunds_terminal", "terminal_id", "batch_number"),
    Index("taps_refunds_cycle", "cycle_id", "id"),
    Index("taps_refunds_rrn", "rrn"),
    Index("taps_refunds_approval", "approval"),
)
"""What goes back of captured taps, each piece out of `source`: the merchant's clearing or payable account."""

attempts = table(
    "taps_attempts",
    Column("id", Text, primary_key=True),
    Column("class", Text, nullable=False),
    Column("terminal_id", Text, nullable=False),
    Column("stan", Text, nullable=False),
    Column("rrn", Text, nullable=False),
    Column("amount_minor", Int64, nullable=False),
    Column("last4", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("checks", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("taps_attempts_at", "at"),
)
"""Purchases that became no tap, for staff to see; kept for some days."""

originals = table(
    "taps_originals",
    Column("acquirer", Text, primary_key=True),
    Column("terminal_id", Text, primary_key=True),
    Column("stan", Text, primary_key=True),
    Column("rrn", Text, primary_key=True),
    Column("tap_id", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False, server_default="purchase"),
)
"""Which tap or refund a message's trace and reference number name, and what kind of message it was.

'' for the id is a tombstone: the reversal came before its original.
"""
