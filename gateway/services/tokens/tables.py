"""Tables of tokens. A PAN is found by a keyed hash and read from a sealed copy; keys of phones are never stored here.

`tokens_uses` is the last word on replay: one row for each (token, ATC), whatever the window on the token's row says.
"""

from sqlalchemy import Column, ForeignKey, Index

from gateway.store import table
from wallet.types import Blob, Day, Int64, Moment, Text

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
    Column("last4", Text, nullable=False, server_default=""),
    Column("number", Text, nullable=False, server_default=""),
    Column("trid", Text, nullable=False, server_default=""),
    Column("dki", Int64, nullable=False, server_default="1"),
    Column("device_key_kind", Text, nullable=False, server_default="ed25519"),
    Column("locks", Int64, nullable=False, server_default="0"),
    Column("card_locks", Int64, nullable=False, server_default="0"),
    Column("atc_proved", Int64, nullable=False, server_default="0"),
    Column("expiry_told", Text, nullable=False, server_default=""),
    Index("tokens_tokens_person", "person_id", "id"),
    Index("tokens_tokens_par", "par", "id"),
    Index("tokens_tokens_last4", "last4", "id"),
    Index("tokens_tokens_expiry", "expiry_told", "expiry"),
)
"""`locks` and `card_locks` are sums of `states.LOCK_BITS`; `card_locks` is a copy of the account's, for a tap reads one
row. `atc_proved` is the highest counter that the phone itself has proved, and `expiry_told` what was said of its end.
"""

accounts = table(
    "tokens_accounts",
    Column("person_id", Text, primary_key=True),
    Column("par", Text, nullable=False),
    Column("generation", Int64, nullable=False),
    Column("locks", Int64, nullable=False),
    Column("actor", Text, nullable=False),
    Column("actor_class", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""The account behind a person's tokens: its reference, and the card lock with who moved it last."""

numbers = table(
    "tokens_numbers",
    Column("number", Text, primary_key=True),
    Column("token_id", Text, ForeignKey("tokens_tokens.id"), nullable=False, unique=True),
)
"""Short numbers of tokens, as phones dial them; no PAN follows from one."""

assurances = table(
    "tokens_assurances",
    Column("token_id", Text, ForeignKey("tokens_tokens.id"), primary_key=True),
    Column("method", Text, primary_key=True),
    Column("actor", Text, nullable=False),
    Column("at", Moment, nullable=False),
)
"""How the holder was identified when the token was made."""

limited_keys = table(
    "tokens_limited_keys",
    Column("token_id", Text, ForeignKey("tokens_tokens.id"), primary_key=True),
    Column("id", Blob, primary_key=True),
    Column("uses", Int64, nullable=False),
    Column("uses_max", Int64, nullable=False),
    Column("valid_until", Moment, nullable=False),
    Column("made_at", Moment, nullable=False, server_default="0"),
    Column("dki", Int64, nullable=False, server_default="1"),
    Column("amount_minor", Int64, nullable=False, server_default="0"),
    Column("amount_max_minor", Int64, nullable=False, server_default="1000000000000"),
    Column("channels", Int64, nullable=False, server_default="7"),
    Column("way", Text, nullable=False, server_default="provision"),
    Column("push", Text, nullable=False, server_default=""),
    Index("tokens_limited_keys_push", "push", "valid_until"),
)
"""Thresholds of limited-use keys, and what was used of them. The keys themselves are derived.

`push` is `due` while the phone is to be sent the next key, and `sent` or `dropped` after that.
"""

uses = table(
    "tokens_uses",
    Column("token_id", Text, ForeignKey("tokens_tokens.id"), primary_key=True),
    Column("atc", Int64, primary_key=True),
    Column("luk_id", Blob, nullable=False),
    Column("at", Moment, nullable=False),
    Column("ac", Blob, nullable=True),
)
"""`ac` is the cryptogram that the phone may name as proof of its last use; null where the tap did not hand it on."""

nonces = table(
    "tokens_nonces",
    Column("token_id", Text, ForeignKey("tokens_tokens.id"), primary_key=True),
    Column("nonce", Text, primary_key=True),
    Column("at", Moment, nullable=False),
    Index("tokens_nonces_at", "at"),
)
"""Nonces of signed calls, until their time alone would refuse them."""

tries = table(
    "tokens_tries",
    Column("subject", Blob, primary_key=True),
    Column("day", Day, primary_key=True),
    Column("times", Int64, nullable=False),
)
"""Tries a day by keyed hash of who tried, or at what; yesterday's are forgotten tomorrow."""

history = table(
    "tokens_history",
    Column("token_id", Text, ForeignKey("tokens_tokens.id"), primary_key=True),
    Column("number", Int64, primary_key=True),
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("event", Text, nullable=False, server_default="state"),
    Column("actor_class", Text, nullable=False, server_default=""),
)
"""Everything that happened to a token, who did it and why, with the state that it left."""
