"""Tables of tokens. A PAN is found by a keyed hash and read from a sealed copy; keys of phones are never stored here.

`tokens_uses` is the last word on replay: one row for each (token, ATC), whatever the window on the token's row says.
"""

from sqlalchemy import Column, ForeignKey, Index

from gateway.store import table
from wallet.types import Blob, Int64, Moment, Text

activations = table(
    "tokens_activations",
    Column("person_id", Text, primary_key=True),
    Column("mac", Blob, nullable=False),
    Column("tries", Int64, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("token_id", Text, nullable=False),
)
"""The one activation code of a person; `token_id` is what it was used for, '' before."""

tokens = table(
    "tokens_tokens",
    Column("id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("pan_mac", Blob, nullable=False, unique=True),
    Column("pan_sealed", Blob, nullable=False),
    Column("psn", Text, nullable=False),
    Column("expiry", Text, nullable=False),
    Column("par", Text, nullable=False),
    Column("device_key", Blob, nullable=False),
    Column("seal_key", Blob, nullable=False),
    Column("assurance", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("atc_high", Int64, nullable=False),
    Column("atc_seen", Int64, nullable=False),
    Column("bad_cryptograms", Int64, nullable=False),
    Column("made_at", Moment, nullable=False),
    Index("tokens_tokens_person", "person_id", "id"),
)

limited_keys = table(
    "tokens_limited_keys",
    Column("token_id", Text, ForeignKey("tokens_tokens.id"), primary_key=True),
    Column("id", Blob, primary_key=True),
    Column("uses", Int64, nullable=False),
    Column("uses_max", Int64, nullable=False),
    Column("valid_until", Moment, nullable=False),
)
"""Thresholds of limited-use keys. The keys themselves are derived."""

uses = table(
    "tokens_uses",
    Column("token_id", Text, ForeignKey("tokens_tokens.id"), primary_key=True),
    Column("atc", Int64, primary_key=True),
    Column("luk_id", Blob, nullable=False),
    Column("at", Moment, nullable=False),
)

history = table(
    "tokens_history",
    Column("token_id", Text, ForeignKey("tokens_tokens.id"), primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""Every state that a token was in, who put it there and why."""
