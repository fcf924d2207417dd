"""Tables of API keys: who may ask what, and what each has asked under an idempotency key."""

from sqlalchemy import Column, Index

from gateway.store import table
from wallet.types import Blob, JsonText, Moment, Text

keys = table(
    "apikeys_keys",
    Column("id", Text, primary_key=True),
    Column("mac", Blob, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("scopes", JsonText, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
)

calls = table(
    "apikeys_calls",
    Column("key_id", Text, primary_key=True),
    Column("call", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    # What it has made, '' while it is at work.
    Column("subject", Text, nullable=False),
    Column("began_at", Moment, nullable=False),
    Index("apikeys_calls_began", "began_at"),
)
