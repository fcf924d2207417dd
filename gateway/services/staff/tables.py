"""Tables of the staff: accounts, sign-ins, and failures by keyed name (kept for names that nobody has, too)."""

from sqlalchemy import Column, ForeignKey, Index

from gateway.store.front import table
from wallet.types import Blob, Flag, Int64, JsonText, Moment, Text

staff_accounts = table(
    "staff_accounts",
    Column("id", Text, primary_key=True),
    Column("username", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("roles", JsonText, nullable=False),
    Column("branch", Text, nullable=False),
    Column("password_phc", Text, nullable=False),
    Column("totp_seed_sealed", Blob, nullable=False),
    Column("totp_step_used", Int64, nullable=False),
    Column("disabled", Flag, nullable=False),
    Column("created_at", Moment, nullable=False),
)

staff_sign_ins = table(
    "staff_sign_ins",
    Column("token_hash", Blob, primary_key=True),
    Column("staff_id", Text, ForeignKey("staff_accounts.id"), nullable=False),
    Column("remote", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Index("staff_sign_ins_by_staff", "staff_id"),
)

staff_failures = table(
    "staff_failures",
    Column("name_mac", Blob, primary_key=True),
    Column("failures", Int64, nullable=False),
    Column("failed_at", Moment, nullable=False),
    Column("locked_until", Moment),
)
